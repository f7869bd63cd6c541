"""The rows of the log, whose tables are made by hand and only ever grow, and what is made of them.

Nothing here points at another app: pseudonyms and numbers outlive what they name.
"""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.unusual import Rule
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number, uuid7


class LoggedEvent(models.Model):
    """One event; everything but `id` and `body` is read from the body by the database."""

    id = models.BigIntegerField(primary_key=True)
    body = models.TextField()
    event = models.TextField()
    at = models.TextField()
    actor = models.TextField()
    subject_type = models.TextField(null=True)  # noqa: DJ001 absent is not empty
    subject = models.TextField(null=True)  # noqa: DJ001 absent is not empty
    purpose = models.TextField(null=True)  # noqa: DJ001 absent is not empty
    outcome = models.TextField()
    request = models.TextField(null=True)  # noqa: DJ001 absent is not empty

    class Meta:
        managed = False
        db_table = "audit_event"

    def __str__(self) -> str:
        return f"{self.at} {self.event}"


class Subject(models.Model):
    """One of the several things that one event is about; filled by a trigger."""

    pk = models.CompositePrimaryKey("subject", "event_id")
    subject = models.TextField()
    event_id = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "audit_subject"

    def __str__(self) -> str:
        return f"{self.event_id} {self.subject}"


class Leaf(models.Model):
    """The place of an event in the tree."""

    leaf_index = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_leaf"

    def __str__(self) -> str:
        return f"{self.leaf_index}"


class Tile(models.Model):
    """256 finished hashes of one level of the tree."""

    pk = models.CompositePrimaryKey("level", "idx")
    level = models.IntegerField()
    idx = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_tile"

    def __str__(self) -> str:
        return f"{self.level}/{self.idx}"


class Checkpoint(models.Model):
    """The root of the tree at one size, and the last event in it."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    at = models.TextField()
    # Where the sequencer goes on: PostgreSQL orders by epoch and transaction, SQLite by id.
    epoch = models.IntegerField()
    xid = models.BigIntegerField()
    event_id = models.BigIntegerField()
    # The signed note that leaves the house; empty while the log has no key.
    note = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"{self.size}"


class LogKey(models.Model):
    """The public half of a key with which the log signs; the private half is sealed elsewhere."""

    generation = models.IntegerField(primary_key=True)
    vkey = models.TextField(unique=True)
    # Signed by the key before and by itself.
    note = models.TextField()
    at = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_key"

    def __str__(self) -> str:
        return self.vkey


class Attestation(models.Model):
    """That a checkpoint was seen or is kept by somebody else, and what proves it."""

    pk = models.CompositePrimaryKey("size", "witness")
    size = models.BigIntegerField()
    # The vkey of a witness, or a code for a place that gives no proof.
    witness = models.TextField()
    # The line of a cosignature, a time stamp, or nothing.
    evidence = models.TextField()
    at = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_attestation"

    def __str__(self) -> str:
        return f"{self.size} {self.witness}"


class Detail(models.Model):
    """What may be erased: the event keeps a salted commitment to it."""

    ev = models.UUIDField(primary_key=True)
    # Whose key opens it; without one it holds nothing but codes and addresses.
    owner = models.UUIDField(null=True)
    salt = models.BinaryField()
    body = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_detail"

    def __str__(self) -> str:
        return f"{self.ev}"


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
    def justify(self, *, by: str, at: object) -> None:
        """There was a reason for it."""
        self.judged_by, self.judged_at = by, at  # type: ignore[assignment]

    @transition(
        field="state",
        source=[AlertState.OPEN, AlertState.ESCALATED],
        target=AlertState.UNJUSTIFIED,
    )
    def object_to(self, *, by: str, at: object) -> None:
        """There was no reason for it."""
        self.judged_by, self.judged_at = by, at  # type: ignore[assignment]

    @transition(field="state", source=AlertState.OPEN, target=AlertState.ESCALATED)
    def escalate(self, *, by: str, at: object) -> None:
        """Somebody above has to look at it."""
        self.judged_by, self.judged_at = by, at  # type: ignore[assignment]


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
    def answer(self, *, at: object) -> None:
        """Whoever was asked has answered."""
        self.answered_at = at  # type: ignore[assignment]

    @transition(field="state", source=FindingState.ANSWERED, target=FindingState.ASKED)
    def ask_again(self) -> None:
        """The answer leaves something open."""

    @transition(
        field="state",
        source=[FindingState.ASKED, FindingState.ANSWERED],
        target=FindingState.CLOSED,
    )
    def close(self, *, at: object) -> None:
        """The auditor has what they need."""
        self.closed_at = at  # type: ignore[assignment]
