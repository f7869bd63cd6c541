"""What others were told about somebody: a paper for the person (PIPL, articles 23, 45 and 48)."""

from datetime import datetime
from typing import Any

from audit.events import Event, Purpose
from casework import referral_rules
from casework.dashboards import referrals
from casework.models import CaseFile
from casework.reports.papers import print_paper
from kpm.accounts.models import User
from kpm.vault.opening import Reading

TEMPLATE = "casework/reports/sharing_list.html"


def print_sharings(
    *, case_file: CaseFile, by: User, purpose: Purpose | None, now: datetime
) -> bytes:
    """To whom, when, which facts, what for and on which ground, as PDF; no fact has its value."""
    referral_rules.check_can_print_sharings(by, case_file)

    def fill(reading: Reading) -> dict[str, Any]:
        return {"rows": referrals.rows_of(case_file, reading)}

    return print_paper(
        TEMPLATE, Event.SHARING_PRINTED, fill, case_file=case_file, by=by, purpose=purpose, now=now
    )
