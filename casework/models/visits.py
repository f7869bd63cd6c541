"""Visits: contacts and visits, planned, done or tried; and what was found and said."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.vault.fields import (
    SealedGroup,
    SealedJSONField,
    SealedModel,
    SealedQuerySet,
    SealedTextField,
)
from kpm.vault.history import History


class Way(models.TextChoices):
    """How somebody was met."""

    VISIT = "visit", _("Visit")
    PHONE = "phone", _("Phone call")
    VIDEO = "video", _("Video call")


class Outcome(models.TextChoices):
    """What came of it."""

    PLANNED = "planned", _("Planned")
    DONE = "done", _("Done")
    NOT_MET = "not_met", _("Tried, not met")
    DECLINED = "declined", _("Declined")


# Whoever declines has been met.
MET = (Outcome.DONE, Outcome.DECLINED)


class VisitQuerySet(SealedQuerySet["Visit"]):
    """Visits by what they count for."""

    def done(self) -> "VisitQuerySet":
        """Those that took place."""
        return self.filter(outcome=Outcome.DONE)


VisitManager = models.Manager.from_queryset(VisitQuerySet)


class Visit(SealedModel):
    """One contact with one person, for one file."""

    model_code = 3
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="visits",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    worker = models.ForeignKey(
        User, verbose_name=_("worker"), on_delete=models.PROTECT, related_name="visits"
    )
    way = models.CharField(_("way"), max_length=8, choices=Way.choices)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    happened_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("recorded at"), editable=False)

    needs = SealedTextField(group="body", verbose_name=_("needs"), blank=True)
    strengths = SealedTextField(group="body", verbose_name=_("strengths"), blank=True)
    notes = SealedTextField(group="body", verbose_name=_("notes"), blank=True)
    # The structured items of the population's form, by their codes.
    checklist = SealedJSONField(group="body", verbose_name=_("checklist"), default=dict)

    objects: ClassVar[VisitManager["Visit"]] = VisitManager()
    history = History()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ("-happened_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="a_visit_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(name="a_visit_has_a_known_way", condition=Q(way__in=Way.values)),
            models.CheckConstraint(
                name="a_visit_has_a_known_outcome",
                condition=Q(outcome__in=Outcome.values),
            ),
            models.CheckConstraint(
                name="only_a_planned_visit_lies_ahead",
                condition=Q(outcome=Outcome.PLANNED) | Q(happened_at__lte=F("recorded_at")),
            ),
        )
        indexes = (
            models.Index(
                fields=("district", "case_file", "outcome", "happened_at"), name="visits_of_a_file"
            ),
            models.Index(
                fields=("district", "worker", "outcome", "happened_at"), name="visits_of_a_worker"
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
