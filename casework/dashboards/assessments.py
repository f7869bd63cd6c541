"""What pages say of assessments: each in words, beside the one before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from casework.dashboards.timelines import Row
from casework.models import CaseFile
from kpm.vault.opening import Reading, open_groups
from risk_levels import scoring
from risk_levels.instruments import INSTRUMENTS
from risk_levels.models import Assessment
from risk_levels.scoring import Change, Turn


@dataclass(frozen=True)
class AnsweredSection:
    """A section of an assessment with its questions and answers."""

    title: Any
    rows: list[Row]


@dataclass(frozen=True)
class Assessed:
    """An assessment in words."""

    place: int
    assessment: Assessment
    title: Any
    level: str
    is_provisional: bool
    words: list[str]
    sections: list[AnsweredSection]
    # The one before, and what was answered otherwise then.
    former: Assessment | None = None
    changes: tuple[Change, ...] = ()

    @property
    def worse(self) -> list[Change]:
        """What has got worse, for whoever looks at that first."""
        return [each for each in self.changes if each.turn is Turn.WORSE]

    @property
    def other_changes(self) -> list[Change]:
        """Everything else that is not as it was."""
        return [each for each in self.changes if each.turn is not Turn.WORSE]


def open_assessment(
    rows: Sequence[Assessment], place: int, population: str, reading: Reading
) -> Assessed:
    """An assessment in words, beside the one before it."""
    chosen = rows[place - 1]
    former = rows[place - 2] if place > 1 else None
    open_groups([chosen, *([former] if former else [])], "body", reading=reading)
    return in_words(chosen, population, place, former)


def assessments_of(case_file: CaseFile) -> list[Assessment]:
    """All assessments of a file, the first one first: its place in this list names it."""
    return list(
        case_file.risk_level.assessments.select_related("assessed_by").order_by("recorded_at", "id")
    )


def in_words(
    assessment: Assessment, population: str, place: int, former: Assessment | None = None
) -> Assessed:
    """An assessment whose body is open, in words; the former one is open as well."""
    instrument = INSTRUMENTS[assessment.instrument, assessment.version]
    result = assessment.result
    sections = []
    for section in instrument.sections_for(population):
        rows = []
        for item in section.items:
            option = item.option(assessment.answers.get(item.code))
            rows.append(Row(item.text, option.label if option else _("not answered")))
        sections.append(AnsweredSection(section.title, rows))
    return Assessed(
        place=place,
        assessment=assessment,
        title=instrument.title,
        level=result["level"],
        is_provisional=result["is_provisional"],
        words=scoring.in_words(instrument, result),
        sections=sections,
        former=former,
        changes=_changes(former, assessment, population) if former else (),
    )


def _changes(before: Assessment, after: Assessment, population: str) -> tuple[Change, ...]:
    both = ((INSTRUMENTS[one.instrument, one.version], one.answers) for one in (before, after))
    return tuple(scoring.changes(next(both), next(both), population))
