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
    # The revision of the level when it was last kept: what has changed since is said.
    revision = models.PositiveIntegerField(_("revision"), default=0)

    # {field: [values]}, as they were typed.
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
                fields=("case_file", "worker", "form"), name="one_unsent_form_of_a_kind"
            ),
        )
        indexes = (models.Index(fields=("kept_at",), name="unsent_forms_by_age"),)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """Whose key opens it."""
        return (self.key_owner,)
