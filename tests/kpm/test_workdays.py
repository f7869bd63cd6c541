"""Working days as the State Council set them for 2026, and as they are counted for terms."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpm.workdays import (
    after_workdays,
    is_unlike_its_weekday,
    is_workday,
    name_of,
    workdays_between,
)

DAYS = st.dates(date(2020, 1, 1), date(2035, 1, 1))


@pytest.mark.parametrize("day", [date(2026, 2, 14), date(2026, 2, 28), date(2026, 10, 10)])
def test_a_weekend_that_is_worked_instead_is_a_working_day(day: date) -> None:
    assert day.isoweekday() > 5
    assert is_workday(day)


@pytest.mark.parametrize("day", [date(2026, 2, 20), date(2026, 10, 7), date(2026, 4, 6)])
def test_a_weekday_of_a_holiday_is_none(day: date) -> None:
    assert day.isoweekday() < 6
    assert not is_workday(day)


def test_the_first_day_is_not_counted() -> None:
    assert after_workdays(date(2026, 11, 26), 1) == date(2026, 11, 27)
    assert after_workdays(date(2026, 11, 27), 1) == date(2026, 11, 30)


def test_ten_working_days_pass_over_national_day_and_the_weekend_worked_after_it() -> None:
    # 1 to 7 October are free; Saturday the 10th is worked, and so was Sunday 20 September.
    assert after_workdays(date(2026, 9, 30), 10) == date(2026, 10, 20)


def test_a_year_that_is_not_announced_yet_has_its_statutory_holidays() -> None:
    assert not is_workday(date(2031, 10, 1))


@given(start=DAYS, count=st.integers(1, 30))
def test_a_term_ends_on_a_working_day_after_as_many_of_them(start: date, count: int) -> None:
    end = after_workdays(start, count)
    assert is_workday(end)
    assert workdays_between(start, end) == count


def test_what_the_office_knows_better_counts() -> None:
    free, worked = date(2026, 11, 27), date(2026, 11, 28)
    special = {free: False, worked: True}
    assert not is_workday(free, special)
    assert is_workday(worked, special)
    assert after_workdays(date(2026, 11, 26), 1, special) == worked
    assert workdays_between(date(2026, 11, 26), worked, special) == 1


def test_a_day_unlike_its_weekday_is_a_holiday_or_a_worked_weekend() -> None:
    assert is_unlike_its_weekday(date(2026, 10, 1))
    assert is_unlike_its_weekday(date(2026, 10, 10))
    assert not is_unlike_its_weekday(date(2026, 11, 26))
    assert not is_unlike_its_weekday(date(2026, 11, 28))
    assert name_of(date(2026, 10, 1))
    assert name_of(date(2026, 11, 26)) == ""
