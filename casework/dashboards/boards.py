"""Who carries how much, unit by unit: bars, sums, and who has carried too much for long.

People stand beside those of their own unit. Units stand in the order of their codes: nobody is put
in an order with people of other units.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from casework import load_rules, matching
from casework.actions.loads import Weighed
from casework.dashboards.suggestions import Books, Staff
from casework.load_rules import Carried, Week
from casework.matching import Worker
from casework.models import WeeklyLoad
from kpm.accounts.models import Unit, User
from kpm.accounts.scoping import units_under

# The bar of a board ends here; what is beyond is said in numbers.
WIDEST = 150


@dataclass(frozen=True)
class Bar:
    """How much of the room is used, as a picture of so many percent."""

    points: int
    capacity: int

    limit = matching.ROOM_PERCENT
    widest = WIDEST

    @property
    def percent(self) -> int | None:
        """How much of the room is used; nothing where there is none."""
        return load_rules.percent(self.points, self.capacity)

    @property
    def is_over(self) -> bool:
        """Whether it is more than a draft would give."""
        return load_rules.is_over(self.points, self.capacity)

    @property
    def width(self) -> int:
        """As far as the picture goes."""
        return min(WIDEST, WIDEST if self.percent is None and self.points else self.percent or 0)

    @property
    def within(self) -> int:
        """The part of it that is no more than there is room for."""
        return min(self.width, self.limit)

    @property
    def beyond(self) -> int:
        """The part that is too much."""
        return self.width - self.within


@dataclass(frozen=True)
class StaffRow:
    """One worker of the board."""

    user: User
    unit: Unit
    worker: Worker
    carried: Carried
    # For how many weeks in a row it has been too much.
    weeks_over: int = 0

    @property
    def bar(self) -> Bar:
        """What they carry beside what there is room for."""
        return Bar(self.worker.load, self.worker.capacity)

    @property
    def is_strained(self) -> bool:
        """Whether it has been too much for so long that something is to be done."""
        return self.weeks_over >= load_rules.STRAINED_AFTER


@dataclass(frozen=True)
class Sum:
    """What the workers of a unit, or of it and all that lie in it, carry together."""

    unit: Unit
    workers: int
    bar: Bar
    red: int
    deputies: int
    over: int


@dataclass(frozen=True)
class Section:
    """The workers of one unit, those with the most load first, and their sum."""

    sum: Sum
    rows: list[StaffRow]


@dataclass(frozen=True)
class Board:
    """Everything that the page shows of one unit and what lies in it."""

    total: Sum
    # The units right below, where there is anybody in them.
    parts: list[Sum]
    rows: list[StaffRow]

    @property
    def strained(self) -> list[StaffRow]:
        """Who has carried too much for long, by unit and name."""
        found = [each for each in self.rows if each.is_strained]
        return sorted(found, key=lambda each: (each.unit.code, each.user.username))

    def sections(self, rows: Iterable[StaffRow]) -> list[Section]:
        """These rows by unit, each with the sum of the whole unit."""
        shown: dict[str, list[StaffRow]] = defaultdict(list)
        for each in rows:
            shown[each.unit.code].append(each)
        return [
            Section(_sum(found[0].unit, [row for row in self.rows if row.unit.code == code]), found)
            for code, found in shown.items()
        ]


def choose_unit(user: User, wanted: str | None) -> Unit | None:
    """The unit that the board is for: the wanted one of theirs, or their own."""
    is_code = wanted is not None and wanted.isdecimal()
    chosen = units_under(user).filter(code=wanted).first() if is_code else None
    return chosen or (user.grant.unit if user.grant else None)


def board(unit: Unit, today: date) -> Board:
    """The social workers at and under a unit: by unit, then those with the most load first."""
    units = Unit.objects.filter(code__startswith=unit.prefix)
    staff = Books(today).staff_in(units)
    rows = _rows(staff, _weeks(units, today), today)
    below = [each for each in units.filter(level=unit.level + 1) if _within(each, rows)]
    return Board(
        total=_sum(unit, rows),
        parts=[_sum(each, _within(each, rows)) for each in below],
        rows=rows,
    )


def strained(user: User, today: date) -> int:
    """How many of the supervisor's workers have carried too much for so long."""
    weeks = _weeks(units_under(user), today)
    return sum(load_rules.is_strained(each, today) for each in weeks.values())


def weigh_all(today: date) -> list[Weighed]:
    """Every social worker with what they carry, to be written down."""
    staff = Books(today).everybody()
    return [
        Weighed(user, staff.carried[user.pk], worker.capacity)
        for user, worker in zip(staff.users.values(), staff.workers, strict=True)
    ]


def _rows(staff: Staff, weeks: dict[UUID, list[Week]], today: date) -> list[StaffRow]:
    rows = [
        StaffRow(
            user,
            user.unit,
            worker,
            staff.carried[user.pk],
            load_rules.weeks_over(weeks.get(user.pk, ()), today),
        )
        for user, worker in zip(staff.users.values(), staff.workers, strict=True)
        if user.unit is not None
    ]
    return sorted(rows, key=lambda row: (row.unit.code, *_least_room(row), row.user.username))


def _least_room(row: StaffRow) -> tuple[int, int]:
    """Whoever is away and still carries something stands first."""
    percent = row.bar.percent
    share = percent if percent is not None else (10_000 if row.worker.load else 0)
    return -share, -row.worker.load


def _weeks(units: QuerySet[Unit], today: date) -> dict[UUID, list[Week]]:
    """The last weeks of the workers of these units who are here."""
    rows = WeeklyLoad.objects.filter(
        worker__unit__in=units, worker__is_active=True, week_on__gte=load_rules.earliest(today)
    ).order_by()
    found: dict[UUID, list[Week]] = defaultdict(list)
    for worker, on, points, capacity in rows.values_list("worker", "week_on", "points", "capacity"):
        found[worker].append(Week(on, points, capacity))
    return found


def _within(unit: Unit, rows: Sequence[StaffRow]) -> list[StaffRow]:
    return [each for each in rows if each.unit.code.startswith(unit.prefix)]


def _sum(unit: Unit, rows: Sequence[StaffRow]) -> Sum:
    return Sum(
        unit=unit,
        workers=len(rows),
        bar=Bar(sum(each.worker.load for each in rows), sum(each.worker.capacity for each in rows)),
        red=sum(each.carried.red for each in rows),
        deputies=sum(each.carried.deputies for each in rows),
        over=sum(each.bar.is_over for each in rows),
    )
