"""Red for safety: set at once by whoever sees the danger, decided within hours or put back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.events import Direction, Event
from kpm.accounts.models import User
from risk_levels import objection_rules, rules, safety_rules
from risk_levels.actions.proposals import lapse_open
from risk_levels.actions.rule_sets import rule_set_in_force
from risk_levels.levels import Level
from risk_levels.models import Decision, Proposal, RiskLevel


@transaction.atomic
def set_provisionally(
    *,
    risk_level: RiskLevel,
    reason_codes: Sequence[str],
    reason: str,
    evidence: Sequence[Mapping[str, Any]],
    tried: str,
    by: User,
    now: datetime,
) -> Proposal:
    """Make a level red for some hours, and hand in the proposal that somebody decides meanwhile.

    What was open about the level before lapses: a danger does not wait for it.
    """
    risk_level = RiskLevel.objects.select_for_update().get(pk=risk_level.pk)
    today = timezone.localdate(now)
    safety_rules.check_can_set_provisionally(by, risk_level)
    safety_rules.check_dangers_fit(reason_codes)
    rules.check_reason_is_told(reason)
    rules.check_evidence_fits(evidence, today)
    safety_rules.check_is_told_what_is_done(tried)
    safety_rules.check_happened_since(evidence, last_lapse(risk_level))
    objection_rules.check_facts_are_new(risk_level, Level.RED, evidence)
    lapse_open(risk_level, by=by, now=now)
    rule_set = rule_set_in_force(today)
    decision = Decision(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        kind=Decision.Kind.PROVISIONAL,
        from_level=risk_level.level,
        to_level=Level.RED,
        rhythm_level=Level.RED,
        base_revision=risk_level.revision,
        decided_by=by,
        decided_at=now,
        starts_on=today,
        until_at=now + timedelta(hours=rule_set.numbers["emergency_red_hours"]),
        review_on=today,
        rule_set=rule_set,
        reason=reason,
        inputs={
            "level": risk_level.level,
            "rhythm": risk_level.rhythm_level,
            "until_on": risk_level.until_on.isoformat() if risk_level.until_on else None,
            "reason_codes": list(reason_codes),
            "rule_set": rule_set.version,
        },
    )
    decision.save()
    risk_level.follow(decision)
    risk_level.save_as(by=by)
    log.record(Event.RISK_LEVEL_SET, by=by, target=risk_level, direction=Direction.UP)
    proposal = Proposal(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        from_level=Level.RED,
        to_level=Level.RED,
        base_revision=risk_level.revision,
        proposer=by,
        is_for_safety=True,
        drafted_at=now,
        reason_codes=list(reason_codes),
        reason=reason,
        evidence=[dict(each) for each in evidence],
        tried=tried,
    )
    proposal.save_as(by=by)
    proposal.submit(at=now)
    proposal.save_as(by=by)
    log.record(Event.RISK_LEVEL_PROPOSED, by=by, target=risk_level, direction=Direction.SET)
    return proposal


def last_lapse(risk_level: RiskLevel) -> date | None:
    """The day on which what was provisional went back the last time."""
    lapsed = risk_level.decisions.filter(kind=Decision.Kind.LAPSED).order_by("-base_revision")
    return lapsed.values_list("starts_on", flat=True).first()


def due_to_lapse(*, now: datetime) -> QuerySet[RiskLevel]:
    """Every level whose hours are over; whoever knows the files says which of them."""
    return RiskLevel.objects.filter(until_at__lte=now)


@transaction.atomic
def lapse(*, risk_level: RiskLevel, by: User, now: datetime) -> bool:
    """Put a level back whose hours are over, and say whether it was; what waited ends with it."""
    safety_rules.check_can_put_back(by)
    risk_level = RiskLevel.objects.select_for_update().get(pk=risk_level.pk)
    if risk_level.until_at is None or risk_level.until_at > now:
        # Somebody decided, or another sweep was quicker.
        return False
    lapse_open(risk_level, by=by, now=now)
    put_back(risk_level, by=by, now=now)
    return True


def put_back(
    risk_level: RiskLevel, *, by: User, now: datetime, proposal: Proposal | None = None
) -> Decision:
    """The former level again, with what was left of its term; give the level locked.

    The visits of red go on until somebody has looked: help never falls away by itself.
    """
    today = timezone.localdate(now)
    held = risk_level.decision
    assert held is not None  # noqa: S101 what is provisional was decided
    former = risk_level.decisions.filter(base_revision=held.base_revision - 1).first()
    until_on = None
    if former is not None and former.to_level != Level.UNGRADED:
        # A term that ended meanwhile ends on the next day, as terms do: one step down.
        until_on = max(former.until_on or today, today + timedelta(days=1))
    rule_set = rule_set_in_force(today)
    decision = Decision(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        kind=Decision.Kind.LAPSED,
        from_level=risk_level.level,
        to_level=held.from_level,
        rhythm_level=risk_level.rhythm_level,
        base_revision=risk_level.revision,
        proposal=proposal,
        decided_by=by,
        decided_at=now,
        starts_on=today,
        until_on=until_on,
        review_on=today,
        rule_set=rule_set,
        inputs={"level": risk_level.level, "rule_set": rule_set.version},
    )
    decision.save()
    risk_level.follow(decision)
    risk_level.save_as(by=by)
    log.record(Event.RISK_LEVEL_PUT_BACK, by=by, target=risk_level, direction=Direction.DOWN)
    return decision
