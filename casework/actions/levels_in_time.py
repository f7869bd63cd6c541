"""What time alone does to levels: terms end, hours run out, silence lowers."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event, Purpose
from casework import harm_rules
from casework.actions import case_files
from casework.actions.assignments import locked
from casework.models import CaseFile
from casework.models.case_files import Status
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups
from risk_levels import actions as levels
from risk_levels.models import Proposal
from risk_levels.reasons import REASONS

# Whoever was in danger within a year is not lowered by silence.
REMEMBERED = timedelta(days=365)


def due_to_expire(*, now: datetime) -> list[CaseFile]:
    """The open files whose level is over; on a closed one nothing changes any more."""
    over = levels.due_to_expire(now=now)
    return list(CaseFile.objects.filter(status=Status.OPEN, risk_level__in=over).order_by("id"))


@transaction.atomic
def expire(*, case_file: CaseFile, by: User, now: datetime) -> bool:
    """Let a level whose term has ended drop one step; its review is due at once."""
    case_file = locked(case_file)
    # Somebody may have closed it since the sweep looked.
    if not case_file.is_open or harm_rules.waits(case_file):
        return False
    has_ended = levels.expire(risk_level=case_file.risk_level, by=by, now=now)
    if has_ended:
        case_files.refresh_due(case_file, timezone.localdate(now))
    return has_ended


def due_to_lapse(*, now: datetime) -> list[CaseFile]:
    """The open files whose provisional level is over."""
    over = levels.due_to_lapse(now=now)
    return list(CaseFile.objects.filter(status=Status.OPEN, risk_level__in=over).order_by("id"))


@transaction.atomic
def lapse(*, case_file: CaseFile, by: User, now: datetime) -> bool:
    """Put back what nobody confirmed within its hours; the visits go on until somebody looks."""
    case_file = locked(case_file)
    if not case_file.is_open or harm_rules.waits(case_file):
        return False
    has_ended = levels.lapse(risk_level=case_file.risk_level, by=by, now=now)
    if has_ended:
        case_files.refresh_due(case_file, timezone.localdate(now))
    return has_ended


def due_to_take_effect(*, now: datetime) -> list[CaseFile]:
    """The open files with a step down that nobody decided about in time."""
    due = levels.due_to_take_effect(now=now).values("risk_level")
    return list(CaseFile.objects.filter(status=Status.OPEN, risk_level__in=due).order_by("id"))


@transaction.atomic
def take_effect(*, case_file: CaseFile, by: User, now: datetime) -> bool:
    """Let the step down happen, unless there was a danger: then somebody has to say yes."""
    case_file = locked(case_file)
    proposal = levels.due_to_take_effect(now=now).filter(risk_level=case_file.risk_level).first()
    if proposal is None or not case_file.is_open or harm_rules.waits(case_file):
        return False
    if _was_in_danger(case_file, by=by, now=now):
        return False
    has_changed = levels.take_effect(proposal=proposal, by=by, now=now)
    if has_changed:
        case_files.refresh_due(case_file, timezone.localdate(now))
    return has_changed


def _was_in_danger(case_file: CaseFile, *, by: User, now: datetime) -> bool:
    """Whether a danger was among the reasons of late: sealed, so looking is written down."""
    with log.reading(
        by, event=Event.CASE_FILE_READ, purpose=Purpose.SYSTEM, about=[case_file]
    ) as reading:
        return was_in_danger(case_file, reading, now=now)


def was_in_danger(case_file: CaseFile, reading: Reading, *, now: datetime) -> bool:
    """Whether a danger was among the reasons of a year: then somebody decides, not silence."""
    of_late = list(
        Proposal.objects.filter(risk_level=case_file.risk_level_id, drafted_at__gt=now - REMEMBERED)
    )
    open_groups(of_late, "body", reading=reading)
    return any(names_danger(each) for each in of_late)


def names_danger(proposal: Proposal) -> bool:
    """Whether a danger is among the reasons of a proposal whose body is open."""
    return any(code in REASONS and REASONS[code].is_danger for code in proposal.reason_codes)
