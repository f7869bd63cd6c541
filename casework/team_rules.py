"""Who may say what workers can carry and what is to be heeded in a file; refused in words."""

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, Stipulation
from casework.models.assignments import Place
from casework.models.stipulations import OF_ANY, Stipulated
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, Role, is_granted

BATCH = 1_000


def check_can_describe_worker(user: User, worker: User) -> None:
    """A supervisor says what the social workers of their own units can carry."""
    if not is_granted(user, Permission.ASSIGN_WORKERS):
        raise Refused(_("Supervisors assign the team."))
    grant = user.grant
    is_theirs = worker.unit is not None and grant is not None
    if not is_theirs or not worker.unit.code.startswith(grant.unit.prefix):  # type: ignore[union-attr]  # neither is None here
        raise Refused(_("This social worker is not of your units."))
    if worker.role != Role.SOCIAL_WORKER:
        raise Refused(_("This account is not a social worker's."))


def check_absence_fits(start_on: date, until_on: date, today: date) -> None:
    """The first day back comes after the first day away, and has not passed."""
    if until_on <= start_on:
        raise Refused(_("The first day back comes after the first day away."), field="until_on")
    if until_on <= today:
        raise Refused(_("This has passed already."), field="until_on")


def check_has_no_conflict(workers: Iterable[tuple[User, CaseFile]]) -> None:
    """Nobody helps where they have a conflict of interest; asked for many places at once."""
    asked = {(worker.pk, case_file.pk) for worker, case_file in workers}
    files = sorted({case_file for _worker, case_file in asked})
    for start in range(0, len(files), BATCH):
        rows = Stipulation.objects.active().filter(
            kind=Stipulated.CONFLICT, case_file__in=files[start : start + BATCH]
        )
        if not asked.isdisjoint(rows.values_list("worker_id", "case_file_id")):
            raise Refused(_("This social worker has a conflict of interest here."), field="worker")


def check_place_is_as_seen(case_file: CaseFile, place: str, seen: str) -> None:
    """A draft is confirmed for those who stood in it, not for others who came since."""
    held = [each.worker.log_reference for each in rules.team(case_file) if each.role == place]
    if seen == next(iter(held), ""):
        return
    if place == Place.LEAD:
        raise Refused(_("This file has had a change of lead meanwhile. Please look again."))
    raise Refused(_("This file has had a change of deputy meanwhile. Please look again."))


def check_stipulation_fits(kind: str, worker: User | None) -> None:
    """Some are about one worker, the others about none."""
    if kind in OF_ANY and worker is not None:
        raise Refused(_("This is not about one worker: choose nobody."), field="worker")
    if kind not in OF_ANY and worker is None:
        raise Refused(_("Say which worker this is about."), field="worker")


def check_is_not_stipulated(case_file: CaseFile, kind: str, worker: User | None) -> None:
    """Two wishes about one worker would say two things."""
    if Stipulation.objects.active().filter(case_file=case_file, worker=worker).exists():
        field = "kind" if kind in OF_ANY else "worker"
        raise Refused(_("Something is on record about this already: end that first."), field=field)


def check_can_end_stipulation(user: User, stipulation: Stipulation) -> None:
    """Whoever may assign ends what holds."""
    rules.check_can_assign_worker(user, stipulation.case_file)
    if stipulation.until_on is not None:
        raise Refused(_("This has ended already."))


def check_is_as_seen(now: str, seen: str | None) -> None:
    """Whoever changes something on a page has seen what stands there; nobody else says so."""
    if seen is not None and seen != now:
        raise Refused(_("This has changed since you opened the page. Please read it again."))
