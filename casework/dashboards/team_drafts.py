"""A draft of leads for several files: who is suggested for each, and what other choices cost."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework import drafts, rules
from casework.dashboards import lists
from casework.dashboards.suggestions import Books, Staff, all_in_words
from casework.matching import File, Fit, Worker
from casework.models import Assignment, CaseFile
from casework.models.assignments import Place
from casework.models.case_files import CaseFileQuerySet, Status
from kpm.accounts.models import User
from kpm.ids import FILE_NUMBER
from risk_levels.levels import Level

# So many files make one draft, and so many choices are put before the supervisor for each.
MOST = 40
OFFERED = 6
# Whoever goes is replaced in one step, whatever they carried.
MOST_MOVING = 200

NO_LEAD, OVER = "none", "over"
KINDS: Final[dict[str, Promise]] = {
    NO_LEAD: gettext_lazy("Without a lead"),
    OVER: gettext_lazy("Leads with too much"),
}


@dataclass(frozen=True)
class Choice:
    """Somebody who could lead, how much worse that is than the suggestion, and why."""

    user: User
    more: int
    words: str

    @property
    def label(self) -> str:
        """In a list to choose from."""
        named = f"{self.user.name} · {self.user.unit or ''}"
        if not self.more:
            return named
        # The sign is part of the number: some choices may be better for one file alone.
        return _("%(who)s (%(more)s)") % {"who": named, "more": f"{self.more:+d}"}


@dataclass(frozen=True)
class Row:
    """One file of the draft."""

    case_file: CaseFile
    # Who has the place now.
    lead: User | None
    suggested: Choice | None
    choices: list[Choice]
    place: str = Place.LEAD

    @property
    def place_label(self) -> str:
        """Which place it is about."""
        return str(Place(self.place).label)

    @property
    def stays(self) -> bool:
        """Whether the draft leaves the file with whom it has."""
        return (
            self.lead is not None
            and self.suggested is not None
            and (self.suggested.user == self.lead)
        )


@dataclass(frozen=True)
class TeamDraft:
    """Everything that the page shows."""

    rows: list[Row]
    is_best: bool
    # Everybody who may be chosen, by the name that a form sends.
    users: dict[str, User]


def waiting(user: User, group: str, kind: str, today: date) -> CaseFileQuerySet:
    """The open files that need a lead, red ones first; or those of whoever leads too many."""
    level = "risk_level__level"
    found = lists.files_of(user, group).filter(status=Status.OPEN).prefetch_related("assignments")
    leads = Assignment.objects.able(today).filter(case_file=OuterRef("pk"), role=Place.LEAD)
    if kind == OVER:
        busy = overloaded(user, group, today)
        # Where least is at stake, changing hands hurts least.
        order = Case(
            When(**{level: Level.RED}, then=Value(2)),
            When(**{level: Level.YELLOW}, then=Value(1)),
            default=Value(0),
        )
        return found.filter(Exists(leads.filter(worker__in=busy))).order_by(order, "id")
    order = Case(
        When(**{level: Level.RED}, then=Value(0)),
        When(**{level: Level.YELLOW}, then=Value(1)),
        default=Value(2),
    )
    return found.filter(~Exists(leads)).order_by(order, "id")


def overloaded(user: User, group: str, today: date) -> list[UUID]:
    """Who leads files of this group here and carries more than there is room for."""
    files = lists.files_of(user, group).filter(status=Status.OPEN).order_by()
    held = Assignment.objects.active().filter(role=Place.LEAD, case_file__in=files.values("pk"))
    staff = Books(today).staff_of(list(held.order_by().values_list("worker", flat=True).distinct()))
    return [key for key, each in zip(staff.users, staff.workers, strict=True) if is_over(each)]


def is_over(worker: Worker) -> bool:
    """Whether somebody carries more than a draft would give them."""
    return worker.load > worker.most


def kind_of(wanted: str | None) -> str:
    """Which files the draft is about."""
    return wanted if wanted in KINDS else NO_LEAD


def files_for(
    user: User, group: str, kind: str, sent: Sequence[str] | None, today: date
) -> tuple[list[CaseFile], int]:
    """The files of a draft, and how many more wait.

    Those that a page was about, once it is sent: as they are now, in the order of the page. What
    the supervisor may see no longer is left out.
    """
    found = waiting(user, group, kind, today)
    count = found.order_by().count()
    if sent is None:
        rows = list(found[:MOST])
    else:
        numbers = _numbers(sent[:MOST])
        known = lists.files_of(user, group).prefetch_related("assignments")
        by_number = {each.number: each for each in known.filter(number__in=numbers)}
        rows = [by_number[number] for number in dict.fromkeys(numbers) if number in by_number]
    return rows, max(0, count - len(rows))


def draft(files: Sequence[CaseFile], today: date) -> TeamDraft:
    """The best draft for these files; the heads of their people are open."""
    books = Books(today)
    asked = books.files(files)
    staff = books.staff([each.unit for each in files])
    workers = without(asked, staff)
    found = drafts.match(asked, workers)
    ranked = drafts.choices(asked, workers, found.chosen)
    rows = [
        _row(each, ranked[each.pk], found.chosen[each.pk], staff, _lead_of(each), Place.LEAD)
        for each in files
    ]
    users = {each.log_reference: each for each in staff.users.values()}
    return TeamDraft(rows, found.is_best, users)


def moving(user: User, group: str, worker: User) -> CaseFileQuerySet:
    """The open files in whose teams somebody leads or stands in, those that they lead first."""
    level = "risk_level__level"
    mine = Assignment.objects.active().filter(case_file=OuterRef("pk"), worker=worker)
    return (
        lists.files_of(user, group)
        .filter(status=Status.OPEN)
        .prefetch_related("assignments__worker")
        .annotate(leads_it=Exists(mine.filter(role=Place.LEAD)))
        .filter(Exists(mine.filter(role__in=(Place.LEAD, Place.DEPUTY))))
        .order_by(
            Case(When(leads_it=True, then=Value(0)), default=Value(1)),
            Case(When(**{level: Level.RED}, then=Value(0)), default=Value(1)),
            "id",
        )
    )


def moving_for(
    user: User, group: str, worker: User, sent: Sequence[str] | None
) -> tuple[list[CaseFile], int]:
    """The files of somebody who goes, as a page shows them, and how many more wait."""
    found = moving(user, group, worker)
    if sent is not None:
        found = found.filter(number__in=_numbers(sent[:MOST_MOVING]))
    rows = list(found[:MOST_MOVING])
    return rows, max(0, moving(user, group, worker).order_by().count() - len(rows))


def _numbers(sent: Sequence[str]) -> list[str]:
    """What of this can be the number of a file; PostgreSQL is not asked about anything else."""
    return [each for each in sent if re.fullmatch(FILE_NUMBER, each)]


def moving_draft(files: Sequence[CaseFile], worker: User, today: date) -> TeamDraft:
    """Who takes each place of somebody who goes; the heads of their people are open.

    The leads are given out first, and whoever is to lead a file is not its deputy as well.
    """
    books = Books(today)
    staff = books.staff([each.unit for each in files])
    workers = [each for each in staff.workers if each.key != worker.pk]
    rows: list[Row] = []
    is_best = True
    for place in (Place.LEAD, Place.DEPUTY):
        mine = [each for each in files if _holds(each, worker, place)]
        asked = [
            _without_lead(each, place) for each in books.files(mine, is_lead=place == Place.LEAD)
        ]
        found = drafts.match(asked, workers)
        ranked = drafts.choices(asked, workers, found.chosen)
        rows += [
            _row(each, ranked[each.pk], found.chosen[each.pk], staff, worker, place)
            for each in mine
        ]
        workers = _with(workers, asked, found.chosen)
        is_best = is_best and found.is_best
    users = {each.log_reference: each for each in staff.users.values()}
    return TeamDraft(rows, is_best, users)


def _holds(case_file: CaseFile, worker: User, place: str) -> bool:
    return any(each.worker_id == worker.pk and each.role == place for each in rules.team(case_file))


def _without_lead(file: File, place: str) -> File:
    """The file as the draft of one place sees it: who goes keeps nothing, who leads leads."""
    if place == Place.LEAD:
        return replace(file, lead=None)
    leads = {file.lead} if file.lead is not None else set()
    return replace(file, conflicts=file.conflicts | leads, lead=None)


def _with(workers: Sequence[Worker], asked: Sequence[File], chosen: Any) -> list[Worker]:
    """The workers with what the draft has given them so far."""
    given: dict[object, int] = {}
    for file in asked:
        given[chosen[file.key]] = given.get(chosen[file.key], 0) + file.points
    return [replace(each, load=each.load + given.get(each.key, 0)) for each in workers]


def without(asked: Sequence[File], staff: Staff) -> list[Worker]:
    """The workers as if they led none of these files yet: the draft gives each to somebody."""
    held: dict[object, int] = {}
    for file in asked:
        if file.lead is not None:
            held[file.lead] = held.get(file.lead, 0) + file.points
    return [replace(each, load=max(0, each.load - held.get(each.key, 0))) for each in staff.workers]


def _lead_of(case_file: CaseFile) -> User | None:
    return next((each.worker for each in getattr(case_file, "leads", [])), None)


def _row(
    case_file: CaseFile,
    fits: Sequence[Fit],
    chosen: object,
    staff: Staff,
    lead: User | None,
    place: str,
) -> Row:
    allowed = [each for each in fits if not each.is_forbidden]
    best = next((each for each in allowed if each.worker.key == chosen), None)
    base = best.cost if best else (allowed[0].cost if allowed else 0)

    def choice(fit: Fit) -> Choice:
        return Choice(staff.users[fit.worker.key], fit.cost - base, all_in_words(fit))  # type: ignore[index]  # keys are accounts

    offered = allowed[:OFFERED]
    kept = [
        each for each in allowed[OFFERED:] if each is best or (lead and each.worker.key == lead.pk)
    ]
    choices = [choice(each) for each in (*offered, *kept)]
    suggested = next((each for each in choices if best and each.user.pk == chosen), None)
    return Row(case_file, lead, suggested, choices, place)
