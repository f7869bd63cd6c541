"""Rule sets: the numbers behind every duty and term, in versions."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import uuid7
from kpm.vault.history import History, RecordedModel
from risk_levels.levels import Level
from risk_levels.populations import POPULATIONS, Duties, Population
from risk_levels.populations.numbers import FOR_ALL

# The version that the population modules carry.
DEFAULT_VERSION = "2026-01-cn-default"


class RuleSetState(models.TextChoices):
    """How far a rule set is."""

    DRAFT = "draft", _("Draft")
    # From its first day on; the days say whether that has come.
    IN_FORCE = "in_force", _("In force")
    ENDED = "ended", _("Ended")
    WITHDRAWN = "withdrawn", _("Taken back")
    DISCARDED = "discarded", _("Discarded")


# What somebody is looked after by, or was.
HELD = (RuleSetState.IN_FORCE, RuleSetState.ENDED)
# In the order in which a rule set lists them for a level.
DUTIES = ("contact_days", "visit_days", "review_days", "valid_days")
# What holds for everybody, and where it stands in the numbers.
GENERAL: dict[str, tuple[str, ...]] = {
    "emergency_red_hours": ("emergency_red_hours",),
    "up_workdays": ("proposals", "up_workdays"),
    "climb_workdays": ("proposals", "climb_workdays"),
    "effect_workdays": ("proposals", "effect_workdays"),
    "ack_workdays": ("appeal", "ack_workdays"),
    "decide_workdays": ("appeal", "decide_workdays"),
}


def default_numbers() -> dict[str, Any]:
    """The numbers of the population modules, as a rule set holds them.

    That red lasts ninety days at most is none of them: no version may say otherwise.
    """
    return {
        **FOR_ALL,
        "populations": {
            population.code: {
                str(level): [
                    duties.contact_days,
                    duties.visit_days,
                    duties.review_days,
                    duties.valid_days,
                ]
                for level, duties in population.duties.items()
            }
            for population in POPULATIONS.values()
        },
        "particulars": {
            population.code: particulars_of(population) for population in POPULATIONS.values()
        },
    }


def particulars_of(population: Population) -> dict[str, Any]:
    """The numbers of one population beside its duties, those that there are."""
    term = population.term
    found = {
        "term_years": term.years if term else 0,
        "exit_age": term.ends_at_age if term else 0,
        "min_age": population.least_age,
        "first_visit_days": population.first_visit_days,
        "retain_days": population.retain_days,
        "retain_until_age": population.retain_until_age,
    }
    return {name: value for name, value in found.items() if value} | population.numbers.as_data()


def duties_in(numbers: Mapping[str, Any], population: str, level: str) -> Duties:
    """What these numbers ask for; somebody not graded yet is looked after as on green."""
    asked = Level.GREEN if level == Level.UNGRADED else Level(level)
    return Duties(*numbers["populations"][population][str(asked)])


class RuleSetQuerySet(models.QuerySet["RuleSet"]):
    """Rule sets by day."""

    def in_force(self, on: date) -> "RuleSet | None":
        """The one that holds on a day: the last that had begun by then."""
        started = self.filter(state__in=HELD, in_force_on__lte=on)
        holding = started.filter(Q(until_on__isnull=True) | Q(until_on__gt=on))
        return holding.order_by("-in_force_on", "-id").first()


class RuleSet(GuardedStateModel, RecordedModel):
    """One version of the numbers; what is in force never changes, it is replaced."""

    log_type: ClassVar[str] = "rule_set"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.CharField(_("version"), max_length=40, unique=True)
    state = GuardedStateField(
        _("state"), max_length=9, choices=RuleSetState.choices, default=RuleSetState.DRAFT
    )
    in_force_on = models.DateField(_("in force from"), null=True, blank=True)
    # The first day on which it no longer held: written down once the next one has begun.
    until_on = models.DateField(_("until"), null=True, blank=True)
    numbers = models.JSONField(_("numbers"))
    # Why there is this version.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    drafted_by = models.ForeignKey(
        User, verbose_name=_("drafted by"), on_delete=models.PROTECT, related_name="+"
    )
    # The second person; the first version, which comes with the site, has none.
    started_by = models.ForeignKey(
        User,
        verbose_name=_("brought into force by"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )

    objects = RuleSetQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("rule set")
        verbose_name_plural = _("rule sets")
        ordering = ("-in_force_on", "-id")
        constraints = (
            models.CheckConstraint(
                name="a_rule_set_in_force_has_a_first_day",
                condition=Q(state__in=(RuleSetState.DRAFT, RuleSetState.DISCARDED))
                | Q(in_force_on__isnull=False),
            ),
            models.CheckConstraint(
                name="a_rule_set_that_ended_says_when",
                condition=Q(state=RuleSetState.ENDED, until_on__gte=F("in_force_on"))
                & Q(until_on__isnull=False)
                | ~Q(state=RuleSetState.ENDED) & Q(until_on__isnull=True),
            ),
            models.UniqueConstraint(
                fields=("in_force_on",),
                condition=Q(state=RuleSetState.IN_FORCE),
                name="one_rule_set_starts_on_a_day",
            ),
        )

    def __str__(self) -> str:
        return self.version

    @property
    def label(self) -> str:
        """The version, in words where it is the one that comes with the system."""
        is_delivered = self.version == DEFAULT_VERSION
        return str(_("January 2026, as delivered")) if is_delivered else self.version

    @property
    def log_reference(self) -> str:
        """The version is what the log knows."""
        return self.version

    def proposal_days(self, name: str) -> int:
        """So many working days; versions older than these numbers have the defaults."""
        days: int = {**FOR_ALL["proposals"], **self.numbers.get("proposals", {})}[name]
        return days

    def duties(self, population: str, level: str) -> Duties:
        """What this version asks for."""
        return duties_in(self.numbers, population, level)

    def event_visit_hours(self, population: str) -> int | None:
        """Within how many hours somebody comes by after certain incidents; None: no such rule.

        Versions older than this number have the default.
        """
        particulars: dict[str, Any] = self.numbers.get("particulars", {}).get(population, {})
        default = POPULATIONS[population].numbers.event_visit_hours
        return particulars.get("event_visit_hours", default)

    @transition(field="state", source=RuleSetState.DRAFT, target=RuleSetState.IN_FORCE)
    def start(self, *, on: date, by: User | None = None) -> None:
        """Take force on a day."""
        self.in_force_on = on
        self.started_by = by

    @transition(field="state", source=RuleSetState.IN_FORCE, target=RuleSetState.ENDED)
    def end(self, *, on: date) -> None:
        """The next one has begun on a day."""
        self.until_on = on

    @transition(field="state", source=RuleSetState.IN_FORCE, target=RuleSetState.WITHDRAWN)
    def withdraw(self) -> None:
        """Be taken back before the first day."""

    @transition(field="state", source=RuleSetState.DRAFT, target=RuleSetState.DISCARDED)
    def discard(self) -> None:
        """Be thrown away unused."""

    def days_of(self, population: str) -> dict[str, dict[str, int]]:
        """The days of one population: {level: {duty: days}}."""
        numbers = self.numbers["populations"][population]
        return {level: dict(zip(DUTIES, numbers[level], strict=True)) for level in numbers}

    def general(self) -> dict[str, int]:
        """What holds for everybody; versions older than one of these numbers have its default."""
        found: dict[str, int] = {}
        for name, path in GENERAL.items():
            value: Any = {**FOR_ALL, **self.numbers}
            for step, key in enumerate(path):
                value = {**FOR_ALL[key], **value[key]} if step < len(path) - 1 else value[key]
            found[name] = value
        return found
