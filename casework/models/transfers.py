"""Transfers: a file goes to another unit when a supervisor there takes it and names its lead."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import Unit, User
from kpm.accounts.scoping import units_under
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number
from kpm.permissions import Role
from kpm.vault.fields import SealedGroup, SealedModel, SealedQuerySet, SealedTextField
from kpm.vault.history import History


class TransferState(models.TextChoices):
    """What became of it."""

    ASKED = "asked", _("Waits for the other unit")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Taken back")


class TransferQuerySet(SealedQuerySet["Transfer"]):
    """Transfers by who has to do with them."""

    def open(self) -> "TransferQuerySet":
        """Those that nobody has answered."""
        return self.filter(state=TransferState.ASKED)

    def to(self, user: User) -> "TransferQuerySet":
        """What waits for this supervisor: their unit or one below, and their groups."""
        if user.role != Role.SUPERVISOR:
            return self.none()
        found = self.open().filter(to_unit__in=units_under(user), key_gen__gt=0)
        return (
            found.filter(case_file__population__in=user.populations) if user.populations else found
        )

    def visible_to(self, user: User) -> "TransferQuerySet":
        """Whoever may answer it while it waits; and the supervisors of the file itself."""
        mine = self.to(user).values("pk")
        theirs = CaseFile.objects.visible_to(user).values("pk")
        is_theirs = Q(case_file__in=theirs) if user.role == Role.SUPERVISOR else Q(pk__in=[])
        return self.filter(Q(pk__in=mine) | is_theirs, key_gen__gt=0)


TransferManager = models.Manager.from_queryset(TransferQuerySet)


class Transfer(GuardedStateModel, SealedModel):
    """One request to take one file over, with what the other unit has to know to say yes or no."""

    model_code = 18
    owns_key = False
    log_type: ClassVar[str] = "case_file"

    body = SealedGroup(code=2, version=1, pad=256)
    answer = SealedGroup(code=3, version=1, pad=64)

    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="transfers",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    from_unit = models.ForeignKey(
        Unit, verbose_name=_("from"), on_delete=models.PROTECT, related_name="+"
    )
    to_unit = models.ForeignKey(
        Unit, verbose_name=_("to"), on_delete=models.PROTECT, related_name="+"
    )
    asked_by = models.ForeignKey(
        User, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"))
    answered_by = models.ForeignKey(
        User,
        verbose_name=_("answered by"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    state = GuardedStateField(
        _("state"), max_length=9, choices=TransferState.choices, default=TransferState.ASKED
    )

    note = SealedTextField(group="body", verbose_name=_("note"))
    reply = SealedTextField(group="answer", verbose_name=_("answer"), blank=True)

    objects: ClassVar[TransferManager["Transfer"]] = TransferManager()
    history = History()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ("-asked_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("case_file",),
                condition=Q(state=TransferState.ASKED),
                name="one_transfer_at_a_time",
            ),
            models.CheckConstraint(
                name="a_transfer_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="a_transfer_goes_somewhere_else", condition=~Q(from_unit=F("to_unit"))
            ),
            models.CheckConstraint(
                name="a_transfer_is_answered_by_somebody",
                condition=Q(
                    state=TransferState.ASKED, answered_by__isnull=True, answered_at__isnull=True
                )
                | ~Q(state=TransferState.ASKED)
                & Q(answered_by__isnull=False, answered_at__isnull=False),
            ),
        )
        indexes = (models.Index(fields=("to_unit", "state"), name="transfers_to_a_unit"),)

    def __str__(self) -> str:
        return self.number

    @property
    def log_reference(self) -> str:
        """The number of the file is what the log knows."""
        return self.case_file.log_reference

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """Whose key opens it."""
        return (self.key_owner,)

    @transition(field="state", source=TransferState.ASKED, target=TransferState.ACCEPTED)
    def accept(self, *, by: User, at: datetime) -> None:
        """The other unit takes it."""
        self.answered_by, self.answered_at = by, at

    @transition(field="state", source=TransferState.ASKED, target=TransferState.REFUSED)
    def refuse(self, *, by: User, at: datetime, reply: str) -> None:
        """The other unit says no, and why."""
        self.answered_by, self.answered_at, self.reply = by, at, reply

    @transition(field="state", source=TransferState.ASKED, target=TransferState.WITHDRAWN)
    def withdraw(self, *, by: User, at: datetime) -> None:
        """Whoever has the file keeps it."""
        self.answered_by, self.answered_at = by, at
