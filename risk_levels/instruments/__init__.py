"""The instruments, every version that was ever in use; the newest of each is offered."""

from typing import Final

from risk_levels.instruments import support_needs_1
from risk_levels.instruments.parts import Instrument

__all__ = ["CURRENT", "INSTRUMENTS", "Instrument", "instrument_for"]

INSTRUMENTS: Final[dict[tuple[str, int], Instrument]] = {
    (each.code, each.version): each for each in (support_needs_1.INSTRUMENT,)
}
CURRENT: Final[Instrument] = support_needs_1.INSTRUMENT


def instrument_for(code: str, version: int) -> Instrument:
    """The instrument that an old assessment was made with."""
    return INSTRUMENTS[code, version]
