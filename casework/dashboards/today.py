"""What today asks of a worker, person by person, and how many files wait for somebody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone

from casework.actions.case_files import calendars
from casework.caseload import Due, DueKind
from casework.dashboards import (
    hand_overs,
    lists,
    overdue,
    review_tasks,
    unsent_forms,
)
from casework.dashboards.files import DueRow, due_row
from casework.models import Absence, Assignment, CaseFile, Incident, Visit
from casework.models.assignments import Place
from casework.models.case_files import CaseFileQuerySet, Status
from casework.models.visits import Outcome, Way
from kpm.accounts.models import User
from risk_levels.populations import Group

# How far ahead the page looks.
AHEAD = timedelta(days=7)
# More than anybody does in a week; the rest stands in the list of files.
MOST_ROWS = 60
# How the visit form begins for each kind of duty; a review begins on the page of the file.
WAYS = {
    DueKind.CONTACT: Way.PHONE,
    DueKind.VISIT: Way.VISIT,
    DueKind.FIRST_VISIT: Way.VISIT,
    DueKind.EVENT_VISIT: Way.VISIT,
}


@dataclass
class Counts:
    """How many open files there are, and how many of them ask for something when."""

    files: int = 0
    overdue: int = 0
    today: int = 0
    coming: int = 0
    # Of the overdue ones, those that have passed on to the supervisor or the unit above.
    passed: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Count these in."""
        self.files += row["files"]
        self.overdue += row["overdue"]
        self.today += row["today"]
        self.coming += row["coming"]
        self.passed += row["passed"]


def counts_of(user: User, today: date) -> dict[str, Counts]:
    """The counts of each kind of populations that the user has open files in."""
    due = Q(next_due_on__lt=today), Q(next_due_on=today)
    coming = Q(next_due_on__gt=today, next_due_on__lte=today + AHEAD)
    rows = (
        CaseFile.objects.visible_to(user)
        .filter(status=Status.OPEN)
        .order_by()
        .values("population")
        .annotate(
            files=Count("id"),
            overdue=Count("id", filter=due[0]),
            today=Count("id", filter=due[1]),
            coming=Count("id", filter=coming),
            passed=Count("id", filter=overdue.is_passed(today)),
        )
    )
    found: dict[str, Counts] = {}
    for row in rows:
        found.setdefault(lists.group_of(row["population"]), Counts()).add(row)
    return {group: found[group] for group in lists.LABELS if group in found}


def choose_group(counts: dict[str, Counts], wanted: str | None) -> str:
    """The group that the page is for: the wanted one, or the first in which there is a file."""
    return wanted if wanted in counts else next(iter(counts), str(Group.CARE))


@dataclass(frozen=True)
class StandIn:
    """A lead who is away or gone, and the first day on which they are back."""

    lead: User
    # Nothing where they cannot work on the file any more.
    back_on: date | None


@dataclass(frozen=True)
class Row:
    """One person and what they are waiting for, the most pressing first."""

    case_file: CaseFile
    due: list[DueRow]
    # Whose place this deputy takes while they are away.
    stands_in: "StandIn | None" = None

    @property
    def is_soon(self) -> bool:
        """Whether somebody is to come by within hours."""
        return any(each.kind == DueKind.EVENT_VISIT for each in self.due)

    @property
    def way(self) -> str:
        """How the visit form begins; nothing where a visit is not what is due."""
        return Way.VISIT if self.is_soon else WAYS.get(self.due[0].kind, "")

    @property
    def ways(self) -> list[str]:
        """The ways in which a contact is recorded from here, the one that is due first."""
        return sorted((str(Way.VISIT), str(Way.PHONE)), key=lambda way: way != self.way)


@dataclass(frozen=True)
class Day:
    """The rows of a worker's day in three parts, and their visits with a time: past and to come."""

    # Due within hours, and this worker's to do: before everything else.
    soon: list[Row] = field(default_factory=list)
    overdue: list[Row] = field(default_factory=list)
    today: list[Row] = field(default_factory=list)
    coming: list[Row] = field(default_factory=list)
    unwritten: list[Visit] = field(default_factory=list)
    planned: list[Visit] = field(default_factory=list)
    begun: list[unsent_forms.Begun] = field(default_factory=list)
    is_cut: bool = False

    @property
    def case_files(self) -> list[CaseFile]:
        """The files whose people the page names."""
        rows = (*self.soon, *self.overdue, *self.today, *self.coming)
        planned = (*self.unwritten, *self.planned)
        files = [row.case_file for row in rows] + [visit.case_file for visit in planned]
        return files + [each.case_file for each in self.begun]


