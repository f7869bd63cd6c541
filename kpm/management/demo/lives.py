"""What some invented people need and can do; and one whom nobody has met for three tries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.utils import timezone

from casework.actions import needs, visits
from casework.models import CaseFile
from kpm.management.demo import stories
from kpm.management.demo.disputes import lead_of
from risk_levels.levels import Level

# So many people have their needs and strengths on record one by one.
TOLD = 40
AREAS = ("income", "health", "home", "work", "work", "home", "family", "other")
# Of so many needs one has been met.
MET = 5


def tell_needs(files: Sequence[CaseFile], random: Random, now: datetime) -> None:
    """A strength and a need each; now and then one that was met."""
    today = timezone.localdate(now)
    for turn, case_file in enumerate(files[:TOLD]):
        by = lead_of(case_file)
        note = partial(needs.note, case_file=case_file, by=by, today=today)
        note(kind="strength", area="people", words=random.choice(stories.STRENGTHS))
        which = random.randrange(len(AREAS) - 1)
        need = note(kind="need", area=AREAS[which], words=stories.NEEDS[which])
        if turn % MET == 0:
            needs.end(need=need, outcome="met", reply=stories.MET, by=by, today=today)


def lose_one(files: Sequence[CaseFile], now: datetime) -> None:
    """The first who is not red: three calls in a row that nobody answered."""
    for case_file in files:
        if case_file.risk_level.level in (Level.GREEN, Level.YELLOW):
            for days in (3, 2, 1):
                visits.record(
                    case_file=case_file,
                    way="phone",
                    outcome="not_met",
                    happened_at=now - timedelta(days=days),
                    by=lead_of(case_file),
                    now=now,
                )
            return
