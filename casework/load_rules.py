"""When somebody carries too much, and for how long they have; pure.

It asks for help for one person. Nobody is put in an order with people of other units by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from casework import matching

# After so many weeks in a row the supervisor is asked to do something.
STRAINED_AFTER: Final = 4
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True)
class Carried:
    """What somebody carries: points, the files that they lead by level, those they stand in for."""

    points: int = 0
    red: int = 0
    yellow: int = 0
    green: int = 0
    ungraded: int = 0
    deputies: int = 0


@dataclass(frozen=True)
class Week:
    """What somebody carried in one week, beside what there was room for."""

    on: date
    points: int
    capacity: int

    @property
    def is_over(self) -> bool:
        """Whether it was too much."""
        return is_over(self.points, self.capacity)


def is_over(points: int, capacity: int) -> bool:
    """Whether this is more than a draft would give somebody."""
    return points > matching.most(capacity)


def percent(points: int, capacity: int) -> int | None:
    """How much of the room is used; nothing where there is none."""
    return 100 * points // capacity if capacity else None


def week_of(day: date) -> date:
    """The Monday of the week that a day lies in."""
    return day - timedelta(days=day.weekday())


def earliest(today: date) -> date:
    """The first week that says whether somebody has carried too much for long."""
    # This week may not have been written yet.
    return week_of(today) - STRAINED_AFTER * WEEK


def weeks_over(weeks: Iterable[Week], today: date) -> int:
    """For how many weeks in a row somebody has carried too much by now.

    A week that nobody wrote down ends the row: what is not known is not counted.
    """
    over = {each.on: each.is_over for each in weeks}
    at = week_of(today)
    if at not in over:
        at -= WEEK
    found = 0
    while over.get(at, False):
        found += 1
        at -= WEEK
    return found


def is_strained(weeks: Iterable[Week], today: date) -> bool:
    """Whether it has been too much for so long that the supervisor is asked."""
    return weeks_over(weeks, today) >= STRAINED_AFTER
