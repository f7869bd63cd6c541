"""The office's own calendar: days on which it works, or does not, other than announced."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.ids import uuid7
from kpm.vault.history import History, RecordedModel
from kpm.workdays import Special


class CalendarDayManager(models.Manager["CalendarDay"]):
    """Corrections as they are counted with."""

    def special(self) -> Special:
        """Whether the office works, for each day that was corrected."""
        rows = self.filter(is_workday__isnull=False).values_list("day", "is_workday")
        return {day: bool(is_workday) for day, is_workday in rows}


class CalendarDay(RecordedModel):
    """One corrected day. What was taken back stays as a row that says nothing."""

    log_type: ClassVar[str] = "calendar_day"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    day = models.DateField(_("day"), unique=True)
    is_workday = models.BooleanField(_("working day"), null=True, blank=True)
    note = models.CharField(_("why"), max_length=200)
    entered_by = models.ForeignKey(
        User, verbose_name=_("entered by"), on_delete=models.PROTECT, related_name="+"
    )

    objects = CalendarDayManager()
    history = History()

    class Meta:
        verbose_name = _("corrected day")
        verbose_name_plural = _("corrected days")
        ordering = ("day",)

    def __str__(self) -> str:
        return self.day.isoformat()

    @property
    def log_reference(self) -> str:
        """The day is what the log knows."""
        return self.day.isoformat()
