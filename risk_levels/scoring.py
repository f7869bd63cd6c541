"""From answers to a suggestion with its reasons; never a decision, never a prediction. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _

from risk_levels.instruments.parts import Effect, Instrument, Item, Option, Section
from risk_levels.levels import Level, higher, rank

# The level where nothing calls for more.
LOWEST = Level.GREEN
# So many questions without an answer are named in a sentence.
MOST_NAMED = 4
# What is asked after first, where something is open.
MOST_PRESSING = (Effect.SAFETY, Effect.NEED, Effect.STRENGTH)


@dataclass(frozen=True)
class Answer:
    """One item with what was answered."""

    item: str
    option: str


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """What the answers suggest, and which of them led there."""

    level: Level
    # Something was not answered: the level holds for what is known.
    is_provisional: bool
    # The answers that led to the level; empty for the lowest.
    drivers: tuple[Answer, ...] = ()
    strengths: tuple[Answer, ...] = ()
    missing: tuple[str, ...] = ()
    # Points of the needs, points that strengths took off.
    points: int = 0
    relief: int = 0
    inputs: Mapping[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """As it is kept: codes only, so that old results are shown in any language."""
        return {
            "level": str(self.level),
            "is_provisional": self.is_provisional,
            "drivers": [[each.item, each.option] for each in self.drivers],
            "strengths": [[each.item, each.option] for each in self.strengths],
            "missing": list(self.missing),
            "points": self.points,
            "relief": self.relief,
            "inputs": dict(self.inputs),
        }


def suggest(instrument: Instrument, answers: Mapping[str, str], population: str) -> Suggestion:
    """The level that the answers call for, with the answers that called for it."""
    asked = [
        (section, item, item.option(answers.get(item.code)))
        for section in instrument.sections_for(population)
        for item in section.items
    ]
    known = [(section, item, option) for section, item, option in asked if _is_known(option)]
    missing = tuple(item.code for _section, item, option in asked if not _is_known(option))

    called = _called_for(known)
    needs = list(_with_effect(known, Effect.NEED))
    strengths = list(_with_effect(known, Effect.STRENGTH))
    points = sum(option.weight for _item, option in needs)
    relief = min(
        instrument.most_strengths, sum(option.weight for _item, option in strengths), points
    )
    added = _reached(instrument, points - relief)
    level = higher(called, added)
    drivers = [
        Answer(item.code, option.code)
        for item, option in _with_effect(known, Effect.SAFETY)
        if option.calls_for == level
    ]
    if added == level and level != LOWEST:
        drivers += [Answer(item.code, option.code) for item, option in needs if option.weight]
    return Suggestion(
        level=level,
        is_provisional=bool(missing),
        drivers=tuple(drivers),
        strengths=tuple(Answer(i.code, o.code) for i, o in strengths if o.weight),
        missing=missing,
        points=points,
        relief=relief,
        inputs={item.code: option.code for _section, item, option in asked if option is not None},
    )


Known = tuple[Section, Item, Option | None]


def _is_known(option: Option | None) -> bool:
    return option is not None and not option.is_unknown


def _with_effect(known: list[Known], effect: Effect) -> Iterator[tuple[Item, Option]]:
    for section, item, option in known:
        if section.effect == effect and option is not None:
            yield item, option


def _called_for(known: list[Known]) -> Level:
    called = LOWEST
    for _item, option in _with_effect(known, Effect.SAFETY):
        if option.calls_for is not None:
            called = higher(called, option.calls_for)
    return called


def _reached(instrument: Instrument, points: int) -> Level:
    reached = [level for level, least in instrument.thresholds.items() if points >= least]
    return max(reached, key=rank, default=LOWEST)


def in_words(instrument: Instrument, result: Mapping[str, Any]) -> list[str]:
    """The suggestion as sentences for the worker and the reviewer, in their language."""
    sentences = [_("The answers suggest: %(level)s.") % {"level": Level(result["level"]).label}]
    sentences += [
        _("“%(question)s” was answered “%(answer)s”.") % words
        for words in _quoted(instrument, result["drivers"])
    ]
    if not result["drivers"]:
        sentences.append(_("Nothing that was answered calls for more."))
    if result["points"]:
        sentences.append(
            _("Needs count %(points)s points; strengths take off %(relief)s.")
            % {"points": result["points"], "relief": result["relief"]}
        )
    sentences += [
        _("A strength: “%(question)s”.") % words
        for words in _quoted(instrument, result["strengths"])
    ]
    if result["is_provisional"]:
        sentences.append(_missing_in_words(instrument, result))
    if may_be_higher(instrument, result):
        sentences.append(
            _("Questions about safety are open: a yes there may suggest more than this.")
        )
    return sentences


def open_questions(instrument: Instrument, result: Mapping[str, Any]) -> list[Item]:
    """What was not answered or not known: dangers first, then needs, then strengths."""
    sections = sorted(instrument.sections, key=lambda each: MOST_PRESSING.index(each.effect))
    missing = set(result["missing"])
    return [item for section in sections for item in section.items if item.code in missing]


def may_be_higher(instrument: Instrument, result: Mapping[str, Any]) -> bool:
    """Whether one yes to an open question about safety would suggest more than the answers do."""
    suggested = rank(Level(result["level"]))
    return any(
        option.calls_for is not None and rank(option.calls_for) > suggested
        for item in open_questions(instrument, result)
        for option in item.options
    )


def _missing_in_words(instrument: Instrument, result: Mapping[str, Any]) -> str:
    """The most pressing questions without an answer, and how many more there are."""
    items = open_questions(instrument, result)
    named = [_("“%(question)s”") % {"question": item.text} for item in items[:MOST_NAMED]]
    words = {"questions": " · ".join(named), "count": len(items) - len(named)}
    if len(items) > len(named):
        return _("Provisional: no answer yet to %(questions)s and %(count)s more.") % words
    return _("Provisional: no answer yet to %(questions)s.") % words


# An instrument with what was answered.
Filled = tuple[Instrument, Mapping[str, str]]


class Turn(Enum):
    """What became of one answer since the assessment before."""

    BETTER = "better"
    WORSE = "worse"
    KNOWN = "known"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Change:
    """One question that was answered otherwise before."""

    item: Item
    before: Option | None
    after: Option | None
    turn: Turn

    @property
    def is_danger(self) -> bool:
        """Whether either answer calls for a level by itself."""
        return any(option and option.calls_for for option in (self.before, self.after))


def changes(
    before: Filled,
    after: Filled,
    population: str,
) -> list[Change]:
    """What was answered otherwise before, of the questions that stand in both instruments."""
    older, old_answers = before
    newer, new_answers = after
    found = []
    for section in newer.sections_for(population):
        for item in section.items:
            former = older.item(item.code)
            if former is None or new_answers.get(item.code) == old_answers.get(item.code):
                continue
            was = former.option(old_answers.get(item.code))
            now = item.option(new_answers.get(item.code))
            if turn := _turn(section.effect, was, now):
                found.append(Change(item, was, now, turn))
    return found


def answered_as_before(
    before: Filled,
    after: Filled,
    population: str,
) -> int:
    """How many questions have the same answer in both, and an answer that says something."""
    older, old_answers = before
    newer, new_answers = after
    return sum(
        older.item(item.code) is not None
        and new_answers.get(item.code) == old_answers.get(item.code)
        and _is_known(item.option(new_answers.get(item.code)))
        for section in newer.sections_for(population)
        for item in section.items
    )


def _turn(effect: Effect, was: Option | None, now: Option | None) -> Turn | None:
    known = [option for option in (was, now) if option is not None and not option.is_unknown]
    if len(known) == 2:
        older, newer = (_gravity(effect, option) for option in known)
        return Turn.WORSE if newer > older else Turn.BETTER
    if not known:
        return None
    return Turn.UNKNOWN if known[0] is was else Turn.KNOWN


def _gravity(effect: Effect, option: Option) -> int:
    if effect is Effect.SAFETY:
        return rank(option.calls_for) if option.calls_for else 0
    return -option.weight if effect is Effect.STRENGTH else option.weight


def _quoted(instrument: Instrument, pairs: list[list[str]]) -> Iterator[dict[str, Any]]:
    for code, answer in pairs:
        item = instrument.item(code)
        option = item.option(answer) if item else None
        if item and option:
            yield {"question": item.text, "answer": option.label}
