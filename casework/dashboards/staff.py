"""The staff of a supervisor: who is there, who is gone, who is away, what is heeded in a file."""

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404

from casework.models import Absence, Assignment, CaseFile, Stipulation, WorkerProfile
from casework.models.assignments import Place
from casework.models.case_files import CaseFileQuerySet, Status
from kpm.accounts.models import User
from kpm.accounts.scoping import units_under
from kpm.permissions import Role

R = TypeVar("R")


def worker_of(user: User, reference: str) -> User:
    """A social worker of the supervisor's units; anybody else is not there."""
    found = (
        User.objects.filter(log_reference=reference, unit__in=units_under(user))
        .select_related("unit")
        .first()
    )
    if found is None or found.role != Role.SOCIAL_WORKER:
        raise Http404
    return found


@dataclass(frozen=True)
class Gone:
    """Somebody who has places in teams here and cannot work on them any more."""

    user: User
    leads: int
    deputies: int


def gone(user: User, today: date) -> list[Gone]:
    """Who lost the account, the role or the unit and still leads or stands in; most leads first."""
    places = Assignment.objects.active().filter(
        case_file__in=_open_files(user), role__in=(Place.LEAD, Place.DEPUTY)
    )
    held = (
        places.exclude(pk__in=places.able(today).values("pk"))
        .order_by()
        .values("worker")
        .annotate(
            leads=Count("pk", filter=Q(role=Place.LEAD)),
            deputies=Count("pk", filter=Q(role=Place.DEPUTY)),
        )
    )
    rows = {each["worker"]: each for each in held}
    users = User.objects.filter(pk__in=rows).select_related("unit").order_by("username")
    found = [Gone(each, rows[each.pk]["leads"], rows[each.pk]["deputies"]) for each in users]
    return sorted(found, key=lambda each: -each.leads)


def holder_of(user: User, reference: str) -> User:
    """Somebody with a place in a team of the supervisor's files; anybody else is not there."""
    places = Assignment.objects.active().filter(
        worker=OuterRef("pk"), case_file__in=_open_files(user)
    )
    found = (
        User.objects.filter(Exists(places), log_reference=reference).select_related("unit").first()
    )
    if found is None:
        raise Http404
    return found


def _open_files(user: User) -> CaseFileQuerySet:
    return CaseFile.objects.visible_to(user).filter(status=Status.OPEN).order_by()


def profile_of(worker: User) -> WorkerProfile:
    """What is said of a worker; full time and nothing else where nobody has said anything."""
    return WorkerProfile.objects.filter(worker=worker).first() or WorkerProfile(worker=worker)


def absences_of(worker: User, today: date) -> list[tuple[int, Absence]]:
    """The days away that hold and are not over, by their place among all that were ever said.

    A place never changes what it names, so an old page takes back nothing else.
    """
    rows = enumerate(Absence.objects.filter(worker=worker).order_by("id"), start=1)
    return [(at, each) for at, each in rows if not each.withdrawn_at and each.until_on > today]


def absence_at(worker: User, place: int) -> Absence:
    """The one at this place."""
    rows = Absence.objects.filter(worker=worker).order_by("id").select_related("worker")
    return _at(list(rows), place)


def heeded_in(case_file: CaseFile) -> list[tuple[int, Stipulation]]:
    """What is heeded in a file, by its place among all that was ever heeded there."""
    rows = Stipulation.objects.filter(case_file=case_file).order_by("id").select_related("worker")
    return [(at, each) for at, each in enumerate(rows, start=1) if each.until_on is None]


def stipulation_at(case_file: CaseFile, place: int) -> Stipulation:
    """The one at this place."""
    rows = Stipulation.objects.filter(case_file=case_file).order_by("id")
    return _at(list(rows.select_related("case_file")), place)


def _at(rows: list[R], place: int) -> R:
    if not 0 < place <= len(rows):
        raise Http404
    return rows[place - 1]
