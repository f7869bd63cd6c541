"""Review tasks: something suggests a look at a file, and no more than a look."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import uuid7
from kpm.vault.history import History, RecordedModel


class TaskState(models.TextChoices):
    """What became of the suggestion."""

    OPEN = "open", _("Open")
    DONE = "done", _("Looked at")
    SET_ASIDE = "set_aside", _("Set aside")
    ENDED = "ended", _("No longer so")


class Reason(models.TextChoices):
    """Why somebody sets a suggestion aside; in words it stands in the visit or the assessment."""

    KNOWN = "known", _("Known, and looked after")
    PLANNED = "planned", _("Planned already")
    WISH = "wish", _("The person does not want it, and may decide so")
    WRONG = "wrong", _("The record is wrong and is being corrected")


class ReviewTask(GuardedStateModel, RecordedModel):
    """One rule that has spoken about one file. It holds codes and days, and no content."""

    log_type: ClassVar[str] = "case_file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="review_tasks",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    rule = models.CharField(_("rule"), max_length=32)
    state = GuardedStateField(
        _("state"), max_length=9, choices=TaskState.choices, default=TaskState.OPEN
    )
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        User,
        verbose_name=_("closed by"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    reason = models.CharField(_("why"), max_length=16, choices=Reason.choices, blank=True)

    objects = models.Manager["ReviewTask"]()
    history = History()

    class Meta:
        verbose_name = _("review task")
        verbose_name_plural = _("review tasks")
        ordering = ("-opened_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("case_file", "rule"),
                condition=Q(state=TaskState.OPEN),
                name="one_open_review_task_per_rule",
            ),
            models.CheckConstraint(
                name="a_closed_review_task_says_who_and_when",
                condition=Q(state=TaskState.OPEN, closed_at__isnull=True, closed_by__isnull=True)
                | ~Q(state=TaskState.OPEN) & Q(closed_at__isnull=False, closed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="what_is_set_aside_says_why",
                condition=Q(state=TaskState.SET_ASIDE) & ~Q(reason="")
                | ~Q(state=TaskState.SET_ASIDE) & Q(reason=""),
            ),
        )
        indexes = (
            models.Index(fields=("district", "state", "opened_at"), name="review_tasks_by_state"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The number of the case file is what the log knows."""
        return self.case_file.number

    @transition(field="state", source=TaskState.OPEN, target=TaskState.DONE)
    def finish(self, *, by: User, at: datetime) -> None:
        """Somebody has looked."""
        self.closed_by, self.closed_at = by, at

    @transition(field="state", source=TaskState.OPEN, target=TaskState.SET_ASIDE)
    def set_aside(self, *, by: User, at: datetime, reason: str) -> None:
        """Somebody knows why nobody has to look."""
        self.closed_by, self.closed_at, self.reason = by, at, reason

    @transition(field="state", source=TaskState.OPEN, target=TaskState.ENDED)
    def end(self, *, by: User, at: datetime) -> None:
        """What it spoke of is no longer so."""
        self.closed_by, self.closed_at = by, at
