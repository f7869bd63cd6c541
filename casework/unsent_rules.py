"""Who may keep what they have begun, and how much of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _

from casework import (
    consent_rules,
    hand_over_rules,
    harm_rules,
    incident_rules,
    lost_rules,
    objection_rules,
    referral_rules,
    rules,
    transfer_rules,
)
from casework.models import CaseFile, UnsentForm
from casework.models.unsent_forms import FormKind
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

MOST_FIELDS, MOST_VALUES, LONGEST = 120, 60, 10_000
# More than anybody has begun about one person.
MOST_FORMS: Final = 20


def check_may_decide(user: User, case_file: CaseFile) -> None:
    """A supervisor from outside the team; about what, is asked when it is sent."""
    if not is_granted(user, Permission.DECIDE_LEVEL):
        raise Refused(_("Supervisors decide about levels."))
    objection_rules.check_is_from_outside(user, case_file)


def check_may_end_plan(user: User, case_file: CaseFile) -> None:
    """The team its draft, a supervisor a plan that holds; which one, is asked when it is sent."""
    rules.check_has_part_in(user, case_file)
    rules.check_is_open(case_file)


# Whoever may send the form may keep it.
MAY_SEND: Final[Mapping[FormKind, Callable[[User, CaseFile], None]]] = {
    FormKind.VISIT: rules.check_can_record_visit,
    FormKind.ASSESSMENT: rules.check_can_record_assessment,
    FormKind.PLAN: rules.check_can_draft_plan,
    FormKind.PROPOSAL: rules.check_can_propose_level,
    FormKind.DANGER: rules.check_can_propose_level,
    FormKind.DECISION: check_may_decide,
    FormKind.WORD: rules.check_can_draft_plan,
    FormKind.STEP: rules.check_can_draft_plan,
    FormKind.REVIEW: rules.check_can_draft_plan,
    FormKind.PLAN_END: check_may_end_plan,
    FormKind.INCIDENT: incident_rules.check_can_note_incident,
    FormKind.CORRECTION: incident_rules.check_can_note_incident,
    FormKind.REPORT: harm_rules.check_can_report_harm,
    FormKind.CONSENT: consent_rules.check_can_record_consent,
    FormKind.REFERRAL: referral_rules.check_can_refer,
    FormKind.LOST: lost_rules.check_can_decide_lost,
    FormKind.HAND_OVER: hand_over_rules.check_can_offer_file,
    FormKind.TRANSFER: transfer_rules.check_can_ask_transfer,
    FormKind.OBJECTION: objection_rules.check_can_receive_objection,
    FormKind.ANSWER: check_may_decide,
}


def check_can_keep_form(user: User, case_file: CaseFile, kind: FormKind) -> None:
    """Whoever may send it may keep it."""
    MAY_SEND[kind](user, case_file)


def check_values_fit(values: Mapping[str, Sequence[str]]) -> None:
    """No form of ours has more fields, or longer ones."""
    is_small = len(values) <= MOST_FIELDS and all(
        len(name) <= MOST_VALUES
        and len(each) <= MOST_VALUES
        and all(len(value) <= LONGEST for value in each)
        for name, each in values.items()
    )
    if not is_small:
        raise Refused(_("This is more than can be kept. Send it, or make it shorter."))


def is_of_window(kept: UnsentForm, window: str, goes_on: str) -> bool:
    """Whether a page wrote what is kept, or went on from just that."""
    return window == kept.window or goes_on == kept.stamp


def check_goes_on(kept: UnsentForm | None, window: str, goes_on: str) -> None:
    """A page that was left open does not write over what was written elsewhere since."""
    if kept is None:
        if goes_on:
            raise Refused(_("What you had begun was sent or thrown away on another page."))
    elif not is_of_window(kept, window, goes_on):
        raise Refused(
            _(
                "Not kept: you have begun this form on another page as well, and what stands there"
                " stays. Send this one, or go on there."
            )
        )


def check_is_room(begun: int) -> None:
    """Nobody begins everything."""
    if begun >= MOST_FORMS:
        raise Refused(
            _("You have begun a lot about this person. Send something first, or throw it away.")
        )