def day_of(user: User, group: str, *, now: datetime) -> Day:
    """What is overdue, due and coming for this worker; `now` carries the local time zone."""
    today = now.date()
    due = open_files(user, group).filter(next_due_on__lte=today + AHEAD)
    # However much is overdue, who waits for hours is among the rows.
    awaiting = Incident.objects.awaiting_visit().filter(case_file=OuterRef("pk")).order_by()
    first = due.annotate(is_awaiting=Exists(awaiting)).order_by("-is_awaiting", "next_due_on", "id")
    files = list(first[: MOST_ROWS + 1])
    planned = planned_visits(user, open_files(user, group), now)
    day = Day(
        unwritten=[each for each in planned if is_past(each, today)],
        planned=[each for each in planned if not is_past(each, today)],
        begun=unsent_forms.begun_among(user, open_files(user, group)),
        is_cut=len(files) > MOST_ROWS,
    )
    dues = calendars(files[:MOST_ROWS], today)
    stand_ins = stood_in(files[:MOST_ROWS], user, today)
    for case_file in files[:MOST_ROWS]:
        row = Row(
            case_file,
            rows_until(case_file, dues[case_file].due(), today + AHEAD, now),
            stand_ins.get(case_file.pk),
        )
        if row.is_soon and is_done_by(user, row):
            day.soon.append(row)
        elif row.due:
            part_of(day, row.due[0].on, today).append(row)
    for rows in (day.overdue, day.today, day.coming):
        rows.sort(key=lambda row: row.due[0].on)
    return day


def is_done_by(user: User, row: Row) -> bool:
    """Whether this worker does what is due in hours: the lead, or the deputy in their place."""
    leads = vars(row.case_file)["leads"]
    return row.stands_in is not None or user.pk in {each.worker_id for each in leads}


def asked_of(user: User, group: str) -> dict[str, int]:
    """How many hand-overs and suggested reviews wait for this worker, in one query."""
    waiting = {
        "offered": hand_overs.waiting_for(user),
        "suggested": review_tasks.open_tasks(user, group),
    }
    return lists.sizes_of(user, waiting)


def stood_in(files: Iterable[CaseFile], user: User, today: date) -> dict[UUID, StandIn]:
    """The files of which this worker is the deputy, and whose lead is away or gone today."""
    places = Assignment.objects.active().filter(case_file__in=[each.pk for each in files])
    mine = places.filter(worker=user, role=Place.DEPUTY).values("case_file")
    away = Absence.objects.active().filter(
        worker=OuterRef("worker"), start_on__lte=today, until_on__gt=today
    )
    able = Assignment.objects.able(today).filter(pk=OuterRef("pk"))
    leads = places.filter(role=Place.LEAD, case_file__in=mine).annotate(
        back_on=Subquery(away.order_by("-until_on").values("until_on")[:1]), is_able=Exists(able)
    )
    return {
        each.case_file_id: StandIn(each.worker, vars(each)["back_on"])
        for each in leads.filter(Q(back_on__isnull=False) | Q(is_able=False)).select_related(
            "worker"
        )
    }


def open_files(user: User, group: str) -> CaseFileQuerySet:
    """The open files of one kind, the most pressing first."""
    return lists.files_of(user, group).filter(status=Status.OPEN)


def rows_until(case_file: CaseFile, due: Iterable[Due], last: date, now: datetime) -> list[DueRow]:
    """What is due until this day, in words."""
    return [due_row(case_file, each, now) for each in due if each.on <= last]


def part_of(day: Day, on: date, today: date) -> list[Row]:
    """The part of the day that something due on this day belongs to."""
    if on < today:
        return day.overdue
    return day.today if on == today else day.coming


def planned_visits(
    user: User, files: CaseFileQuerySet, now: datetime, until: datetime | None = None
) -> list[Visit]:
    """The visits that this worker has planned and nobody has written up, with their people.

    So far ahead as Today looks, where nobody says until when.

    It is written up once what came of it is on record: a contact made or tried in the same way,
    on its day or later. Nothing that was planned is forgotten because its day has passed.
    """
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    written = (
        Visit.objects.filter(
            case_file=OuterRef("case_file"),
            way=OuterRef("way"),
            happened_at__date__gte=OuterRef("day"),
        )
        .exclude(outcome=Outcome.PLANNED)
        .order_by()
    )
    return list(
        Visit.objects.annotate(day=TruncDate("happened_at"))
        .filter(
            ~Exists(written),
            worker=user,
            outcome=Outcome.PLANNED,
            happened_at__lt=until or start + AHEAD,
            case_file__in=files.order_by(),
        )
        .select_related("case_file__person", "case_file__unit", "case_file__risk_level")
        .defer("body")
        .order_by("happened_at", "id")[:MOST_ROWS]
    )


def is_past(visit: Visit, today: date) -> bool:
    """Whether the day of a planned visit is over."""
    return timezone.localdate(visit.happened_at) < today
