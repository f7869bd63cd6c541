"""Assessments of files, by the team."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction

from casework import rules
from casework.actions import review_tasks
from casework.actions.assignments import locked
from casework.models import CaseFile
from kpm.accounts.models import User
from risk_levels import actions as levels
from risk_levels.models import Assessment


@transaction.atomic
def record(
    *,
    case_file: CaseFile,
    answers: Mapping[str, str],
    by: User,
    now: datetime,
    voice: str = "",
    notes: str = "",
    assessed_on: date | None = None,
) -> Assessment:
    """Keep what was answered and what follows from it; the level stays as it is."""
    case_file = locked(case_file)
    rules.check_can_record_assessment(by, case_file)
    assessment = levels.record_assessment(
        risk_level=case_file.risk_level,
        answers=answers,
        voice=voice,
        notes=notes,
        assessed_on=assessed_on,
        by=by,
        now=now,
    )
    review_tasks.follow_assessment(case_file, assessment, now=now)
    return assessment
