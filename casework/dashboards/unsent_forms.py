"""What somebody has begun about a file, and where they go on with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from casework.models import CaseFile, UnsentForm
from casework.models.unsent_forms import FormKind
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups

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


def begun(case_file: CaseFile, user: User) -> list[Begun]:
    """What this person has begun about a file; nothing of it is opened."""
    rows = UnsentForm.objects.of(case_file, user).defer("body")
    return [
        Begun(
            each.get_form_display(),
            reverse(PAGES[FormKind(each.form)], args=(case_file.number,)),
            each.kept_at,
        )
        for each in rows
    ]


def kept_form(
    case_file: CaseFile, user: User, kind: FormKind, reading: Reading
) -> UnsentForm | None:
    """What this person has begun of one form, open."""
    kept = UnsentForm.objects.of(case_file, user).filter(form=kind).first()
    if kept is not None:
        open_groups([kept], "body", reading=reading)
    return kept
