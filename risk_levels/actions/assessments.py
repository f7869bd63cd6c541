"""Recording assessments."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from kpm.accounts.models import User
from risk_levels import rules
from risk_levels.instruments import Instrument, current_for
from risk_levels.models import Assessment, RiskLevel
from risk_levels.scoring import suggest


def filled_in(
    *,
    risk_level: RiskLevel,
    answers: Mapping[str, str],
    by: User,
    now: datetime,
    voice: str = "",
    notes: str = "",
    assessed_on: date | None = None,
    instrument: Instrument | None = None,
) -> Assessment:
    """An assessment with its calculation, checked and not saved; with the current instrument."""
    instrument = instrument or current_for(risk_level.population)
    today = timezone.localdate(now)
    assessed_on = assessed_on or today
    given = {code: answer for code, answer in answers.items() if answer}
    rules.check_answers_fit(instrument, given, risk_level.population)
    rules.check_assessed_on_fits(assessed_on, today=today)
    return Assessment(
        key_owner=risk_level.key_owner,
        risk_level=risk_level,
        district=risk_level.district,
        instrument=instrument.code,
        version=instrument.version,
        assessed_by=by,
        assessed_on=assessed_on,
        recorded_at=now,
        answers=given,
        voice=voice,
        notes=notes,
        result=suggest(instrument, given, risk_level.population).as_data(),
    )


@transaction.atomic
def record_assessment(
    *,
    risk_level: RiskLevel,
    answers: Mapping[str, str],
    by: User,
    now: datetime,
    voice: str = "",
    notes: str = "",
    assessed_on: date | None = None,
    instrument: Instrument | None = None,
) -> Assessment:
    """Keep the answers and what they suggest; no level changes by this."""
    risk_level = RiskLevel.objects.select_for_update().get(pk=risk_level.pk)
    rules.check_can_record_assessment(by)
    assessment = filled_in(
        risk_level=risk_level,
        answers=answers,
        by=by,
        now=now,
        voice=voice,
        notes=notes,
        assessed_on=assessed_on,
        instrument=instrument,
    )
    assessment.save()
    log.record(Event.ASSESSMENT_RECORDED, by=by, target=risk_level)
    return assessment
