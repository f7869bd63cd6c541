"""What everybody carried in the weeks before: as today, with the ups and downs of a season."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.utils import timezone

from casework import load_rules
from casework.actions import loads
from casework.dashboards.boards import weigh_all

# In percent of today, the first week first; the last one is this week.
SEASON: Final = (70, 75, 80, 85, 90, 85, 90, 95, 105, 110, 105, 100)
# One of so many has had too much for weeks: so many percent of what there was room for.
STRAINED_EACH, STRAINED = 13, 118


def weigh_earlier(now: datetime) -> None:
    """Write down each of these weeks, as the sweep would have."""
    found = weigh_all(timezone.localdate(now))
    for number, percent in enumerate(SEASON, start=1):
        weeks_ago = len(SEASON) - number
        loads.record_week(
            [
                _as_it_was(each, percent, is_strained=place % STRAINED_EACH == 0 and weeks_ago < 6)
                for place, each in enumerate(found)
            ],
            now=now - weeks_ago * load_rules.WEEK,
        )


def _as_it_was(weighed: loads.Weighed, percent: int, *, is_strained: bool) -> loads.Weighed:
    points = weighed.carried.points * percent // 100
    if is_strained:
        points = max(points, weighed.capacity * STRAINED // 100)
    return replace(weighed, carried=replace(weighed.carried, points=points))
