"""Offers to take a file over: to somebody, and by somebody."""

from collections.abc import Sequence
from datetime import date

from django.db.models import QuerySet

from casework.dashboards import teams
from casework.hand_over_rules import lead_of
from casework.models import CaseFile, HandOver
from kpm.accounts.models import User

SHOWN = 50


def offered_to(user: User) -> Sequence[HandOver]:
    """What waits for this worker's answer, the longest wait first."""
    rows = HandOver.objects.open().filter(to_worker=user, key_gen__gt=0)
    return list(
        rows.select_related("case_file__unit", "case_file__person", "from_worker", "offered_by")
        .defer("body", "answer")
        .order_by("offered_at", "id")
    )


def offered_by(user: User) -> Sequence[HandOver]:
    """What this person has offered of late, and what became of it."""
    rows = HandOver.objects.filter(offered_by=user, key_gen__gt=0)
    return list(
        rows.select_related("case_file__unit", "case_file__person", "to_worker").defer(
            "body", "answer"
        )[:SHOWN]
    )


def waiting_for(user: User) -> QuerySet[HandOver]:
    """Those that wait for this worker's answer."""
    return HandOver.objects.open().filter(to_worker=user, key_gen__gt=0)


def candidates(case_file: CaseFile, today: date) -> QuerySet[User]:
    """Whom the file may be offered to: not to whoever leads it already."""
    lead = lead_of(case_file)
    found = teams.candidates(case_file, today)
    return found.exclude(pk=lead.pk) if lead else found


def open_offer(case_file: CaseFile) -> HandOver | None:
    """The offer of this file that nobody has answered."""
    rows = case_file.hand_overs.open().select_related("to_worker", "offered_by")
    return rows.defer("body", "answer").first()
