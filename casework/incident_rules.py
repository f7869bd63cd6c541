"""Who notes incidents and corrects them; refusals in words for the user."""

from datetime import date, datetime

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, Incident
from casework.models.incidents import KINDS, Kind
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission


def check_can_note_incident(user: User, case_file: CaseFile) -> None:
    """The team notes what happened, as it records its visits."""
    rules.check_works_on(user, case_file, Permission.RECORD_VISIT)


def check_can_correct_incident(user: User, incident: Incident) -> None:
    """The team corrects what holds: what was corrected already is past."""
    check_can_note_incident(user, incident.case_file)
    if Incident.objects.filter(corrects=incident).exists():
        raise Refused(_("This has been corrected already."))


def kinds_of(population: str, *, corrects: bool = False) -> tuple[Kind, ...]:
    """What can be noted in this population; that it was a mistake only of what is on record."""
    return (*KINDS[population], Kind.MISTAKE) if corrects else KINDS[population]


def check_incident_fits(
    population: str,
    kind: str,
    happened_at: datetime,
    words: str,
    opened_on: date,
    now: datetime,
    *,
    corrects: bool = False,
) -> None:
    """It is of a kind of this population, has happened since the file was opened, and is told."""
    if kind not in kinds_of(population, corrects=corrects):
        raise Refused(_("Choose one."), field="kind")
    if happened_at > now:
        raise Refused(_("This has not happened yet."), field="happened_at")
    if happened_at.astimezone(now.tzinfo).date() < opened_on:
        raise Refused(_("The file was not open then."), field="happened_at")
    if not words.strip():
        raise Refused(_("Say it in a few words."), field="words")
