"""Transfers as pages show them: what waits for whom, by number."""

from collections.abc import Sequence

from casework import transfer_rules
from casework.models import CaseFile, Transfer
from kpm.accounts.models import User
from kpm.errors import is_allowed

SHOWN = 50


def asked_of(user: User) -> Sequence[Transfer]:
    """What waits for this supervisor's answer, the longest wait first."""
    rows = Transfer.objects.to(user).select_related("case_file", "from_unit", "to_unit", "asked_by")
    return list(rows.defer("body", "answer").order_by("asked_at", "id"))


def asked_about(user: User) -> Sequence[Transfer]:
    """What was asked of late about this supervisor's files, and what became of it."""
    rows = Transfer.objects.filter(case_file__in=CaseFile.objects.visible_to(user).values("pk"))
    rows = rows.filter(key_gen__gt=0).select_related("case_file", "from_unit", "to_unit")
    return list(rows.defer("body", "answer")[:SHOWN])


def may_answer(user: User, transfer: Transfer) -> bool:
    """Whether the buttons are there."""
    return is_allowed(transfer_rules.check_can_answer, user, transfer)


def may_withdraw(user: User, transfer: Transfer) -> bool:
    """Whether the button is there."""
    return is_allowed(transfer_rules.check_can_withdraw, user, transfer)
