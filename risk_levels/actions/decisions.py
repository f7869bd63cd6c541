"""Deciding: by a second person, or by the end of a term."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Direction, Event
from kpm.accounts.models import User
from kpm.errors import Refused
from risk_levels import rules
from risk_levels.actions.proposals import direction_of
from risk_levels.actions.rule_sets import rule_set_in_force
from risk_levels.levels import Level, step_down
from risk_levels.models import Decision, Proposal, RiskLevel, RuleSet
from risk_levels.models.proposals import OPEN_STATES
from risk_levels.models.risk_levels import Told


@transaction.atomic
def open_level(
    *, key_owner: UUID, population: str, district: str, by: User, today: date
) -> RiskLevel:
    """The ungraded level of a file that is about to be opened; its event is the file's."""
    risk_level = RiskLevel(
        key_owner=key_owner, population=population, district=district, since_on=today
    )
    risk_level.save_as(by=by)
    return risk_level


@transaction.atomic
def approve(
    *,
    proposal: Proposal,
    by: User,
    reason: str,
    now: datetime,
    until_on: date | None = None,
    told: str = Told.NEXT_CONTACT,
    inputs: Mapping[str, Any] | None = None,
) -> Decision:
    """Accept a proposal and move the file to its level."""
    risk_level, proposal = _locked(proposal)
    today = timezone.localdate(now)
    check_is_second_person(by=by, proposal=proposal, risk_level=risk_level)
    rules.check_can_decide_level(by, proposal, risk_level)
    rules.check_reply_fits(reason)
    rule_set = rule_set_in_force(today, by=by)
    decision = decided(
        proposal,
        risk_level,
        by=by,
        reason=reason,
        now=now,
        until_on=until_on,
        told=told,
        inputs=inputs,
        rule_set=rule_set,
    )
    proposal.approve(by=by, at=now, reply=reason)
    proposal.save_as(by=by)
    decision.save()
    risk_level.follow(decision)
    risk_level.save_as(by=by)
    log.record(
        Event.RISK_LEVEL_APPROVED,
        by=by,
        target=risk_level,
        direction=direction_of(decision.from_level, decision.to_level),
    )
    return decision


def decided(
    proposal: Proposal,
    risk_level: RiskLevel,
    *,
    by: User,
    reason: str,
    now: datetime,
    rule_set: RuleSet,
    until_on: date | None = None,
    told: str = Told.NEXT_CONTACT,
    inputs: Mapping[str, Any] | None = None,
) -> Decision:
    """The decision that accepts a proposal; not saved."""
    today = timezone.localdate(now)
    duties = rule_set.duties(risk_level.population, proposal.to_level)
    days = duties.valid_days
    if proposal.to_level == Level.RED:
        days = min(days, rules.MOST_RED_DAYS)
    until_on = until_on or today + timedelta(days=days)
    rules.check_until_fits(proposal.to_level, until_on, today=today, most_days=days)
    return Decision(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        kind=Decision.Kind.APPROVED,
        from_level=risk_level.level,
        to_level=proposal.to_level,
        rhythm_level=proposal.to_level,
        base_revision=risk_level.revision,
        proposal=proposal,
        decided_by=by,
        decided_at=now,
        starts_on=today,
        until_on=until_on,
        review_on=min(today + timedelta(days=duties.review_days), until_on),
        rule_set=rule_set,
        reason=reason,
        told=told,
        inputs={
            **(inputs or {}),
            "proposal": str(proposal.pk),
            "assessment": str(proposal.assessment_id) if proposal.assessment_id else None,
            "level": risk_level.level,
            "rhythm": risk_level.rhythm_level,
            "until_on": risk_level.until_on.isoformat() if risk_level.until_on else None,
            "rule_set": rule_set.version,
        },
    )


