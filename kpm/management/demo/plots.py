"""What is to become of whom: levels by quota, decisions and visits in days ago; no database.

Everything else follows from it, so that a file, its assessment, its class and its visits tell one
story. Red is rare in every county, and so are files that nobody looked after in time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor
from random import Random
from typing import Final

from risk_levels.levels import Level, step_down
from risk_levels.populations import POPULATIONS, Duties

SHARES: Final = {
    "empty_nest_elder": 0.38,
    "left_behind_child": 0.20,
    "mental_disorder": 0.13,
    "released": 0.12,
    "community_correction": 0.09,
    "drug": 0.08,
}
FEWEST = 6
# What was published of counties: fewer than a tenth on the highest level, often nobody.
RED: Final = {
    "empty_nest_elder": 0.035,
    "left_behind_child": 0.045,
    "mental_disorder": 0.03,
    "released": 0.05,
    "community_correction": 0.05,
    "drug": 0.05,
}
YELLOW: Final = {
    "empty_nest_elder": 0.22,
    "left_behind_child": 0.26,
    "mental_disorder": 0.30,
    "released": 0.28,
    "community_correction": 0.38,
    "drug": 0.36,
}
UNGRADED = 0.07
MOST_RED = 0.05
LATE = 0.065
# How many days ago files were opened and levels decided; a few moments, many files each.
OPENED: Final = (21, 40, 75, 130, 200, 290, 400, 520)
DECIDED: Final = (0, 3, 8, 17, 26, 44, 70, 88)
EARLIER: Final = (110, 150, 210, 280, 350)
WAITING: Final = (0, 3, 8)
# Before this only the first visit and one in every few weeks are told.
VISITED_DAYS = 120
RARELY: Final = (60, 95)


class End(StrEnum):
    """What became of a proposal."""

    APPROVED = "approved"
    WAITS = "waits"
    RETURNED = "returned"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Move:
    """One proposal: for which level, when it was answered, and how."""

    level: Level
    days_ago: int
    end: End = End.APPROVED


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One file: since when, at which level, how it came to it."""

    population: str
    opened_days_ago: int
    # The level as it stands today, once terms that are over have ended.
    level: Level
    moves: tuple[Move, ...] = ()
    # True: the last term is over, and the level drops by itself.
    expires: bool = False
    is_late: bool = False

    @property
    def rhythm(self) -> Level:
        """The level whose visits go on: that of the last decision, also after its end."""
        approved = [each.level for each in self.moves if each.end == End.APPROVED]
        return approved[-1] if approved else Level.GREEN

    @property
    def duties(self) -> Duties:
        """How often somebody is to come by."""
        return POPULATIONS[self.population].duties[self.rhythm]


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One contact: how many days ago, face to face or not, and whether it surely succeeded."""

    days_ago: int
    is_visit: bool
    is_sure: bool = False


def plots(random: Random, files: int) -> list[Plot]:
    """Every file of a county of this size, population by population."""
    counts = counts_of(files)
    reds = reds_of(counts)
    found = [
        _plot(random, code, level, OPENED[number % len(OPENED)])
        for code, count in counts.items()
        for number, level in enumerate(_levels(random, code, count, reds[code]))
    ]
    return _some_late(random, found)


def counts_of(files: int) -> dict[str, int]:
    """How many files each population has."""
    return {code: max(FEWEST, round(files * share)) for code, share in SHARES.items()}


def reds_of(counts: Mapping[str, int]) -> dict[str, int]:
    """How many are red: a share of each population, and never a twentieth of all."""
    most = ceil(sum(counts.values()) * MOST_RED) - 1
    expected = {code: count * RED[code] for code, count in counts.items()}
    found = {code: floor(each) for code, each in expected.items()}
    wanted = min(most, max(1, round(sum(expected.values()))))
    # What is left goes where the rounding took most.
    for code in sorted(expected, key=lambda each: found[each] - expected[each]):
        if sum(found.values()) < wanted:
            found[code] += 1
    return found


def _levels(random: Random, code: str, count: int, reds: int) -> list[Level]:
    yellows = round(count * YELLOW[code])
    ungraded = round(count * UNGRADED)
    levels = [Level.RED] * reds + [Level.YELLOW] * yellows + [Level.UNGRADED] * ungraded
    levels += [Level.GREEN] * (count - len(levels))
    random.shuffle(levels)
    return levels


def _plot(random: Random, code: str, level: Level, opened: int) -> Plot:
    plot = Plot(population=code, opened_days_ago=opened, level=level)
    if level == Level.UNGRADED:
        waits = random.random() < 0.4
        move = Move(Level.YELLOW, random.choice(WAITING), End.WAITS)
        return replace(plot, moves=(move,)) if waits else plot
    duties = POPULATIONS[code].duties
    over = duties[Level.YELLOW].valid_days + 1
    if level == Level.GREEN and opened > over + 10 and random.random() < 0.06:
        return replace(plot, moves=(Move(Level.YELLOW, over),), expires=True)
    # A review that is due is a thing to do; most have been done.
    longest = min(opened - 5, duties[level].review_days - 1)
    last = Move(level, random.choice([each for each in DECIDED if each <= longest]))
    moves = (*_before(random, plot, last), last, *_after(random, plot, last))
    return replace(plot, moves=moves)


def _before(random: Random, plot: Plot, last: Move) -> tuple[Move, ...]:
    """Some were one level higher before, and their term had not ended yet."""
    higher = {Level.GREEN: Level.YELLOW, Level.YELLOW: Level.RED}.get(plot.level)
    share = {Level.YELLOW: 0.12, Level.RED: 0.04}.get(higher, 0) if higher else 0
    if higher is None or random.random() >= share:
        return ()
    longest = last.days_ago + POPULATIONS[plot.population].duties[higher].valid_days - 1
    days = [
        each
        for each in (*DECIDED, *EARLIER)
        if last.days_ago < each <= min(longest, plot.opened_days_ago - 5)
    ]
    return (Move(higher, random.choice(days)),) if days else ()


def _after(random: Random, plot: Plot, last: Move) -> tuple[Move, ...]:
    """Some proposals were answered with no, or wait for an answer."""
    days = [each for each in DECIDED if each < last.days_ago]
    waiting = [each for each in days if each in WAITING]
    drawn = random.random()
    if plot.level == Level.GREEN and days and drawn < 0.04:
        end = End.RETURNED if drawn < 0.02 else End.REJECTED
        return (Move(Level.YELLOW, random.choice(days), end),)
    if plot.level == Level.GREEN and waiting and drawn < 0.055:
        return (Move(Level.YELLOW, random.choice(waiting), End.WAITS),)
    if plot.level == Level.YELLOW and waiting and drawn < 0.04:
        return (Move(step_down(Level.YELLOW), random.choice(waiting), End.WAITS),)
    return ()


def _some_late(random: Random, found: list[Plot]) -> list[Plot]:
    """A share of the files has waited too long; only those that were opened long enough ago."""
    able = [number for number, each in enumerate(found) if _may_be_late(each)]
    late = set(random.sample(able, min(len(able), round(len(found) * LATE))))
    return [replace(each, is_late=number in late) for number, each in enumerate(found)]


def _may_be_late(plot: Plot) -> bool:
    first_days = POPULATIONS[plot.population].first_visit_days
    return plot.opened_days_ago - first_days > plot.duties.contact_days + 2


def contacts(random: Random, plot: Plot) -> Iterator[Contact]:
    """The contacts of a file, from the first visit on: sometimes early, now and then in vain."""
    first_days = POPULATIONS[plot.population].first_visit_days
    first = plot.opened_days_ago - random.randrange(1, first_days)
    days = [each for each in _days(random, plot) if each < first]
    yield Contact(days_ago=first, is_visit=True, is_sure=True)
    visits = _visits(days, first, plot.duties.visit_days)
    newest = min(visits, default=first)
    for each in reversed(days):
        yield Contact(days_ago=each, is_visit=each in visits, is_sure=each in (days[0], newest))


def _days(random: Random, plot: Plot) -> Iterator[int]:
    """From the last contact back to when the file was opened."""
    longest = plot.duties.contact_days
    if plot.is_late:
        day = longest + random.randrange(1, 1 + min(20, longest))
    else:
        day = random.randrange(1, max(2, int(longest * 0.85)))
    while day < plot.opened_days_ago:
        yield day
        if day < VISITED_DAYS:
            day += max(1, round(longest * random.uniform(0.7, 1)))
        else:
            day += random.randrange(*RARELY)


def _visits(days: list[int], first: int, longest: int) -> set[int]:
    """Those of the days that must be visits, so that none comes later than it is due."""
    found: set[int] = set()
    last = 0
    for day, before in pairwise([*days, first]):
        if before - last > longest * 0.9:
            found.add(day)
            last = day
    return found
