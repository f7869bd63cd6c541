"""What everybody carries is written down here, once a week, as it was found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import load_rules
from casework.load_rules import Carried
from casework.models import WeeklyLoad
from kpm.accounts.actions import system_account
from kpm.accounts.models import User

BATCH = 500


@dataclass(frozen=True)
class Weighed:
    """Somebody, what they carry, and what there is room for."""

    user: User
    carried: Carried
    capacity: int


def record_week(weighed: Sequence[Weighed], *, now: datetime) -> int:
    """Write this week down for those for whom nobody has; returns for how many.

    The first look counts: a second one in the same week changes nothing.
    """
    week_on = load_rules.week_of(timezone.localdate(now))
    known = set(WeeklyLoad.objects.filter(week_on=week_on).values_list("worker", flat=True))
    new = [each for each in weighed if each.user.pk not in known]
    for start in range(0, len(new), BATCH):
        _record(
            [
                WeeklyLoad(
                    worker=each.user,
                    week_on=week_on,
                    capacity=each.capacity,
                    **asdict(each.carried),
                )
                for each in new[start : start + BATCH]
            ]
        )
    return len(new)


@transaction.atomic
def _record(rows: Sequence[WeeklyLoad]) -> None:
    WeeklyLoad.objects.bulk_create(rows)
    log.record(
        Event.LOAD_RECORDED,
        by=system_account("clock"),
        targets=[each.worker for each in rows],
        count=len(rows),
    )
