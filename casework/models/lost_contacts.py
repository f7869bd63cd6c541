"""Lost contacts: three tries in a row met nobody, until somebody is met again."""

from datetime import date, datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import uuid7
from kpm.vault.history import History, RecordedModel


class LostState(models.TextChoices):
    """How far the search is."""

    OPEN = "open", _("To be looked at")
    SOUGHT = "sought", _("Being looked for")
    MET = "met", _("Met again")


class Known(models.TextChoices):
    """What is known of where somebody is, as the norm of 2018 on follow-up names it.

    A code and no word about the person; what was said stands in the visits.
    """

    UNKNOWN = "unknown", _("Not known; we go on trying")
    AWAY = "away", _("Away for work or with family, and expected back")
    MOVED = "moved", _("Moved somewhere else")
    MISSING = "missing", _("Missing: family and police have been told")


class LostContact(GuardedStateModel, RecordedModel):
    """One search for one person. It holds codes and days, and no content."""

    log_type: ClassVar[str] = "case_file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="lost_contacts",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    state = GuardedStateField(
        _("state"), max_length=6, choices=LostState.choices, default=LostState.OPEN
    )
    opened_at = models.DateTimeField(_("opened at"))
    known = models.CharField(_("what is known"), max_length=8, choices=Known.choices, blank=True)
    decided_by = models.ForeignKey(
        User,
        verbose_name=_("decided by"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    look_again_on = models.DateField(_("to be looked at again on"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = models.Manager["LostContact"]()
    history = History()

    class Meta:
        verbose_name = _("lost contact")
        verbose_name_plural = _("lost contacts")
        ordering = ("opened_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("case_file",),
                condition=~Q(state=LostState.MET),
                name="one_search_at_a_time",
            ),
            models.CheckConstraint(
                name="a_search_that_ended_has_its_moment",
                condition=Q(state=LostState.MET, ended_at__isnull=False)
                | ~Q(state=LostState.MET) & Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_search_is_decided_by_somebody_with_a_day",
                condition=Q(
                    known="",
                    decided_by__isnull=True,
                    decided_at__isnull=True,
                    look_again_on__isnull=True,
                )
                | Q(
                    known__in=Known.values,
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    look_again_on__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="a_search_that_was_looked_at_was_decided",
                condition=~Q(state=LostState.SOUGHT) | ~Q(known=""),
            ),
        )
        indexes = (
            models.Index(fields=("district", "state", "look_again_on"), name="searches_going_on"),
        )

    def __str__(self) -> str:
        return f"{self.case_file_id}: {self.state}"

    @property
    def log_reference(self) -> str:
        """The number of the file is what the log knows."""
        return self.case_file.log_reference

    @property
    def seen(self) -> str:
        """The search as a page shows it, in one word."""
        return f"{self.pk} {self.state} {self.decided_at.isoformat() if self.decided_at else ''}"

    @transition(field="state", source=[LostState.OPEN, LostState.SOUGHT], target=LostState.SOUGHT)
    def decide(self, *, known: str, look_again_on: date, by: User, at: datetime) -> None:
        """A supervisor has looked: what is known, and when to look again."""
        self.known, self.look_again_on = known, look_again_on
        self.decided_by, self.decided_at = by, at

    @transition(field="state", source=[LostState.OPEN, LostState.SOUGHT], target=LostState.MET)
    def end(self, *, at: datetime) -> None:
        """Somebody was met, or answered."""
        self.ended_at = at
