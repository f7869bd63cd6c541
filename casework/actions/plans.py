"""Plans are drafted, approved and ended here."""

from collections.abc import Iterable, Mapping
from datetime import date
from secrets import token_hex
from typing import Any

from django.db import transaction

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.actions.assignments import locked
from casework.models import CaseFile, Plan
from casework.models.plan_entries import ended_steps
from casework.models.plans import State
from kpm.accounts.models import User
from kpm.vault.opening import open_groups
from risk_levels.levels import Level
from risk_levels.models import Proposal

STEP = ("what", "resource", "who", "by_on", "id")


@transaction.atomic
def draft(
    *,
    case_file: CaseFile,
    goal: str,
    steps: Iterable[Mapping[str, Any]],
    by: User,
    today: date,
    proposal: Proposal | None = None,
    seen: str | None = None,
) -> Plan:
    """Write a new draft; an earlier draft ends, an approved plan holds until this is approved.

    A step that goes on keeps its `id`; one without is new.

    Where it was written on a page, `seen` is the plan that stood there.
    """
    case_file = locked(case_file)
    rules.check_can_draft_plan(by, case_file)
    if seen is not None:
        rules.check_plan_is_as_seen(case_file.plans.exclude(state=State.ENDED).first(), seen)
    kept = [{key: str(step.get(key) or "").strip() for key in STEP} for step in steps]
    rules.check_steps_fit(kept, today)
    for step in kept:
        step["id"] = step["id"] or token_hex(8)
    for earlier in _in_state(case_file, State.DRAFT):
        earlier.end(on=today)
        earlier.save_as(by=by)
    plan = Plan(
        key_owner=case_file.id,
        case_file=case_file,
        district=case_file.district,
        proposal=proposal,
        drafted_by=by,
        drafted_on=today,
        goal=goal,
        steps=kept,
    )
    plan.save_as(by=by)
    log.record(Event.PLAN_DRAFTED, by=by, target=case_file)
    return plan


@transaction.atomic
def approve(*, plan: Plan, by: User, today: date) -> Plan:
    """Let a draft hold from now on, in place of the one before."""
    case_file = locked(plan.case_file)
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    plan.case_file = case_file
    rules.check_can_approve_plan(by, plan)
    _check_still_helps(plan, by)
    for earlier in _in_state(case_file, State.APPROVED):
        earlier.end(on=today)
        earlier.save_as(by=by)
    plan.approve(by=by, on=today)
    plan.save_as(by=by)
    log.record(Event.PLAN_APPROVED, by=by, target=case_file)
    return plan


def _check_still_helps(plan: Plan, by: User) -> None:
    """Red keeps its concrete help when another plan takes the place of the one it came with.

    That stands in the sealed steps: reading them is written down as any reading is.
    """
    case_file = plan.case_file
    if case_file.risk_level.level != Level.RED:
        return
    with log.reading(
        by, event=Event.CASE_FILE_READ, purpose=Purpose.SUPERVISION, about=[case_file]
    ) as reading:
        open_groups([plan], "body", reading=reading)
    rules.check_red_has_plan(case_file.risk_level.level, help_in(plan))


def help_in(plan: Plan) -> list[str]:
    """The concrete help that is still to come; give the plan with its body open."""
    return plan.resources(ended_steps([plan.case_file_id]).get(plan.case_file_id, ()))


def _in_state(case_file: CaseFile, state: str) -> Iterable[Plan]:
    return Plan.objects.select_for_update().filter(case_file=case_file, state=state)