@transaction.atomic
def return_(*, proposal: Proposal, by: User, reason: str, now: datetime) -> Proposal:
    """Ask for more; the level stays, and the worker may propose anew."""
    risk_level, proposal = _locked(proposal)
    _check_can_answer(by, proposal, risk_level, reason)
    proposal.send_back(by=by, at=now, reply=reason)
    proposal.save_as(by=by)
    log.record(Event.RISK_LEVEL_RETURNED, by=by, target=risk_level)
    return proposal


@transaction.atomic
def reject(*, proposal: Proposal, by: User, reason: str, now: datetime) -> Proposal:
    """Say no; the level stays."""
    risk_level, proposal = _locked(proposal)
    _check_can_answer(by, proposal, risk_level, reason)
    proposal.reject(by=by, at=now, reply=reason)
    proposal.save_as(by=by)
    log.record(Event.RISK_LEVEL_REJECTED, by=by, target=risk_level)
    return proposal


def expire_due(*, today: date, by: User, now: datetime) -> list[UUID]:
    """Every yellow and red whose term has ended drops one step; visits go on as before.

    Gives the levels that did. Each is a transaction of its own, and a second sweep finds nothing.
    """
    due = RiskLevel.objects.filter(
        level__in=(Level.YELLOW, Level.RED), until_on__lte=today
    ).values_list("pk", flat=True)
    return [pk for pk in list(due) if _expire(pk, today=today, by=by, now=now)]


@transaction.atomic
def _expire(pk: UUID, *, today: date, by: User, now: datetime) -> bool:
    risk_level = RiskLevel.objects.select_for_update().get(pk=pk)
    if risk_level.level not in (Level.YELLOW, Level.RED):
        return False
    if risk_level.until_on is None or risk_level.until_on > today:
        # Somebody decided, or another sweep was quicker.
        return False
    for proposal in risk_level.proposals.select_for_update().filter(state__in=OPEN_STATES):
        # It was written for a level that is over.
        proposal.lapse(at=now)
        proposal.save_as(by=by)
        log.record(Event.RISK_LEVEL_LAPSED, by=by, target=risk_level)
    to_level = step_down(risk_level.level)
    rule_set = rule_set_in_force(today, by=by)
    valid_days = rule_set.duties(risk_level.population, to_level).valid_days
    decision = Decision(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        kind=Decision.Kind.EXPIRED,
        from_level=risk_level.level,
        to_level=to_level,
        # Help never falls away silently: the rhythm stays until somebody has looked.
        rhythm_level=risk_level.rhythm_level,
        base_revision=risk_level.revision,
        decided_by=by,
        decided_at=now,
        starts_on=today,
        until_on=today + timedelta(days=valid_days),
        review_on=today,
        rule_set=rule_set,
        inputs={
            "level": risk_level.level,
            "until_on": risk_level.until_on.isoformat(),
            "rule_set": rule_set.version,
        },
    )
    decision.save()
    risk_level.follow(decision)
    risk_level.save_as(by=by)
    log.record(Event.RISK_LEVEL_EXPIRED, by=by, target=risk_level, direction=Direction.DOWN)
    return True


def _locked(proposal: Proposal) -> tuple[RiskLevel, Proposal]:
    """Level first, proposal second, always in this order."""
    risk_level = RiskLevel.objects.select_for_update().get(pk=proposal.risk_level_id)
    return risk_level, Proposal.objects.select_for_update().get(pk=proposal.pk)


def _check_can_answer(by: User, proposal: Proposal, risk_level: RiskLevel, reason: str) -> None:
    check_is_second_person(by=by, proposal=proposal, risk_level=risk_level)
    rules.check_can_decide_level(by, proposal, risk_level)
    rules.check_reply_fits(reason)


def check_is_second_person(*, by: User, proposal: Proposal, risk_level: RiskLevel) -> None:
    """Nobody decides on their own proposal, and whoever tries is in the log."""
    try:
        rules.check_is_second_person(by, proposal)
    except Refused:
        if log.current() is not None:
            log.refused(Event.RISK_LEVEL_REFUSED, by=by, target=risk_level, rule="second_person")
        raise
