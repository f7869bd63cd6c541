"""Who could help whom: points, capacity, and what speaks for one worker and one file; pure.

Less cost is better. Nothing here assigns anybody: it puts people in order and says why.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from casework.caseload import Duties

# A point is half an hour in thirty days. A contact takes one; a visit, with its way and its notes,
# four.
MONTH = 30
VISIT_POINTS = 4
# Whoever stands in keeps up with a file and does a quarter of its work.
DEPUTY_SHARE = 4
# Half of a full month of 160 hours is there for people: the other half is meetings and paper.
FULL_CAPACITY = 160
# The days for which leave and training are counted.
AHEAD = timedelta(days=28)
# A draft gives nobody more than this share of their capacity.
ROOM_PERCENT = 110

# What a point costs whoever carries so much already: up to so many percent of the capacity.
BANDS: Final = ((25, 0), (50, 1), (75, 2), (100, 4), (ROOM_PERCENT, 8))
BEYOND = 20
# What a pair costs that may not be.
NEVER = 1_000_000_000

# How many digits of its code each level of the unit tree has: city, county, township, village.
DIGITS: Final = (4, 6, 9, 12)
STEP_COST = 8


class Sex(StrEnum):
    """What a team may have to have."""

    WOMAN = "woman"
    MAN = "man"
    UNSTATED = ""


class Why(StrEnum):
    """What speaks for somebody or against them."""

    CONFLICT = "conflict"
    OUT_OF_REACH = "out_of_reach"
    UNWANTED = "unwanted"
    WANTED = "wanted"
    LEADS = "leads"
    IN_TEAM = "in_team"
    WAS_IN_TEAM = "was_in_team"
    WOMAN_NEEDED = "woman_needed"
    NO_WOMAN = "no_woman"
    WISHED_SEX = "wished_sex"
    OTHER_SEX = "other_sex"
    TRAINED = "trained"
    UNTRAINED = "untrained"
    SPEAKS = "speaks"
    SAME_UNIT = "same_unit"
    NEAR = "near"
    SAME_COUNTY = "same_county"
    FAR = "far"
    AWAY = "away"
    LOAD = "load"
    OVER = "over"


# What each costs; what is not here depends on numbers. Less is better.
COSTS: Final[Mapping[Why, int]] = {
    Why.CONFLICT: NEVER,
    Why.OUT_OF_REACH: NEVER,
    Why.UNWANTED: NEVER,
    Why.WANTED: -60,
    Why.LEADS: -60,
    Why.IN_TEAM: -35,
    Why.WAS_IN_TEAM: -25,
    Why.WOMAN_NEEDED: 0,
    Why.NO_WOMAN: 80,
    Why.WISHED_SEX: 0,
    Why.OTHER_SEX: 50,
    Why.TRAINED: 0,
    Why.UNTRAINED: 30,
    # Nobody writes down what the person speaks: it is said, and weighs nothing.
    Why.SPEAKS: 0,
    Why.AWAY: 40,
}


@dataclass(frozen=True)
class Reason:
    """One thing that speaks for somebody or against them, and how much."""

    why: Why
    cost: int
    # What its words need: points after, capacity; the last day away; languages.
    says: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Somebody who could help."""

    key: Hashable
    # Where they work, and what their grant reaches: digits of codes, populations (none: all).
    unit: str
    reaches: str
    populations: frozenset[str] = frozenset()
    sex: Sex = Sex.UNSTATED
    trained: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ()
    load: int = 0
    capacity: int = FULL_CAPACITY
    away_until: date | None = None

    @property
    def most(self) -> int:
        """How many points a draft lets them carry."""
        return most(self.capacity)

    @property
    def room(self) -> int:
        """How many points more a draft may give them."""
        return max(0, self.most - self.load)


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that needs somebody."""

    key: Hashable
    unit: str
    population: str
    points: int
    is_urgent: bool = False
    # The law wants a woman in the team, and none is there yet.
    lacks_woman: bool = False
    wished_sex: Sex = Sex.UNSTATED
    conflicts: frozenset[Hashable] = frozenset()
    unwanted: frozenset[Hashable] = frozenset()
    wanted: frozenset[Hashable] = frozenset()
    lead: Hashable | None = None
    team: frozenset[Hashable] = frozenset()
    former: frozenset[Hashable] = frozenset()


@dataclass(frozen=True)
class Fit:
    """One worker beside one file: what it costs and why, what counts most first."""

    worker: Worker
    cost: int
    reasons: tuple[Reason, ...]

    @property
    def is_forbidden(self) -> bool:
        """Whether no draft may choose this."""
        return any(each.cost >= NEVER for each in self.reasons)


# --- Points and capacity


def most(of_capacity: int) -> int:
    """How many points a draft lets somebody carry who has room for so many."""
    return of_capacity * ROOM_PERCENT // 100


def points(duties: Duties) -> int:
    """How much a file asks for in thirty days."""
    asked = ((duties.contact_days, 1), (duties.visit_days, VISIT_POINTS))
    # In whole numbers, rounded up at the end: the same everywhere.
    times = [(MONTH * each, days) for days, each in asked if days]
    common = 1
    for _much, days in times:
        common *= days
    return max(1, -(-sum(much * common // days for much, days in times) // common))


def share(file_points: int, *, is_lead: bool) -> int:
    """What of a file its lead or its deputy carries."""
    return file_points if is_lead else -(-file_points // DEPUTY_SHARE)


def capacity(percent: int, away: Iterable[tuple[date, date]], today: date) -> int:
    """What somebody can carry who works so many percent and is away on these days.

    Each span is its first day away and its first day back; days that are in two count once.
    """
    ahead = {today + timedelta(days=number) for number in range(AHEAD.days)}
    gone = {day for day in ahead if any(start <= day < until for start, until in away)}
    return FULL_CAPACITY * percent * (AHEAD.days - len(gone)) // (100 * AHEAD.days)


def load_cost(load: int, of_capacity: int) -> int:
    """What a load costs: each point more than the one before, so that work spreads."""
    cost, below = 0, 0
    for limit, slope in bands(of_capacity):
        top = load if limit is None else min(load, limit)
        cost += slope * max(0, top - below)
        below = max(below, top)
    return cost


def bands(of_capacity: int) -> list[tuple[int | None, int]]:
    """Up to how many points each costs how much; the last has no end."""
    return [(of_capacity * percent // 100, slope) for percent, slope in BANDS] + [(None, BEYOND)]


# --- One pair


def _said(why: Why, *says: Any) -> Reason:
    return Reason(why, COSTS[why], says)


def _reach(key: tuple[str, str], worker: Worker) -> Reason | None:
    unit, population = key
    if not unit.startswith(worker.reaches) or (
        worker.populations and population not in worker.populations
    ):
        return _said(Why.OUT_OF_REACH)
    return None


def _named(why: Why) -> Callable[[Any, Worker], Reason | None]:
    """A reason for whoever is named."""
    return lambda named, worker: _said(why) if worker.key in named else None


def _continuity(
    key: tuple[Hashable, frozenset[Hashable], frozenset[Hashable]], worker: Worker
) -> Reason | None:
    lead, team, former = key
    if lead is not None and worker.key == lead:
        return _said(Why.LEADS)
    if worker.key in team:
        return _said(Why.IN_TEAM)
    return _said(Why.WAS_IN_TEAM) if worker.key in former else None


def _woman(is_needed: bool, worker: Worker) -> Reason | None:
    if not is_needed:
        return None
    return _said(Why.WOMAN_NEEDED if worker.sex == Sex.WOMAN else Why.NO_WOMAN)


def _wished_sex(wished: Sex, worker: Worker) -> Reason | None:
    if not wished:
        return None
    return _said(Why.WISHED_SEX if worker.sex == wished else Why.OTHER_SEX, wished)


def _training(population: str, worker: Worker) -> Reason | None:
    return _said(Why.TRAINED if population in worker.trained else Why.UNTRAINED)


def _speaks(_key: None, worker: Worker) -> Reason | None:
    return _said(Why.SPEAKS, *worker.languages) if worker.languages else None


def _distance(unit: str, worker: Worker) -> Reason | None:
    steps, shared = steps_between(unit, worker.unit)
    if steps == 0:
        return Reason(Why.SAME_UNIT, 0)
    near = {DIGITS[2]: Why.NEAR, DIGITS[3]: Why.NEAR, DIGITS[1]: Why.SAME_COUNTY}
    return Reason(near.get(shared, Why.FAR), steps * STEP_COST)


def _away(_key: None, worker: Worker) -> Reason | None:
    return _said(Why.AWAY, worker.away_until) if worker.away_until else None


def steps_between(one: str, other: str) -> tuple[int, int]:
    """How many steps the way through the unit tree has, and the digits of where it turns."""
    depths = [next(own for own in DIGITS if not code[own:].strip("0")) for code in (one, other)]
    both = [own for own in DIGITS if own <= min(depths) and one[:own] == other[:own]]
    shared = both[-1] if both else 0
    places = (0, *DIGITS)
    return sum(places.index(depth) - places.index(shared) for depth in depths), shared


# What a reason is asked about, and the reason. Pairs whose files agree in it share the answer.
REASONS: Final[tuple[tuple[Callable[[File], Any], Callable[[Any, Worker], Reason | None]], ...]] = (
    (lambda file: (file.unit, file.population), _reach),
    (lambda file: file.conflicts, _named(Why.CONFLICT)),
    (lambda file: file.unwanted, _named(Why.UNWANTED)),
    (lambda file: file.wanted, _named(Why.WANTED)),
    (lambda file: (file.lead, file.team, file.former), _continuity),
    (lambda file: file.lacks_woman, _woman),
    (lambda file: file.wished_sex, _wished_sex),
    (lambda file: file.population, _training),
    (lambda file: None, _speaks),
    (lambda file: file.unit, _distance),
    (lambda file: None, _away),
)


def _load(file: File, worker: Worker) -> Reason:
    after = worker.load + file.points
    cost = load_cost(after, worker.capacity) - load_cost(worker.load, worker.capacity)
    why = Why.OVER if file.points > worker.room else Why.LOAD
    return Reason(why, cost, (after, worker.capacity))


def fit(file: File, worker: Worker) -> Fit:
    """One worker beside one file."""
    asked = [reason for of, reason_of in REASONS if (reason := reason_of(of(file), worker))]
    reasons = sorted([*asked, _load(file, worker)], key=lambda each: -abs(each.cost))
    return Fit(worker, sum(each.cost for each in reasons), tuple(reasons))


def rank(file: File, workers: Iterable[Worker]) -> list[Fit]:
    """Everybody who could help with one file, the best first, whom it forbids last."""
    fits = [fit(file, worker) for worker in workers]
    return sorted(fits, key=lambda each: (each.cost, each.worker.load, str(each.worker.key)))
