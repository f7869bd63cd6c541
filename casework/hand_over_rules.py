"""Who may offer, accept, decline and take back a file."""

from typing import Final

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, HandOver
from casework.models.assignments import Place
from casework.models.hand_overs import HandOverState
from kpm.accounts.models import User
from kpm.errors import Refused, is_allowed
from kpm.permissions import Permission, is_granted

LEAST_NOTE: Final = 10


def lead_of(case_file: CaseFile) -> User | None:
    """Who leads the file now."""
    leads = (each.worker for each in rules.team(case_file) if each.role == Place.LEAD)
    return next(leads, None)


def check_hands_over(user: User, case_file: CaseFile) -> None:
    """The lead hands over their own file; a supervisor does it for them."""
    rules.check_is_open(case_file)
    lead = lead_of(case_file)
    if lead is None:
        raise Refused(_("Nobody leads this file: a supervisor assigns somebody."))
    is_lead = lead.pk == user.pk and is_granted(user, Permission.HAND_OVER)
    if not is_lead and not is_allowed(rules.check_can_assign_worker, user, case_file):
        raise Refused(_("Only the lead worker or a supervisor hands this file over."))


def check_can_offer_file(user: User, case_file: CaseFile) -> None:
    """Whoever hands over offers the file to one at a time."""
    check_hands_over(user, case_file)
    if case_file.hand_overs.open().exists():
        raise Refused(_("This file is being offered to somebody already."))


def check_can_be_offered(worker: User, case_file: CaseFile) -> None:
    """To somebody who may lead it, and does not yet."""
    rules.check_can_be_assigned(worker, case_file)
    lead = lead_of(case_file)
    if lead is not None and lead.pk == worker.pk:
        raise Refused(_("They lead this file already."), field="worker")


def check_note_is_told(note: str) -> None:
    """The next worker does not begin from nothing."""
    if len(note.strip()) < LEAST_NOTE:
        raise Refused(_("Say what the next worker has to know, in a sentence."), field="note")


def check_can_answer(user: User, hand_over: HandOver) -> None:
    """Whoever it is offered to answers, and once."""
    if hand_over.to_worker_id != user.pk:
        raise Refused(_("This is offered to somebody else."))
    if hand_over.state != HandOverState.OFFERED:
        raise Refused(_("This offer is over."))


def check_can_accept(user: User, hand_over: HandOver, case_file: CaseFile) -> None:
    """The file is still led by whoever offers it, and they may still lead it."""
    check_can_answer(user, hand_over)
    rules.check_is_open(case_file)
    rules.check_can_be_assigned(user, case_file)
    lead = lead_of(case_file)
    if lead is None or lead.pk != hand_over.from_worker_id:
        raise Refused(_("Somebody else leads this file by now."))


def check_can_withdraw(user: User, hand_over: HandOver) -> None:
    """Whoever gives the file away or offered it takes the offer back."""
    if user.pk not in (hand_over.offered_by_id, hand_over.from_worker_id):
        raise Refused(_("Whoever offered it takes it back."))
    if hand_over.state != HandOverState.OFFERED:
        raise Refused(_("This offer is over."))
