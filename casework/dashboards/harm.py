"""Mandatory reports in words: what waits, since when, and what was written; never who wrote it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from casework.dashboards import lists
from casework.models import Assignment, CaseFile, HarmReport, HarmStep
from casework.models.harm import AT_ONCE_HOURS, WAITING, Authority, HarmState, Situation, StepKind
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups


@dataclass(frozen=True)
class Row:
    """One report that waits, and by when an authority has to know."""

    report: HarmReport
    by_at: datetime
    is_late: bool


def waiting(user: User, group: str) -> QuerySet[HarmReport]:
    """The reports that this supervisor may follow, the oldest first: none of their own teams'."""
    mine = Assignment.objects.active().filter(case_file=OuterRef("pk"), worker=user)
    files = lists.files_of(user, group).filter(~Exists(mine)).order_by()
    return (
        HarmReport.objects.filter(state__in=WAITING, case_file__in=files.values("pk"))
        .select_related("case_file__person", "case_file__unit", "case_file__risk_level")
        .order_by("opened_at", "id")
    )


def told(report: HarmReport, now: datetime) -> Row:
    """A report with its clock: at once, and late after a day."""
    by_at = report.opened_at + timedelta(hours=AT_ONCE_HOURS)
    return Row(report, by_at, report.state == HarmState.OPENED and now > by_at)


def report_of(case_file: CaseFile, number: str) -> HarmReport | None:
    """The report with this number, of this file."""
    return HarmReport.objects.filter(case_file=case_file, number=number).first()


@dataclass(frozen=True)
class Entry:
    """One step, opened: what was written and when."""

    step: HarmStep
    what: Any


def entries_of(report: HarmReport, reading: Reading) -> list[Entry]:
    """Everything that was written, in its order; who wrote it stays closed."""
    rows = list(report.steps.order_by("written_at", "id"))
    open_groups(rows, "body", reading=reading)
    return [Entry(each, _what(each)) for each in rows]


def _what(step: HarmStep) -> Any:
    if step.kind == StepKind.SEEN:
        return Situation(step.code).label
    if step.kind == StepKind.TOLD:
        return Authority(step.code).label
    return step.place
