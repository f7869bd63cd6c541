"""The ladder of what is overdue: whom it asks when, and whom it never speaks of."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.overdue_rules import Step, first_days, overdue_step, step_on
from risk_levels.levels import Level

OTHERS = sorted(set(Level) - {Level.RED})
TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (-1, Step.NOBODY),
        (0, Step.NOBODY),
        (1, Step.WORKER),
        (2, Step.WORKER),
        (3, Step.SUPERVISOR),
        (5, Step.SUPERVISOR),
        (6, Step.ABOVE),
        (400, Step.ABOVE),
    ],
)
def test_red_climbs_after_three_and_six_days(days, step):
    assert overdue_step(Level.RED, days) == step


@pytest.mark.parametrize("level", OTHERS)
@pytest.mark.parametrize(
    ("days", "step"),
    [
        (0, Step.NOBODY),
        (1, Step.WORKER),
        (6, Step.WORKER),
        (7, Step.SUPERVISOR),
        (13, Step.SUPERVISOR),
        (14, Step.ABOVE),
    ],
)
def test_every_other_level_climbs_after_seven_and_fourteen_days(level, days, step):
    assert overdue_step(level, days) == step


@given(level=st.sampled_from(sorted(Level)), days=st.integers(-400, 4000))
def test_nobody_is_asked_less_because_more_time_has_passed(level, days):
    assert overdue_step(level, days) <= overdue_step(level, days + 1)
    assert overdue_step(level, days) <= overdue_step(Level.RED, days)


def test_what_has_no_day_asks_nobody():
    assert step_on(Level.RED, None, TODAY) == Step.NOBODY
    assert step_on(Level.RED, TODAY - timedelta(days=3), TODAY) == Step.SUPERVISOR


def test_no_supervisor_is_asked_before_the_first_day_on_which_one_can_be():
    assert all(overdue_step(level, first_days() - 1) < Step.SUPERVISOR for level in Level)
    assert any(overdue_step(level, first_days()) == Step.SUPERVISOR for level in Level)
