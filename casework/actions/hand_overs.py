"""Handing a file over: offered with a note, accepted or declined; one lead at every moment."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import hand_over_rules as rules
from casework import team_rules
from casework.actions import assignments
from casework.actions.assignments import locked
from casework.models import CaseFile, HandOver
from casework.models.assignments import Place
from kpm.accounts.models import User


@transaction.atomic
def offer(*, case_file: CaseFile, worker: User, note: str, by: User, now: datetime) -> HandOver:
    """Offer the lead; whoever has it stays responsible until somebody accepts."""
    case_file = locked(case_file)
    rules.check_can_offer_file(by, case_file)
    rules.check_can_be_offered(worker, case_file)
    team_rules.check_has_no_conflict([(worker, case_file)])
    rules.check_note_is_told(note)
    hand_over = HandOver(
        key_owner=case_file.id,
        case_file=case_file,
        district=case_file.district,
        from_worker=rules.lead_of(case_file),
        to_worker=worker,
        offered_by=by,
        offered_at=now,
        note=note,
    )
    hand_over.save_as(by=by)
    told = {"to": worker.log_reference}
    log.record(Event.HAND_OVER_OFFERED, by=by, target=case_file, detail=told)
    return hand_over


@transaction.atomic
def accept(*, hand_over: HandOver, by: User, now: datetime) -> HandOver:
    """Lead the file from now on; the former lead leaves the team in the same moment."""
    case_file, hand_over = _locked(hand_over)
    rules.check_can_accept(by, hand_over, case_file)
    team_rules.check_has_no_conflict([(by, case_file)])
    hand_over.accept(at=now)
    hand_over.save_as(by=by)
    log.record(Event.HAND_OVER_ACCEPTED, by=by, target=case_file)
    assignments.give(case_file, by, Place.LEAD, by=by, today=timezone.localdate(now))
    return hand_over


@transaction.atomic
def decline(*, hand_over: HandOver, reply: str, by: User, now: datetime) -> HandOver:
    """Say no; the lead stays."""
    case_file, hand_over = _locked(hand_over)
    rules.check_can_answer(by, hand_over)
    hand_over.decline(at=now, reply=reply)
    hand_over.save_as(by=by)
    log.record(Event.HAND_OVER_DECLINED, by=by, target=case_file)
    return hand_over


@transaction.atomic
def withdraw(*, hand_over: HandOver, by: User, now: datetime) -> HandOver:
    """Take the offer back; the lead stays."""
    case_file, hand_over = _locked(hand_over)
    rules.check_can_withdraw(by, hand_over)
    hand_over.withdraw(at=now)
    hand_over.save_as(by=by)
    log.record(Event.HAND_OVER_WITHDRAWN, by=by, target=case_file)
    return hand_over


def _locked(hand_over: HandOver) -> tuple[CaseFile, HandOver]:
    case_file = locked(hand_over.case_file)
    rows = HandOver.objects.select_for_update(of=("self",))
    return case_file, rows.select_related("to_worker", "from_worker").get(pk=hand_over.pk)
