"""Teams: which place is free, who could help, with what they carry already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework import rules
from casework.models import Assignment, CaseFile
from casework.models.assignments import Place
from casework.models.case_files import Status
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.permissions import Role
from risk_levels.levels import Level

# The places that a file has once each, in the order in which they are filled.
SINGLE = (Place.LEAD, Place.DEPUTY)


def free_place(case_file: CaseFile) -> str:
    """The place that is to be filled next: lead, then deputy; nothing where both are there."""
    held = {each.role for each in rules.team(case_file)}
    return next((place for place in SINGLE if place not in held), "")


def holders(case_file: CaseFile) -> dict[str, User]:
    """Who has the places that only one can have."""
    return {each.role: each.worker for each in rules.team(case_file) if each.role in SINGLE}


def in_words(given: Assignment, former: User | None) -> str:
    """What has happened, so that nobody has to compare two lists."""
    names = {"worker": given.worker.name, "place": given.get_role_display()}
    if former is None:
        return _("%(worker)s now has a place in the team: %(place)s.") % names
    return _(
        "%(worker)s now has a place in the team: %(place)s. %(former)s had it and gave it up today."
    ) % {**names, "former": former.name}


def confirmed_in_words(given: Sequence[Assignment]) -> str:
    """How many files have somebody now who had nobody, or another."""
    return ngettext(
        "%(count)d file now has whom you confirmed.",
        "%(count)d files now have whom you confirmed.",
        len(given),
    ) % {"count": len(given)}


def units_above(unit: Unit) -> list[str]:
    """The codes of the unit and of everything that it lies in."""
    return [unit.code[:digits].ljust(12, "0") for digits in Unit.DIGITS.values()]


def candidates(case_file: CaseFile, today: date) -> QuerySet[User]:
    """Social workers whose grant reaches the file, those who carry least first."""
    return candidates_in(case_file.unit, case_file.population, today)


def candidates_in(unit: Unit, population: str, today: date) -> QuerySet[User]:
    """The same for a unit and a group."""
    grants = RoleGrant.objects.in_force(today).filter(
        role=Role.SOCIAL_WORKER, unit__code__in=units_above(unit)
    )
    reached = [
        user
        for user, populations in grants.values_list("user_id", "populations")
        if not populations or population in populations
    ]
    carried = Q(assignments__until_on__isnull=True, assignments__case_file__status=Status.OPEN)
    is_red = Q(assignments__case_file__risk_level__level=Level.RED)
    return (
        User.objects.filter(pk__in=reached, is_active=True)
        .select_related("unit")
        .annotate(
            files=Count("assignments", filter=carried),
            red=Count("assignments", filter=carried & is_red),
        )
        .order_by("red", "files", "username")
    )


def able_in(case_file: CaseFile, today: date) -> Iterable[Assignment]:
    """Who of the team can do the work; the pages of a file have found that out already."""
    team = rules.team(case_file)
    if team and all("is_able" in vars(each) for each in team):
        return [each for each in team if vars(each)["is_able"]]
    return case_file.assignments.able(today).select_related("worker")


class Why(StrEnum):
    """Why somebody answers for a file."""

    LEADS = "leads"
    STANDS_IN = "stands_in"
    SUPERVISES = "supervises"


@dataclass(frozen=True)
class Answerable:
    """The one person who answers for a file, and why it is they."""

    user: User
    why: Why

    @property
    def words(self) -> str:
        """What a page says where it is not the lead."""
        said = {
            Why.LEADS: _("%(who)s leads this file."),
            Why.STANDS_IN: _("The lead cannot work on it: the deputy, %(who)s, answers for it."),
            Why.SUPERVISES: _("Nobody leads it now: the supervisor, %(who)s, answers for it."),
        }
        return said[self.why] % {"who": self.user.name}


def answerable(case_file: CaseFile, today: date) -> Answerable | None:
    """Who answers for an open file: the lead, else the deputy, else a supervisor above.

    A lead who is away leads; whoever lost the account, the role or the unit does not. Of several
    supervisors in the nearest unit it is the one who has been there longest. Nothing only where
    no unit above has any supervisor.
    """
    held = {each.role: each.worker for each in able_in(case_file, today)}
    if Place.LEAD in held:
        return Answerable(held[Place.LEAD], Why.LEADS)
    if Place.DEPUTY in held:
        return Answerable(held[Place.DEPUTY], Why.STANDS_IN)
    grants = (
        RoleGrant.objects.in_force(today)
        .filter(
            role=Role.SUPERVISOR, user__is_active=True, unit__code__in=units_above(case_file.unit)
        )
        .select_related("user")
        .order_by("-unit__level", "start_on", "id")
    )
    for grant in grants:
        if not grant.populations or case_file.population in grant.populations:
            return Answerable(grant.user, Why.SUPERVISES)
    return None
