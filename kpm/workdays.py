"""Working days in China, in which terms of an office are counted: holidays and moved weekends too.

The first day is not counted (Civil Code, article 201). The State Council announces each year's
holidays at the end of the one before, with the weekends that are worked instead; until then a
coming year has its statutory holidays alone.
"""

from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays
from holidays.holiday_base import HolidayBase

DAY = timedelta(days=1)


@lru_cache(maxsize=1)
def _china() -> HolidayBase:
    return country_holidays("CN")


def is_workday(day: date) -> bool:
    """Whether offices work on this day."""
    return _china().is_working_day(day)


def after_workdays(start: date, count: int) -> date:
    """The day on which so many working days have passed; the day of the start is not counted."""
    day = start
    while count > 0:
        day += DAY
        count -= is_workday(day)
    return day


def workdays_between(start: date, end: date) -> int:
    """How many working days there are after the first of these days, up to the second."""
    return sum(is_workday(start + DAY * each) for each in range(1, (end - start).days + 1))
