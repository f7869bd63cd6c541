"""Forms that somebody has begun and not sent: kept so that a dropped line loses nothing."""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.vault.fields import SealedGroup, SealedJSONField, SealedModel, SealedQuerySet

# What nobody has gone on with is not kept longer.
KEPT = timedelta(days=30)


class FormKind(models.TextChoices):
    """Which form it is."""

    VISIT = "visit", _("Visit")
    ASSESSMENT = "assessment", _("Assessment")
    PLAN = "plan", _("Support plan")
    PROPOSAL = "proposal", _("Proposal of a level")
    DANGER = "danger", _("Red at once")
    DECISION = "decision", _("Decision about a proposal")
    WORD = "word", _("What the person says to the plan")
    STEP = "step", _("How a step went")
    REVIEW = "review", _("Going through the plan")
    PLAN_END = "plan_end", _("End of a plan")
    INCIDENT = "incident", _("Incident")
    CORRECTION = "correction", _("Correction of an incident")
    REPORT = "report", _("Mandatory report")
    CONSENT = "consent", _("Consent")
    REFERRAL = "referral", _("Referral")
    LOST = "lost", _("Lost contact")
    HAND_OVER = "hand_over", _("Hand-over of a file")
    TRANSFER = "transfer", _("Transfer to another unit")
    OBJECTION = "objection", _("Objection")
    ANSWER = "answer", _("Answer to an objection")


def slug_of(form: str, place: str) -> str:
    """A kind of form, and which one of it: step-2-1."""
    return f"{form}-{place}" if place else form


class UnsentFormQuerySet(SealedQuerySet["UnsentForm"]):
    """Unsent forms by whose they are."""

    def of(self, case_file: CaseFile, worker: User) -> "UnsentFormQuerySet":
        """What this person has begun about this file; nobody else ever sees it."""
        return self.filter(case_file=case_file, worker=worker, key_gen__gt=0)

    def forgotten(self, now: datetime) -> "UnsentFormQuerySet":
        """What nobody has gone on with."""
        return self.filter(kept_at__lt=now - KEPT)


UnsentFormManager = models.Manager.from_queryset(UnsentFormQuerySet)


class UnsentForm(SealedModel):
    """What stands in a form that was not sent: no part of the file, sealed under its key."""

    model_code = 15
    owns_key = False
    # It comes and goes with every word; only what was sent is evidence.
    is_named_in_the_log = False
    log_type: ClassVar[str] = "case_file"

    body = SealedGroup(code=2, version=1, pad=256)

    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="unsent_forms",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    worker = models.ForeignKey(
        User, verbose_name=_("worker"), on_delete=models.PROTECT, related_name="+"
    )
    form = models.CharField(_("form"), max_length=12, choices=FormKind.choices)
    kept_at = models.DateTimeField(_("kept at"))
    # Which one, where a file has several pages of this kind: numbers, as in the address.
    place = models.CharField(_("place"), max_length=12, blank=True, default="")
    # The page that kept it last; another one does not write over it unawares.
    window = models.CharField(_("window"), max_length=24, blank=True, default="")

    # {field: [values]}, as they were typed, and what the page showed around them.
    values = SealedJSONField(group="body", verbose_name=_("values"), default=dict)

    objects: ClassVar[UnsentFormManager["UnsentForm"]] = UnsentFormManager()

    class Meta:
        verbose_name = _("unsent form")
        verbose_name_plural = _("unsent forms")
        ordering = ("-kept_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="an_unsent_form_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="an_unsent_form_is_of_a_known_kind", condition=Q(form__in=FormKind.values)
            ),
            models.UniqueConstraint(
                fields=("case_file", "worker", "form", "place"), name="one_unsent_form_of_a_kind"
            ),
        )
        indexes = (models.Index(fields=("kept_at",), name="unsent_forms_by_age"),)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def stamp(self) -> str:
        """This very state of it; whoever goes on with it says which one they saw."""
        return f"{self.window}.{self.kept_at.timestamp()}"

    @property
    def slug(self) -> str:
        """How an address calls it."""
        return slug_of(self.form, self.place)

    def said(self, name: str) -> str:
        """What stands in a field that takes one value; the body is open."""
        return "".join(self.values.get(name, [])[-1:])

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """Whose key opens it."""
        return (self.key_owner,)
