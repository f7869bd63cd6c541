"""Who does what is due on which day: the lead, or the deputy on the days that the lead is away."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Self
from uuid import UUID

from casework.models import Absence, Assignment, CaseFile
from casework.models.assignments import Place
from kpm.accounts.models import User

DaysAway = dict[UUID, list[tuple[date, date]]]


def days_away(workers: Iterable[UUID], since: date) -> DaysAway:
    """The days away of these workers that are not over by then: the first, and the first back."""
    found: DaysAway = defaultdict(list)
    rows = Absence.objects.active().filter(worker__in=list(workers), until_on__gt=since)
    for worker, start_on, until_on in rows.values_list("worker", "start_on", "until_on"):
        found[worker].append((start_on, until_on))
    return found


class Cover:
    """The leads and deputies of some files, with the days on which they are away."""

    def __init__(
        self, leads: dict[UUID, User], deputies: dict[UUID, User], able: set[UUID], away: DaysAway
    ) -> None:
        self.leads, self.deputies = leads, deputies
        self._able, self._away = able, away

    @classmethod
    def of(cls, files: Iterable[CaseFile], since: date, today: date) -> Self:
        """Everything that it takes for these files, from a day on; in three queries."""
        places = Assignment.objects.active().filter(
            case_file__in=[each.pk for each in files], role__in=(Place.LEAD, Place.DEPUTY)
        )
        held: dict[str, dict[UUID, User]] = {Place.LEAD: {}, Place.DEPUTY: {}}
        for each in places.select_related("worker"):
            held[each.role][each.case_file_id] = each.worker
        able = places.able(today).filter(role=Place.LEAD).values_list("case_file", flat=True)
        workers = {each.pk for of_role in held.values() for each in of_role.values()}
        away = days_away(workers, min(since, today))
        return cls(held[Place.LEAD], held[Place.DEPUTY], set(able), away)

    def is_away(self, worker: User, on: date) -> bool:
        """Whether this is a day that somebody is away."""
        return any(start <= on < until for start, until in self._away.get(worker.pk, ()))

    def is_lent(self, case_file: CaseFile, on: date) -> bool:
        """Whether the lead does not do what is due on this day: away, or gone for good."""
        lead = self.leads.get(case_file.pk)
        return lead is None or case_file.pk not in self._able or self.is_away(lead, on)

    def stands_in(self, case_file: CaseFile, on: date) -> User | None:
        """Who does it instead; nobody where there is no deputy, or they are away as well."""
        deputy = self.deputies.get(case_file.pk)
        return None if deputy is None or self.is_away(deputy, on) else deputy
