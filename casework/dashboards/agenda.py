"""The calendar of a worker, day by day: derived each time it is looked at, and kept nowhere."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.dates import WEEKDAYS
from django.utils.timezone import localtime, make_aware
from django.utils.translation import gettext_lazy as _

from casework.actions.case_files import calendars
from casework.caseload import Due
from casework.dashboards import today as days
from casework.dashboards.cover import Cover
from casework.dashboards.files import due_label
from casework.models import Absence, Assignment, CaseFile, Plan, Visit
from casework.models.assignments import Place
from casework.models.case_files import CaseFileQuerySet
from casework.models.plan_entries import ended_steps
from casework.models.plans import State
from kpm.accounts.models import User

DAY: Final = timedelta(days=1)
# More than anybody can do; what is left out is said.
MOST_FILES: Final = 200
# In one day of a month.
MOST_IN_CELL: Final = 5
# Days back and ahead that somebody may turn to.
FURTHEST: Final = 3660


@dataclass(frozen=True)
class Span:
    """Some days in a row, the last one included."""

    first: date
    last: date

    def __contains__(self, on: date) -> bool:
        return self.first <= on <= self.last

    def __iter__(self) -> Any:
        return (self.first + DAY * each for each in range((self.last - self.first).days + 1))


def week_of(on: date) -> Span:
    """Monday to Sunday."""
    first = on - DAY * on.weekday()
    return Span(first, first + DAY * 6)


def month_of(on: date) -> Span:
    """The first to the last day of the month."""
    first = on.replace(day=1)
    return Span(first, (first + DAY * 31).replace(day=1) - DAY)


def weeks_around(span: Span) -> Span:
    """Whole weeks, so that a grid has a place for each day."""
    return Span(week_of(span.first).first, week_of(span.last).last)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing on one day."""

    on: date
    case_file: CaseFile
    label: Any
    # One of DueKind; nothing where it is planned by hand.
    kind: str = ""
    # How the visit form begins; nothing where something else is to be done.
    way: str = ""
    # A step of a plan that is still open.
    is_step: bool = False
    # Only a planned visit has a time.
    at: datetime | None = None
    # Where hours count: until when, and whether they are over.
    by_at: datetime | None = None
    is_late: bool = False
    # The lead whose duty it is, where this worker stands in for them.
    lent_by: User | None = None
    # Where this worker leads and is away then: whether somebody does it, and who.
    is_away: bool = False
    deputy: User | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """What is due in hours, planned visits in the order of their times, then the rest."""
        at = self.by_at or self.at
        return (
            *(self.on, self.by_at is None, self.at is None),
            *(at and at.timestamp(), self.case_file.number),
        )


@dataclass(frozen=True)
class Day:
    """One day and what is on it."""

    on: date
    entries: list[Entry]
    is_away: bool

    @property
    def weekday(self) -> str:
        """The day of the week, in words."""
        return str(WEEKDAYS[self.on.weekday()])

    @property
    def shown(self) -> list[Entry]:
        """What has a place in a month."""
        return self.entries[:MOST_IN_CELL]

    @property
    def more(self) -> int:
        """How much has none."""
        return len(self.entries[MOST_IN_CELL:])


@dataclass(frozen=True)
class Agenda:
    """Some days of one worker, and what is overdue from before them."""

    days: list[Day]
    overdue: list[Entry] = field(default_factory=list)
    is_cut: bool = False

    @property
    def entries(self) -> list[Entry]:
        """Everything on the page."""
        return [*self.overdue, *(each for day in self.days for each in day.entries)]

    @property
    def case_files(self) -> list[CaseFile]:
        """The files whose people the page names, each once."""
        return list({each.case_file.pk: each.case_file for each in self.entries}.values())


def plans_of(own: CaseFileQuerySet) -> list[Plan]:
    """The plans that hold for these files, with what a list shows of them."""
    rows = Plan.objects.filter(state=State.APPROVED, case_file__in=own.order_by().values("pk"))
    rows = rows.select_related("case_file__person", "case_file__unit", "case_file__risk_level")
    return list(rows.order_by("-approved_on", "-id")[:MOST_FILES])


