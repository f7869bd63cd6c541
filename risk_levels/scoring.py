"""From answers to a suggestion with its reasons; never a decision, never a prediction. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from risk_levels.instruments.parts import Effect, Instrument, Item, Option, Section
from risk_levels.levels import Level, higher, rank

# The level where nothing calls for more.
LOWEST = Level.GREEN


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
        sentences.append(
            _("Provisional: %(count)s questions have no answer yet.")
            % {"count": len(result["missing"])}
        )
    return sentences


def _quoted(instrument: Instrument, pairs: list[list[str]]) -> Iterator[dict[str, Any]]:
    for code, answer in pairs:
        item = instrument.item(code)
        option = item.option(answer) if item else None
        if item and option:
            yield {"question": item.text, "answer": option.label}
