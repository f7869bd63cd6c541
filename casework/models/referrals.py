"""Referrals to other services, and the record of what was told to whom and on which ground."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from casework.models.consents import Consent
from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.vault.fields import (
    SealedCharField,
    SealedGroup,
    SealedJSONField,
    SealedModel,
    SealedTextField,
)
from kpm.vault.history import History


class Basis(models.TextChoices):
    """On which ground something is told (Personal Information Protection Law, article 13)."""

    CONSENT = "consent", _("The person consented")
    STATUTORY = "statutory", _("A law asks for it")
    EMERGENCY = "emergency", _("Life or health is in danger")


class Sharing(SealedModel):
    """What was told to somebody outside, written once: to whom, which facts, on which ground.

    No value is in it. It is kept three years (PIPL, article 56; R31).
    """

    model_code = 20
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="sharings",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    shared_by = models.ForeignKey(
        User, verbose_name=_("told by"), on_delete=models.PROTECT, related_name="+"
    )
    # The consent that it rests on, where it rests on one.
    consent = models.ForeignKey(
        Consent,
        verbose_name=_("consent"),
        on_delete=models.PROTECT,
        related_name="sharings",
        null=True,
        blank=True,
    )
    shared_at = models.DateTimeField(_("told at"))
    keep_until = models.DateField(_("kept until"))

    # One of casework.destinations, its name, whom to call there.
    kind = SealedCharField(group="body", verbose_name=_("kind of service"), max_length=16)
    receiver = SealedCharField(group="body", verbose_name=_("service"), max_length=80)
    contact = SealedCharField(
        group="body", verbose_name=_("whom to reach there"), max_length=80, blank=True
    )
    # Codes of facts, never what they say.
    facts = SealedJSONField(group="body", verbose_name=_("facts"), default=list)
    basis = SealedCharField(group="body", verbose_name=_("ground"), max_length=16)
    article = SealedCharField(
        group="body", verbose_name=_("law and article, or the danger"), max_length=200, blank=True
    )
    asked = SealedTextField(group="body", verbose_name=_("what is asked for"))

    history = History()

    class Meta:
        verbose_name = _("sharing record")
        verbose_name_plural = _("sharing records")
        ordering = ("shared_at", "id")
        constraints = (
            models.CheckConstraint(
                name="a_sharing_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class ReferralState(models.TextChoices):
    """What became of it."""

    SENT = "sent", _("Sent, no answer yet")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined by the service")
    WITHDRAWN = "withdrawn", _("Taken back")
    ENDED = "ended", _("Ended")


class Referral(GuardedStateModel, SealedModel):
    """One person referred to one service."""

    model_code = 22
    owns_key = False

    answer = SealedGroup(code=2, version=1, pad=128)
    ending = SealedGroup(code=3, version=1, pad=128)

    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="referrals",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    # What was told with it.
    sharing = models.OneToOneField(
        Sharing, verbose_name=_("sharing record"), on_delete=models.PROTECT, related_name="referral"
    )
    state = GuardedStateField(
        _("state"), max_length=9, choices=ReferralState.choices, default=ReferralState.SENT
    )
    answered_on = models.DateField(_("answered on"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    reply = SealedTextField(group="answer", verbose_name=_("answer"), blank=True)
    result = SealedTextField(group="ending", verbose_name=_("what became of it"), blank=True)

    history = History()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="a_referral_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="a_referral_is_answered_on_a_day",
                condition=Q(state=ReferralState.SENT, answered_on__isnull=True)
                | ~Q(state=ReferralState.SENT) & Q(answered_on__isnull=False),
            ),
            models.CheckConstraint(
                name="a_referral_ends_on_a_day",
                condition=Q(state=ReferralState.ENDED, ended_on__isnull=False)
                | ~Q(state=ReferralState.ENDED) & Q(ended_on__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @transition(field="state", source=ReferralState.SENT, target=ReferralState.ACCEPTED)
    def accept(self, *, on: date, reply: str) -> None:
        """The service takes it on."""
        self.answered_on, self.reply = on, reply

    @transition(field="state", source=ReferralState.SENT, target=ReferralState.DECLINED)
    def decline(self, *, on: date, reply: str) -> None:
        """The service does not."""
        self.answered_on, self.reply = on, reply

    @transition(field="state", source=ReferralState.SENT, target=ReferralState.WITHDRAWN)
    def withdraw(self, *, on: date, reply: str) -> None:
        """The person does not want it any more, or it was a mistake."""
        self.answered_on, self.reply = on, reply

    @transition(field="state", source=ReferralState.ACCEPTED, target=ReferralState.ENDED)
    def end(self, *, on: date, reply: str) -> None:
        """The service has done what it could."""
        self.ended_on, self.result = on, reply
