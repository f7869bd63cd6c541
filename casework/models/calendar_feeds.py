"""Feeds: the address at which a program of a worker finds their calendar, without people."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.ids import uuid7
from kpm.vault.history import History, RecordedModel


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    """Feeds by whether they answer."""

    def active(self) -> "CalendarFeedQuerySet":
        """Those that nobody has withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def of_this_epoch(self) -> "CalendarFeedQuerySet":
        """Those made since all sign-ins of their account were ended the last time."""
        return self.filter(session_epoch=F("worker__session_epoch"))


class CalendarFeed(RecordedModel):
    """One address. Whoever has it reads counts and file numbers, so only its hash is kept."""

    log_type = "account"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey(
        User, verbose_name=_("worker"), on_delete=models.PROTECT, related_name="calendar_feeds"
    )
    token_hash = models.CharField(_("hash of the address"), max_length=64, unique=True)
    # The account's when it was made: what ends every session of an account ends its address too.
    session_epoch = models.PositiveIntegerField(_("session epoch"), default=0)
    made_at = models.DateTimeField(_("made at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        ordering = ("-made_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("worker",),
                condition=Q(withdrawn_at__isnull=True),
                name="one_calendar_feed_per_worker",
            ),
            models.CheckConstraint(
                name="a_calendar_feed_is_not_withdrawn_before_it_is_made",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("made_at")),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The account is what the log knows."""
        return self.worker.log_reference
