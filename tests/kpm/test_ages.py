"""Ages and years as the law counts them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpm.ages import age_on, turns_on, years_after

GATES = (8, 14, 16, 18, 60, 80)


@pytest.mark.parametrize("years", GATES)
def test_an_age_is_reached_on_the_day_after_the_birthday(years):
    born_on = date(1940, 11, 24)
    birthday = date(1940 + years, 11, 24)
    assert age_on(born_on, birthday) == years - 1
    assert age_on(born_on, birthday + timedelta(days=1)) == years
    assert turns_on(born_on, years) == birthday + timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2022, 2, 28), 5),
        # The last of the month stands for the day that is missing, and the next one counts.
        (date(2022, 3, 1), 6),
        (date(2024, 2, 29), 7),
        (date(2024, 3, 1), 8),
    ],
)
def test_who_was_born_on_a_leap_day_is_older_on_the_first_of_march(day, age):
    assert age_on(date(2016, 2, 29), day) == age


def test_who_was_born_on_the_last_day_of_a_year_is_older_in_the_next():
    assert age_on(date(2008, 12, 31), date(2026, 12, 31)) == 17
    assert age_on(date(2008, 12, 31), date(2027, 1, 1)) == 18


def test_nobody_is_younger_than_none():
    assert age_on(date(2010, 11, 24), date(2010, 11, 24)) == 0
    assert age_on(date(2010, 11, 24), date(2009, 1, 1)) == 0


def test_a_day_without_its_like_ends_on_the_last_of_the_month():
    assert years_after(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)


@given(
    st.dates(date(1900, 1, 1), date(2020, 12, 31)), st.dates(date(2021, 1, 1), date(2100, 12, 31))
)
def test_an_age_and_the_day_on_which_it_is_reached_say_the_same(born_on, day):
    age = age_on(born_on, day)
    assert turns_on(born_on, age) <= day < turns_on(born_on, age + 1)
