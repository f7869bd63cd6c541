"""The order of levels and the steps between them."""

import pytest

from risk_levels.levels import (
    ORDER,
    Level,
    higher,
    is_down,
    needs_grounds,
    rank,
    step_down,
)


def test_levels_have_an_order():
    assert [rank(level) for level in ORDER] == [0, 1, 2, 3]
    assert higher("green", "red") == higher("red", "green") == Level.RED


@pytest.mark.parametrize(
    ("level", "lower"),
    [("red", "yellow"), ("yellow", "green"), ("green", "green"), ("ungraded", "ungraded")],
)
def test_a_step_down_is_one_level(level, lower):
    assert step_down(level) == lower


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ("ungraded", "green", False),
        ("ungraded", "yellow", True),
        ("ungraded", "red", True),
        ("green", "green", False),
        ("green", "yellow", True),
        ("green", "red", True),
        ("yellow", "green", False),
        ("yellow", "yellow", True),
        ("yellow", "red", True),
        ("red", "yellow", False),
        ("red", "red", True),
    ],
)
def test_whatever_asks_more_than_green_needs_grounds(before, after, asked):
    assert needs_grounds(before, after) is asked


def test_down_is_less_than_before():
    assert is_down("red", "yellow")
    assert not is_down("yellow", "yellow")
    assert not is_down("green", "red")
