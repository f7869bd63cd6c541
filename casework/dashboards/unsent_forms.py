"""What somebody has begun about a file, and where they go on with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from casework.models import CaseFile, UnsentForm
from casework.models.case_files import CaseFileQuerySet
from casework.models.unsent_forms import FormKind
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups

# More than anybody goes on with in a day.
MOST_FORMS = 20
PAGES = {
    FormKind.VISIT: "casework:record_visit",
    FormKind.ASSESSMENT: "casework:record_assessment",
    FormKind.PLAN: "casework:draft_plan",
    FormKind.PROPOSAL: "casework:propose_level",
}


@dataclass(frozen=True)
class Begun:
    """A form that waits to be gone on with."""

    label: Any
    url: str
    kept_at: datetime
    case_file: CaseFile


def begun(case_file: CaseFile, user: User) -> list[Begun]:
    """What this person has begun about a file; nothing of it is opened."""
    return [
        described(each, case_file) for each in UnsentForm.objects.of(case_file, user).defer("body")
    ]


def begun_among(user: User, files: CaseFileQuerySet) -> list[Begun]:
    """What this person has begun about any of these files, with whom it is about."""
    rows = (
        UnsentForm.objects.filter(worker=user, key_gen__gt=0, case_file__in=files.order_by())
        .select_related("case_file__person", "case_file__unit", "case_file__risk_level")
        .defer("body")
    )
    return [described(each, each.case_file) for each in rows[:MOST_FORMS]]


def described(form: UnsentForm, case_file: CaseFile) -> Begun:
    """One form in words, and where it is gone on with."""
    page = reverse(PAGES[FormKind(form.form)], args=(case_file.number,))
    return Begun(form.get_form_display(), page, form.kept_at, case_file)


def kept_form(
    case_file: CaseFile, user: User, kind: FormKind, reading: Reading
) -> UnsentForm | None:
    """What this person has begun of one form, open."""
    kept = UnsentForm.objects.of(case_file, user).filter(form=kind).first()
    if kept is not None:
        open_groups([kept], "body", reading=reading)
    return kept
