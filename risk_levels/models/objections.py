"""Objections: the person says that a level is wrong, and somebody uninvolved looks."""

from datetime import date, datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.vault.fields import SealedCharField, SealedGroup, SealedModel, SealedTextField
from kpm.vault.history import History


class ObjectionState(models.TextChoices):
    """How far an objection is."""

    RECEIVED = "received", _("Received")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    UPHELD = "upheld", _("Upheld")
    PARTLY_UPHELD = "partly_upheld", _("Partly upheld")
    DISMISSED = "dismissed", _("Dismissed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


WAITING = (ObjectionState.RECEIVED, ObjectionState.ACKNOWLEDGED)
DECIDED = (ObjectionState.UPHELD, ObjectionState.PARTLY_UPHELD, ObjectionState.DISMISSED)
# After these, what the level rested on no longer carries a step up.
SETTLED_FOR = (ObjectionState.UPHELD, ObjectionState.PARTLY_UPHELD)


class Objector(models.TextChoices):
    """Who objects."""

    PERSON = "person", _("The person")
    GUARDIAN = "guardian", _("A parent or guardian")
    AUTHORISED = "authorised", _("Somebody whom the person has authorised")


class Way(models.TextChoices):
    """How it reached us."""

    SPOKEN = "spoken", _("Spoken, at a visit or in the office")
    TELEPHONE = "telephone", _("By telephone")
    WRITTEN = "written", _("In writing")


class Objection(GuardedStateModel, SealedModel):
    """What somebody says against a level, and what became of it. Frozen once that is decided.

    PIPL articles 24 and 44 to 50: whoever is decided about may ask for reasons and refuse.
    """

    log_type: ClassVar[str] = "case_file"
    model_code = 14
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)
    answer = SealedGroup(code=3, version=1, pad=256)

    key_owner = models.UUIDField(db_index=True, editable=False)
    risk_level = models.ForeignKey(
        "risk_levels.RiskLevel",
        verbose_name=_("level"),
        on_delete=models.PROTECT,
        related_name="objections",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    # The decision objected to.
    decision = models.ForeignKey(
        "risk_levels.Decision",
        verbose_name=_("decision"),
        on_delete=models.PROTECT,
        related_name="objections",
    )
    state = GuardedStateField(
        _("state"), max_length=13, choices=ObjectionState.choices, default=ObjectionState.RECEIVED
    )
    received_by = models.ForeignKey(
        User, verbose_name=_("received by"), on_delete=models.PROTECT, related_name="+"
    )
    received_at = models.DateTimeField(_("received at"))
    # Said to the person when it was received: no later correction of the calendar moves them.
    acknowledge_by_on = models.DateField(_("to be acknowledged by"))
    decide_by_on = models.DateField(_("to be decided by"))
    acknowledged_by = models.ForeignKey(
        User,
        verbose_name=_("acknowledged by"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    decider = models.ForeignKey(
        User,
        verbose_name=_("decider"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    by_whom = SealedCharField(
        group="body", verbose_name=_("who objects"), max_length=16, choices=Objector.choices
    )
    way = SealedCharField(
        group="body", verbose_name=_("how it came"), max_length=16, choices=Way.choices
    )
    words = SealedTextField(group="body", verbose_name=_("in their own words"))
    wish = SealedTextField(group="body", verbose_name=_("what they ask for"), blank=True)
    reply = SealedTextField(group="answer", verbose_name=_("reasons of the decider"), blank=True)

    history = History()

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")
        ordering = ("-received_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("risk_level",),
                condition=Q(state__in=WAITING),
                name="one_open_objection_per_level",
            ),
            models.CheckConstraint(
                name="a_decided_objection_says_who_and_when",
                condition=Q(state__in=DECIDED, decider__isnull=False, decided_at__isnull=False)
                | Q(state=ObjectionState.WITHDRAWN, decider__isnull=True, decided_at__isnull=False)
                | Q(state__in=WAITING, decider__isnull=True, decided_at__isnull=True),
            ),
            models.CheckConstraint(
                name="an_acknowledged_objection_says_who_and_when",
                condition=Q(acknowledged_by__isnull=True, acknowledged_at__isnull=True)
                & ~Q(state=ObjectionState.ACKNOWLEDGED)
                | Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("district", "state", "decide_by_on"), name="objections_by_state"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The number of the case file is what the log knows."""
        return self.risk_level.log_reference

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to answer."""
        return self.state in WAITING

    def due_on(self) -> date:
        """By when the next thing has to happen."""
        is_new = self.state == ObjectionState.RECEIVED
        return self.acknowledge_by_on if is_new else self.decide_by_on

    @transition(field="state", source=ObjectionState.RECEIVED, target=ObjectionState.ACKNOWLEDGED)
    def acknowledge(self, *, by: User, at: datetime) -> None:
        """Tell the person that it is here, and by when it is decided."""
        self.acknowledged_by = by
        self.acknowledged_at = at

    @transition(field="state", source=WAITING, target=ObjectionState.UPHELD)
    def uphold(self, *, by: User, at: datetime, reply: str) -> None:
        """The person is right: the level goes back."""
        self._answered(by, at, reply)

    @transition(field="state", source=WAITING, target=ObjectionState.PARTLY_UPHELD)
    def uphold_in_part(self, *, by: User, at: datetime, reply: str) -> None:
        """The level stays, something that it rested on does not."""
        self._answered(by, at, reply)

    @transition(field="state", source=WAITING, target=ObjectionState.DISMISSED)
    def dismiss(self, *, by: User, at: datetime, reply: str) -> None:
        """The level stays, with reasons and with where the person can turn."""
        self._answered(by, at, reply)

    @transition(field="state", source=WAITING, target=ObjectionState.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        """The person takes it back."""
        self.decided_at = at

    def _answered(self, by: User, at: datetime, reply: str) -> None:
        self.decider = by
        self.decided_at = at
        self.reply = reply
