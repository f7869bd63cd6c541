"""What a file asks for: due dates, what red still lacks, age; pure, days in and days out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

# A red file has its people and its plan within a day of the decision.
RED_COMPLETE_WITHIN = timedelta(hours=24)


class Duties(Protocol):
    """The longest that may pass, in days; nothing where nothing is asked."""

    @property
    def contact_days(self) -> int | None:
        """Between two contacts of any kind."""

    @property
    def visit_days(self) -> int | None:
        """Between two visits face to face."""


class DueKind(StrEnum):
    """What is due."""

    CONTACT = "contact"
    VISIT = "visit"
    FIRST_VISIT = "first_visit"
    REVIEW = "review"


@dataclass(frozen=True, order=True)
class Due:
    """One thing to do, and until when."""

    on: date
    kind: DueKind


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Everything that due dates follow from; nothing else may move one."""

    opened_on: date
    level_since_on: date
    review_on: date | None
    duties: Duties | None
    first_visit_days: int | None
    last_contact_on: date | None = None
    last_visit_on: date | None = None

    def due(self) -> list[Due]:
        """What is due next, the most pressing first."""
        found = [Due(self.review_on, DueKind.REVIEW)] if self.review_on else []
        found += self._first_visit()
        if self.duties is not None:
            found += self._rhythm(DueKind.CONTACT, self.duties.contact_days, self.last_contact_on)
            found += self._rhythm(DueKind.VISIT, self.duties.visit_days, self.last_visit_on)
        return sorted(found)

    def next_due_on(self) -> date | None:
        """The one day that lists sort by."""
        return min((due.on for due in self.due()), default=None)

    def _first_visit(self) -> Iterable[Due]:
        """Whoever is new is visited soon, whatever their level."""
        if self.first_visit_days is None or self.last_visit_on is not None:
            return
        yield Due(self.opened_on + timedelta(days=self.first_visit_days), DueKind.FIRST_VISIT)

    def _rhythm(self, kind: DueKind, days: int | None, last_on: date | None) -> Iterable[Due]:
        """So many days after the last time; never before the level that asks for it began."""
        if days is None:
            return
        due_on = (last_on or self.opened_on) + timedelta(days=days)
        yield Due(max(due_on, self.level_since_on), kind)


class Lack(StrEnum):
    """What a red file must have."""

    LEAD = "lead"
    DEPUTY = "deputy"
    PLAN = "plan"


@dataclass(frozen=True)
class Missing:
    """What a red file lacks, and by when it must be there."""

    lacks: tuple[Lack, ...]
    by_at: datetime


def missing(*, began_at: datetime, has: Iterable[str]) -> Missing | None:
    """What a file that became red at this moment still lacks."""
    there = set(has)
    lacks = tuple(lack for lack in Lack if lack not in there)
    return Missing(lacks, began_at + RED_COMPLETE_WITHIN) if lacks else None
