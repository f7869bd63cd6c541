"""What the auditor makes of the log: alerts, findings, samples.

Nothing here points at another app: pseudonyms and numbers outlive what they name.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.unusual import Rule
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number, uuid7


class AlertState(models.TextChoices):
    """What the auditor made of it."""

    OPEN = "open", _("Waits for the auditor")
    ESCALATED = "escalated", _("Passed on")
    JUSTIFIED = "justified", _("Justified")
    UNJUSTIFIED = "unjustified", _("Not justified")


class Alert(GuardedStateModel):
    """Something unusual about one account or one file, on one day or several close together."""

    log_type: ClassVar[str] = "alert"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    rule = models.CharField(_("rule"), max_length=20)
    # The pseudonym of an account, or the number of a file.
    about = models.CharField(_("about"), max_length=64)
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    # Of the day on which it was most, and what is usual.
    count = models.PositiveIntegerField(_("count"))
    usual = models.FloatField(_("usual"), default=0.0)
    state = GuardedStateField(
        _("state"), max_length=11, choices=AlertState.choices, default=AlertState.OPEN
    )
    # The pseudonym of whoever judged it last; what they wrote lies sealed beside their event.
    judged_by = models.CharField(_("judged by"), max_length=64, blank=True)
    judged_at = models.DateTimeField(_("judged at"), null=True)

    objects = models.Manager["Alert"]()

    class Meta:
        verbose_name = _("unusual access")
        verbose_name_plural = _("unusual accesses")
        ordering = ("-last_on", "-id")
        constraints = (
            models.CheckConstraint(
                name="an_alert_names_a_known_rule", condition=Q(rule__in=tuple(map(str, Rule)))
            ),
            models.CheckConstraint(
                name="an_alert_is_in_one_of_four_states",
                condition=Q(state__in=AlertState.values),
            ),
            models.CheckConstraint(
                name="an_alert_does_not_end_before_it_begins",
                condition=Q(last_on__gte=F("first_on")),
            ),
            models.CheckConstraint(
                name="an_alert_is_judged_by_somebody",
                condition=Q(state=AlertState.OPEN, judged_at__isnull=True, judged_by="")
                | (~Q(state=AlertState.OPEN) & Q(judged_at__isnull=False) & ~Q(judged_by="")),
            ),
            models.UniqueConstraint(
                name="what_is_unusual_on_a_day_is_one_alert",
                fields=("rule", "about", "first_on"),
            ),
        )
        indexes = (models.Index(fields=("rule", "about", "last_on"), name="alerts_of_something"),)

    def __str__(self) -> str:
        return self.number

    @property
    def log_reference(self) -> str:
        """The number is what the log knows."""
        return self.number

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """What is written about it lies under a key of its own, and goes with that."""
        return (self.id,)

    @property
    def is_about_file(self) -> bool:
        """Whether it is about a file and whoever read it, not about an account."""
        return self.rule == Rule.MANY_VIEWERS

    @transition(
        field="state",
        source=[AlertState.OPEN, AlertState.ESCALATED],
        target=AlertState.JUSTIFIED,
    )
    def justify(self, *, by: str, at: datetime) -> None:
        """There was a reason for it."""
        self.judged_by, self.judged_at = by, at

    @transition(
        field="state",
        source=[AlertState.OPEN, AlertState.ESCALATED],
        target=AlertState.UNJUSTIFIED,
    )
    def object_to(self, *, by: str, at: datetime) -> None:
        """There was no reason for it."""
        self.judged_by, self.judged_at = by, at

    @transition(field="state", source=AlertState.OPEN, target=AlertState.ESCALATED)
    def escalate(self, *, by: str, at: datetime) -> None:
        """Somebody above has to look at it."""
        self.judged_by, self.judged_at = by, at


class FindingState(models.TextChoices):
    """How far a question is."""

    ASKED = "asked", _("Waits for an answer")
    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", _("Closed")


class FindingQuerySet(models.QuerySet["Finding"]):
    """Findings, and who was asked."""

    def visible_to(self, user: Any) -> "FindingQuerySet":
        """What this person was asked."""
        return self.filter(person=user.log_reference)


class Finding(GuardedStateModel):
    """A question of the auditor about an event, an alert or a file, to one person.

    What is asked and answered lies sealed beside the events of it, under a key of its own.
    """

    log_type: ClassVar[str] = "finding"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    # What it is about, as the log calls it; an event by its place in the list.
    kind = models.CharField(_("kind"), max_length=10)
    about = models.CharField(_("about"), max_length=64)
    # Pseudonyms of whoever asked, and of whoever is asked.
    asked_by = models.CharField(_("asked by"), max_length=64)
    person = models.CharField(_("person asked"), max_length=64)
    asked_at = models.DateTimeField(_("asked at"))
    answered_at = models.DateTimeField(_("answered at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    state = GuardedStateField(
        _("state"), max_length=8, choices=FindingState.choices, default=FindingState.ASKED
    )

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ("-asked_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="a_finding_is_in_one_of_three_states",
                condition=Q(state__in=FindingState.values),
            ),
            models.CheckConstraint(
                name="a_finding_is_about_an_event_an_alert_or_a_file",
                condition=Q(kind__in=("event", "alert", "case_file")),
            ),
            models.CheckConstraint(
                name="nobody_asks_themselves", condition=~Q(asked_by=F("person"))
            ),
        )
        indexes = (models.Index(fields=("person", "state"), name="findings_of_a_person"),)

    def __str__(self) -> str:
        return self.number

    @property
    def log_reference(self) -> str:
        """The number is what the log knows."""
        return self.number

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """What is asked and answered lies under a key of its own, and goes with that."""
        return (self.id,)

    @transition(field="state", source=FindingState.ASKED, target=FindingState.ANSWERED)
    def answer(self, *, at: datetime) -> None:
        """Whoever was asked has answered."""
        self.answered_at = at

    @transition(field="state", source=FindingState.ANSWERED, target=FindingState.ASKED)
    def ask_again(self) -> None:
        """The answer leaves something open."""

    @transition(
        field="state",
        source=[FindingState.ASKED, FindingState.ANSWERED],
        target=FindingState.CLOSED,
    )
    def close(self, *, at: datetime) -> None:
        """The auditor has what they need."""
        self.closed_at = at


class SampleState(models.TextChoices):
    """What came of looking at it."""

    DRAWN = "drawn", _("To be looked at")
    IN_ORDER = "in_order", _("In order")
    ASKED = "asked", _("A question was asked")


class Sample(GuardedStateModel):
    """One event that was drawn by lot, so that its reason is looked at."""

    log_type: ClassVar[str] = "sample"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    # The event by its place in the list, and the Monday of its week.
    place = models.BigIntegerField(_("event"), unique=True)
    week_on = models.DateField(_("week"))
    state = GuardedStateField(
        _("state"), max_length=8, choices=SampleState.choices, default=SampleState.DRAWN
    )

    objects = models.Manager["Sample"]()

    class Meta:
        verbose_name = _("sample")
        verbose_name_plural = _("samples")
        ordering = ("-week_on", "place")
        constraints = (
            models.CheckConstraint(
                name="a_sample_is_in_one_of_three_states",
                condition=Q(state__in=SampleState.values),
            ),
        )
        indexes = (models.Index(fields=("week_on", "state"), name="samples_of_a_week"),)

    def __str__(self) -> str:
        return self.number

    @property
    def log_reference(self) -> str:
        """The number is what the log knows."""
        return self.number

    @transition(field="state", source=SampleState.DRAWN, target=SampleState.IN_ORDER)
    def approve(self) -> None:
        """The reason fits what was opened."""

    @transition(field="state", source=SampleState.DRAWN, target=SampleState.ASKED)
    def ask(self) -> None:
        """A question about it was asked."""
