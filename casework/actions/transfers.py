"""A file goes to another unit here: asked for, and taken together with its new lead."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import rules, team_rules, transfer_rules
from casework.actions import assignments, case_files, team_checks
from casework.actions.assignments import locked
from casework.models import CaseFile, Transfer
from casework.models.assignments import Place
from kpm.accounts.models import Unit, User


@transaction.atomic
def ask(*, case_file: CaseFile, to_unit: Unit, note: str, by: User, now: datetime) -> Transfer:
    """Ask another unit; until it says yes nothing changes."""
    case_file = locked(case_file)
    transfer_rules.check_can_ask_transfer(by, case_file)
    transfer_rules.check_unit_fits(case_file, to_unit)
    transfer_rules.check_note_is_told(note)
    transfer = Transfer(
        key_owner=case_file.pk,
        case_file=case_file,
        district=case_file.district,
        from_unit=case_file.unit,
        to_unit=to_unit,
        asked_by=by,
        asked_at=now,
        note=note.strip(),
    )
    transfer.save_as(by=by)
    log.record(Event.TRANSFER_ASKED, by=by, target=case_file)
    return transfer


@transaction.atomic
def accept(*, transfer: Transfer, worker: User, by: User, now: datetime) -> Transfer:
    """Take the file: in one moment it lies in the unit and has its lead there.

    Whoever cannot work there leaves the team; what was proposed or objected waits for the
    supervisors of the new unit, and the level is what it was.
    """
    case_file, transfer = _locked(transfer)
    today = timezone.localdate(now)
    transfer_rules.check_can_answer(by, transfer)
    rules.check_is_open(case_file)
    transfer_rules.check_can_lead_there(worker, transfer)
    team_rules.check_has_no_conflict([(worker, case_file)])
    transfer.accept(by=by, at=now)
    transfer.save_as(by=by)
    case_file.unit = transfer.to_unit
    case_file.save_as(by=by)
    log.record(Event.TRANSFER_ACCEPTED, by=by, target=case_file)
    if not any(
        each.worker_id == worker.pk and each.role == Place.LEAD for each in rules.team(case_file)
    ):
        assignments.give(case_file, worker, Place.LEAD, by=by, today=today)
    assignments.end_out_of_reach(case_file, by=by, today=today)
    team_checks.forget(case_file)
    case_files.refresh_due(case_file, today)
    return transfer


@transaction.atomic
def refuse(*, transfer: Transfer, reply: str, by: User, now: datetime) -> Transfer:
    """Say no and why; the file stays where it is."""
    case_file, transfer = _locked(transfer)
    transfer_rules.check_can_answer(by, transfer)
    transfer_rules.check_reply_is_told(reply)
    transfer.refuse(by=by, at=now, reply=reply.strip())
    transfer.save_as(by=by)
    log.record(Event.TRANSFER_REFUSED, by=by, target=case_file)
    return transfer


@transaction.atomic
def withdraw(*, transfer: Transfer, by: User, now: datetime) -> Transfer:
    """Take the question back."""
    case_file, transfer = _locked(transfer)
    transfer_rules.check_can_withdraw(by, transfer)
    transfer.withdraw(by=by, at=now)
    transfer.save_as(by=by)
    log.record(Event.TRANSFER_WITHDRAWN, by=by, target=case_file)
    return transfer


def _locked(transfer: Transfer) -> tuple[CaseFile, Transfer]:
    case_file = locked(transfer.case_file)
    rows = Transfer.objects.select_for_update(of=("self",)).select_related("to_unit")
    transfer = rows.get(pk=transfer.pk)
    transfer.case_file = case_file
    return case_file, transfer
