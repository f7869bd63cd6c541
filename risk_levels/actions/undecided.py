"""Steps down that need nobody's yes: those left undecided, those of an official class."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.events import Direction, Event
from kpm.accounts.models import User
from risk_levels import rules
from risk_levels.actions.rule_sets import rule_set_in_force
from risk_levels.models import Decision, Proposal, RiskLevel, RuleSet
from risk_levels.models.proposals import ProposalState


def due_to_take_effect(*, now: datetime) -> QuerySet[Proposal]:
    """Every step down whose day has come without a decision."""
    return Proposal.objects.filter(
        state=ProposalState.SUBMITTED, effect_on__lte=timezone.localdate(now)
    ).order_by("effect_on", "id")


@transaction.atomic
def take_effect(*, proposal: Proposal, by: User, now: datetime) -> bool:
    """Let a step down happen that nobody decided about in time, and say whether it did."""
    rules.check_can_lower_undecided(by)
    risk_level = RiskLevel.objects.select_for_update().get(pk=proposal.risk_level_id)
    proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
    today = timezone.localdate(now)
    if (
        proposal.state != ProposalState.SUBMITTED
        or proposal.effect_on is None
        or proposal.effect_on > today
    ):
        # Somebody decided, or another sweep was quicker.
        return False
    rules.check_is_current(proposal, risk_level)
    lower(risk_level, proposal, kind=Decision.Kind.UNDECIDED_DOWN, by=by, now=now)
    log.record(Event.RISK_LEVEL_UNDECIDED, by=by, target=risk_level, direction=Direction.DOWN)
    return True


def lower(
    risk_level: RiskLevel, proposal: Proposal, *, kind: str, by: User, now: datetime
) -> Decision:
    """Follow a proposal one step down without anybody's yes; give both locked."""
    decision = lowered(
        risk_level,
        proposal,
        kind=kind,
        by=by,
        now=now,
        rule_set=rule_set_in_force(timezone.localdate(now)),
    )
    proposal.approve(by=by, at=now, reply="")
    proposal.save_as(by=by)
    decision.save()
    risk_level.follow(decision)
    risk_level.save_as(by=by)
    return decision


def lowered(
    risk_level: RiskLevel,
    proposal: Proposal,
    *,
    kind: str,
    by: User,
    now: datetime,
    rule_set: RuleSet,
) -> Decision:
    """The decision that does so; not saved. The visits go on as before until somebody looks."""
    today = timezone.localdate(now)
    valid_days = rule_set.duties(risk_level.population, proposal.to_level).valid_days
    return Decision(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        kind=kind,
        from_level=risk_level.level,
        to_level=proposal.to_level,
        rhythm_level=risk_level.rhythm_level,
        base_revision=risk_level.revision,
        proposal=proposal,
        decided_by=by,
        decided_at=now,
        starts_on=today,
        until_on=today + timedelta(days=valid_days),
        review_on=today,
        rule_set=rule_set,
        inputs={
            "proposal": str(proposal.pk),
            "level": risk_level.level,
            "until_on": risk_level.until_on.isoformat() if risk_level.until_on else None,
            "rule_set": rule_set.version,
        },
    )
