"""The level of a file over time, as a picture: shapes and words, not colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.utils import timezone

from risk_levels.levels import ORDER
from risk_levels.models import Decision

# Units of the picture; it grows and shrinks with the page.
LEFT, WIDTH, ROW, TOP = 92.0, 240.0, 26.0, 4.0
LEAST = 3.0
HEIGHT: Final = TOP + ROW * len(ORDER)


@dataclass(frozen=True)
class Bar:
    """One level for as long as it held, or is to hold."""

    level: str
    x: float
    y: float
    width: float
    # Hatched: provisional, or not reached yet.
    is_hatched: bool


@dataclass(frozen=True)
class Step:
    """Where one level ends and another begins."""

    x: float
    y1: float
    y2: float


@dataclass(frozen=True)
class LevelRow:
    """One level with its place from above."""

    level: str
    y: float

    @property
    def middle(self) -> float:
        """Where its word stands."""
        return self.y + ROW / 2 + 4


@dataclass(frozen=True)
class Picture:
    """Everything that the drawing needs; its words come from the page."""

    rows: list[LevelRow]
    bars: list[Bar]
    steps: list[Step]
    today_x: float
    start_on: date
    end_on: date

    left = LEFT
    width = LEFT + WIDTH + 8
    height = HEIGHT + 22
    foot = HEIGHT + 16
    bottom = HEIGHT


def picture_of(decisions: Sequence[Decision], now: datetime) -> Picture | None:
    """The picture of these decisions, the first one first; None where nothing was decided."""
    if not decisions:
        return None
    start, end = decisions[0].decided_at, max(now, _end(decisions[-1], now))
    span = max((end - start).total_seconds(), 1.0)

    def x_of(moment: datetime) -> float:
        return round(LEFT + (moment - start).total_seconds() / span * WIDTH, 1)

    tops = {str(level): TOP + ROW * place for place, level in enumerate(reversed(ORDER))}
    bars: list[Bar] = []
    steps: list[Step] = []
    for place, each in enumerate(decisions):
        is_last = place + 1 == len(decisions)
        until = min(end, now) if is_last else decisions[place + 1].decided_at
        x, y = x_of(each.decided_at), tops[each.to_level] + 6
        width = max(x_of(until) - x, LEAST)
        bars.append(Bar(each.to_level, x, y, width, each.until_at is not None))
        steps.append(Step(x, tops[each.from_level] + 13, tops[each.to_level] + 13))
    last = _end(decisions[-1], now)
    if last > now:
        x = x_of(now)
        bars.append(
            Bar(decisions[-1].to_level, x, bars[-1].y, max(x_of(last) - x, LEAST), is_hatched=True)
        )
    return Picture(
        rows=[LevelRow(level, top) for level, top in tops.items()],
        bars=bars,
        steps=steps,
        today_x=x_of(now),
        start_on=timezone.localdate(start),
        end_on=timezone.localdate(end),
    )


def _end(decision: Decision, now: datetime) -> datetime:
    """When what was decided last ends; what has no end is drawn until now."""
    if decision.until_at is not None:
        return decision.until_at
    if decision.until_on is None:
        return now
    return now + timedelta(days=(decision.until_on - timezone.localdate(now)).days)
