"""Which village a ledger means: names as people write them, looked up in the tree; pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from kpm.accounts.models import Unit

BLANKS = re.compile(r"[\s/、,\-]+")
NEAREST = 3


def normalised(name: Any) -> str:
    """A name of a place without width, blanks and separators."""
    return BLANKS.sub("", unicodedata.normalize("NFKC", str(name or "")))


@dataclass
class Villages:
    """The villages that somebody may take people in for, by every way to write them."""

    by_name: dict[str, set[str]] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "Villages":
        """From units of all levels; only villages are places to live."""
        by_code = {unit.code: unit for unit in units}
        found = cls()
        for unit in by_code.values():
            if unit.level == Unit.Level.VILLAGE:
                found._add(unit, by_code)
        return found

    def _add(self, unit: Unit, by_code: dict[str, Unit]) -> None:
        """Under its own name, and after those of the units above it, from near to far."""
        name = normalised(unit.name)
        self.units[unit.code] = unit
        self.by_name.setdefault(name, set()).add(unit.code)
        for digits in (9, 6, 4):
            above = by_code.get(unit.code[:digits].ljust(12, "0"))
            if above is None:
                break
            name = normalised(above.name) + name
            self.by_name.setdefault(name, set()).add(unit.code)
            if digits == 9:
                self.paths[unit.code] = name

    def find(self, name: Any) -> Unit | None:
        """The one village that is called this; None where none or several are."""
        codes = self.by_name.get(normalised(name), set())
        return self.units[next(iter(codes))] if len(codes) == 1 else None

    def nearest(self, name: Any) -> list[str]:
        """The names that look most like this one, the nearest first."""
        wanted = normalised(name)
        names = {self.paths.get(code, unit.name) for code, unit in self.units.items()}
        rated = sorted(names, key=lambda each: (-SequenceMatcher(None, wanted, each).ratio(), each))
        return rated[:NEAREST]
