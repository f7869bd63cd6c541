"""Objections of people to the levels of their files."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from casework import harm_rules, objection_rules
from casework.actions import case_files
from casework.actions.assignments import locked
from casework.models import CaseFile
from kpm.accounts.models import User
from risk_levels import actions as levels
from risk_levels.models import Objection
from risk_levels.models.objections import ObjectionState


@transaction.atomic
def receive(
    *,
    case_file: CaseFile,
    by_whom: str,
    way: str,
    words: str,
    by: User,
    now: datetime,
    wish: str = "",
) -> Objection:
    """Write down what the person says against the level of their file."""
    case_file = locked(case_file)
    objection_rules.check_can_receive_objection(by, case_file)
    return levels.receive_objection(
        risk_level=case_file.risk_level,
        by_whom=by_whom,
        way=way,
        words=words,
        wish=wish,
        by=by,
        now=now,
    )


@transaction.atomic
def acknowledge(*, case_file: CaseFile, objection: Objection, by: User, now: datetime) -> Objection:
    """Tell the person that it is here and by when it is decided."""
    case_file = locked(case_file)
    objection_rules.check_can_acknowledge_objection(by, case_file, objection)
    return levels.acknowledge_objection(objection=objection, by=by, now=now)


@transaction.atomic
def decide(
    *,
    case_file: CaseFile,
    objection: Objection,
    outcome: str,
    reply: str,
    by: User,
    now: datetime,
) -> Objection:
    """Answer it; where the person is right, the level goes back."""
    case_file = locked(case_file)
    objection_rules.check_is_from_outside(by, case_file)
    if outcome == ObjectionState.UPHELD:
        harm_rules.check_nothing_is_eased(case_file)
    objection = levels.decide_objection(
        objection=objection, outcome=outcome, reply=reply, by=by, now=now
    )
    case_files.refresh_due(case_file, timezone.localdate(now))
    return objection


@transaction.atomic
def withdraw(*, case_file: CaseFile, objection: Objection, by: User, now: datetime) -> Objection:
    """Write down that the person takes it back."""
    case_file = locked(case_file)
    objection_rules.check_can_withdraw_objection(by, case_file, objection)
    return levels.withdraw_objection(objection=objection, by=by, now=now)
