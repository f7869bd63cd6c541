"""Papers that leave the office, to the person or to a service: in the log before they do."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import get_language

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.actions.assignments import locked
from casework.models import CaseFile
from kpm import pdf
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.pdf import PdfFailed
from kpm.vault.opening import Reading, open_groups


def print_paper(
    template: str,
    event: Event,
    fill: Callable[[Reading], dict[str, Any]],
    *,
    case_file: CaseFile,
    by: User,
    purpose: Purpose | None,
    now: datetime,
    watermark: str = "",
    in_full: Callable[[], set[str]] = set,
    ask_again: Callable[[], None] | None = None,
) -> bytes:
    """The paper as PDF; `fill` opens what it says, beside the name, and gives it to the template.

    It names neither the population nor a level: whoever sees it lying about learns neither.

    `in_full` says which values stand on it though they open one by one on pages, for the log.
    `ask_again` is asked under the lock of the file when all is made, and may still refuse.
    """
    with log.reading(
        by,
        event=Event.CASE_FILE_READ,
        purpose=purpose,
        about=[case_file],
        rule=rules.why_readable(by, case_file),
    ) as reading:
        open_groups([case_file.person], "head", reading=reading)
        said = fill(reading)
    around = {
        "case_file": case_file,
        "sender": by,
        "written_at": now,
        "language": get_language() or "zh-hans",
    }
    try:
        document = pdf.render(render_to_string(template, {**around, **said}), watermark=watermark)
    except PdfFailed as failure:
        raise Refused(failure.words) from None
    groups = sorted(reading.groups | in_full())
    with transaction.atomic():
        if ask_again is not None:
            locked(case_file)
            ask_again()
        log.record(event, by=by, target=case_file, groups=groups, purpose=purpose)
    return document
