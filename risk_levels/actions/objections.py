"""Receiving, acknowledging and deciding objections."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.workdays import after_workdays
from risk_levels import objection_rules
from risk_levels.actions.proposals import lapse_open
from risk_levels.actions.rule_sets import rule_set_in_force
from risk_levels.levels import Level, higher, step_down
from risk_levels.models import CalendarDay, Decision, Objection, RiskLevel
from risk_levels.models.objections import SETTLED_FOR, WAITING, ObjectionState

ANSWERS: Final[Mapping[str, Event]] = {
    ObjectionState.UPHELD: Event.OBJECTION_UPHELD,
    ObjectionState.PARTLY_UPHELD: Event.OBJECTION_PARTLY_UPHELD,
    ObjectionState.DISMISSED: Event.OBJECTION_DISMISSED,
}


@transaction.atomic
def receive_objection(
    *,
    risk_level: RiskLevel,
    by_whom: str,
    way: str,
    words: str,
    wish: str,
    by: User,
    now: datetime,
) -> Objection:
    """Write an objection down; from now on the level is disputed and two terms run."""
    risk_level = RiskLevel.objects.select_for_update().get(pk=risk_level.pk)
    objection_rules.check_can_receive_objection(by, risk_level)
    objection_rules.check_objection_is_told(words)
    today = timezone.localdate(now)
    terms = rule_set_in_force(today).numbers["appeal"]
    special = CalendarDay.objects.special()
    objection = Objection(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        decision=risk_level.decision,
        received_by=by,
        received_at=now,
        acknowledge_by_on=after_workdays(today, terms["ack_workdays"], special),
        decide_by_on=after_workdays(today, terms["decide_workdays"], special),
        by_whom=by_whom,
        way=way,
        words=words,
        wish=wish,
    )
    objection.save_as(by=by)
    _mark(risk_level, is_disputed=True, by=by)
    log.record(Event.OBJECTION_RECEIVED, by=by, target=risk_level)
    return objection


@transaction.atomic
def acknowledge_objection(*, objection: Objection, by: User, now: datetime) -> Objection:
    """Tell the person that it is here and by when it is decided."""
    risk_level, objection = _locked(objection)
    objection_rules.check_can_acknowledge_objection(by, objection)
    objection.acknowledge(by=by, at=now)
    objection.save_as(by=by)
    log.record(Event.OBJECTION_ACKNOWLEDGED, by=by, target=risk_level)
    return objection


@transaction.atomic
def decide_objection(
    *, objection: Objection, outcome: str, reply: str, by: User, now: datetime
) -> Objection:
    """Answer; where the person is right, the level goes back by a decision of its own."""
    risk_level, objection = _locked(objection)
    check_can_decide_objection(by=by, objection=objection, risk_level=risk_level)
    objection_rules.check_answer_is_told(reply)
    if outcome == ObjectionState.UPHELD:
        objection_rules.check_is_against_what_holds(objection, risk_level)
        objection.uphold(by=by, at=now, reply=reply)
    elif outcome == ObjectionState.PARTLY_UPHELD:
        objection.uphold_in_part(by=by, at=now, reply=reply)
    else:
        objection.dismiss(by=by, at=now, reply=reply)
    objection.save_as(by=by)
    if outcome == ObjectionState.UPHELD:
        _go_back(risk_level, objection, by=by, now=now)
    _mark(risk_level, is_disputed=False, by=by)
    log.record(ANSWERS[objection.state], by=by, target=risk_level)
    return objection


@transaction.atomic
def withdraw_objection(*, objection: Objection, by: User, now: datetime) -> Objection:
    """Write down that the person takes it back."""
    risk_level, objection = _locked(objection)
    objection_rules.check_can_withdraw_objection(by, objection)
    objection.withdraw(at=now)
    objection.save_as(by=by)
    _mark(risk_level, is_disputed=False, by=by)
    log.record(Event.OBJECTION_WITHDRAWN, by=by, target=risk_level)
    return objection


def check_can_decide_objection(*, by: User, objection: Objection, risk_level: RiskLevel) -> None:
    """Nobody judges what they had part in, and whoever tries is in the log."""
    try:
        objection_rules.check_can_decide_objection(by, objection)
    except Refused:
        if log.current() is not None:
            log.refused(Event.OBJECTION_REFUSED, by=by, target=risk_level, rule="second_person")
        raise


def _go_back(risk_level: RiskLevel, objection: Objection, *, by: User, now: datetime) -> None:
    """The level before the decision that was wrong, or one step lower where it only went on."""
    today = timezone.localdate(now)
    wrong = objection.decision
    to_level = Level(wrong.from_level)
    if wrong.from_level == wrong.to_level:
        to_level = step_down(wrong.to_level)
    rule_set = rule_set_in_force(today)
    until_on = None
    if to_level != Level.UNGRADED:
        duties = rule_set.duties(risk_level.population, to_level)
        until_on = today + timedelta(days=duties.valid_days)
    lapse_open(risk_level, by=by, now=now)
    decision = Decision(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        kind=Decision.Kind.OBJECTION_UPHELD,
        from_level=risk_level.level,
        to_level=to_level,
        # Help does not fall away because somebody was right.
        rhythm_level=higher(risk_level.rhythm_level, to_level),
        base_revision=risk_level.revision,
        decided_by=by,
        decided_at=now,
        starts_on=today,
        until_on=until_on,
        review_on=today,
        rule_set=rule_set,
        reason=objection.reply,
        inputs={
            "objection": str(objection.pk),
            "level": risk_level.level,
            "rule_set": rule_set.version,
        },
    )
    decision.save()
    risk_level.follow(decision)


def _mark(risk_level: RiskLevel, *, is_disputed: bool, by: User) -> None:
    """Let every list show that the person objects, and every proposal know which facts are old."""
    about = risk_level.objections.filter(state__in=(*WAITING, *SETTLED_FOR))
    days = about.order_by("-decision__starts_on").values_list("decision__starts_on", flat=True)
    risk_level.is_disputed = is_disputed
    risk_level.settled_on = days.first()
    risk_level.save_as(by=by)


def _locked(objection: Objection) -> tuple[RiskLevel, Objection]:
    """Level first, objection second, always in this order."""
    risk_level = RiskLevel.objects.select_for_update().get(pk=objection.risk_level_id)
    rows = Objection.objects.select_for_update(of=("self",)).select_related("decision__proposal")
    return risk_level, rows.get(pk=objection.pk)
