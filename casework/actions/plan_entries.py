"""What becomes of a plan is written down here, and here a plan ends."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import plan_rules
from casework.actions.assignments import locked
from casework.models import Plan, PlanEntry
from casework.models.plan_entries import STEP_KINDS, EntryKind, StepOutcome
from kpm.accounts.models import User


@transaction.atomic
def hear(
    *, plan: Plan, answer: str, speaker: str, on: date, words: str, by: User, now: datetime
) -> PlanEntry:
    """Write down what the person says of a plan: `answer` is one of Answer."""
    plan = _locked(plan)
    plan_rules.check_can_write_on_plan(by, plan)
    plan_rules.check_day_fits(on, plan.case_file.opened_on, timezone.localdate(now))
    plan_rules.check_word_fits(answer, speaker, words)
    said = {"answer": answer, "speaker": speaker, "words": words}
    return _write(plan, EntryKind.WORD, Event.PLAN_HEARD, by=by, on=on, now=now, **said)


@transaction.atomic
def mark_step(
    *, plan: Plan, step: str, outcome: str, on: date, words: str, by: User, now: datetime
) -> PlanEntry:
    """Write down how a step went: `outcome` is one of StepOutcome, `step` what the plan calls it.

    The plan comes as it was shown: what it says never changes once it holds.
    """
    plan = _locked(plan)
    plan_rules.check_can_work_on_plan(by, plan)
    plan_rules.check_day_fits(on, plan.case_file.opened_on, timezone.localdate(now))
    latest = PlanEntry.objects.about_steps().filter(case_file=plan.case_file, step=step).last()
    is_open = latest is None or latest.kind == EntryKind.STEP_REOPENED
    plan_rules.check_step_fits(outcome, words, is_open=is_open)
    is_over = outcome != StepOutcome.REOPENED
    kind = EntryKind.STEP_ENDED if is_over else EntryKind.STEP_REOPENED
    said = {"step": step, "answer": outcome, "words": words}
    return _write(plan, kind, Event.PLAN_STEP_MARKED, by=by, on=on, now=now, **said)


@transaction.atomic
def review(*, plan: Plan, on: date, words: str, by: User, now: datetime) -> PlanEntry:
    """Write down that the plan was gone through with the person and stays as it is."""
    plan = _locked(plan)
    plan_rules.check_can_work_on_plan(by, plan)
    plan_rules.check_day_fits(on, plan.case_file.opened_on, timezone.localdate(now))
    plan_rules.check_review_is_told(words)
    return _write(plan, EntryKind.REVIEW, Event.PLAN_REVIEWED, by=by, on=on, now=now, words=words)


@transaction.atomic
def end(*, plan: Plan, words: str, by: User, now: datetime) -> PlanEntry:
    """Put a plan away without another in its place, and say why."""
    plan = _locked(plan)
    plan_rules.check_can_end_plan(by, plan)
    plan_rules.check_review_is_told(words)
    today = timezone.localdate(now)
    plan.end(on=today)
    plan.save_as(by=by)
    return _write(plan, EntryKind.END, Event.PLAN_ENDED, by=by, on=today, now=now, words=words)


def _locked(plan: Plan) -> Plan:
    case_file = locked(plan.case_file)
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    plan.case_file = case_file
    return plan


def _write(
    plan: Plan,
    kind: EntryKind,
    event: Event,
    *,
    by: User,
    on: date,
    now: datetime,
    words: str,
    step: str = "",
    answer: str = "",
    speaker: str = "",
) -> PlanEntry:
    entry = PlanEntry(
        key_owner=plan.case_file_id,
        case_file=plan.case_file,
        plan=plan,
        district=plan.district,
        kind=kind,
        step=step if kind in STEP_KINDS else "",
        happened_on=on,
        written_by=by,
        written_at=now,
        answer=answer,
        speaker=speaker,
        words=words.strip(),
    )
    entry.save_as(by=by)
    log.record(event, by=by, target=plan.case_file)
    return entry
