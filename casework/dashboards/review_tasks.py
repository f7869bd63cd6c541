"""Review tasks in words."""

from dataclasses import dataclass

from django.db.models import QuerySet

from casework.dashboards import lists
from casework.models import CaseFile, ReviewTask
from casework.models.case_files import Status
from casework.models.review_tasks import TaskState
from casework.warnings import WARNINGS, EarlyWarning
from kpm.accounts.models import User


@dataclass(frozen=True)
class Told:
    """A task with the rule that opened it."""

    task: ReviewTask
    warning: EarlyWarning


def told(task: ReviewTask) -> Told:
    """A task with its words."""
    return Told(task, WARNINGS[task.rule])


def open_tasks(user: User, group: str) -> QuerySet[ReviewTask]:
    """What waits on the user's open files, the longest wait first."""
    files = lists.files_of(user, group).filter(status=Status.OPEN).order_by()
    return (
        ReviewTask.objects.filter(state=TaskState.OPEN, case_file__in=files.values("pk"))
        .select_related("case_file__person", "case_file__unit", "case_file__risk_level")
        .order_by("opened_at", "id")
    )


def tasks_of(case_file: CaseFile) -> list[Told]:
    """What waits on one file."""
    return [
        told(each) for each in ReviewTask.objects.filter(case_file=case_file, state=TaskState.OPEN)
    ]


def task_of(case_file: CaseFile, rule: str) -> ReviewTask | None:
    """The task of this rule that waits on the file, or the one that was answered last."""
    rows = ReviewTask.objects.filter(case_file=case_file, rule=rule)
    return rows.filter(state=TaskState.OPEN).first() or rows.first()
