"""Visits are recorded here, and what is due next follows."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import rules
from casework.actions import case_files
from casework.actions.assignments import locked
from casework.models import CaseFile, Visit
from casework.models.visits import Outcome
from kpm.accounts.models import User


@transaction.atomic
def record(
    *,
    case_file: CaseFile,
    way: str,
    outcome: str,
    happened_at: datetime,
    by: User,
    now: datetime,
    needs: str = "",
    strengths: str = "",
    notes: str = "",
    checklist: dict[str, Any] | None = None,
) -> Visit:
    """Write down one contact, planned, done or tried."""
    case_file = locked(case_file)
    rules.check_can_record_visit(by, case_file)
    rules.check_visit_fits(
        outcome, happened_at, case_file.opened_on, timezone.localtime(now)
    )
    visit = Visit(
        key_owner=case_file.id,
        case_file=case_file,
        worker=by,
        way=way,
        outcome=outcome,
        happened_at=happened_at,
        recorded_at=now,
        needs=needs,
        strengths=strengths,
        notes=notes,
        checklist=checklist or {},
    )
    visit.save_as(by=by)
    is_planned = outcome == Outcome.PLANNED
    event = Event.VISIT_PLANNED if is_planned else Event.VISIT_RECORDED
    log.record(event, by=by, target=case_file)
    case_files.refresh_due(case_file, timezone.localtime(now).date())
    return visit
