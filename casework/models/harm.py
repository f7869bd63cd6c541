"""Mandatory reports: somebody may be harmed, and the law says whom to tell at once."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number, uuid7
from kpm.vault.fields import SealedCharField, SealedGroup, SealedModel, SealedTextField
from kpm.vault.history import History, RecordedModel


class Situation(models.TextChoices):
    """What was seen or heard: the nine situations of the opinion of 2020, article 4, in short.

    The first is the Anti-Domestic Violence Law's, article 14, about whoever cannot help themselves.
    """

    DOMESTIC = "domestic", _("Violence in the family against somebody who cannot help themselves")
    SEXUAL = "sexual", _("Signs of sexual abuse, or a pregnancy under 14")
    INJURIES = "injuries", _("Several injuries, or injuries that were no accident")
    GRAVE = "grave", _("Unconscious, poisoned, badly hurt")
    SELF_HARM = "self_harm", _("Self-harm or a suicide that was tried")
    NEGLECT = "neglect", _("Abandoned, or without care for long")
    MISSING = "missing", _("Missing, bought, of unknown origin, or taken away")
    BEGGING = "begging", _("Made to beg")
    BULLYING = "bullying", _("Beaten or humiliated by others")
    OTHER = "other", _("Another grave harm, or the danger of it")


class Authority(models.TextChoices):
    """Who is told: the law names all three for minors, and the police for family violence."""

    POLICE = "police", _("Police (110)")
    CIVIL_AFFAIRS = "civil_affairs", _("Civil affairs (12345)")
    EDUCATION = "education", _("Education office or school")


class HarmState(models.TextChoices):
    """How far the report is."""

    OPENED = "opened", _("To be reported")
    TOLD = "told", _("Reported, no receipt yet")
    CONFIRMED = "confirmed", _("Receipt is here")
    NOT_DUE = "not_due", _("Two people found that no report is due")


# As long as it is one of these, nothing about the file is eased.
WAITING = (HarmState.OPENED, HarmState.TOLD)


class HarmReport(GuardedStateModel, RecordedModel):
    """One report: its number, how far it is and when. What was seen stands in its sealed steps."""

    log_type: ClassVar[str] = "case_file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="harm_reports",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    state = GuardedStateField(
        _("state"), max_length=9, choices=HarmState.choices, default=HarmState.OPENED
    )
    opened_at = models.DateTimeField(_("opened at"))
    told_at = models.DateTimeField(_("reported at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = models.Manager["HarmReport"]()
    history = History()

    class Meta:
        verbose_name = _("mandatory report")
        verbose_name_plural = _("mandatory reports")
        ordering = ("opened_at", "id")
        constraints = (
            models.CheckConstraint(
                name="a_report_that_was_made_has_its_moment",
                condition=Q(state=HarmState.OPENED, told_at__isnull=True)
                | Q(state=HarmState.NOT_DUE, told_at__isnull=True)
                | Q(state__in=(HarmState.TOLD, HarmState.CONFIRMED), told_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_report_that_ended_has_its_moment",
                condition=Q(state__in=WAITING, ended_at__isnull=True)
                | ~Q(state__in=WAITING) & Q(ended_at__isnull=False),
            ),
        )
        indexes = (models.Index(fields=("district", "state", "opened_at"), name="harm_waiting"),)

    def __str__(self) -> str:
        return self.number

    @property
    def log_reference(self) -> str:
        """The number of the file is what the log knows."""
        return self.case_file.log_reference

    @transition(field="state", source=HarmState.OPENED, target=HarmState.TOLD)
    def tell(self, *, at: datetime) -> None:
        """An authority has been told."""
        self.told_at = at

    @transition(field="state", source=HarmState.TOLD, target=HarmState.CONFIRMED)
    def confirm(self, *, at: datetime) -> None:
        """The authority has said that it has it."""
        self.ended_at = at

    @transition(field="state", source=HarmState.OPENED, target=HarmState.NOT_DUE)
    def find_not_due(self, *, at: datetime) -> None:
        """A second person has found, with a reason, that nothing is to be reported."""
        self.ended_at = at


class StepKind(models.TextChoices):
    """What was written down."""

    SEEN = "seen", _("What was seen or heard")
    TOLD = "told", _("Reported")
    RECEIPT = "receipt", _("Receipt")
    NOT_DUE = "not_due", _("No report is due")


class HarmStep(SealedModel):
    """One entry of a report, written once and never again.

    Who wrote it is sealed apart from what it says: whoever reports is protected by law
    (Anti-Domestic Violence Law, article 14), and no page of the team opens that.
    """

    model_code = 17
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)
    writer = SealedGroup(code=3, version=1, pad=64)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    report = models.ForeignKey(
        HarmReport, verbose_name=_("report"), on_delete=models.PROTECT, related_name="steps"
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=StepKind.choices)
    written_at = models.DateTimeField(_("written at"))

    # A situation, an authority, or nothing.
    code = SealedCharField(group="body", verbose_name=_("what"), max_length=16, blank=True)
    # The number of the receipt, or where the report was made.
    place = SealedCharField(group="body", verbose_name=_("number"), max_length=80, blank=True)
    words = SealedTextField(group="body", verbose_name=_("in words"), blank=True)
    written_by = SealedCharField(group="writer", verbose_name=_("written by"), max_length=80)

    history = History()

    class Meta:
        verbose_name = _("step of a mandatory report")
        verbose_name_plural = _("steps of mandatory reports")
        ordering = ("written_at", "id")
        constraints = (
            models.CheckConstraint(
                name="a_step_of_a_report_has_a_known_kind", condition=Q(kind__in=StepKind.values)
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


# A report is due at once (立即): so much later it is late.
AT_ONCE_HOURS = 24
