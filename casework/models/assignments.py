"""Assignments: who helps whom; and the people of other organs in a team."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.ids import uuid7
from kpm.permissions import Role
from kpm.vault.fields import SealedCharField, SealedGroup, SealedModel, SealedQuerySet
from kpm.vault.history import History, RecordedModel


class Place(models.TextChoices):
    """What somebody is in the team of a file."""

    LEAD = "lead", _("Lead worker")
    DEPUTY = "deputy", _("Deputy")
    MEMBER = "member", _("Team member")


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments by whether they hold."""

    def active(self) -> "AssignmentQuerySet":
        """Those in force: an end is always written on the day it takes effect."""
        return self.filter(until_on__isnull=True)

    def able(self, on: date) -> "AssignmentQuerySet":
        """Those in force whose worker can do the work: open account, role, unit, group.

        Whoever lost one of these keeps the place until somebody else has it, so that it is known
        whose file it was; but they count for nothing that a file must have.
        """
        return self.active().filter(_can_work(on))

    def with_ability(self, on: date) -> "AssignmentQuerySet":
        """All of them, each with whether its worker can do the work, as `is_able`."""
        return self.annotate(is_able=_can_work(on))


def _can_work(on: date) -> Exists:
    grants = (
        RoleGrant.objects.in_force(on)
        .filter(user=OuterRef("worker"), user__is_active=True, role=Role.SOCIAL_WORKER)
        .annotate(
            reach=Unit.prefix_in("unit"),
            place=_outer("case_file__unit__code"),
            named=Cast("populations", models.TextField()),
            group=_outer("case_file__population"),
        )
        .filter(place__startswith=F("reach"))
        .filter(Q(populations=[]) | Q(named__contains=Concat(Value('"'), "group", Value('"'))))
    )
    return Exists(grants)


def _outer(path: str) -> "ExpressionWrapper[OuterRef]":
    return ExpressionWrapper(OuterRef(path), output_field=models.CharField())


class Assignment(RecordedModel):
    """One worker has one place in the team of one file, from a day until a day."""

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid7, editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="assignments",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    worker = models.ForeignKey(
        User,
        verbose_name=_("worker"),
        on_delete=models.PROTECT,
        related_name="assignments",
    )
    role = models.CharField(_("place in the team"), max_length=8, choices=Place.choices)
    start_on = models.DateField(_("from"))
    # The first day without: who hands over and who takes over share no day.
    until_on = models.DateField(_("until"), null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ("-start_on", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("case_file",),
                condition=Q(role=Place.LEAD, until_on__isnull=True),
                name="one_active_lead_per_file",
            ),
            models.UniqueConstraint(
                fields=("case_file",),
                condition=Q(role=Place.DEPUTY, until_on__isnull=True),
                name="one_active_deputy_per_file",
            ),
            models.UniqueConstraint(
                fields=("case_file", "worker"),
                condition=Q(until_on__isnull=True),
                name="nobody_has_two_places_in_one_team",
            ),
            models.CheckConstraint(
                name="an_assignment_does_not_end_before_it_starts",
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("start_on")),
            ),
            models.CheckConstraint(
                name="an_assignment_is_lead_deputy_or_member",
                condition=Q(role__in=Place.values),
            ),
        )
        indexes = (
            models.Index(
                fields=("district", "worker", "until_on", "case_file"), name="files_of_a_worker"
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_file_id}: {self.role}"


class TeamMemberQuerySet(SealedQuerySet["TeamMember"]):
    """People of other organs by whether they are there."""

    def active(self) -> "TeamMemberQuerySet":
        """Those who help now."""
        return self.filter(until_on__isnull=True)


TeamMemberManager = models.Manager.from_queryset(TeamMemberQuerySet)


class TeamMember(SealedModel):
    """Somebody of another organ who helps: named with their place, without an account.

    Or the finding that nobody can be had for a place, with the reason in `told`.
    """

    model_code = 5
    owns_key = False

    head = SealedGroup(code=1, version=2, pad=64)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="team_members",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    # The code of the place, as the population of the file names it.
    place = models.CharField(_("place in the team"), max_length=24)
    # Said where the law asks for a woman in the team.
    is_woman = models.BooleanField(_("a woman"), default=False)
    is_nobody = models.BooleanField(_("nobody can be had"), default=False)
    name = SealedCharField(group="head", verbose_name=_("name"), max_length=50, blank=True)
    role = SealedCharField(
        group="head", verbose_name=_("office and function"), max_length=50, blank=True
    )
    told = SealedCharField(
        group="head", since=2, verbose_name=_("what they may be told"), max_length=200, blank=True
    )
    start_on = models.DateField(_("from"))
    until_on = models.DateField(_("until"), null=True, blank=True)

    objects: ClassVar[TeamMemberManager["TeamMember"]] = TeamMemberManager()
    history = History()

    class Meta:
        verbose_name = _("team member from outside")
        verbose_name_plural = _("team members from outside")
        ordering = ("start_on", "id")
        constraints = (
            models.CheckConstraint(
                name="a_team_member_is_sealed_under_the_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="a_team_member_does_not_leave_before_they_come",
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("start_on")),
            ),
            models.CheckConstraint(
                name="nobody_is_no_woman", condition=Q(is_nobody=False) | Q(is_woman=False)
            ),
        )
        indexes = (
            models.Index(fields=("case_file", "until_on", "place"), name="others_in_a_team"),
        )

    def __str__(self) -> str:
        return str(self.id)
