"""The letter about an objection: to the person, in plain words, with nothing on its outside."""

from datetime import datetime

from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import get_language

from audit import log
from audit.events import Event, Purpose
from casework import objection_rules, rules
from casework.models import CaseFile
from kpm import pdf
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.pdf import PdfFailed
from kpm.vault.opening import open_groups
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
    """The letter as PDF: the answer if there is one, before that the acknowledgement.

    It names neither the population nor a level: whoever sees it lying about learns neither.
    """
    objection_rules.check_can_print_letter(by, case_file, objection)
    with log.reading(
        by,
        event=Event.CASE_FILE_READ,
        purpose=purpose,
        about=[case_file],
        rule=rules.why_readable(by, case_file),
    ) as reading:
        open_groups([case_file.person], "head", reading=reading)
        open_groups([objection], "body", "answer", reading=reading)
    html = render_to_string(
        TEMPLATE,
        {
            "case_file": case_file,
            "objection": objection,
            "sender": by,
            "written_at": now,
            "language": get_language() or "zh-hans",
        },
    )
    try:
        document = pdf.render(html)
    except PdfFailed as failure:
        raise Refused(failure.words) from None
    with transaction.atomic():
        log.record(
            Event.OBJECTION_PRINTED,
            by=by,
            target=case_file,
            groups=sorted(reading.groups),
            purpose=purpose,
        )
    return document
