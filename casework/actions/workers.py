"""What workers can carry: said, changed and taken back here."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from audit import log
from audit.events import Event
from casework import team_rules
from casework.models import Absence, WorkerProfile
from kpm.accounts.models import User


def locked(worker: User) -> User:
    """The account as it is now, held until the transaction ends."""
    return User.objects.select_for_update(of=("self",)).select_related("unit").get(pk=worker.pk)


@transaction.atomic
def describe(
    *,
    worker: User,
    percent: int,
    sex: str,
    trained: Sequence[str],
    languages: Sequence[str],
    by: User,
    seen: str | None = None,
) -> WorkerProfile:
    """Say how much somebody works, what they are trained for and what they speak.

    The same again changes nothing. Where it was written on a page, `seen` is what stood there.
    """
    worker = locked(worker)
    team_rules.check_can_describe_worker(by, worker)
    found = WorkerProfile.objects.filter(worker=worker).first()
    profile = found or WorkerProfile(worker=worker)
    team_rules.check_is_as_seen(profile.seen, seen)
    said = (percent, sex, sorted(trained), sorted(languages))
    if found and said == (profile.percent, profile.sex, profile.trained, profile.languages):
        return profile
    profile.percent, profile.sex, profile.trained, profile.languages = said
    profile.worker = worker
    profile.save_as(by=by)
    log.record(Event.WORKER_DESCRIBED, by=by, target=worker)
    return profile


@transaction.atomic
def record_absence(
    *, worker: User, kind: str, start_on: date, until_on: date, by: User, today: date
) -> Absence:
    """Say that somebody is away from a day until they are back."""
    worker = locked(worker)
    team_rules.check_can_describe_worker(by, worker)
    team_rules.check_absence_fits(start_on, until_on, today)
    absence = Absence(worker=worker, kind=kind, start_on=start_on, until_on=until_on)
    absence.save_as(by=by)
    log.record(Event.ABSENCE_RECORDED, by=by, target=worker)
    return absence


@transaction.atomic
def withdraw_absence(*, absence: Absence, by: User, now: datetime) -> Absence:
    """Take it back: the days count as worked again. A second time changes nothing."""
    worker = locked(absence.worker)
    team_rules.check_can_describe_worker(by, worker)
    absence = Absence.objects.select_for_update(of=("self",)).get(pk=absence.pk)
    if absence.withdrawn_at is None:
        absence.withdrawn_at = now
        absence.save_as(by=by)
        log.record(Event.ABSENCE_WITHDRAWN, by=by, target=worker)
    return absence
