"""Incidents: what happened to somebody and may change what they need now; written once."""

from collections import defaultdict
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import DateTimeField, Exists, F, Max, Min, OuterRef, Q, Value
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from casework.models.visits import MET, Visit, Way
from kpm.accounts.models import User
from kpm.vault.fields import (
    SealedCharField,
    SealedGroup,
    SealedModel,
    SealedQuerySet,
    SealedTextField,
)
from kpm.vault.history import History


class Kind(models.TextChoices):
    """What happened, in a word. It is sealed: some of these say what an illness or a past is.

    Whatever somebody does to the person is no incident but a mandatory report.
    """

    BEREAVEMENT = "bereavement", _("Somebody close died")
    FAMILY = "family", _("A grave change in the family")
    HOSPITAL = "hospital", _("Taken to hospital")
    DISCHARGE = "discharge", _("Discharged from hospital")
    RELEASE = "release", _("Released from prison or custody")
    ARREST = "arrest", _("Taken into custody")
    GUARDIAN = "guardian", _("A guardian cannot be reached")
    DISASTER = "disaster", _("Fire, flood or another disaster")
    EVICTION = "eviction", _("Lost the home")
    FALL = "fall", _("A fall")
    CRISIS = "crisis", _("The illness got worse")
    RELAPSE = "relapse", _("Used drugs again")
    SELF_HARM = "self_harm", _("Harmed themselves")
    SCHOOL = "school", _("Left school")
    OTHER = "other", _("Something else")
    # Only as a correction.
    MISTAKE = "mistake", _("Noted by mistake")


# Somebody comes by within hours of these; whoever comes back from prison is visited within days.
VISITED = (Kind.BEREAVEMENT, Kind.FAMILY, Kind.DISCHARGE, Kind.GUARDIAN, Kind.DISASTER)


class Effect(models.TextChoices):
    """What follows from an incident, which is all that stands in plain."""

    VISIT = "visit", _("Somebody comes by within hours")
    NONE = "none", _("Nothing by itself")
    MISTAKE = "mistake", _("It never was")


def effect_of(kind: str) -> Effect:
    """What follows from this kind."""
    if kind == Kind.MISTAKE:
        return Effect.MISTAKE
    return Effect.VISIT if kind in VISITED else Effect.NONE


BEGINS = (Kind.BEREAVEMENT, Kind.FAMILY, Kind.HOSPITAL, Kind.DISCHARGE)
ENDS = (Kind.DISASTER, Kind.EVICTION, Kind.SELF_HARM, Kind.OTHER)
# What is asked about in each population; a child's file does not offer a prison.
KINDS: dict[str, tuple[Kind, ...]] = {
    "community_correction": (*BEGINS, Kind.RELEASE, Kind.ARREST, *ENDS),
    "released": (*BEGINS, Kind.RELEASE, Kind.ARREST, *ENDS),
    "mental_disorder": (*BEGINS, Kind.CRISIS, Kind.GUARDIAN, Kind.FALL, *ENDS),
    "drug": (*BEGINS, Kind.RELEASE, Kind.ARREST, Kind.RELAPSE, *ENDS),
    "left_behind_child": (*BEGINS, Kind.GUARDIAN, Kind.SCHOOL, *ENDS),
    "empty_nest_elder": (*BEGINS, Kind.FALL, *ENDS),
}


class IncidentQuerySet(SealedQuerySet["Incident"]):
    """Incidents by whether they stand."""

    def standing(self) -> "IncidentQuerySet":
        """Those that hold: no later row corrects them, and they are no mistake."""
        return self.filter(correction__isnull=True).exclude(effect=Effect.MISTAKE)

    def awaiting_visit(self) -> "IncidentQuerySet":
        """Those after which somebody is to come by, and nobody has met the person face to face.

        A call is no visit, and a try that met nobody is a try.
        """
        met = Visit.objects.filter(
            case_file=OuterRef("case_file"),
            way=Way.VISIT,
            outcome__in=MET,
            happened_at__gt=OuterRef("happened_at"),
        )
        return self.standing().filter(~Exists(met.order_by()), effect=Effect.VISIT)


IncidentManager = models.Manager.from_queryset(IncidentQuerySet)


class Incident(SealedModel):
    """One incident in the life of one person; a row that was wrong is corrected by another."""

    model_code = 23
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="incidents",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    effect = models.CharField(_("what follows"), max_length=8, choices=Effect.choices)
    happened_at = models.DateTimeField(_("when it happened"))
    noted_by = models.ForeignKey(
        User, verbose_name=_("noted by"), on_delete=models.PROTECT, related_name="+"
    )
    noted_at = models.DateTimeField(_("noted at"), editable=False)
    corrects = models.OneToOneField(
        "self",
        verbose_name=_("corrects"),
        on_delete=models.PROTECT,
        related_name="correction",
        null=True,
        blank=True,
    )

    kind = SealedCharField(group="body", verbose_name=_("kind"), max_length=16)
    words = SealedTextField(group="body", verbose_name=_("what happened"))

    objects: ClassVar[IncidentManager["Incident"]] = IncidentManager()
    history = History()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ("happened_at", "id")
        constraints = (
            models.CheckConstraint(
                name="an_incident_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="an_incident_has_a_known_effect", condition=Q(effect__in=Effect.values)
            ),
            models.CheckConstraint(
                name="an_incident_has_happened", condition=Q(happened_at__lte=F("noted_at"))
            ),
            models.CheckConstraint(
                name="a_mistake_is_said_of_an_earlier_incident",
                condition=~Q(effect=Effect.MISTAKE) | Q(corrects__isnull=False),
            ),
            models.CheckConstraint(
                name="an_incident_does_not_correct_itself",
                condition=Q(corrects__isnull=True) | ~Q(corrects=F("id")),
            ),
        )
        indexes = (models.Index(fields=("case_file", "happened_at"), name="incidents_of_a_file"),)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def kind_label(self) -> Any:
        """What happened, in a word; the body is open."""
        return Kind(self.kind).label


def moments_by_file(
    case_file_ids: list[UUID],
) -> defaultdict[UUID, dict[str, datetime]]:
    """When each file was last contacted and visited, and since when an incident awaits a visit.

    In one query: every page that shows what is due asks this.
    """
    nothing = Value(None, output_field=DateTimeField())
    latest = (
        Visit.objects.done()
        .filter(case_file_id__in=case_file_ids)
        .order_by()
        .values("case_file_id")
        .annotate(
            contact_at=Max("happened_at"),
            visit_at=Max("happened_at", filter=Q(way=Way.VISIT)),
        )
        .values_list("case_file_id", "contact_at", "visit_at", nothing)
    )
    awaiting = (
        Incident.objects.awaiting_visit()
        .filter(case_file_id__in=case_file_ids)
        .order_by()
        .values("case_file_id")
        .annotate(event_at=Min("happened_at"))
        .values_list("case_file_id", nothing, nothing, "event_at")
    )
    found: defaultdict[UUID, dict[str, datetime]] = defaultdict(dict)
    for key, *moments in latest.union(awaiting, all=True):
        named = zip(("contact_at", "visit_at", "event_at"), moments, strict=True)
        found[key] |= {name: moment for name, moment in named if moment is not None}
    return found
