"""Making, handing in and taking back proposals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Direction, Event
from kpm.accounts.models import User
from kpm.workdays import after_workdays
from risk_levels import objection_rules, rules
from risk_levels.actions.rule_sets import rule_set_in_force
from risk_levels.levels import Level, is_down, needs_grounds, rank, step_down
from risk_levels.models import Assessment, CalendarDay, Proposal, RiskLevel, RuleSet
from risk_levels.models.proposals import OPEN_STATES
from risk_levels.populations.parts import day_of


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a proposal says, before it is one."""

    risk_level: RiskLevel
    to_level: str
    reason_codes: Sequence[str]
    reason: str = ""
    evidence: Sequence[Mapping[str, Any]] = ()
    tried: str = ""
    assessment: Assessment | None = None
    official: Mapping[str, Any] = field(default_factory=dict)
    # Where many are made at once: whose proposal it is, and when it was made.
    proposer: User | None = None
    at: datetime | None = None


def direction_of(from_level: str, to_level: str) -> Direction:
    """Which way it goes, for the log; the level itself is content."""
    if from_level == Level.UNGRADED or from_level == to_level:
        return Direction.SET
    return Direction.UP if rank(to_level) > rank(from_level) else Direction.DOWN


def checked(draft: Draft, *, by: User, now: datetime, entered_by: User | None = None) -> Proposal:
    """The proposal of a draft that keeps every rule about what it says; not saved."""
    level = draft.risk_level
    rules.check_step_fits(level.level, draft.to_level)
    rules.check_reasons_fit(level.level, draft.to_level, draft.reason_codes)
    if not draft.official:
        objection_rules.check_facts_are_new(level, draft.to_level, draft.evidence)
    if draft.official:
        rules.check_official_fits(draft.official, draft.reason_codes)
    elif needs_grounds(level.level, draft.to_level):
        rules.check_grounds_fit(
            reason=draft.reason,
            evidence=draft.evidence,
            tried=draft.tried,
            today=timezone.localdate(now),
        )
    rules.check_ground_fits(
        assessment=draft.assessment, official=draft.official, codes=draft.reason_codes
    )
    return Proposal(
        key_owner=level.key_owner,
        risk_level=level,
        district=level.district,
        from_level=level.level,
        to_level=draft.to_level,
        base_revision=level.revision,
        proposer=draft.proposer or by,
        entered_by=entered_by,
        assessment=draft.assessment,
        is_official=bool(draft.official),
        drafted_at=draft.at or now,
        reason_codes=list(draft.reason_codes),
        reason=draft.reason,
        evidence=[dict(each) for each in draft.evidence],
        tried=draft.tried,
        official=dict(draft.official),
    )


@transaction.atomic
def propose(
    *,
    risk_level: RiskLevel,
    to_level: str,
    reason_codes: Sequence[str],
    by: User,
    now: datetime,
    reason: str = "",
    evidence: Sequence[Mapping[str, Any]] = (),
    tried: str = "",
    assessment: Assessment | None = None,
    official: Mapping[str, Any] | None = None,
    entered_by: User | None = None,
) -> Proposal:
    """Draft a proposal; an official class that waits lapses, for the team knows more."""
    risk_level = RiskLevel.objects.select_for_update().get(pk=risk_level.pk)
    rules.check_can_propose_level(by, risk_level)
    draft = Draft(
        risk_level=risk_level,
        to_level=to_level,
        reason_codes=reason_codes,
        reason=reason,
        evidence=evidence,
        tried=tried,
        assessment=assessment,
        official=official or {},
    )
    proposal = checked(draft, by=by, now=now, entered_by=entered_by)
    # Nothing else is open here: the rule has looked.
    lapse_open(risk_level, by=by, now=now)
    proposal.save_as(by=by)
    log.record(
        Event.RISK_LEVEL_DRAFTED,
        by=by,
        target=risk_level,
        direction=direction_of(risk_level.level, to_level),
    )
    return proposal


def lapse_open(risk_level: RiskLevel, *, by: User, now: datetime) -> None:
    """End what is open about a level without an answer; give the level locked."""
    for proposal in risk_level.proposals.select_for_update().filter(state__in=OPEN_STATES):
        proposal.lapse(at=now)
        proposal.save_as(by=by)
        log.record(Event.RISK_LEVEL_LAPSED, by=by, target=risk_level)


@transaction.atomic
def submit(*, proposal: Proposal, by: User, now: datetime) -> Proposal:
    """Hand a draft to the supervisors."""
    risk_level = RiskLevel.objects.select_for_update().get(pk=proposal.risk_level_id)
    proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
    rules.check_can_submit_proposal(by, proposal, risk_level)
    proposal.submit(at=now, effect_on=effect_day(proposal, now))
    proposal.save_as(by=by)
    log.record(
        Event.RISK_LEVEL_PROPOSED,
        by=by,
        target=risk_level,
        direction=direction_of(proposal.from_level, proposal.to_level),
    )
    return proposal


def effect_day(proposal: Proposal, now: datetime, rule_set: RuleSet | None = None) -> date | None:
    """The day on which a step down takes effect if nobody decides; none for any other step.

    None either for those of whom somebody has to say so: children.
    """
    if not is_down(proposal.from_level, proposal.to_level):
        return None
    if proposal.risk_level.kind.needs_decision_down:
        return None
    today = timezone.localdate(now)
    rule_set = rule_set or rule_set_in_force(today)
    special = CalendarDay.objects.special()
    return after_workdays(today, rule_set.proposal_days("effect_workdays"), special)


def official_draft(
    risk_level: RiskLevel, details: Mapping[str, Any], *, today: date
) -> Draft | None:
    """What the official class in these details proposes, if that differs from the level."""
    suggested = risk_level.kind.suggested_by(details)
    scale = risk_level.kind.official_scale
    if suggested is None or scale is None or suggested[0] == risk_level.level:
        return None
    level, field_, choice = suggested
    if is_down(risk_level.level, level):
        # Down is kind, and it is slow: the next step follows from the next class.
        level = step_down(risk_level.level)
    on = day_of(details.get(scale.date_field)) or today
    return Draft(
        risk_level=risk_level,
        to_level=level,
        reason_codes=("official_class",),
        official={
            "field": field_.code,
            "value": choice.code,
            "on": min(on, today).isoformat(),
            "by": str(details.get(scale.assessor_field) or ""),
        },
    )


@transaction.atomic
def propose_official(
    *,
    risk_level: RiskLevel,
    details: Mapping[str, Any],
    by: User,
    now: datetime,
    entered_by: User | None = None,
) -> Proposal | None:
    """Hand in what an official class proposes; nothing where it agrees or something waits."""
    draft = official_draft(risk_level, details, today=timezone.localdate(now))
    if draft is None or risk_level.proposals.filter(state__in=OPEN_STATES).exists():
        return None
    proposal = propose(
        risk_level=risk_level,
        to_level=draft.to_level,
        reason_codes=draft.reason_codes,
        official=draft.official,
        by=by,
        now=now,
        entered_by=entered_by,
    )
    return submit(proposal=proposal, by=by, now=now)
