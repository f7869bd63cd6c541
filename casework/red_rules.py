"""What red asks for: which places of the team, who may fill those of other organs, who is told."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from casework import rules
from casework.caseload import ALWAYS, Lack
from casework.models import CaseFile, TeamMember
from casework.models.people import Sex
from kpm.accounts.models import Unit, User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted
from risk_levels.levels import Level
from risk_levels.populations import POPULATIONS, TeamRole


def needs_of_anybody(population: str) -> list[str]:
    """What every red file of a population must have, whoever it is about."""
    roles = POPULATIONS[population].team_roles[Level.RED]
    return [*ALWAYS, *(each.code for each in roles if not each.is_ours)]


def needs_of_some(population: str) -> list[str]:
    """What a red file must have besides, depending on who the person is."""
    kind = POPULATIONS[population]
    minors = [each.code for each in kind.roles_for_minors]
    return [*minors, Lack.WOMAN] if kind.needs_woman_in_team else minors


def needs(population: str, *, sex: int, birth_on: date | None, on: date) -> list[str]:
    """What a red file about this person must have: lead, deputy, plan and places.

    A woman among those who look after a woman under community correction is asked for by
    article 25 of the Community Correction Law, the places by the rules of each population.
    """
    kind = POPULATIONS[population]
    places = [each.code for each in kind.team_of(Level.RED, birth_on, on) if not each.is_ours]
    woman = [Lack.WOMAN] if kind.needs_woman_in_team and sex == Sex.FEMALE else []
    return [*ALWAYS, *places, *woman]


def places_of(population: str) -> dict[str, TeamRole]:
    """The places that people of other organs have in this population, whatever the level."""
    kind = POPULATIONS[population]
    roles = [*(role for each in kind.team_roles.values() for role in each), *kind.roles_for_minors]
    return {role.code: role for role in roles if not role.is_ours}


def check_can_name_others(user: User, case_file: CaseFile) -> None:
    """The team names who of other organs helps, and so do the supervisors of the unit."""
    if not is_granted(user, Permission.NAME_TEAM_MEMBERS):
        raise Refused(_("Your role does not carry this."))
    rules.check_has_part_in(user, case_file)
    rules.check_is_open(case_file)


def check_place_fits(case_file: CaseFile, place: str) -> None:
    """A place is one that this population knows."""
    if place not in places_of(case_file.population):
        raise Refused(_("This group has no such place."), field="place")


def check_can_do_without(user: User, case_file: CaseFile) -> None:
    """That nobody can be had is found by a supervisor, never by whoever would have to ask."""
    if not is_granted(user, Permission.ASSIGN_WORKERS):
        raise Refused(_("Supervisors say that nobody can be had."), field="is_nobody")
    rules.check_can_assign_worker(user, case_file)
    if rules.is_in_team(user, case_file):
        raise Refused(
            _("You work on this file: another supervisor says that nobody can be had."),
            field="is_nobody",
        )


def check_is_said(*, is_nobody: bool, name: str, told: str, is_woman: bool) -> None:
    """Somebody has a name; that nobody can be had has a reason and no name."""
    if is_nobody and not told:
        raise Refused(_("Say why nobody can be had."), field="told")
    if is_nobody and (name or is_woman):
        raise Refused(_("Either somebody is named, or nobody can be had."), field="name")
    if not is_nobody and not name:
        raise Refused(_("Say who it is."), field="name")


def check_can_end_member(user: User, member: TeamMember) -> None:
    """Whoever may name them writes down that they have left."""
    check_can_name_others(user, member.case_file)
    if member.until_on is not None:
        raise Refused(_("This has ended already."))


def asked_unit(code: str, step: int, supervising: Sequence[str]) -> str:
    """The code of the unit whose supervisors answer for a red file after so many steps.

    The unit itself comes first, or the nearest one above that has a supervisor; at the top it
    stays. Nothing where nobody supervises.
    """
    above = [each for each in (code, *Unit.codes_above(code)) if each in set(supervising)]
    return above[min(step, len(above) - 1)] if above else ""
