"""Assessments: what was asked, what was answered, and what followed from it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.vault.fields import SealedGroup, SealedJSONField, SealedModel, SealedTextField


class Assessment(SealedModel):
    """One filled-in instrument; written once, with the version it was made with."""

    model_code = 8
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)

    key_owner = models.UUIDField(db_index=True, editable=False)
    risk_level = models.ForeignKey(
        "risk_levels.RiskLevel",
        verbose_name=_("level"),
        on_delete=models.PROTECT,
        related_name="assessments",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    instrument = models.CharField(_("instrument"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"))
    assessed_by = models.ForeignKey(
        User, verbose_name=_("assessed by"), on_delete=models.PROTECT, related_name="+"
    )
    assessed_on = models.DateField(_("assessed on"))
    recorded_at = models.DateTimeField(_("recorded at"))

    # {item code: option code}; what was not answered is not in it.
    answers = SealedJSONField(group="body", verbose_name=_("answers"), default=dict)
    # What the person themselves says and wants.
    voice = SealedTextField(group="body", verbose_name=_("in the person's words"), blank=True)
    notes = SealedTextField(group="body", verbose_name=_("notes"), blank=True)
    # The calculation with its inputs, as scoring.Suggestion.as_data() writes it.
    result = SealedJSONField(group="body", verbose_name=_("result"), default=dict)

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ("-assessed_on", "-id")

    def __str__(self) -> str:
        return str(self.id)
