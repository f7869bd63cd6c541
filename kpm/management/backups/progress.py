"""How far a backup or a restore is: a line now and then."""

import time
from typing import Any, Final

EVERY: Final = 2.0


class Progress:
    """Says each count at its beginning and every two seconds."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._what = ""
        self._said_at = 0.0

    def __call__(self, what: str, count: int) -> None:
        """So much of this was done."""
        now = time.monotonic()
        if what == self._what and now < self._said_at + EVERY:
            return
        self._what, self._said_at = what, now
        self._out.write(f"{what}: {count:,}")
