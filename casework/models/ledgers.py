"""Ledgers: an uploaded table of people, its rows, and what became of each."""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import Unit, User
from kpm.accounts.scoping import units_under
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number
from kpm.vault.fields import (
    SealedCharField,
    SealedGroup,
    SealedJSONField,
    SealedModel,
    SealedQuerySet,
)
from kpm.vault.history import History
from risk_levels.populations import POPULATIONS

# How long rows that nobody confirmed lie here.
KEPT_UNCONFIRMED = timedelta(days=30)


class LedgerState(models.TextChoices):
    """How far a ledger is."""

    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked, waits for you")
    UNCHANGED = "unchanged", _("Checked, no changes")
    APPLYING = "applying", _("Being taken in")
    APPLIED = "applied", _("Taken in")
    DISCARDED = "discarded", _("Discarded")


class RowOutcome(models.TextChoices):
    """What a row is, compared with what is on record."""

    WAITING = "waiting", _("Not yet checked")
    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    SAME = "same", _("Same")
    REFUSED = "refused", _("Refused")


class LedgerQuerySet(SealedQuerySet["Ledger"]):
    """The ledgers, and whose they are to see."""

    def visible_to(self, user: User) -> "LedgerQuerySet":
        """Whoever uploaded a ledger goes on with it, while its unit and group are still theirs."""
        grant = user.grant
        # One whose key went with a person in it is gone whole.
        mine = self.filter(uploaded_by=user, key_gen__gt=0, unit__in=units_under(user))
        if grant is not None and grant.populations:
            return mine.filter(population__in=grant.populations)
        return mine

    def left_to(self, user: User) -> "LedgerQuerySet":
        """What waits for whoever uploaded it; they may discard it, whatever is theirs by now."""
        return self.filter(uploaded_by=user, key_gen__gt=0, state=LedgerState.CHECKED)

    def forgotten(self, now: datetime) -> "LedgerQuerySet":
        """What nobody has confirmed in a month: rows of people for whom nothing was done."""
        waiting = (LedgerState.CHECKING, LedgerState.CHECKED)
        return self.filter(state__in=waiting, uploaded_at__lt=now - KEPT_UNCONFIRMED)


class Ledger(GuardedStateModel, SealedModel):
    """One uploaded table of one population, under a key of its own."""

    model_code = 11
    owns_key = True
    log_type: ClassVar[str] = "ledger"

    head = SealedGroup(code=1, version=1, pad=256)

    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    population = models.CharField(
        _("population"),
        max_length=32,
        choices=[(code, each.label) for code, each in POPULATIONS.items()],
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    # That of the grant under which it was uploaded: who goes elsewhere leaves it behind.
    unit = models.ForeignKey(
        Unit, verbose_name=_("unit"), on_delete=models.PROTECT, related_name="ledgers"
    )
    state = GuardedStateField(
        _("state"), max_length=9, choices=LedgerState.choices, default=LedgerState.CHECKING
    )
    uploaded_by = models.ForeignKey(
        User, verbose_name=_("uploaded by"), on_delete=models.PROTECT, related_name="ledgers"
    )
    uploaded_at = models.DateTimeField(_("uploaded at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    total = models.PositiveIntegerField(_("rows"), default=0)

    file_name = SealedCharField(group="head", verbose_name=_("file"), max_length=255, blank=True)
    # Columns that were found, as {field code: heading}, and headings that are no field.
    columns = SealedJSONField(group="head", verbose_name=_("columns"), default=dict)
    unknown = SealedJSONField(group="head", verbose_name=_("unknown columns"), default=list)

    objects = LedgerQuerySet.as_manager()  # type: ignore[misc]  # django-stubs lose the type of the query set
    history = History()

    class Meta:
        verbose_name = _("ledger")
        verbose_name_plural = _("ledgers")
        ordering = ("-uploaded_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="a_ledger_belongs_to_one_of_six_populations",
                condition=Q(population__in=tuple(POPULATIONS)),
            ),
            models.CheckConstraint(
                name="a_ledger_has_a_known_state", condition=Q(state__in=LedgerState.values)
            ),
        )
        indexes = (
            models.Index(
                fields=("district", "uploaded_by", "uploaded_at"), name="ledgers_of_a_person"
            ),
        )

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The page of this ledger."""
        return reverse("casework:show_ledger", args=(self.number,))

    @property
    def log_reference(self) -> str:
        """The number is what the log knows."""
        return self.number

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """The owner of the key under which the table lies."""
        return (self.id,)

    @property
    def is_busy(self) -> bool:
        """Whether the worker is at it."""
        return self.state in (LedgerState.CHECKING, LedgerState.APPLYING)

    @transition(field="state", source=LedgerState.CHECKING, target=LedgerState.CHECKED)
    def finish_check(self) -> None:
        """Every row has its outcome."""

    @transition(field="state", source=LedgerState.CHECKING, target=LedgerState.UNCHANGED)
    def finish_unchanged(self, *, at: datetime) -> None:
        """Every row has its outcome, and none is new or changed: nobody has to say yes."""
        self.ended_at = at

    @transition(field="state", source=LedgerState.CHECKED, target=LedgerState.APPLYING)
    def confirm(self, *, at: datetime) -> None:
        """The supervisor says yes."""
        self.confirmed_at = at

    @transition(field="state", source=LedgerState.APPLYING, target=LedgerState.APPLIED)
    def finish(self, *, at: datetime) -> None:
        """Every row that could be taken in has been."""
        self.ended_at = at

    @transition(
        field="state",
        source=[LedgerState.CHECKING, LedgerState.CHECKED],
        target=LedgerState.DISCARDED,
    )
    def discard(self, *, at: datetime) -> None:
        """Nothing of it is taken in."""
        self.ended_at = at


class LedgerRow(SealedModel):
    """One row of a ledger: its cells, its problems, what became of it."""

    model_code = 12
    owns_key = False
    is_named_in_the_log = False

    body = SealedGroup(code=2, version=1, pad=256)

    # The ledger, whose key this is sealed under.
    key_owner = models.UUIDField(editable=False)
    ledger = models.ForeignKey(
        Ledger, verbose_name=_("ledger"), on_delete=models.CASCADE, related_name="rows"
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    # As Excel counts.
    number = models.PositiveIntegerField(_("row"))
    outcome = models.CharField(
        _("outcome"), max_length=8, choices=RowOutcome.choices, default=RowOutcome.WAITING
    )
    is_applied = models.BooleanField(_("taken in"), default=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )

    # {field code: cell}, days and moments marked as kpm.excel keeps them.
    cells = SealedJSONField(group="body", verbose_name=_("cells"), default=dict)
    # [{"code", "reason", "hints"}], and for changed rows the codes of what differs.
    problems = SealedJSONField(group="body", verbose_name=_("problems"), default=list)
    changes = SealedJSONField(group="body", verbose_name=_("changes"), default=list)

    class Meta:
        verbose_name = _("row of a ledger")
        verbose_name_plural = _("rows of ledgers")
        ordering = ("number",)
        constraints = (
            models.CheckConstraint(
                name="a_row_is_sealed_under_its_ledger", condition=Q(key_owner=F("ledger_id"))
            ),
            models.CheckConstraint(
                name="a_row_has_a_known_outcome", condition=Q(outcome__in=RowOutcome.values)
            ),
            models.UniqueConstraint(fields=("ledger", "number"), name="one_row_per_number"),
        )
        indexes = (
            models.Index(
                fields=("district", "ledger", "outcome", "number"), name="rows_by_outcome"
            ),
        )

    def __str__(self) -> str:
        return str(self.number)
