"""Stipulations: what the person wishes of whoever helps, and who must not help."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.ids import uuid7
from kpm.vault.history import History, RecordedModel


class Stipulated(models.TextChoices):
    """One thing to heed when somebody is chosen. A code, and no word about the person."""

    WANTED = "wanted", _("The person wishes for this worker")
    UNWANTED = "unwanted", _("The person does not want this worker")
    WOMAN = "woman", _("The person wishes for a woman")
    MAN = "man", _("The person wishes for a man")
    CONFLICT = "conflict", _("This worker has a conflict of interest")


# Those that are not about one worker.
OF_ANY = (Stipulated.WOMAN, Stipulated.MAN)


class StipulationQuerySet(models.QuerySet["Stipulation"]):
    """Stipulations by whether they hold."""

    def active(self) -> "StipulationQuerySet":
        """Those in force."""
        return self.filter(until_on__isnull=True)


class Stipulation(RecordedModel):
    """What is to be heeded in one file, from a day until a day."""

    log_type: ClassVar[str] = "case_file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="stipulations",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    kind = models.CharField(_("what"), max_length=8, choices=Stipulated.choices)
    worker = models.ForeignKey(
        User,
        verbose_name=_("worker"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    start_on = models.DateField(_("from"))
    until_on = models.DateField(_("until"), null=True, blank=True)

    objects = StipulationQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("stipulation")
        verbose_name_plural = _("stipulations")
        ordering = ("start_on", "id")
        constraints = (
            models.CheckConstraint(
                name="a_stipulation_is_about_one_worker_or_about_any",
                condition=Q(kind__in=OF_ANY, worker__isnull=True)
                | (Q(kind__in=Stipulated.values, worker__isnull=False) & ~Q(kind__in=OF_ANY)),
            ),
            models.CheckConstraint(
                name="a_stipulation_does_not_end_before_it_starts",
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("start_on")),
            ),
            models.UniqueConstraint(
                fields=("case_file", "worker"),
                condition=Q(until_on__isnull=True),
                name="one_thing_is_stipulated_of_one_worker",
            ),
            models.UniqueConstraint(
                fields=("case_file",),
                condition=Q(until_on__isnull=True, worker__isnull=True),
                name="one_thing_is_stipulated_of_any_worker",
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_file_id}: {self.kind}"

    @property
    def log_reference(self) -> str:
        """The number of the case file is what the log knows."""
        return self.case_file.number
