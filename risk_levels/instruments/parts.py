"""What an instrument is made of: sections, items, options, thresholds. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from risk_levels.levels import Level

Words = Promise | str


class Effect(StrEnum):
    """What the answers of a section do."""

    # An answer may call for a level by itself.
    SAFETY = "safety"
    # Answers add up.
    NEED = "need"
    # Answers take off, from the needs alone.
    STRENGTH = "strength"


@dataclass(frozen=True)
class Option:
    """One possible answer."""

    code: str
    label: Words
    weight: int = 0
    # Only in safety sections: the level that this answer calls for.
    calls_for: Level | None = None
    # True: the same as no answer; the result is provisional.
    is_unknown: bool = False


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question with its answers and the text that it comes from."""

    code: str
    text: Words
    source: Words
    options: tuple[Option, ...]
    hint: Words = ""
    # Populations that are not asked; empty: everybody is.
    only_for: tuple[str, ...] = ()

    def option(self, code: object) -> Option | None:
        """The option with this code."""
        return next((each for each in self.options if each.code == code), None)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Items that belong together."""

    code: str
    title: Words
    effect: Effect
    items: tuple[Item, ...]
    lead: Words = ""


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """One version of a questionnaire; a new version is a new file, old ones stay."""

    code: str
    version: int
    title: Words
    source: Words
    sections: tuple[Section, ...]
    # From how many points on, after the strengths are taken off, which level is suggested.
    thresholds: Mapping[Level, int]
    # How many points strengths may take off at most.
    most_strengths: int

    @property
    def for_red(self) -> int:
        """From how many points on red is suggested."""
        return self.thresholds[Level.RED]

    @property
    def for_yellow(self) -> int:
        """From how many points on yellow is suggested."""
        return self.thresholds[Level.YELLOW]

    def sections_for(self, population: str) -> tuple[Section, ...]:
        """The sections with the items that this population is asked."""
        return tuple(
            Section(
                code=section.code,
                title=section.title,
                effect=section.effect,
                lead=section.lead,
                items=tuple(
                    item
                    for item in section.items
                    if not item.only_for or population in item.only_for
                ),
            )
            for section in self.sections
        )

    def item(self, code: str) -> Item | None:
        """The item with this code."""
        items = (item for section in self.sections for item in section.items)
        return next((item for item in items if item.code == code), None)
