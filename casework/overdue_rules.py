"""Who is told that something is overdue, and after how long; nobody is punished for it.

A ladder asks for help one step further up. It counts days on a file, never against a person.
"""

from collections.abc import Mapping
from datetime import date
from enum import IntEnum
from typing import Final

from risk_levels.levels import Level

# Days after the day on which something was due.
WORKER_AFTER: Final = 1
SUPERVISOR_AFTER: Final[Mapping[Level, int]] = {Level.RED: 3}
SUPERVISOR_AFTER_OTHERWISE: Final = 7
# The unit above is asked after so many times the days of the supervisor.
ABOVE_TIMES: Final = 2


class Step(IntEnum):
    """How far up somebody is asked."""

    NOBODY = 0
    WORKER = 1
    SUPERVISOR = 2
    ABOVE = 3


def overdue_step(level: str, days: int) -> Step:
    """Who is asked about a file of this level that has waited so many days for what was due."""
    supervisor_after = SUPERVISOR_AFTER.get(Level(level), SUPERVISOR_AFTER_OTHERWISE)
    if days >= supervisor_after * ABOVE_TIMES:
        return Step.ABOVE
    if days >= supervisor_after:
        return Step.SUPERVISOR
    return Step.WORKER if days >= WORKER_AFTER else Step.NOBODY


def step_on(level: str, due_on: date | None, today: date) -> Step:
    """The same for what was due on a day."""
    return overdue_step(level, (today - due_on).days) if due_on else Step.NOBODY


def first_days() -> int:
    """After how many days a supervisor is asked at the earliest."""
    return min(*SUPERVISOR_AFTER.values(), SUPERVISOR_AFTER_OTHERWISE)
