"""What somebody has begun about a file, and where they go on with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count
from django.urls import reverse

from casework.actions.unsent_forms import Draft
from casework.models import CaseFile, UnsentForm
from casework.models.case_files import CaseFileQuerySet
from casework.models.unsent_forms import FormKind
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups

# More than anybody goes on with in a day.
MOST_FORMS = 20
# Where each is gone on with, and how many numbers of the address say which one it is.
PAGES: Final[Mapping[FormKind, tuple[str, int]]] = {
    FormKind.VISIT: ("casework:record_visit", 0),
    FormKind.ASSESSMENT: ("casework:record_assessment", 0),
    FormKind.PLAN: ("casework:draft_plan", 0),
    FormKind.PROPOSAL: ("casework:propose_level", 0),
    FormKind.DANGER: ("casework:set_provisionally", 0),
    FormKind.DECISION: ("casework:review_proposal", 0),
    FormKind.WORD: ("casework:hear_person", 1),
    FormKind.STEP: ("casework:mark_step", 2),
    FormKind.REVIEW: ("casework:review_plan", 1),
    FormKind.PLAN_END: ("casework:end_plan", 1),
    FormKind.INCIDENT: ("casework:note_incident", 0),
    FormKind.CORRECTION: ("casework:correct_incident", 1),
    FormKind.REPORT: ("casework:report_harm", 0),
    FormKind.CONSENT: ("casework:record_consent", 0),
    # To which service is sealed: the list opens it and leads on.
    FormKind.REFERRAL: ("casework:list_referrals", 0),
    FormKind.LOST: ("casework:decide_lost", 0),
    FormKind.HAND_OVER: ("casework:offer_file", 0),
    FormKind.TRANSFER: ("casework:ask_transfer", 0),
    FormKind.OBJECTION: ("casework:receive_objection", 0),
    FormKind.ANSWER: ("casework:decide_objection", 1),
}
# What colleagues may have written about the same meanwhile. Forms that say themselves what they
# answer are not here, nor are reports: nobody is told that there is another one.
ALIKE: Final[Mapping[FormKind, tuple[str, ...]]] = {
    FormKind.WORD: ("plan_entries",),
    FormKind.STEP: ("plan_entries",),
    FormKind.REVIEW: ("plan_entries",),
    FormKind.PLAN_END: ("plan_entries",),
    FormKind.INCIDENT: ("incidents",),
    FormKind.CORRECTION: ("incidents",),
    FormKind.CONSENT: ("consents", "consents__withdrawal"),
    FormKind.REFERRAL: ("referrals", "consents__withdrawal"),
    FormKind.HAND_OVER: ("hand_overs",),
    FormKind.TRANSFER: ("transfers",),
    FormKind.OBJECTION: ("risk_level__objections",),
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
    page = page_of(Draft(case_file, FormKind(form.form), form.place))
    return Begun(form.get_form_display(), page, form.kept_at, case_file)


def page_of(draft: Draft) -> str:
    """Where the form stands."""
    name, _places = PAGES[draft.kind]
    places = draft.place.split("-") if draft.place else []
    return reverse(name, args=(draft.case_file.number, *places))


def is_known(kind: FormKind, place: str) -> bool:
    """Whether a page of this kind is called like this."""
    places = place.split("-") if place else []
    return len(places) == PAGES[kind][1] and all(
        each.isascii() and each.isdigit() and len(each) < 5 for each in places
    )


def kept_form(draft: Draft, user: User, reading: Reading) -> UnsentForm | None:
    """What this person has begun of one form, open."""
    kept = draft.of(user).first()
    if kept is not None:
        open_groups([kept], "body", reading=reading)
    return kept


def stand_of(draft: Draft) -> str:
    """What a form is written on: the level as it is, and how much there is of the same."""
    paths = ALIKE.get(draft.kind, ())
    counted = {f"of_{place}": Count(path, distinct=True) for place, path in enumerate(paths)}
    found = CaseFile.objects.filter(pk=draft.case_file.pk).aggregate(**counted) if counted else {}
    return f"{draft.case_file.risk_level.revision}.{sum(found.values())}"
