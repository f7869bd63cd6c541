"""The same as one by one, for thousands: for ledgers and for the demo world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from kpm.accounts.models import User
from kpm.vault.history import bulk_create_as, bulk_update_as
from risk_levels import rules
from risk_levels.actions.decisions import decided
from risk_levels.actions.proposals import Draft, checked, effect_day
from risk_levels.actions.rule_sets import rule_set_in_force
from risk_levels.actions.undecided import lowered
from risk_levels.levels import is_down
from risk_levels.models import Assessment, Decision, Proposal, RiskLevel
from risk_levels.models.risk_levels import Told

FOLLOWED = (
    "level",
    "rhythm_level",
    "since_on",
    "until_on",
    "until_at",
    "review_on",
    "revision",
    "decision",
)
BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A level to be: of which file, since when."""

    key_owner: UUID
    population: str
    district: str
    opened_on: date


@transaction.atomic
def bulk_open_levels(
    openings: Sequence[Opening], *, by: User, at: datetime | None = None
) -> list[RiskLevel]:
    """Ungraded levels, in the order of the openings; the event is that of the files."""
    rows = [
        RiskLevel(
            key_owner=each.key_owner,
            population=each.population,
            district=each.district,
            since_on=each.opened_on,
        )
        for each in openings
    ]
    return bulk_create_as(RiskLevel, rows, by=by, at=at)


@transaction.atomic
def bulk_propose(
    drafts: Sequence[Draft], *, by: User, now: datetime, entered_by: User | None = None
) -> list[Proposal]:
    """Proposals drafted and handed in; levels come with their case file loaded."""
    proposals = [checked(each, by=by, now=now, entered_by=entered_by) for each in drafts]
    if not proposals:
        return []
    bulk_create_as(Proposal, proposals, by=by, at=now)
    for proposal in proposals:
        effect_on = effect_day(proposal, proposal.drafted_at)
        proposal.submit(at=proposal.drafted_at, effect_on=effect_on)
    fields = ("state", "submitted_at", "effect_on")
    bulk_update_as(Proposal, proposals, fields, by=by, at=now)
    log.record(
        Event.RISK_LEVEL_PROPOSED,
        by=by,
        targets=[each.risk_level for each in proposals],
        count=len(proposals),
    )
    return proposals


@transaction.atomic
def bulk_approve(
    proposals: Sequence[Proposal],
    *,
    by: User,
    reason: str,
    now: datetime,
    told: str = Told.NEXT_CONTACT,
) -> list[Decision]:
    """One supervisor's decisions, as of `now`; for the demo world, never for a page."""
    if not proposals:
        return []
    rule_set = rule_set_in_force(timezone.localdate(now))
    decisions = []
    for proposal in proposals:
        rules.check_can_decide_level(by, proposal, proposal.risk_level)
        decisions.append(
            decided(
                proposal,
                proposal.risk_level,
                by=by,
                reason=reason,
                now=now,
                told=told,
                rule_set=rule_set,
            )
        )
        proposal.approve(by=by, at=now, reply=reason)
    fields = ("state", "decider", "decided_at", "reply")
    bulk_update_as(Proposal, proposals, fields, by=by, at=now)
    levels = _follow(decisions, by=by, now=now)
    log.record(Event.RISK_LEVEL_APPROVED, by=by, targets=levels, count=len(levels))
    return decisions


@transaction.atomic
def bulk_follow_classes(proposals: Sequence[Proposal], *, by: User, now: datetime) -> int:
    """Lower every level whose official class proposes a step down, and say how many.

    Up is decided by somebody, down is not waited for.
    """
    rules.check_can_lower_undecided(by)
    down = [
        each
        for each in proposals
        if each.is_official
        and is_down(each.from_level, each.to_level)
        and not each.risk_level.kind.needs_decision_down
    ]
    if not down:
        return 0
    rule_set = rule_set_in_force(timezone.localdate(now))
    kind = Decision.Kind.IMPORTED_DOWN
    decisions = [
        lowered(each.risk_level, each, kind=kind, by=by, now=now, rule_set=rule_set)
        for each in down
    ]
    for proposal in down:
        proposal.approve(by=by, at=now, reply="")
    fields = ("state", "decider", "decided_at", "reply")
    bulk_update_as(Proposal, down, fields, by=by, at=now)
    levels = _follow(decisions, by=by, now=now)
    log.record(Event.RISK_LEVEL_IMPORTED, by=by, targets=levels, count=len(levels))
    return len(levels)


def _follow(decisions: Sequence[Decision], *, by: User, now: datetime) -> list[RiskLevel]:
    """Write decisions, and let their levels become what they say."""
    Decision.objects.bulk_create(decisions, batch_size=BATCH)
    levels = [each.risk_level for each in decisions]
    for level, decision in zip(levels, decisions, strict=True):
        level.follow(decision)
    bulk_update_as(RiskLevel, levels, FOLLOWED, by=by, at=now)
    return levels


@transaction.atomic
def bulk_record_assessments(assessments: Sequence[Assessment], *, by: User) -> list[Assessment]:
    """Assessments as `assessments.filled_in` makes them."""
    if not assessments:
        return []
    created = Assessment.objects.bulk_create(assessments, batch_size=BATCH)
    log.record(
        Event.ASSESSMENT_RECORDED,
        by=by,
        targets=[each.risk_level for each in created],
        count=len(created),
    )
    return created
