"""Incidents are noted and corrected here; a row that was written stays as it is."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import incident_rules
from casework.actions import case_files, review_tasks
from casework.actions.assignments import locked
from casework.models import CaseFile, Incident
from casework.models.incidents import effect_of
from kpm.accounts.models import User


@transaction.atomic
def note(
    *, case_file: CaseFile, kind: str, happened_at: datetime, words: str, by: User, now: datetime
) -> Incident:
    """Write down what happened."""
    case_file = locked(case_file)
    incident_rules.check_can_note_incident(by, case_file)
    return _write(case_file, None, (kind, happened_at, words), by=by, now=now)


@transaction.atomic
def correct(
    *, incident: Incident, kind: str, happened_at: datetime, words: str, by: User, now: datetime
) -> Incident:
    """Say anew what happened, or that nothing did: the row that was wrong stays beside it."""
    case_file = locked(incident.case_file)
    incident = Incident.objects.get(pk=incident.pk)
    incident.case_file = case_file
    incident_rules.check_can_correct_incident(by, incident)
    return _write(case_file, incident, (kind, happened_at, words), by=by, now=now)


def _write(
    case_file: CaseFile,
    wrong: Incident | None,
    said: tuple[str, datetime, str],
    *,
    by: User,
    now: datetime,
) -> Incident:
    kind, happened_at, words = said
    incident_rules.check_incident_fits(
        case_file.population,
        *said,
        case_file.opened_on,
        timezone.localtime(now),
        corrects=wrong is not None,
    )
    incident = Incident(
        key_owner=case_file.pk,
        case_file=case_file,
        district=case_file.district,
        effect=effect_of(kind),
        kind=kind,
        happened_at=happened_at,
        words=words.strip(),
        noted_by=by,
        noted_at=now,
        corrects=wrong,
    )
    incident.save_as(by=by)
    event = Event.INCIDENT_CORRECTED if wrong else Event.INCIDENT_NOTED
    log.record(event, by=by, target=case_file)
    review_tasks.follow_incident(case_file, now=now)
    case_files.refresh_due(case_file, timezone.localtime(now).date())
    return incident
