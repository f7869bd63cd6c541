"""What red files lack, in words, until when, and which unit is asked once the time is up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from django.db.models import F
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework import red_rules
from casework.actions import team_checks
from casework.caseload import RED_COMPLETE_WITHIN, Lack, Missing, steps_since
from casework.dashboards import lists
from casework.models import CaseFile, TeamMember
from casework.models.case_files import CaseFileQuerySet
from kpm.accounts.models import Unit, User
from kpm.vault.opening import Reading, open_groups
from risk_levels.levels import Level

LACK_LABELS: Final[dict[str, Promise]] = {
    Lack.LEAD: _("Lead worker"),
    Lack.DEPUTY: _("Deputy"),
    Lack.PLAN: _("Approved support plan"),
    Lack.WORD: _("What the person says to the plan"),
    Lack.WOMAN: _("A woman in the team"),
}


@dataclass(frozen=True)
class MissingRow:
    """What a red file lacks, in words, and until when."""

    labels: list[Any]
    by_at: datetime


def incomplete_files(user: User, group: str, today: date) -> CaseFileQuerySet:
    """The user's red files that lack somebody or something, the least time left first."""
    return team_checks.incomplete(lists.files_of(user, group), today)


@dataclass(frozen=True)
class Row:
    """A red file, what it lacks, and the unit that is asked above it."""

    case_file: CaseFile
    missing: MissingRow
    # Nothing while there is time.
    asked: Unit | None


def rows_of(files: Sequence[CaseFile], now: datetime) -> list[Row]:
    """What each of these lacks; the heads of their people are open."""
    today = now.date()
    has, asked = team_checks.there(files, today), asked_of(files, now)
    rows = []
    for each in files:
        began_at = vars(each)["red_since"]
        lacks = team_checks.missing_of(each, has[each.pk], began_at, today)
        if lacks is not None:
            rows.append(Row(each, in_words(lacks, each.population), asked.get(each.pk)))
    return rows


def asked_of(files: Iterable[CaseFile], now: datetime) -> dict[UUID, Unit]:
    """Which unit is asked for each file whose time is up."""
    clocks = [(each.pk, each.unit.code, each.population, vars(each)["red_since"]) for each in files]
    codes = _asked(clocks, now)
    units = {each.code: each for each in Unit.objects.filter(code__in=set(codes.values()))}
    return {key: units[code] for key, code in codes.items()}


def climbed_to(user: User, group: str, now: datetime) -> list[UUID]:
    """The red files whose time is up and for which the unit of this user is asked."""
    late = team_checks.out_of_time(lists.files_of(user, group), now)
    clocks = late.values_list("pk", "unit__code", "population", F("red_since"))
    mine = user.grant.unit.code if user.grant else ""
    return [key for key, code in _asked(list(clocks), now).items() if code == mine]


Clock = tuple[UUID, str, str, datetime]


def _asked(clocks: Iterable[Clock], now: datetime) -> dict[UUID, str]:
    """The code of the unit that is asked, for each whose time is up and who has one."""
    supervising = team_checks.supervising(now.date())
    found = {}
    for key, code, population, red_since in clocks:
        step = steps_since(red_since + RED_COMPLETE_WITHIN, now)
        asked = red_rules.asked_unit(code, step, supervising[population]) if step else ""
        if asked:
            found[key] = asked
    return found


def missing_row(case_file: CaseFile, today: date) -> MissingRow | None:
    """What a red file lacks, the head of the person open; nothing on any other."""
    level = case_file.risk_level
    if not case_file.is_open or level.level != Level.RED:
        return None
    has = team_checks.there([case_file], today)[case_file.pk]
    # What is red was decided: the database lets no level change otherwise.
    began_at = cast(datetime, level.began_at())
    lacks = team_checks.missing_of(case_file, has, began_at, today)
    return in_words(lacks, case_file.population) if lacks else None


def in_words(lacks: Missing, population: str) -> MissingRow:
    """The same for people."""
    return MissingRow([lack_label(each, population) for each in lacks.lacks], lacks.by_at)


def place_label(member: TeamMember) -> Any:
    """What somebody of another organ is in the team."""
    return red_rules.places_of(member.case_file.population)[member.place].label


def lack_label(code: str, population: str) -> Any:
    """What is missing, in words."""
    return LACK_LABELS.get(code) or red_rules.places_of(population)[code].label


# --- People of other organs


@dataclass(frozen=True)
class Others:
    """Who of other organs is in a team, and which of the places that red asks for are empty."""

    # With the place of each among all that were ever named here.
    members: list[tuple[int, Any, TeamMember]]
    empty: list[Any]


def others_in(case_file: CaseFile, reading: Reading) -> Others:
    """The people of other organs in a team, opened."""
    rows = list(TeamMember.objects.filter(case_file=case_file).order_by("id"))
    held = [(at, each) for at, each in enumerate(rows, start=1) if each.until_on is None]
    open_groups([each for _at, each in held], "head", reading=reading)
    places = red_rules.places_of(case_file.population)
    filled = {each.place for _at, each in held}
    asked = red_rules.needs_of_anybody(case_file.population)
    return Others(
        [(at, places[each.place].label, each) for at, each in held],
        [places[code].label for code in asked if code in places and code not in filled],
    )


def member_at(case_file: CaseFile, place: int) -> TeamMember:
    """The one at this place among all that were ever named."""
    rows = list(
        TeamMember.objects.filter(case_file=case_file).order_by("id").select_related("case_file")
    )
    if not 0 < place <= len(rows):
        raise Http404
    return rows[place - 1]


def first_empty(case_file: CaseFile) -> str:
    """The place that is to be filled next; nothing where every one is."""
    filled = set(
        TeamMember.objects.active().filter(case_file=case_file).values_list("place", flat=True)
    )
    asked = red_rules.needs_of_anybody(case_file.population)
    places = red_rules.places_of(case_file.population)
    return next((code for code in asked if code in places and code not in filled), "")
