"""Who helps: places in the team of a file are given and taken here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import rules, team_rules
from casework.actions import team_checks
from casework.models import Assignment, CaseFile
from casework.models.assignments import Place
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.vault.history import bulk_create_as

ONE_OF_A_KIND = frozenset({Place.LEAD, Place.DEPUTY})


def locked(case_file: CaseFile) -> CaseFile:
    """The file as it is now, held until the transaction ends."""
    rows = CaseFile.objects.select_for_update(of=("self",)).select_related("unit", "risk_level")
    return rows.get(pk=case_file.pk)


@transaction.atomic
def assign(
    *,
    case_file: CaseFile,
    worker: User,
    role: str,
    by: User,
    today: date,
    seen: str | None = None,
) -> Assignment:
    """Give a worker a place; who held it, and what the worker held before, ends today.

    Where it was chosen on a page, `seen` is the team that stood there.
    """
    case_file = locked(case_file)
    team_rules.check_is_as_seen(team_seen(case_file), seen)
    rules.check_can_assign_worker(by, case_file)
    rules.check_can_be_assigned(worker, case_file)
    rules.check_can_take_place(worker, case_file, role)
    team_rules.check_has_no_conflict([(worker, case_file)])
    return give(case_file, worker, role, by=by, today=today)


def give(case_file: CaseFile, worker: User, role: str, *, by: User, today: date) -> Assignment:
    """Write a place down whose rules were looked at; give the file locked."""
    for each in rules.team(case_file):
        is_replaced = each.role == role and role in ONE_OF_A_KIND
        if is_replaced or each.worker_id == worker.pk:
            _end(each, case_file, by=by, today=today)
    if role == Place.LEAD:
        _lapse_offers(case_file, by=by, today=today)
    assignment = Assignment(
        case_file=case_file,
        district=case_file.district,
        worker=worker,
        role=role,
        start_on=today,
    )
    assignment.save_as(by=by)
    team_checks.forget(case_file)
    log.record(
        Event.ASSIGNMENT_STARTED,
        by=by,
        target=case_file,
        detail={"to": worker.log_reference},
    )
    return assignment


def team_seen(case_file: CaseFile) -> str:
    """The team as a page shows it, in one word."""
    return ",".join(sorted(f"{each.role}:{each.worker_id}" for each in rules.team(case_file)))


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Who is to have a place, and who had it on the page on which that was confirmed."""

    case_file: CaseFile
    worker: User
    seen: str
    role: str = Place.LEAD


@transaction.atomic
def confirm(*, chosen: Sequence[Chosen], by: User, today: date) -> list[Assignment]:
    """Give the places that a supervisor has confirmed, all of them or none.

    A refusal names the file: beside its number stands the field that it is about.
    """
    given = []
    # In one order, so that two drafts at once wait for each other instead of for ever.
    for each in sorted(chosen, key=lambda one: one.case_file.pk):
        case_file = each.case_file
        try:
            team_rules.check_place_is_as_seen(locked(case_file), each.role, each.seen)
            given.append(
                assign(case_file=case_file, worker=each.worker, role=each.role, by=by, today=today)
            )
        except Refused as refusal:
            raise Refused(refusal.message, field=case_file.number) from None
    return given


@transaction.atomic
def end(*, assignment: Assignment, by: User, today: date) -> Assignment:
    """Take a place away."""
    case_file = locked(assignment.case_file)
    assignment = Assignment.objects.select_related("worker").get(pk=assignment.pk)
    assignment.case_file = case_file
    rules.check_can_end_assignment(by, assignment)
    _end(assignment, case_file, by=by, today=today)
    return assignment


def end_out_of_reach(case_file: CaseFile, *, by: User, today: date) -> None:
    """Whoever cannot work where the file lies now leaves its team; give the file locked."""
    able = set(case_file.assignments.able(today).values_list("pk", flat=True))
    for each in case_file.assignments.active().select_related("worker"):
        if each.pk not in able and each.role != Place.LEAD:
            _end(each, case_file, by=by, today=today)


@dataclass(frozen=True, kw_only=True)
class NewPlace:
    """A place to be given in the team of a file that has nobody in this place."""

    case_file: CaseFile
    worker: User
    role: str
    start_on: date
    # The moment that the history says; only the invented past of a demo has one.
    at: datetime | None = None


@transaction.atomic
def assign_many(*, places: Sequence[NewPlace], by: User) -> None:
    """Give places in many teams at once; a place that is taken refuses them all."""
    for each in places:
        rules.check_can_assign_worker(by, each.case_file)
        rules.check_can_be_assigned(each.worker, each.case_file)
    team_rules.check_has_no_conflict((each.worker, each.case_file) for each in places)
    rows = [
        Assignment(
            case_file=each.case_file,
            district=each.case_file.district,
            worker=each.worker,
            role=each.role,
            start_on=each.start_on,
        )
        for each in places
    ]
    for row, each in zip(rows, places, strict=True):
        if each.at is not None:
            row._history_date = each.at  # type: ignore[attr-defined]  # simple_history reads it off the row
    bulk_create_as(Assignment, rows, by=by)
    team_checks.forget(*(each.case_file for each in places))
    for each in places:
        log.record(
            Event.ASSIGNMENT_STARTED,
            by=by,
            target=each.case_file,
            detail={"to": each.worker.log_reference},
        )


def _lapse_offers(case_file: CaseFile, *, by: User, today: date) -> None:
    """Somebody else leads: what the former lead offered is over. The history has the moment."""
    begins = timezone.make_aware(datetime.combine(today, time()))
    for offer in case_file.hand_overs.open().select_for_update(of=("self",)):
        offer.lapse(at=max(offer.offered_at, begins))
        offer.save_as(by=by)
        log.record(Event.HAND_OVER_LAPSED, by=by, target=case_file)


def _end(assignment: Assignment, case_file: CaseFile, *, by: User, today: date) -> None:
    assignment.until_on = today
    assignment.save_as(by=by)
    team_checks.forget(case_file)
    log.record(
        Event.ASSIGNMENT_ENDED,
        by=by,
        target=case_file,
        detail={"from": assignment.worker.log_reference},
    )
