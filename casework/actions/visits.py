"""Visits are recorded here, and what is due next follows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import harm_rules, rules
from casework.actions import case_files, lost_contacts
from casework.actions import harm as harm_actions
from casework.actions.assignments import locked
from casework.models import CaseFile, Visit
from casework.models.visits import Outcome
from kpm.accounts.models import User
from kpm.vault.history import bulk_create_as


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
    harm: bool = False,
) -> Visit:
    """Write down one contact, planned, done or tried; signs of harm open a mandatory report."""
    case_file = locked(case_file)
    rules.check_can_record_visit(by, case_file)
    rules.check_visit_fits(outcome, happened_at, case_file.opened_on, timezone.localtime(now))
    rules.check_visit_says_something(
        outcome, way, needs.strip(), strengths.strip(), notes.strip(), checklist
    )
    harm_rules.check_harm_is_noted(outcome, notes, harm=harm)
    visit = Visit(
        key_owner=case_file.id,
        case_file=case_file,
        district=case_file.district,
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
    lost_contacts.follow_visit(visit, by=by, now=now)
    if harm:
        harm_actions.open_from_visit(case_file, notes, by=by, now=now)
    case_files.refresh_due(case_file, timezone.localtime(now).date())
    return visit


@transaction.atomic
def record_many(*, visits: Sequence[Visit], by: User, now: datetime) -> None:
    """Write down many visits of one worker; due dates are the caller's to refresh, once."""
    for each in visits:
        rules.check_can_record_visit(by, each.case_file)
        rules.check_visit_fits(
            each.outcome, each.happened_at, each.case_file.opened_on, timezone.localtime(now)
        )
        each.worker, each.key_owner = by, each.case_file.id
        each.district = each.case_file.district
    bulk_create_as(Visit, visits, by=by)
    for each in visits:
        is_planned = each.outcome == Outcome.PLANNED
        event = Event.VISIT_PLANNED if is_planned else Event.VISIT_RECORDED
        log.record(event, by=by, target=each.case_file)
