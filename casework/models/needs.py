"""Needs and strengths of a person, one by one: what is open, what was met, what was given up."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.vault.fields import (
    SealedCharField,
    SealedGroup,
    SealedModel,
    SealedQuerySet,
    SealedTextField,
)
from kpm.vault.history import History


class Kind(models.TextChoices):
    """Strengths come first: they carry the plan."""

    STRENGTH = "strength", _("Strength")
    NEED = "need", _("Need")


class Area(models.TextChoices):
    """What part of life it is about. No area is about convictions, beliefs or diagnoses."""

    HOME = "home", _("Housing and safety at home")
    INCOME = "income", _("Income and benefits")
    HEALTH = "health", _("Health and care")
    WORK = "work", _("Work, school, training")
    FAMILY = "family", _("Family and carers")
    PEOPLE = "people", _("Friends, neighbours, free time")
    RIGHTS = "rights", _("Papers, rights, legal help")
    OTHER = "other", _("Something else")


class NeedState(models.TextChoices):
    """What became of it."""

    OPEN = "open", _("Open")
    MET = "met", _("Met")
    GIVEN_UP = "given_up", _("No longer pursued")


class NeedQuerySet(SealedQuerySet["Need"]):
    """Needs and strengths by where they stand."""

    def open(self) -> "NeedQuerySet":
        """Those that hold."""
        return self.filter(state=NeedState.OPEN)


NeedManager = models.Manager.from_queryset(NeedQuerySet)


class Need(GuardedStateModel, SealedModel):
    """One need or one strength of one person, for one file; area and words are sealed."""

    model_code = 21
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=128)
    answer = SealedGroup(code=3, version=1, pad=64)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="needs",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    state = GuardedStateField(
        _("state"), max_length=8, choices=NeedState.choices, default=NeedState.OPEN
    )
    noted_by = models.ForeignKey(
        User, verbose_name=_("noted by"), on_delete=models.PROTECT, related_name="+"
    )
    noted_on = models.DateField(_("noted on"))
    ended_by = models.ForeignKey(
        User,
        verbose_name=_("ended by"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    area = SealedCharField(group="body", verbose_name=_("area"), max_length=16)
    words = SealedTextField(group="body", verbose_name=_("in words"))
    reply = SealedTextField(group="answer", verbose_name=_("what became of it"), blank=True)

    objects: ClassVar[NeedManager["Need"]] = NeedManager()
    history = History()

    class Meta:
        verbose_name = _("need or strength")
        verbose_name_plural = _("needs and strengths")
        ordering = ("noted_on", "id")
        constraints = (
            models.CheckConstraint(
                name="a_need_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="a_need_is_a_need_or_a_strength", condition=Q(kind__in=Kind.values)
            ),
            models.CheckConstraint(
                name="a_need_is_ended_by_somebody_on_a_day",
                condition=Q(state=NeedState.OPEN, ended_by__isnull=True, ended_on__isnull=True)
                | ~Q(state=NeedState.OPEN)
                & Q(ended_by__isnull=False, ended_on__isnull=False, ended_on__gte=F("noted_on")),
            ),
            models.CheckConstraint(
                name="a_strength_is_not_met", condition=Q(kind=Kind.NEED) | ~Q(state=NeedState.MET)
            ),
        )
        indexes = (models.Index(fields=("case_file", "state"), name="needs_of_a_file"),)

    def __str__(self) -> str:
        return str(self.id)

    @transition(field="state", source=NeedState.OPEN, target=NeedState.MET)
    def meet(self, *, by: User, on: date, reply: str) -> None:
        """It is there now."""
        self.ended_by, self.ended_on, self.reply = by, on, reply

    @transition(field="state", source=NeedState.OPEN, target=NeedState.GIVEN_UP)
    def give_up(self, *, by: User, on: date, reply: str) -> None:
        """The person does not want it any more, or it no longer holds."""
        self.ended_by, self.ended_on, self.reply = by, on, reply
