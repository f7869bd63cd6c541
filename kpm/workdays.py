"""Working days in China, in which terms of an office are counted: holidays and moved weekends too.

The first day is not counted (Civil Code, article 201). The State Council announces each year's
holidays at the end of the one before, with the weekends that are worked instead; until then a
coming year has its statutory holidays alone. What an office knows better comes as `special`:
whether it works on a day.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from holidays import country_holidays
from holidays.holiday_base import HolidayBase

DAY = timedelta(days=1)
Special = Mapping[date, bool]
NOTHING_SPECIAL: Final[Special] = MappingProxyType({})


@lru_cache(maxsize=1)
def _china() -> HolidayBase:
    return country_holidays("CN")


def is_workday(day: date, special: Special = NOTHING_SPECIAL) -> bool:
    """Whether offices work on this day."""
    return special[day] if day in special else _china().is_working_day(day)


def is_unlike_its_weekday(day: date, special: Special = NOTHING_SPECIAL) -> bool:
    """Whether it is worked at a weekend, or free in the week."""
    return is_workday(day, special) is (day.isoweekday() > 5)


def name_of(day: date, language: str = "zh-hans") -> str:
    """What is celebrated, in the language of the page; empty on other days."""
    spoken = "zh_CN" if language.startswith("zh") else "en_US"
    return str(country_holidays("CN", years=day.year, language=spoken).get(day, ""))


def after_workdays(start: date, count: int, special: Special = NOTHING_SPECIAL) -> date:
    """The day on which so many working days have passed; the day of the start is not counted."""
    day = start
    while count > 0:
        day += DAY
        count -= is_workday(day, special)
    return day


def workdays_between(start: date, end: date, special: Special = NOTHING_SPECIAL) -> int:
    """How many working days there are after the first of these days, up to the second."""
    return sum(is_workday(start + DAY * each, special) for each in range(1, (end - start).days + 1))
