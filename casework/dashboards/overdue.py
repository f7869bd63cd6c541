"""Files on the ladder of what is overdue: which of them a supervisor is asked about."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from casework import red_rules
from casework.actions import team_checks
from casework.actions.case_files import rule_set_on
from casework.models import Incident
from casework.models.case_files import CaseFileQuerySet, Status
from casework.overdue_rules import (
    SUPERVISOR_AFTER,
    SUPERVISOR_AFTER_OTHERWISE,
    Step,
    first_days,
    overdue_step,
)
from kpm.accounts.models import User
from risk_levels.populations import POPULATIONS

Clock = tuple[UUID, str, str, str, date]


def passed_to(user: User, files: CaseFileQuerySet, today: date) -> list[UUID]:
    """Those of these files that have waited so long that the unit of this user is asked.

    First it is the unit of the file, or the nearest above that has a supervisor, then the next.
    """
    mine = user.grant.unit.code if user.grant else ""
    return [key for key, code in _asked(_clocks(files, today), today) if code == mine]


def _clocks(files: CaseFileQuerySet, today: date) -> list[Clock]:
    late = files.filter(
        status=Status.OPEN, next_due_on__lte=today - timedelta(days=first_days())
    ).order_by()
    rows = late.values_list("pk", "unit__code", "population", "risk_level__level", "next_due_on")
    return [
        (key, code, population, level, due_on)
        for key, code, population, level, due_on in rows
        if due_on is not None
    ]


def _asked(clocks: Iterable[Clock], today: date) -> list[tuple[UUID, str]]:
    """The code of the unit that is asked about each; those that nobody is asked about are left."""
    supervising = team_checks.supervising(today)
    found = []
    for key, code, population, level, due_on in clocks:
        step = overdue_step(level, (today - due_on).days)
        if step >= Step.SUPERVISOR:
            further = step - Step.SUPERVISOR
            found.append((key, red_rules.asked_unit(code, further, supervising[population])))
    return found


def is_passed(today: date) -> Q:
    """The files that have come to a step beyond the worker, each level after its own days."""
    others = ~Q(risk_level__level__in=list(SUPERVISOR_AFTER))
    found = others & Q(next_due_on__lte=today - timedelta(days=SUPERVISOR_AFTER_OTHERWISE))
    for level, days in SUPERVISOR_AFTER.items():
        found |= Q(risk_level__level=level, next_due_on__lte=today - timedelta(days=days))
    return found


def steps_in(files: CaseFileQuerySet, today: date) -> dict[Step, int]:
    """How many of these files have come to each step beyond the worker."""
    found = dict.fromkeys((Step.SUPERVISOR, Step.ABOVE), 0)
    for *_file, level, due_on in _clocks(files, today):
        step = overdue_step(level, (today - due_on).days)
        if step in found:
            found[step] += 1
    return found


def missed_event_visits(files: CaseFileQuerySet, now: datetime) -> CaseFileQuerySet:
    """Those of these files that somebody was to come by within hours, and nobody has in time."""
    rule_set = rule_set_on(now.date())
    late = Q()
    for population in POPULATIONS:
        hours = rule_set.event_visit_hours(population)
        if hours is not None:
            since = now - timedelta(hours=hours)
            late |= Q(case_file__population=population, happened_at__lt=since)
    waiting = Incident.objects.awaiting_visit().filter(late, case_file=OuterRef("pk"))
    return files.filter(Exists(waiting.order_by())) if late else files.none()
