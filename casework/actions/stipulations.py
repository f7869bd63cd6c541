"""What is to be heeded when somebody is chosen for a file: recorded and ended here."""

from datetime import date

from django.db import transaction

from audit import log
from audit.events import Event
from casework import rules, team_rules
from casework.actions.assignments import locked
from casework.models import CaseFile, Stipulation
from kpm.accounts.models import User


@transaction.atomic
def record(
    *, case_file: CaseFile, kind: str, worker: User | None, by: User, today: date
) -> Stipulation:
    """Put a wish or a conflict of interest on record."""
    case_file = locked(case_file)
    rules.check_can_assign_worker(by, case_file)
    team_rules.check_stipulation_fits(kind, worker)
    team_rules.check_is_not_stipulated(case_file, kind, worker)
    row = Stipulation(
        case_file=case_file,
        district=case_file.district,
        kind=kind,
        worker=worker,
        start_on=today,
    )
    row.save_as(by=by)
    log.record(Event.STIPULATION_RECORDED, by=by, target=case_file)
    return row


@transaction.atomic
def end(*, stipulation: Stipulation, by: User, today: date) -> Stipulation:
    """It is heeded no longer."""
    case_file = locked(stipulation.case_file)
    stipulation = Stipulation.objects.get(pk=stipulation.pk)
    stipulation.case_file = case_file
    team_rules.check_can_end_stipulation(by, stipulation)
    stipulation.until_on = today
    stipulation.save_as(by=by)
    log.record(Event.STIPULATION_ENDED, by=by, target=case_file)
    return stipulation
