"""What a file asks for: due dates, what red still lacks, age; pure, days in and days out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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

    # Within hours of a bereavement, a discharge and the like: before everything else of a day.
    EVENT_VISIT = "event_visit"
    CONTACT = "contact"
    VISIT = "visit"
    FIRST_VISIT = "first_visit"
    REVIEW = "review"


@dataclass(frozen=True, order=True)
class Due:
    """One thing to do, and until when."""

    on: date
    kind: DueKind
    # Only where hours count.
    by_at: datetime | None = field(default=None, compare=False)

    def is_late(self, now: datetime) -> bool:
        """Whether the hours are over; a day is over by its date."""
        return self.by_at is not None and self.by_at < now


@dataclass(frozen=True)
class Rhythm:
    """What is asked since a day."""

    since_on: date
    duties: Duties


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Everything that due dates follow from; nothing else may move one."""

    opened_on: date
    review_on: date | None
    # In their order, the one of the first day first.
    rhythms: Sequence[Rhythm]
    first_visit_days: int | None
    last_contact_on: date | None = None
    last_visit_on: date | None = None
    # Until when somebody comes by after an incident; nothing where none awaits it.
    event_by_at: datetime | None = None

    def due(self) -> list[Due]:
        """What is due next, the most pressing first."""
        found = [Due(self.review_on, DueKind.REVIEW)] if self.review_on else []
        found += self._first_visit()
        if self.event_by_at is not None:
            found.append(Due(self.event_by_at.date(), DueKind.EVENT_VISIT, self.event_by_at))
        contacts = [(each.since_on, each.duties.contact_days) for each in self.rhythms]
        found += self._asked(DueKind.CONTACT, contacts, self.last_contact_on)
        visits = [(each.since_on, each.duties.visit_days) for each in self.rhythms]
        found += self._asked(DueKind.VISIT, visits, self.last_visit_on)
        return sorted(found, key=lambda due: (due.on, due.kind != DueKind.EVENT_VISIT, due.kind))

    def next_due_on(self) -> date | None:
        """The one day that lists sort by."""
        return min((due.on for due in self.due()), default=None)

    def _first_visit(self) -> Iterable[Due]:
        """Whoever is new is visited soon, whatever their level."""
        if self.first_visit_days is None or self.last_visit_on is not None:
            return
        yield Due(self.opened_on + timedelta(days=self.first_visit_days), DueKind.FIRST_VISIT)

    def _asked(
        self, kind: DueKind, asked: Iterable[tuple[date, int | None]], last_on: date | None
    ) -> Iterable[Due]:
        """So many days after the last time.

        A rhythm that gets tighter asks for nothing before its first day. One that goes on or gets
        looser moves nothing that is overdue already: the end of a term hides no missed contact.
        """
        start = last_on or self.opened_on
        due_on: date | None = None
        for since_on, days in asked:
            if days is None:
                due_on = None
                continue
            wanted = start + timedelta(days=days)
            is_tighter = due_on is not None and wanted < due_on and since_on > start
            due_on = max(wanted, min(due_on, since_on)) if due_on and is_tighter else wanted
        if due_on is not None:
            yield Due(due_on, kind)


class Lack(StrEnum):
    """What a red file must have."""

    LEAD = "lead"
    DEPUTY = "deputy"
    PLAN = "plan"
    # What the person says of that plan, whatever it is.
    WORD = "word"
    # Where the law asks for a woman in the team.
    WOMAN = "woman"


# Whoever it is and whatever the population.
ALWAYS = (Lack.LEAD, Lack.DEPUTY, Lack.PLAN, Lack.WORD)


@dataclass(frozen=True)
class Missing:
    """What a red file lacks, and by when it must be there."""

    # One of Lack, or the code of a place in the team.
    lacks: tuple[str, ...]
    by_at: datetime

    def step(self, now: datetime) -> int:
        """How many units above are asked."""
        return steps_since(self.by_at, now)


def steps_since(by_at: datetime, now: datetime) -> int:
    """How many units above are asked: one more for each day since the time has run out."""
    late = now - by_at
    return 0 if late < timedelta(0) else 1 + late // RED_COMPLETE_WITHIN


def missing(*, began_at: datetime, needs: Iterable[str], has: Iterable[str]) -> Missing | None:
    """What a file that became red at this moment still lacks of what it needs."""
    there = set(has)
    lacks = tuple(need for need in needs if need not in there)
    return Missing(lacks, began_at + RED_COMPLETE_WITHIN) if lacks else None
