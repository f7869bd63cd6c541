"""Weekly loads: what somebody carried in one week, in numbers that stay."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.ids import uuid7


class WeeklyLoad(models.Model):
    """One worker in one week: points beside what there was room for, and files as counts.

    Written once, when the week is first looked at, and never again. It says how many, and never
    whom: nothing here is about the people of the files.
    """

    log_type: ClassVar[str] = "account"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey(
        User, verbose_name=_("worker"), on_delete=models.PROTECT, related_name="weekly_loads"
    )
    # Its Monday.
    week_on = models.DateField(_("week"))
    points = models.PositiveIntegerField(_("points"))
    capacity = models.PositiveIntegerField(_("room for"))
    # Files that they led, by level; and those in which they stood in.
    red = models.PositiveIntegerField(_("red"))
    yellow = models.PositiveIntegerField(_("yellow"))
    green = models.PositiveIntegerField(_("green"))
    ungraded = models.PositiveIntegerField(_("ungraded"))
    deputies = models.PositiveIntegerField(_("deputy in"))

    objects = models.Manager["WeeklyLoad"]()

    class Meta:
        verbose_name = _("weekly load")
        verbose_name_plural = _("weekly loads")
        ordering = ("-week_on", "worker_id")
        constraints = (
            models.UniqueConstraint(fields=("worker", "week_on"), name="one_load_a_week"),
        )
        indexes = (models.Index(fields=("week_on",), name="loads_of_a_week"),)

    def __str__(self) -> str:
        return str(self.id)
