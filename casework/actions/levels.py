"""Levels of files: proposed by the team with a plan, decided by somebody from outside it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from casework import harm_rules, rules
from casework.actions import case_files, plans, review_tasks
from casework.actions.assignments import locked
from casework.models import CaseFile, Plan
from casework.models.plans import State
from kpm.accounts.models import User
from risk_levels import actions as levels
from risk_levels import rules as level_rules
from risk_levels.levels import Level
from risk_levels.models import Assessment, Proposal, RiskLevel


@transaction.atomic
def propose(
    *,
    case_file: CaseFile,
    to_level: str,
    reason_codes: Sequence[str],
    by: User,
    now: datetime,
    reason: str = "",
    evidence: Sequence[Mapping[str, Any]] = (),
    tried: str = "",
    assessment: Assessment | None = None,
    goal: str = "",
    steps: Sequence[Mapping[str, Any]] = (),
    seen: str | None = None,
) -> Proposal:
    """Propose a level and hand it in; what is to be done goes along as a draft of a plan.

    Where it was written on a page, `seen` is the plan that stood there.
    """
    case_file = locked(case_file)
    rules.check_can_propose_level(by, case_file)
    rules.check_red_has_plan(to_level, [str(step.get("resource") or "") for step in steps])
    proposal = levels.propose(
        risk_level=case_file.risk_level,
        to_level=to_level,
        reason_codes=reason_codes,
        reason=reason,
        evidence=evidence,
        tried=tried,
        assessment=assessment,
        by=by,
        now=now,
    )
    if steps:
        plans.draft(
            case_file=case_file,
            goal=goal,
            steps=steps,
            by=by,
            today=timezone.localdate(now),
            proposal=proposal,
            seen=seen,
        )
    return levels.submit(proposal=proposal, by=by, now=now)


@transaction.atomic
def set_provisionally(
    *,
    case_file: CaseFile,
    reason_codes: Sequence[str],
    reason: str,
    evidence: Sequence[Mapping[str, Any]],
    tried: str,
    by: User,
    now: datetime,
) -> Proposal:
    """Set red at once for safety; somebody from outside the team decides within hours."""
    case_file = locked(case_file)
    rules.check_can_propose_level(by, case_file)
    proposal = levels.set_provisionally(
        risk_level=case_file.risk_level,
        reason_codes=reason_codes,
        reason=reason,
        evidence=evidence,
        tried=tried,
        by=by,
        now=now,
    )
    case_files.refresh_due(case_file, timezone.localdate(now))
    return proposal


def needs_first_approval(level: RiskLevel, proposal: Proposal) -> bool:
    """Whether a yes to this would be the first of two."""
    return proposal.first_approver_id is None and level_rules.needs_two_approvers(
        level, proposal.to_level
    )


@transaction.atomic
def withdraw(*, case_file: CaseFile, proposal: Proposal, by: User, now: datetime) -> Proposal:
    """Take a proposal back; the draft of its plan stays on the file."""
    case_file = locked(case_file)
    rules.check_can_propose_level(by, case_file)
    rules.check_can_withdraw_proposal(by, proposal)
    harm_rules.check_may_be_put_back(case_file, proposal)
    proposal = levels.withdraw(proposal=proposal, by=by, now=now)
    case_files.refresh_due(case_file, timezone.localdate(now))
    return proposal


@transaction.atomic
def decide(
    *,
    case_file: CaseFile,
    proposal: Proposal,
    decision: str,
    reason: str,
    by: User,
    now: datetime,
    plan: Plan | None = None,
    until_on: date | None = None,
    told: str = "",
    conference_note: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> Proposal:
    """Approve, return or reject what a colleague proposed; give the plan with its body open."""
    case_file = locked(case_file)
    level = case_file.risk_level
    if decision != "approve":
        levels.check_is_not_proposer(by=by, proposal=proposal, risk_level=level)
        rules.check_can_answer_proposal(by, case_file, proposal)
        if decision == "reject":
            harm_rules.check_may_be_put_back(case_file, proposal)
        answer = levels.return_ if decision == "return" else levels.reject
        proposal = answer(proposal=proposal, by=by, reason=reason, now=now)
        case_files.refresh_due(case_file, timezone.localdate(now))
        return proposal
    levels.check_is_second_person(by=by, proposal=proposal, risk_level=level)
    rules.check_can_decide_level(by, case_file, proposal)
    rules.check_plan_still_stands(plan)
    rules.check_red_has_plan(proposal.to_level, plans.help_in(plan) if plan else ())
    harm_rules.check_step_may_be_taken(case_file, level.level, proposal.to_level)
    if needs_first_approval(level, proposal):
        return levels.approve_first(
            proposal=proposal, by=by, reason=reason, note=conference_note, now=now
        )
    today = timezone.localdate(now)
    levels.approve(
        proposal=proposal,
        by=by,
        reason=reason,
        now=now,
        until_on=until_on,
        inputs=inputs,
        **({"told": told} if told else {}),
    )
    review_tasks.follow_decision(case_file, now=now)
    if proposal.to_level == Level.RED and plan is not None and plan.state == State.DRAFT:
        plans.approve(plan=plan, by=by, today=today)
    case_files.refresh_due(case_file, today)
    return proposal
