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
# Whoever carries most today has had too much for so many weeks: in percent of the room.
WEEKS, STRAINED = 6, 118


def weigh_earlier(now: datetime) -> None:
    """Write down each of these weeks, as the sweep would have."""
    found = weigh_all(timezone.localdate(now))
    busiest = max(found, key=lambda each: each.carried.points, default=None)
    for number, percent in enumerate(SEASON, start=1):
        weeks_ago = len(SEASON) - number
        loads.record_week(
            [
                _as_it_was(each, percent, is_strained=each is busiest and weeks_ago < WEEKS)
                for each in found
            ],
            now=now - weeks_ago * load_rules.WEEK,
        )


def _as_it_was(weighed: loads.Weighed, percent: int, *, is_strained: bool) -> loads.Weighed:
    points = weighed.carried.points * percent // 100
    if is_strained:
        points = max(points, weighed.capacity * STRAINED // 100)
    return replace(weighed, carried=replace(weighed.carried, points=points))