def agenda_of(
    user: User, files: CaseFileQuerySet, span: Span, now: datetime, plans: Sequence[Plan] = ()
) -> Agenda:
    """What is due, planned and overdue for this worker in these files; the plans are open.

    What is overdue from before stands with the days that hold today, and with no others.
    """
    today = now.date()
    holds_today = today in span
    start = date.min if holds_today else span.first
    own = own_files(user, files)
    due = list(own.filter(next_due_on__lte=span.last)[: MOST_FILES + 1])
    is_cut, due = len(due) > MOST_FILES, due[:MOST_FILES]
    # A step whose day has passed is overdue until somebody says how it went.
    steps = steps_in(plans, Span(start, span.last))
    involved = {each.pk: each for each in (*due, *(plan.case_file for plan, _on in steps))}
    cover = Cover.of(involved.values(), span.first, today)
    entries = [
        *_due_entries(due, start, span.last, now),
        *_step_entries(steps),
    ]
    mine = [kept for each in entries if (kept := _for_worker(each, user, cover, today))]
    mine += _planned_entries(days.planned_visits(user, files, now, _end_of(span)), start)
    # One row for each file, however many things are due: it is opened once.
    rows: dict[UUID, CaseFile] = {}
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for each in sorted(mine, key=lambda each: each.order):
        row = rows.setdefault(each.case_file.pk, each.case_file)
        by_day[each.on].append(_changed(each, case_file=row))
    return Agenda(
        [Day(on, by_day.get(on, []), cover.is_away(user, on)) for on in span],
        [each for on in sorted(by_day) if on < span.first for each in by_day[on]],
        is_cut,
    )


def steps_until(plans: Sequence[Plan], last: date) -> list[Entry]:
    """The open steps of plans until a day; the plans are open."""
    return sorted(_step_entries(steps_in(plans, Span(date.min, last))), key=lambda each: each.order)


def _step_entries(steps: Iterable[tuple[Plan, date]]) -> Iterable[Entry]:
    for plan, on in steps:
        label = _("Step of the plan")
        yield Entry(on=on, case_file=plan.case_file, label=label, is_step=True)


def steps_in(plans: Sequence[Plan], span: Span) -> list[tuple[Plan, date]]:
    """The open steps of plans, whose bodies are open, that have one of these days."""
    ended = ended_steps(each.case_file_id for each in plans) if plans else {}
    found = []
    for plan in plans:
        for step in plan.listed_steps:
            on = date.fromisoformat(step["by_on"]) if step.get("by_on") else None
            if on and on in span and step["id"] not in ended.get(plan.case_file_id, ()):
                found.append((plan, on))
    return found


def own_files(user: User, files: CaseFileQuerySet) -> CaseFileQuerySet:
    """Those that the worker leads or is the deputy of."""
    places = Assignment.objects.active().filter(worker=user, role__in=(Place.LEAD, Place.DEPUTY))
    return files.filter(pk__in=places.values("case_file"))


def files_on(user: User, files: CaseFileQuerySet, on: date) -> CaseFileQuerySet:
    """Those that the worker leads, and those of which the lead is away or gone on this day."""
    mine = Assignment.objects.active().filter(worker=user)
    away = Absence.objects.active().filter(start_on__lte=on, until_on__gt=on)
    here = Assignment.objects.able(on).filter(case_file=OuterRef("pk"), role=Place.LEAD)
    return files.filter(
        Q(pk__in=mine.filter(role=Place.LEAD).values("case_file"))
        | Q(pk__in=mine.filter(role=Place.DEPUTY).values("case_file"))
        & ~Exists(here.exclude(worker__in=away.values("worker")))
    )


def _due_entries(
    files: Sequence[CaseFile], first: date, last: date, now: datetime
) -> Iterable[Entry]:
    found = calendars(files, now.date())
    for case_file in files:
        for due in found[case_file].due():
            if first <= due.on <= last:
                yield _due_entry(case_file, due, now)


def _due_entry(case_file: CaseFile, due: Due, now: datetime) -> Entry:
    return Entry(
        on=due.on,
        case_file=case_file,
        label=due_label(due.kind, case_file),
        kind=due.kind,
        way=days.WAYS.get(due.kind, ""),
        by_at=due.by_at,
        is_late=due.is_late(now),
    )


def _for_worker(entry: Entry, user: User, cover: Cover, today: date) -> Entry | None:
    """The entry as it is this worker's; nothing where it is somebody else's on that day.

    What is overdue is to be done today: whoever stands in today does it.
    """
    on = max(entry.on, today)
    lead = cover.leads.get(entry.case_file.pk)
    is_lent = cover.is_lent(entry.case_file, on)
    if lead is not None and lead.pk == user.pk:
        if not is_lent:
            return entry
        deputy = cover.stands_in(entry.case_file, on)
        return _changed(entry, is_away=True, deputy=deputy)
    return _changed(entry, lent_by=lead) if is_lent else None


def _changed(entry: Entry, **values: Any) -> Entry:
    return Entry(**{**vars(entry), **values})


def _planned_entries(visits: Iterable[Visit], first: date) -> Iterable[Entry]:
    for visit in visits:
        at = localtime(visit.happened_at)
        if at.date() >= first:
            yield Entry(
                on=at.date(),
                case_file=visit.case_file,
                label=visit.get_way_display(),
                way=visit.way,
                at=at,
            )


def _end_of(span: Span) -> datetime:
    return make_aware(datetime.combine(span.last + DAY, time.min))
