"""Levels: four of them in an order, and the steps between them."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Level(TextChoices):
    """How much support somebody gets now."""

    UNGRADED = "ungraded", _("Ungraded")
    GREEN = "green", _("Green")
    YELLOW = "yellow", _("Yellow")
    RED = "red", _("Red")


ORDER = (Level.UNGRADED, Level.GREEN, Level.YELLOW, Level.RED)
GRADED = (Level.GREEN, Level.YELLOW, Level.RED)


def rank(level: str) -> int:
    """0 for ungraded up to 3 for red."""
    return ORDER.index(Level(level))


def needs_grounds(from_level: str, to_level: str) -> bool:
    """Whether this asks more of the person than green does, anew or once more."""
    return rank(to_level) > rank(Level.GREEN) and rank(to_level) >= rank(from_level)


def is_down(from_level: str, to_level: str) -> bool:
    """Whether this is less than before."""
    return rank(to_level) < rank(from_level)


def step_down(level: str) -> Level:
    """The level one step lower; green and ungraded stay where they are."""
    return {Level.RED: Level.YELLOW, Level.YELLOW: Level.GREEN}.get(Level(level), Level(level))


def higher(one: str, other: str) -> Level:
    """The higher of two levels."""
    return ORDER[max(rank(one), rank(other))]
