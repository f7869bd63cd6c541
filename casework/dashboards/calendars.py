"""The coming special days: free in the week, worked at a weekend, or corrected."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language

from kpm.workdays import is_unlike_its_weekday, is_workday, name_of
from risk_levels.models import CalendarDay

AHEAD = 366


@dataclass(frozen=True)
class SpecialDay:
    """A day that is not like its weekday, or that somebody corrected."""

    day: date
    is_workday: bool
    name: str
    correction: CalendarDay | None

    @property
    def weekday(self) -> str:
        """The day of the week, in words."""
        return str(WEEKDAYS[self.day.weekday()])


def special_days(today: date) -> list[SpecialDay]:
    """Those of the coming year, in their order."""
    special = CalendarDay.objects.special()
    corrected = {
        each.day: each
        for each in CalendarDay.objects.select_related("entered_by").filter(day__in=special)
    }
    language = get_language() or "zh-hans"
    days = [today + timedelta(days=ahead) for ahead in range(AHEAD)]
    return [
        SpecialDay(day, is_workday(day, special), name_of(day, language), corrected.get(day))
        for day in days
        if day in corrected or is_unlike_its_weekday(day, special)
    ]
