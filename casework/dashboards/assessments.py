"""What pages say of assessments: each in words, beside the last one of the same questionnaire."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from casework.dashboards.timelines import Row
from casework.models import CaseFile
from kpm.vault.opening import Reading, open_groups
from risk_levels import scoring
from risk_levels.instruments import INSTRUMENTS
from risk_levels.instruments.parts import Item
from risk_levels.levels import Level
from risk_levels.models import Assessment
from risk_levels.scoring import Change, Turn


@dataclass(frozen=True)
class AnsweredSection:
    """A section of an assessment with its questions and answers."""

    title: Any
    rows: list[Row]


@dataclass(frozen=True)
class Former:
    """An earlier assessment, and the place under which it is found."""

    place: int
    assessment: Assessment

    @property
    def level(self) -> Any:
        """What the answers suggested then, as a word."""
        return Level(self.assessment.result["level"]).label


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
    # What was not answered or not known, the most pressing first.
    open_questions: list[Item]
    # The last one of the same questionnaire, and what was answered otherwise then.
    former: Former | None = None
    # The one before was made with another questionnaire: nothing to compare.
    uncompared: Former | None = None
    changes: tuple[Change, ...] = ()
    as_before: int = 0

    @property
    def worse(self) -> list[Change]:
        """What has got worse, for whoever looks at that first."""
        return [each for each in self.changes if each.turn is Turn.WORSE]

    @property
    def other_changes(self) -> list[Change]:
        """Everything else that is not as it was: dangers first, what nobody asked again last.

        A danger that was not asked after again has not gone.
        """
        others = [each for each in self.changes if each.turn is not Turn.WORSE]
        return sorted(others, key=lambda each: (not each.is_danger, each.turn is Turn.UNKNOWN))

    @property
    def level_label(self) -> Any:
        """What the answers suggest, as a word."""
        return Level(self.level).label


def open_assessment(
    rows: Sequence[Assessment], place: int, population: str, reading: Reading
) -> Assessed:
    """An assessment in words, beside the last one of the same questionnaire."""
    chosen = rows[place - 1]
    earlier = _earlier(rows, chosen)
    same = [each for each in earlier if each.assessment.instrument == chosen.instrument]
    former = same[-1] if same else None
    open_groups([chosen, *([former.assessment] if former else [])], "body", reading=reading)
    uncompared = earlier[-1] if earlier and former is None else None
    return in_words(chosen, population, place, former, uncompared)


def _earlier(rows: Sequence[Assessment], chosen: Assessment) -> list[Former]:
    """What was assessed before this one, the last at the end: by the day of the talk.

    Somebody may write down late what was said weeks ago.
    """
    places = [Former(place, each) for place, each in enumerate(rows, start=1)]
    before = [each for each in places if _moment(each.assessment) < _moment(chosen)]
    return sorted(before, key=lambda each: _moment(each.assessment))


def _moment(assessment: Assessment) -> tuple[Any, ...]:
    return assessment.assessed_on, assessment.recorded_at, assessment.pk


def assessments_of(case_file: CaseFile) -> list[Assessment]:
    """All assessments of a file, the first one first: its place in this list names it."""
    return list(
        case_file.risk_level.assessments.select_related("assessed_by").order_by("recorded_at", "id")
    )


def in_words(
    assessment: Assessment,
    population: str,
    place: int,
    former: Former | None = None,
    uncompared: Former | None = None,
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
        open_questions=scoring.open_questions(instrument, result),
        former=former,
        uncompared=uncompared,
        **(_compared(former.assessment, assessment, population) if former else {}),
    )


def _compared(before: Assessment, after: Assessment, population: str) -> dict[str, Any]:
    then, now = (_filled(each) for each in (before, after))
    return {
        "changes": tuple(scoring.changes(then, now, population)),
        "as_before": scoring.answered_as_before(then, now, population),
    }


def _filled(assessment: Assessment) -> scoring.Filled:
    return INSTRUMENTS[assessment.instrument, assessment.version], assessment.answers
