"""Review tasks are opened by rules, and closed by people or when they no longer hold."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from audit import log
from audit.events import Event
from casework import review_rules, warnings
from casework.models import CaseFile, Incident, ReviewTask
from casework.models.review_tasks import TaskState
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from kpm.vault.history import bulk_create_as
from risk_levels.models import Assessment

BATCH = 200


def look(now: datetime) -> int:
    """Open what holds now and end what no longer does; returns how many tasks changed.

    A second run at once or later finds nothing more: what is open stays open.
    """
    return sum(_look(each, now) for each in warnings.WARNINGS.values() if each.find is not None)


def _look(warning: warnings.EarlyWarning, now: datetime) -> int:
    found = warnings.files_of(warning, now)
    waiting = ReviewTask.objects.filter(rule=warning.code, state=TaskState.OPEN)
    known = dict(waiting.values_list("case_file", "pk"))
    # What somebody set aside or looked at while it was so does not come back every night.
    answered = _answered(warning, now)
    new = sorted(found - known.keys() - answered)
    over = sorted(pk for case_file, pk in known.items() if case_file not in found)
    changed = 0
    for start in range(0, len(new), BATCH):
        changed += _open(warning, new[start : start + BATCH], now)
    for start in range(0, len(over), BATCH):
        changed += _end(over[start : start + BATCH], now)
    return changed


def _answered(warning: warnings.EarlyWarning, now: datetime) -> set[UUID]:
    """The files about which this rule was answered within a month."""
    closed = ReviewTask.objects.filter(
        rule=warning.code,
        state__in=(TaskState.DONE, TaskState.SET_ASIDE),
        closed_at__gt=now - review_rules.QUIET,
    )
    return set(closed.values_list("case_file", flat=True))


@transaction.atomic
def _open(warning: warnings.EarlyWarning, pks: list[UUID], now: datetime) -> int:
    by = system_account("clock")
    # Whoever opens locks the files: two sweeps at once open once.
    files = list(CaseFile.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk"))
    there = set(
        ReviewTask.objects.filter(
            rule=warning.code, state=TaskState.OPEN, case_file__in=files
        ).values_list("case_file", flat=True)
    )
    files = [each for each in files if each.pk not in there and each.is_open]
    if not files:
        return 0
    rows = [
        ReviewTask(case_file=each, district=each.district, rule=warning.code, opened_at=now)
        for each in files
    ]
    bulk_create_as(ReviewTask, rows, by=by, at=now)
    log.record(Event.REVIEW_TASK_OPENED, by=by, targets=files, count=len(files))
    return len(rows)


@transaction.atomic
def _end(pks: list[UUID], now: datetime) -> int:
    by = system_account("clock")
    rows = ReviewTask.objects.select_for_update(of=("self",)).select_related("case_file")
    ended = 0
    for row in rows.filter(pk__in=pks, state=TaskState.OPEN).order_by("pk"):
        row.end(by=by, at=now)
        row.save_as(by=by)
        log.record(Event.REVIEW_TASK_ENDED, by=by, target=row)
        ended += 1
    return ended


@transaction.atomic
def follow_assessment(case_file: CaseFile, assessment: Assessment, *, now: datetime) -> None:
    """What an assessment that was just recorded suggests; give the file locked."""
    result = assessment.result
    holds = {
        warnings.ASSESSMENT_DIFFERS: result["level"] != case_file.risk_level.level,
        warnings.ASSESSMENT_PROVISIONAL: bool(result["is_provisional"]),
    }
    for code, is_so in holds.items():
        waiting = ReviewTask.objects.filter(case_file=case_file, rule=code, state=TaskState.OPEN)
        if is_so and not waiting.exists():
            _open(warnings.WARNINGS[code], [case_file.pk], now)
        elif not is_so:
            _end(list(waiting.values_list("pk", flat=True)), now)


@transaction.atomic
def follow_incident(case_file: CaseFile, *, now: datetime) -> None:
    """What happened since the level was decided suggests a look, and changes nothing by itself.

    Give the file locked. A mistake that was corrected suggests nothing any more.
    """
    decided = case_file.risk_level.decisions.aggregate(last_at=Max("decided_at"))["last_at"]
    noted = Incident.objects.standing().filter(case_file=case_file)
    if decided is not None:
        noted = noted.filter(noted_at__gt=decided)
    waiting = ReviewTask.objects.filter(
        case_file=case_file, rule=warnings.INCIDENT, state=TaskState.OPEN
    )
    if not noted.exists():
        _end(list(waiting.values_list("pk", flat=True)), now)
    elif not waiting.exists():
        _open(warnings.WARNINGS[warnings.INCIDENT], [case_file.pk], now)


@transaction.atomic
def follow_decision(case_file: CaseFile, *, now: datetime) -> None:
    """Somebody has decided about the level: what was assessed or happened has been weighed."""
    waiting = ReviewTask.objects.filter(
        case_file=case_file,
        rule__in=(warnings.ASSESSMENT_DIFFERS, warnings.INCIDENT),
        state=TaskState.OPEN,
    )
    _end(list(waiting.values_list("pk", flat=True)), now)


@transaction.atomic
def close(
    *, case_file: CaseFile, task: ReviewTask, answer: str, by: User, now: datetime
) -> ReviewTask:
    """Somebody has looked, or says why nobody has to: `answer` is "done" or a reason."""
    task = (
        ReviewTask.objects.select_for_update(of=("self",))
        .select_related("case_file")
        .get(pk=task.pk)
    )
    review_rules.check_can_close_task(by, case_file, task)
    if answer == TaskState.DONE:
        task.finish(by=by, at=now)
    else:
        task.set_aside(by=by, at=now, reason=answer)
    task.save_as(by=by)
    log.record(Event.REVIEW_TASK_CLOSED, by=by, target=task)
    return task
