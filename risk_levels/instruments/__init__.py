"""The instruments, every version that was ever in use; the newest of each population is offered."""

from typing import Final

from risk_levels.instruments import (
    community_correction_1,
    drug_1,
    empty_nest_elder_1,
    left_behind_child_1,
    mental_disorder_1,
    released_1,
    support_needs_1,
)
from risk_levels.instruments.parts import Instrument

__all__ = ["CURRENT", "INSTRUMENTS", "Instrument", "current_for", "instrument_for"]

# What a population is asked now.
CURRENT: Final[dict[str, Instrument]] = {
    each.code: each
    for each in (
        community_correction_1.INSTRUMENT,
        released_1.INSTRUMENT,
        mental_disorder_1.INSTRUMENT,
        drug_1.INSTRUMENT,
        left_behind_child_1.INSTRUMENT,
        empty_nest_elder_1.INSTRUMENT,
    )
}
INSTRUMENTS: Final[dict[tuple[str, int], Instrument]] = {
    (each.code, each.version): each for each in (support_needs_1.INSTRUMENT, *CURRENT.values())
}


def current_for(population: str) -> Instrument:
    """The instrument with which this population is assessed now."""
    return CURRENT[population]


def instrument_for(code: str, version: int) -> Instrument:
    """The instrument that an old assessment was made with."""
    return INSTRUMENTS[code, version]
