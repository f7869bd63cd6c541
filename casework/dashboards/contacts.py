"""The visits of a file in words, with what was found at each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from casework.models import CaseFile, Visit
from risk_levels.populations import POPULATIONS
from risk_levels.populations.parts import Answer


@dataclass(frozen=True)
class Entry:
    """One visit, and the items that somebody looked at: label, words, whether it was fine."""

    visit: Visit
    checks: list[tuple[Any, Any, bool]]


def entries_of(case_file: CaseFile, visits: Iterable[Visit]) -> list[Entry]:
    """The visits with their items in the order of the population."""
    declared = POPULATIONS[case_file.population].checks
    return [
        Entry(
            visit,
            [
                (check.label, Answer(answer).label, answer == Answer.FINE)
                for check in declared
                if (answer := visit.checklist.get(check.code)) in Answer.values
            ],
        )
        for visit in visits
    ]
