"""Rule sets in words: versions, what differs, and what a version would bring."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.actions.case_files import calendars
from casework.models import CaseFile
from casework.models.case_files import Status
from kpm import days
from risk_levels.levels import Level
from risk_levels.models import Decision, RuleSet
from risk_levels.models.rule_sets import DUTIES, RuleSetState
from risk_levels.populations import POPULATIONS

# From the level that asks for most.
LEVELS = (Level.RED, Level.YELLOW, Level.GREEN)
DUTY_LABELS = {
    "contact_days": gettext_lazy("Contact at least every"),
    "visit_days": gettext_lazy("Visit at least every"),
    "review_days": gettext_lazy("Review at least every"),
    "valid_days": gettext_lazy("The level lasts at most"),
}
GENERAL_LABELS = {
    "emergency_red_hours": gettext_lazy("Hours that provisional red holds undecided"),
    "up_workdays": gettext_lazy("Working days to decide a step up"),
    "climb_workdays": gettext_lazy(
        "Working days until an undecided step down goes to the unit above"
    ),
    "effect_workdays": gettext_lazy("Working days until an undecided step down takes effect"),
    "ack_workdays": gettext_lazy("Working days to acknowledge an objection"),
    "decide_workdays": gettext_lazy("Working days to decide an objection"),
}
# Fewer files than this are not counted out: whoever reads the figure might know them.
LEAST = 5


@dataclass(frozen=True)
class Version:
    """A rule set with how it stands today."""

    rule_set: RuleSet
    words: str
    kind: str


def version_named(version: str) -> RuleSet | None:
    """The rule set of this name, with who wrote it."""
    return (
        RuleSet.objects.select_related("drafted_by", "started_by").filter(version=version).first()
    )


def versions(today: date) -> list[Version]:
    """All of them, drafts first, then the newest first day."""
    sets = list(RuleSet.objects.select_related("drafted_by", "started_by"))
    holding = RuleSet.objects.in_force(today)
    sets.sort(key=lambda each: (each.in_force_on or date.max, each.pk), reverse=True)
    return [version_of(each, holding, today) for each in sets]


def version_of(rule_set: RuleSet, holding: RuleSet | None, today: date) -> Version:
    """How it stands, in words."""
    if rule_set == holding:
        return Version(rule_set, _("holds now"), "green")
    on = rule_set.in_force_on
    if rule_set.state == RuleSetState.IN_FORCE and on is not None and on > today:
        return Version(rule_set, _("from %(day)s") % {"day": days.in_words(on)}, "yellow")
    if rule_set.state == RuleSetState.IN_FORCE:
        # Replaced today; the next sweep writes it down.
        return Version(rule_set, str(RuleSetState.ENDED.label), "")
    return Version(rule_set, rule_set.get_state_display(), "")


@dataclass(frozen=True)
class Cell:
    """A number, and what it is in the version that holds."""

    now: int
    before: int

    @property
    def differs(self) -> bool:
        """Whether this version says otherwise."""
        return self.now != self.before


@dataclass(frozen=True)
class LevelRow:
    """The days of one level."""

    level: Level
    cells: list[tuple[Any, Cell]]


@dataclass(frozen=True)
class PopulationTable:
    """The days of one population."""

    code: str
    label: Any
    rows: list[LevelRow]

    @property
    def differs(self) -> bool:
        """Whether this version says anything otherwise."""
        return any(cell.differs for row in self.rows for _label, cell in row.cells)


def tables(rule_set: RuleSet, before: RuleSet) -> list[PopulationTable]:
    """Every population with its days beside those that hold."""
    return [
        PopulationTable(
            code,
            population.label,
            [
                LevelRow(
                    level,
                    [
                        (
                            DUTY_LABELS[name],
                            Cell(
                                rule_set.days_of(code)[level][name],
                                before.days_of(code)[level][name],
                            ),
                        )
                        for name in DUTIES
                    ],
                )
                for level in LEVELS
            ],
        )
        for code, population in POPULATIONS.items()
    ]


def general_rows(rule_set: RuleSet, before: RuleSet) -> list[tuple[Any, Cell]]:
    """What holds for everybody, beside what holds now."""
    now, then = before.general(), rule_set.general()
    return [(label, Cell(then[name], now[name])) for name, label in GENERAL_LABELS.items()]


@dataclass(frozen=True)
class Effect:
    """What a version would do to the files of one population."""

    label: Any
    files: int
    earlier: int
    later: int
    # Would be late on the first day, and is not late now.
    late: int

    def _told(self, count: int) -> str:
        return _("fewer than %(least)s") % {"least": LEAST} if 0 < count < LEAST else str(count)

    @property
    def earlier_words(self) -> str:
        """How many would be due earlier."""
        return self._told(self.earlier)

    @property
    def later_words(self) -> str:
        """How many would be due later."""
        return self._told(self.later)

    @property
    def late_words(self) -> str:
        """How many would be late at once."""
        return self._told(self.late)

    @property
    def files_words(self) -> str:
        """How many files there are."""
        return self._told(self.files)


def effects(rule_set: RuleSet, before: RuleSet, today: date) -> list[Effect]:
    """What it would do to open files, population by population, those that it changes."""
    changed = {each.code: each.label for each in tables(rule_set, before) if each.differs}
    if not changed:
        return []
    files = list(
        CaseFile.objects.filter(status=Status.OPEN, population__in=changed)
        .select_related("risk_level")
        .defer("body")
    )
    now, then = (calendars(files, today, each) for each in (before, rule_set))
    counts: dict[str, Counter[str]] = {code: Counter() for code in changed}
    for each in files:
        old, new = now[each].next_due_on(), then[each].next_due_on()
        counts[each.population]["files"] += 1
        if old is not None and new is not None and old != new:
            counts[each.population]["earlier" if new < old else "later"] += 1
            counts[each.population]["late"] += new < today <= old
    return [
        Effect(label, *(counts[code][name] for name in ("files", "earlier", "later", "late")))
        for code, label in changed.items()
    ]


def total_of(found: list[Effect]) -> Effect:
    """All populations together."""
    sums = (sum(getattr(each, name) for each in found) for name in ("files", "earlier"))
    rest = (sum(getattr(each, name) for each in found) for name in ("later", "late"))
    return Effect("", *sums, *rest)


def decisions_by(rule_set: RuleSet) -> int:
    """How many decisions were made by this version."""
    return Decision.objects.filter(rule_set=rule_set).count()


def seen(rule_set: RuleSet) -> str:
    """What stands on the page, so that nobody answers to something else."""
    spelt = json.dumps([rule_set.state, rule_set.numbers], sort_keys=True)
    return hashlib.sha256(spelt.encode()).hexdigest()[:16]
