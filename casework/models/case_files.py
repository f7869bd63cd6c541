"""Case files: one person in one population, under a key of its own."""

from datetime import date
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from casework.models.people import Person
from kpm.accounts.models import Unit
from kpm.accounts.scoping import units_under
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number
from kpm.permissions import Role
from kpm.vault.fields import (
    SealedGroup,
    SealedJSONField,
    SealedModel,
    SealedQuerySet,
    SealedTextField,
)
from kpm.vault.history import History
from risk_levels.models import RiskLevel
from risk_levels.populations import POPULATIONS

if TYPE_CHECKING:
    from kpm.accounts.models import User


class Status(models.TextChoices):
    """What a file is in; only open and closed ones are read in the daily work."""

    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    RESTRICTED = "restricted", _("Restricted")
    DESTROYED = "destroyed", _("Destroyed")
    SEALED = "sealed", _("Sealed")


READABLE = (Status.OPEN, Status.CLOSED)


class CaseFileQuerySet(SealedQuerySet["CaseFile"]):
    """The files, and whose they are to see."""

    def visible_to(self, user: "User") -> "CaseFileQuerySet":
        """Role, unit subtree, population and team together; nobody else sees any file."""
        if user.role == Role.SUPERVISOR:
            return self._within_grant(user)
        if user.role == Role.SOCIAL_WORKER:
            # Nobody has two places in one team, so this join doubles no row.
            return self._within_grant(user).filter(
                assignments__worker=user, assignments__until_on__isnull=True
            )
        return self.none()

    def _within_grant(self, user: "User") -> "CaseFileQuerySet":
        rows = self.filter(unit__in=units_under(user), status__in=READABLE)
        if user.grant is not None and user.grant.unit.level > Unit.Level.CITY:
            # Says nothing new, but every index of files begins with the district.
            rows = rows.filter(district=user.grant.unit.district)
        return rows.filter(population__in=user.populations) if user.populations else rows

    def of_group(self, group: str) -> "CaseFileQuerySet":
        """Only the populations of one group: no two groups ever stand in one list."""
        codes = [code for code, each in POPULATIONS.items() if each.group == group]
        return self.filter(population__in=codes)


CaseFileManager = models.Manager.from_queryset(CaseFileQuerySet)


class CaseFile(GuardedStateModel, SealedModel):
    """What is known and done about one person for one purpose."""

    model_code = 2
    owns_key = True
    log_type: ClassVar[str] = "case_file"

    body = SealedGroup(code=2, version=1, pad=256)

    # The only name of a file beyond its team: random, derived from nothing.
    number = models.CharField(
        _("file number"),
        max_length=11,
        unique=True,
        default=file_number,
        editable=False,
    )
    person = models.ForeignKey(
        Person,
        verbose_name=_("person"),
        on_delete=models.PROTECT,
        related_name="case_files",
    )
    population = models.CharField(
        _("population"),
        max_length=32,
        choices=[(code, each.label) for code, each in POPULATIONS.items()],
    )
    unit = models.ForeignKey(
        Unit,
        verbose_name=_("unit"),
        on_delete=models.PROTECT,
        related_name="case_files",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    status = GuardedStateField(
        _("status"), max_length=16, choices=Status.choices, default=Status.OPEN
    )
    opened_on = models.DateField(_("opened on"))
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    risk_level = models.OneToOneField(
        RiskLevel,
        verbose_name=_("level"),
        on_delete=models.PROTECT,
        related_name="case_file",
    )
    # The one copy of the calendar: written by case_files.refresh_due alone, checked by a sweep.
    next_due_on = models.DateField(_("next due"), null=True, blank=True, editable=False)

    # The fields that the population declares, by their codes.
    details = SealedJSONField(group="body", verbose_name=_("details"), default=dict)
    remark = SealedTextField(group="body", verbose_name=_("remark"), blank=True)

    objects: ClassVar[CaseFileManager["CaseFile"]] = CaseFileManager()
    history = History(excluded_fields=["next_due_on"])

    class Meta:
        verbose_name = _("case file")
        verbose_name_plural = _("case files")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("person", "population"),
                condition=Q(status=Status.OPEN),
                name="one_open_file_per_person_and_population",
            ),
            models.CheckConstraint(
                name="a_file_belongs_to_one_of_six_populations",
                condition=Q(population__in=tuple(POPULATIONS)),
            ),
            models.CheckConstraint(
                name="a_file_has_a_known_status", condition=Q(status__in=Status.values)
            ),
            models.CheckConstraint(
                name="an_open_file_has_no_closing_day",
                condition=Q(status=Status.OPEN, closed_on__isnull=True)
                | (
                    ~Q(status=Status.OPEN)
                    & Q(closed_on__isnull=False, closed_on__gte=F("opened_on"))
                ),
            ),
        )
        indexes = (
            models.Index(
                fields=("district", "population", "status", "next_due_on", "id"),
                name="files_by_due_date",
            ),
            models.Index(
                fields=("district", "unit", "population", "status"),
                name="files_by_unit",
            ),
        )

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The page of this file."""
        return reverse("casework:show_case_file", args=(self.number,))

    @property
    def log_reference(self) -> str:
        """The file number is what the log knows."""
        return self.number

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """The owners of the keys that open this file: its own and the person's."""
        return (self.id, self.person_id)

    @property
    def is_open(self) -> bool:
        """Whether work goes on."""
        return bool(self.status == Status.OPEN)

    @transition(field="status", source=Status.OPEN, target=Status.CLOSED)
    def close(self, *, on: date) -> None:
        """The work is over."""
        self.closed_on = on

    @transition(field="status", source=Status.CLOSED, target=Status.RESTRICTED)
    def restrict(self) -> None:
        """Kept because it must be, read in the daily work no more."""

    @transition(field="status", source=[Status.CLOSED, Status.RESTRICTED], target=Status.SEALED)
    def seal(self) -> None:
        """Put aside as the law asks, above all where somebody was a minor."""

    @transition(
        field="status",
        source=[Status.CLOSED, Status.RESTRICTED, Status.SEALED],
        target=Status.DESTROYED,
    )
    def destroy(self) -> None:
        """Only the row is left; its key is gone."""
