"""Consents: a yes to one purpose, given after a notice; and that it was taken back."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.ids import uuid7
from kpm.vault.fields import SealedCharField, SealedGroup, SealedModel, SealedTextField
from kpm.vault.history import History, RecordedModel


class ConsentPurpose(models.TextChoices):
    """To what somebody says yes, each by itself (PIPL, articles 14, 23, 29)."""

    SERVICE = "service", _("Support and a file")
    SENSITIVE = "sensitive", _("Sensitive information")
    SHARING = "sharing", _("Telling another service")
    FAMILY = "family", _("Speaking with the family")
    IMAGES = "images", _("Photos and recordings")


class Giver(models.TextChoices):
    """Who said yes."""

    PERSON = "person", _("The person")
    GUARDIAN = "guardian", _("A parent or guardian")
    BOTH = "both", _("The person, and a parent or guardian")


class Manner(models.TextChoices):
    """How it was said."""

    SIGNED = "signed", _("Signed on paper")
    SAID = "said", _("Said face to face")
    PHONE = "phone", _("Said on the phone")


class Consent(SealedModel):
    """One yes, written once. Purpose and notice stand in plain; who said it and how is sealed."""

    model_code = 19
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=128)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="consents",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    purpose = models.CharField(_("purpose"), max_length=12, choices=ConsentPurpose.choices)
    # Which text of the notice was read out.
    notice = models.PositiveSmallIntegerField(_("version of the notice"))
    given_on = models.DateField(_("given on"))
    recorded_by = models.ForeignKey(
        User, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded at"))
    # The one that held until then. Which of two holds is said, and does not hang on a clock.
    replaces = models.OneToOneField(
        "self",
        verbose_name=_("in place of"),
        on_delete=models.PROTECT,
        related_name="replacement",
        null=True,
        blank=True,
    )

    giver = SealedCharField(group="body", verbose_name=_("given by"), max_length=16)
    guardian = SealedCharField(
        group="body", verbose_name=_("name of the guardian"), max_length=80, blank=True
    )
    manner = SealedCharField(group="body", verbose_name=_("how"), max_length=16)
    words = SealedTextField(group="body", verbose_name=_("in words"), blank=True)

    history = History()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="a_consent_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="a_consent_has_a_known_purpose",
                condition=Q(purpose__in=ConsentPurpose.values),
            ),
            models.CheckConstraint(name="a_consent_follows_a_notice", condition=Q(notice__gte=1)),
        )
        indexes = (models.Index(fields=("case_file", "purpose"), name="consents_of_a_file"),)

    def __str__(self) -> str:
        return str(self.id)


class ConsentWithdrawal(RecordedModel):
    """That a consent was taken back: no reason is asked for, so there is nothing to seal."""

    log_type: ClassVar[str] = "case_file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    consent = models.OneToOneField(
        Consent, verbose_name=_("consent"), on_delete=models.PROTECT, related_name="withdrawal"
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    recorded_by = models.ForeignKey(
        User, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"))

    objects = models.Manager["ConsentWithdrawal"]()
    history = History()

    class Meta:
        verbose_name = _("withdrawal of a consent")
        verbose_name_plural = _("withdrawals of consents")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The file is what the log knows."""
        return self.consent.case_file.log_reference
