"""Opening a file for a page: whose it is, for what purpose, and the reading that opens it."""

from collections.abc import Iterable, Sequence

from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.models import Assignment, CaseFile, Plan
from kpm.accounts.models import SignedInRequest, User
from kpm.accounts.scoping import get_visible
from kpm.errors import AskFirst
from kpm.permissions import Role
from kpm.vault.opening import open_groups

SAID = "purposes"


def find_file(request: SignedInRequest, number: str) -> CaseFile:
    """The file if it is theirs, with what every page of a file shows beside it."""
    today = timezone.localdate()
    files = CaseFile.objects.select_related("person", "unit", "risk_level").prefetch_related(
        Prefetch("assignments", Assignment.objects.with_ability(today).select_related("worker"))
    )
    return get_visible(files, request.user, number=number)


def open_file(
    request: SignedInRequest, case_file: CaseFile, *, event: Event = Event.CASE_FILE_READ
) -> log.Reading:
    """The reading for this page, the head of the person open; strangers say first what for."""
    reading = reading_of(request, case_file, event=event)
    open_groups([case_file.person], "head", reading=reading)
    return reading


def reading_of(
    request: SignedInRequest, case_file: CaseFile, *, event: Event = Event.CASE_FILE_READ
) -> log.Reading:
    """The reading for this page, with nothing open yet."""
    return log.reading(
        request.user,
        event=event,
        purpose=known_purpose(request, case_file),
        about=[case_file],
        rule=rules.why_readable(request.user, case_file),
    )


def known_purpose(request: HttpRequest, case_file: CaseFile) -> Purpose:
    """What somebody opens this file for; who has not said so is asked first."""
    purpose = purpose_of(request, case_file)
    if purpose is None:
        question = reverse("casework:state_purpose", args=(case_file.number,))
        where = request.get_full_path() if request.method == "GET" else ""
        raise AskFirst(f"{question}?{urlencode({'next': where})}" if where else question)
    return purpose


def purpose_of(request: HttpRequest, case_file: CaseFile) -> Purpose | None:
    """Help, for the team; for others what they said in this session about this file."""
    user: User = request.user  # type: ignore[assignment]  # who comes here is signed in
    if rules.is_in_team(user, case_file):
        return Purpose.SERVICE
    said = request.session.get(SAID, {}).get(case_file.number)
    return Purpose(said) if said else None


def remember_purpose(request: HttpRequest, *, case_file: CaseFile, purpose: str) -> None:
    """Keep what was said until the session ends; every reading carries it into the log."""
    request.session[SAID] = {**request.session.get(SAID, {}), case_file.number: purpose}


def open_rows(
    user: User, files: Iterable[CaseFile], *, event: Event = Event.CASE_FILE_LISTED
) -> None:
    """Open what a list shows of its rows; one event names them all."""
    rows = list(files)
    open_groups(rows, "person__head", reading=_reading_of_rows(user, rows, event))


def open_plans(user: User, plans: Sequence[Plan]) -> None:
    """Open the plans of a worker's own files, if there are any; one event names them all."""
    if plans:
        files = [each.case_file for each in plans]
        reading = _reading_of_rows(user, files, Event.CASE_FILE_LISTED)
        open_groups(plans, "body", reading=reading)


def _reading_of_rows(user: User, rows: Iterable[CaseFile], event: Event) -> log.Reading:
    is_caseload = user.role == Role.SOCIAL_WORKER
    purpose = Purpose.SERVICE if is_caseload else Purpose.SUPERVISION
    rule = "caseload" if is_caseload else "supervision"
    return log.reading(user, event=event, purpose=purpose, about=rows, rule=rule)
