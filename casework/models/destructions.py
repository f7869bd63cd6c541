"""Destructions: who asked for a file to be forgotten, who decided, and how far it is."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number


class Ground(models.TextChoices):
    """Why a file is forgotten."""

    RETENTION = "retention", _("The term of retention is over")
    REQUEST = "request", _("The person asked for it")
    ORDER = "order", _("An authority ordered it")


class DestructionState(models.TextChoices):
    """How far it is."""

    PROPOSED = "proposed", _("Waits for the second person")
    REJECTED = "rejected", _("Rejected")
    APPROVED = "approved", _("Being destroyed")
    # Nothing opens it any more but an old bundle of keys together with an old root key.
    DESTROYED = "destroyed", _("Destroyed, old key bundles remain")
    COMPLETE = "complete", _("Destroyed")


class Destruction(GuardedStateModel):
    """One file that is forgotten. Holds numbers only: it outlives what it is about."""

    log_type: ClassVar[str] = "destruction"

    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="destructions",
    )
    ground = models.CharField(_("ground"), max_length=9, choices=Ground.choices)
    state = GuardedStateField(
        _("state"),
        max_length=9,
        choices=DestructionState.choices,
        default=DestructionState.PROPOSED,
    )
    proposed_by = models.ForeignKey(
        User, verbose_name=_("proposed by"), on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(_("proposed at"))
    decided_by = models.ForeignKey(
        User, verbose_name=_("decided by"), on_delete=models.PROTECT, related_name="+", null=True
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    destroyed_at = models.DateTimeField(_("destroyed at"), null=True)
    # The newest vault key when the key was destroyed: it and all before it must go.
    vault_key = models.PositiveSmallIntegerField(null=True)
    vault_key_gone_at = models.DateTimeField(null=True)
    complete_at = models.DateTimeField(_("complete at"), null=True)
    # Fingerprints of the destroyed keys and counts of what was emptied.
    certificate = models.JSONField(_("certificate"), default=dict)

    objects = models.Manager["Destruction"]()

    class Meta:
        verbose_name = _("destruction")
        verbose_name_plural = _("destructions")
        ordering = ("-proposed_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="a_destruction_is_decided_by_a_second_person",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="nothing_is_destroyed_without_a_decision",
                condition=Q(state=DestructionState.PROPOSED)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_destruction_is_in_one_of_five_states",
                condition=Q(state__in=DestructionState.values),
            ),
            models.UniqueConstraint(
                fields=("case_file",),
                condition=~Q(state=DestructionState.REJECTED),
                name="a_file_is_destroyed_once",
            ),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def log_reference(self) -> str:
        """The number is what the log knows."""
        return self.number

    @transition(field="state", source=DestructionState.PROPOSED, target=DestructionState.APPROVED)
    def approve(self, *, by: User, at: datetime) -> None:
        """The second person says yes."""
        self.decided_by, self.decided_at = by, at

    @transition(field="state", source=DestructionState.PROPOSED, target=DestructionState.REJECTED)
    def reject(self, *, by: User, at: datetime) -> None:
        """The second person says no."""
        self.decided_by, self.decided_at = by, at

    @transition(field="state", source=DestructionState.APPROVED, target=DestructionState.DESTROYED)
    def finish(self, *, vault_key: int, at: datetime) -> None:
        """Its key is gone, its rows are empty, its search is sealed anew."""
        self.vault_key, self.destroyed_at = vault_key, at

    @transition(field="state", source=DestructionState.DESTROYED, target=DestructionState.COMPLETE)
    def complete(self, *, at: datetime) -> None:
        """The last bundle of keys from before is gone."""
        self.complete_at = at
