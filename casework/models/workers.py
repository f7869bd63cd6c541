"""What somebody can carry: working time, days away, trainings; and what a team may have to have."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.ids import uuid7
from kpm.vault.history import History, RecordedModel


class WorkerSex(models.TextChoices):
    """Said where the law or the person asks for it."""

    WOMAN = "woman", _("Woman")
    MAN = "man", _("Man")


class Language(models.TextChoices):
    """What somebody can talk with people in besides Standard Mandarin, which everybody can."""

    JIANGHUAI = "jianghuai", _("Jianghuai Mandarin")
    SOUTHWESTERN = "southwestern", _("Southwestern Mandarin")
    WU = "wu", _("Wu")
    YUE = "yue", _("Yue")
    MIN = "min", _("Min")
    HAKKA = "hakka", _("Hakka")
    GAN = "gan", _("Gan")
    XIANG = "xiang", _("Xiang")
    JIN = "jin", _("Jin")
    TIBETAN = "tibetan", _("Tibetan")
    UYGHUR = "uyghur", _("Uyghur")
    KAZAKH = "kazakh", _("Kazakh")
    MONGOLIAN = "mongolian", _("Mongolian")
    KOREAN = "korean", _("Korean")
    ZHUANG = "zhuang", _("Zhuang")
    YI = "yi", _("Yi")
    MIAO = "miao", _("Miao")
    SIGNING = "signing", _("Chinese Sign Language")


DIALECTS = (
    Language.JIANGHUAI,
    Language.SOUTHWESTERN,
    Language.WU,
    Language.YUE,
    Language.MIN,
    Language.HAKKA,
    Language.GAN,
    Language.XIANG,
    Language.JIN,
)


class Away(models.TextChoices):
    """Why somebody is not there; more than this is nobody's business."""

    LEAVE = "leave", _("Leave")
    TRAINING = "training", _("Training")


class WorkerProfile(RecordedModel):
    """How much of full time somebody works, what they are trained for, what they speak."""

    log_type: ClassVar[str] = "account"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.OneToOneField(
        User, verbose_name=_("worker"), on_delete=models.PROTECT, related_name="profile"
    )
    percent = models.PositiveSmallIntegerField(_("working time in percent"), default=100)
    sex = models.CharField(_("sex"), max_length=5, choices=WorkerSex.choices, blank=True)
    # The codes of populations.
    trained = models.JSONField(_("trained for"), default=list, blank=True)
    # The codes of languages; of the people in files nobody writes down which they speak.
    languages = models.JSONField(_("languages"), default=list, blank=True)

    objects = models.Manager["WorkerProfile"]()
    history = History()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="working_time_is_a_part_of_full_time",
                condition=Q(percent__gte=10, percent__lte=100),
            ),
            models.CheckConstraint(
                name="a_profile_says_woman_man_or_nothing",
                condition=Q(sex__in=["", *WorkerSex.values]),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The account is what the log knows."""
        return self.worker.log_reference

    @property
    def seen(self) -> str:
        """What it says, in one word: a page shows it, and answers for nothing else."""
        return "|".join((str(self.percent), self.sex, *self.trained, "", *self.languages))


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Absences by whether they hold."""

    def active(self) -> "AbsenceQuerySet":
        """Those that nobody has taken back."""
        return self.filter(withdrawn_at__isnull=True)


class Absence(RecordedModel):
    """Days on which somebody is away."""

    log_type: ClassVar[str] = "account"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey(
        User, verbose_name=_("worker"), on_delete=models.PROTECT, related_name="absences"
    )
    kind = models.CharField(_("why"), max_length=8, choices=Away.choices)
    start_on = models.DateField(_("from"))
    # The first day back.
    until_on = models.DateField(_("until"))
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ("start_on", "id")
        constraints = (
            models.CheckConstraint(
                name="an_absence_has_a_day", condition=Q(until_on__gt=F("start_on"))
            ),
            models.CheckConstraint(
                name="an_absence_is_leave_or_training", condition=Q(kind__in=Away.values)
            ),
        )
        indexes = (models.Index(fields=("worker", "until_on"), name="absences_of_a_worker"),)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The account is what the log knows."""
        return self.worker.log_reference
