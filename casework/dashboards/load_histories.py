"""What one worker carried week by week, as a table and as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import QuerySet

from casework import load_rules, matching
from casework.dashboards.boards import Bar
from casework.dashboards.suggestions import Books
from casework.load_rules import Carried
from casework.models import WeeklyLoad
from kpm.accounts.models import User

# A quarter of a year on one page.
PER_PAGE: Final = 13
A_YEAR: Final = 53
# Units of the picture; it grows and shrinks with the page.
LEFT, STEP, BAR, TOP, HEIGHT = 44.0, 22.0, 14.0, 16.0, 120.0
HIGHEST: Final = 160


@dataclass(frozen=True)
class Now:
    """What somebody carries today."""

    carried: Carried
    bar: Bar


@dataclass(frozen=True)
class WeekBar:
    """One week of the picture."""

    row: WeeklyLoad
    bar: Bar
    x: float
    y: float
    height: float

    width = BAR

    @property
    def middle(self) -> float:
        """Where the sign above it stands."""
        return self.x + BAR / 2

    @property
    def above(self) -> float:
        """How high the sign above it stands."""
        return self.y - 4


@dataclass(frozen=True)
class Line:
    """One share of the room, as a line across."""

    percent: int
    y: float

    @property
    def foot(self) -> float:
        """Where its number stands."""
        return self.y + 3


@dataclass(frozen=True)
class Picture:
    """Weeks beside each other, the last one on the right."""

    weeks: list[WeekBar]
    lines: list[Line]

    left = LEFT
    bottom = TOP + HEIGHT
    height = TOP + HEIGHT + 18
    foot = TOP + HEIGHT + 14

    @property
    def width(self) -> float:
        """As wide as its weeks."""
        return LEFT + STEP * PER_PAGE

    @property
    def first_on(self) -> date:
        """The first of its weeks."""
        return self.weeks[0].row.week_on

    @property
    def last_on(self) -> date:
        """The last of its weeks."""
        return self.weeks[-1].row.week_on

    @property
    def over(self) -> int:
        """In how many of them it was too much."""
        return sum(each.bar.is_over for each in self.weeks)


def now_of(worker: User, today: date) -> Now:
    """What somebody carries today; nothing for whoever is no social worker any more."""
    staff = Books(today).staff_of([worker.pk])
    for each in staff.workers:
        return Now(staff.carried[worker.pk], Bar(each.load, each.capacity))
    return Now(Carried(), Bar(0, 0))


def weeks_of(worker: User) -> QuerySet[WeeklyLoad]:
    """All weeks on record, the last one first."""
    return WeeklyLoad.objects.filter(worker=worker).order_by("-week_on")


def rows_of(weeks: Sequence[WeeklyLoad]) -> list[tuple[WeeklyLoad, Bar]]:
    """The weeks with what they say."""
    return [(each, Bar(each.points, each.capacity)) for each in weeks]


def weeks_over(worker: User, today: date) -> int:
    """For how many weeks in a row it has been too much."""
    last = weeks_of(worker)[:A_YEAR]
    found = [load_rules.Week(each.week_on, each.points, each.capacity) for each in last]
    return load_rules.weeks_over(found, today)


def picture_of(weeks: Sequence[WeeklyLoad]) -> Picture | None:
    """The picture of these weeks, which come the last one first; nothing where there are none."""
    if not weeks:
        return None
    bars = []
    for place, (row, bar) in enumerate(reversed(rows_of(weeks))):
        share = min(HIGHEST, bar.width if bar.percent is None else bar.percent)
        height = round(share / HIGHEST * HEIGHT, 1)
        x = LEFT + STEP * place + (STEP - BAR) / 2
        bars.append(WeekBar(row, bar, x, TOP + HEIGHT - height, height))
    lines = [Line(each, _y(each)) for each in (0, 50, 100, matching.ROOM_PERCENT)]
    return Picture(bars, lines)


def _y(percent: int) -> float:
    return round(TOP + HEIGHT - percent / HIGHEST * HEIGHT, 1)
