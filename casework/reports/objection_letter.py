"""The letter about an objection: to the person, in plain words, with nothing on its outside."""

from datetime import datetime
from typing import Any

from audit.events import Event, Purpose
from casework import objection_rules
from casework.models import CaseFile
from casework.reports.papers import print_paper
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups
from risk_levels.models import Objection

TEMPLATE = "casework/reports/objection_letter.html"


def print_letter(
    *,
    case_file: CaseFile,
    objection: Objection,
    by: User,
    purpose: Purpose | None,
    now: datetime,
) -> bytes:
    """The answer if there is one, before that the acknowledgement, as PDF."""
    objection_rules.check_can_print_letter(by, case_file, objection)

    def fill(reading: Reading) -> dict[str, Any]:
        open_groups([objection], "body", "answer", reading=reading)
        return {"objection": objection}

    return print_paper(
        TEMPLATE,
        Event.OBJECTION_PRINTED,
        fill,
        case_file=case_file,
        by=by,
        purpose=purpose,
        now=now,
    )
