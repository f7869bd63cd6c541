"""Team checks: how far a red file without its team has climbed, and what only a look can tell."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.ids import uuid7


class TeamCheck(models.Model):
    """What is known of the team of one red file besides the places that are filled.

    Whether a woman or somebody who knows minors must be there depends on who the person is, which
    is sealed. It is looked at once for each make-up of the team, and only the answer is kept: it
    says neither which of the two it was, nor anything about whom nothing is missing for.
    """

    log_type: ClassVar[str] = "case_file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_file = models.OneToOneField(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="team_check",
    )
    # Which of the two were there when somebody looked, and on which day.
    seen = models.CharField(_("seen"), max_length=24, blank=True)
    seen_on = models.DateField(_("seen on"), null=True, blank=True)
    lacks_somebody = models.BooleanField(_("lacks somebody"), default=False)
    # How many units above have been told that the time is up.
    step = models.PositiveSmallIntegerField(_("step"), default=0)

    class Meta:
        verbose_name = _("team check")
        verbose_name_plural = _("team checks")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.case_file_id)
