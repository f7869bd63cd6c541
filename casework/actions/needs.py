"""Needs and strengths are noted and ended here."""

from datetime import date

from django.db import transaction

from audit import log
from audit.events import Event
from casework import need_rules
from casework.actions.assignments import locked
from casework.models import CaseFile, Need
from casework.models.needs import NeedState
from kpm.accounts.models import User


@transaction.atomic
def note(*, case_file: CaseFile, kind: str, area: str, words: str, by: User, today: date) -> Need:
    """Write down one need or one strength."""
    case_file = locked(case_file)
    need_rules.check_can_note_need(by, case_file)
    need_rules.check_need_is_said(area, words)
    need = Need(
        key_owner=case_file.pk,
        case_file=case_file,
        district=case_file.district,
        kind=kind,
        area=area,
        words=words.strip(),
        noted_by=by,
        noted_on=today,
    )
    need.save_as(by=by)
    log.record(Event.NEED_NOTED, by=by, target=case_file)
    return need


@transaction.atomic
def end(*, need: Need, outcome: str, reply: str, by: User, today: date) -> Need:
    """Say what became of it: `outcome` is "met" or "given_up"."""
    case_file = locked(need.case_file)
    need = Need.objects.get(pk=need.pk)
    need.case_file = case_file
    need_rules.check_can_end_need(by, need)
    need_rules.check_end_fits(need, outcome, reply)
    act = need.meet if outcome == NeedState.MET else need.give_up
    act(by=by, on=today, reply=reply.strip())
    need.save_as(by=by)
    log.record(Event.NEED_ENDED, by=by, target=case_file)
    return need
