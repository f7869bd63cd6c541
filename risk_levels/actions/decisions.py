"""Deciding: by a second person, or by the end of a term."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.events import Direction, Event
from kpm.accounts.models import User
from kpm.errors import Refused
from risk_levels import rules, safety_rules
from risk_levels.actions import provisional
from risk_levels.actions.proposals import direction_of, lapse_open
from risk_levels.actions.rule_sets import rule_set_in_force
from risk_levels.levels import Level, step_down
from risk_levels.models import Decision, Proposal, RiskLevel, RuleSet
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
    safety_rules.check_still_holds(risk_level, now)
    rules.check_can_decide_level(by, proposal, risk_level)
    rules.check_is_second_approver(by, proposal)
    rules.check_reply_fits(reason)
    rules.check_was_approved_first(proposal, risk_level)
    rule_set = rule_set_in_force(today)
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


@transaction.atomic
def approve_first(
    *, proposal: Proposal, by: User, reason: str, note: str, now: datetime
) -> Proposal:
    """The first yes to a third term of red in a row; the level stays until the second."""
    risk_level, proposal = _locked(proposal)
    check_is_second_person(by=by, proposal=proposal, risk_level=risk_level)
    safety_rules.check_still_holds(risk_level, now)
    rules.check_can_decide_level(by, proposal, risk_level)
    rules.check_can_approve_first(proposal, risk_level)
    rules.check_reply_fits(reason)
    rules.check_conference_is_told(note)
    proposal.approve_first(by=by, at=now, reason=reason, note=note)
    proposal.save_as(by=by)
    log.record(Event.RISK_LEVEL_FIRST_APPROVED, by=by, target=risk_level)
    return proposal


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
    _check_can_answer(by, proposal, risk_level, reason, now)
    proposal.send_back(by=by, at=now, reply=reason)
    proposal.save_as(by=by)
    log.record(Event.RISK_LEVEL_RETURNED, by=by, target=risk_level)
    return proposal


@transaction.atomic
def reject(*, proposal: Proposal, by: User, reason: str, now: datetime) -> Proposal:
    """Say no; the level stays, and what was provisional goes back to what it was."""
    risk_level, proposal = _locked(proposal)
    _check_can_answer(by, proposal, risk_level, reason, now)
    proposal.reject(by=by, at=now, reply=reason)
    proposal.save_as(by=by)
    log.record(Event.RISK_LEVEL_REJECTED, by=by, target=risk_level)
    if proposal.is_for_safety:
        provisional.put_back(risk_level, by=by, now=now, proposal=proposal)
    return proposal


@transaction.atomic
def withdraw(*, proposal: Proposal, by: User, now: datetime) -> Proposal:
    """Take a proposal back; red that held for its danger goes back with it."""
    risk_level, proposal = _locked(proposal)
    rules.check_can_withdraw_proposal(by, proposal)
    proposal.withdraw(at=now)
    proposal.save_as(by=by)
    log.record(Event.RISK_LEVEL_WITHDRAWN, by=by, target=risk_level)
    if proposal.is_for_safety:
        provisional.put_back(risk_level, by=by, now=now, proposal=proposal)
    return proposal


def due_to_expire(*, now: datetime) -> QuerySet[RiskLevel]:
    """Every yellow and red whose term has ended; whoever knows the files says which of them."""
    return RiskLevel.objects.filter(
        level__in=(Level.YELLOW, Level.RED), until_on__lte=timezone.localdate(now)
    )


@transaction.atomic
def expire(*, risk_level: RiskLevel, by: User, now: datetime) -> bool:
    """Let a level whose term has ended drop one step, and say whether it did; visits go on."""
    rules.check_can_expire_level(by)
    today = timezone.localdate(now)
    risk_level = RiskLevel.objects.select_for_update().get(pk=risk_level.pk)
    if risk_level.level not in (Level.YELLOW, Level.RED):
        return False
    if risk_level.until_on is None or risk_level.until_on > today:
        # Somebody decided, or another sweep was quicker.
        return False
    # What waits was written for a level that is over.
    lapse_open(risk_level, by=by, now=now)
    to_level = step_down(risk_level.level)
    rule_set = rule_set_in_force(today)
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


def _check_can_answer(
    by: User, proposal: Proposal, risk_level: RiskLevel, reason: str, now: datetime
) -> None:
    check_is_not_proposer(by=by, proposal=proposal, risk_level=risk_level)
    safety_rules.check_still_holds(risk_level, now)
    rules.check_can_answer_proposal(by, proposal, risk_level)
    rules.check_reply_fits(reason)


def check_is_second_person(*, by: User, proposal: Proposal, risk_level: RiskLevel) -> None:
    """Nobody approves what they proposed or handed in, and whoever tries is in the log."""
    _told(rules.check_is_second_person, by, proposal, risk_level)


def check_is_not_proposer(*, by: User, proposal: Proposal, risk_level: RiskLevel) -> None:
    """Nobody answers their own proposal, and whoever tries is in the log."""
    _told(rules.check_is_not_proposer, by, proposal, risk_level)


def _told(
    check: Callable[[User, Proposal], None], by: User, proposal: Proposal, risk_level: RiskLevel
) -> None:
    try:
        check(by, proposal)
    except Refused:
        if log.current() is not None:
            log.refused(Event.RISK_LEVEL_REFUSED, by=by, target=risk_level, rule="second_person")
        raise
