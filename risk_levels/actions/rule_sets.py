"""Rule sets: written by one person, brought into force by another, replaced and never changed."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from itertools import pairwise

from django.db import IntegrityError, transaction

from audit import log
from audit.events import Event
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from risk_levels import rule_set_rules as rules
from risk_levels.levels import GRADED
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import (
    DEFAULT_VERSION,
    DUTIES,
    GENERAL,
    RuleSetState,
    default_numbers,
)

# The first version holds from the beginning of the year of its name.
DEFAULT_START = date(2026, 1, 1)


def rule_set_in_force(on: date) -> RuleSet:
    """The rule set of a day.

    Opening a site brings the first one; where that did not happen a part of the system does, so
    that nobody who happens to decide first puts rules into force.
    """
    return RuleSet.objects.in_force(on) or seed_rule_set(on=on, by=system_account("work"))


def seed_rule_set(*, on: date, by: User) -> RuleSet:
    """Bring the numbers that the populations carry into force, once."""
    rules.check_can_seed_rule_set(by)
    try:
        with transaction.atomic():
            return _seed(on, by=by)
    except IntegrityError:
        # It is there already, or another process was quicker.
        return RuleSet.objects.get(version=DEFAULT_VERSION)


def _seed(on: date, *, by: User) -> RuleSet:
    rule_set = RuleSet(version=DEFAULT_VERSION, numbers=default_numbers(), drafted_by=by)
    rule_set.save_as(by=by)
    rule_set.start(on=min(on, DEFAULT_START))
    rule_set.save_as(by=by)
    log.record(Event.RULE_SET_STARTED, by=by, target=rule_set)
    return rule_set


@transaction.atomic
def draft_rule_set(*, reason: str, by: User, today: date) -> RuleSet:
    """A new version that says the same as the one of today, to be changed."""
    rules.check_can_draft_rule_set(by)
    former = rule_set_in_force(today)
    rule_set = RuleSet(
        version=_next_version(today), numbers=former.numbers, reason=reason, drafted_by=by
    )
    rule_set.save_as(by=by, reason=reason)
    log.record(Event.RULE_SET_DRAFTED, by=by, target=rule_set)
    return rule_set


def _next_version(today: date) -> str:
    """Year, month, and which one of that month; the lock lets drafts follow one another."""
    month = f"{today:%Y-%m}-"
    versions = RuleSet.objects.select_for_update().filter(version__startswith=month)
    numbers = [each.version.removeprefix(month) for each in versions]
    taken = [int(number) for number in numbers if number.isdecimal()]
    return f"{month}{max(taken, default=0) + 1}"


@transaction.atomic
def change_duties(
    *, rule_set: RuleSet, population: str, duties: Mapping[str, Mapping[str, int]], by: User
) -> RuleSet:
    """Other days for one population: {level: {duty: days}}."""
    rule_set = _locked(rule_set)
    rules.check_can_change_rule_set(by, rule_set)
    rules.check_duties_fit(duties)
    numbers = deepcopy(rule_set.numbers)
    numbers["populations"][population] = {
        str(level): [duties[level][name] for name in DUTIES] for level in GRADED
    }
    return _write(rule_set, numbers, by=by)


@transaction.atomic
def change_general(*, rule_set: RuleSet, general: Mapping[str, int], by: User) -> RuleSet:
    """Other hours and working days for everybody."""
    rule_set = _locked(rule_set)
    rules.check_can_change_rule_set(by, rule_set)
    rules.check_general_fits(general)
    numbers = deepcopy(rule_set.numbers)
    for name, (*above, key) in GENERAL.items():
        inner = numbers
        for step in above:
            inner = inner.setdefault(step, {})
        inner[key] = general[name]
    return _write(rule_set, numbers, by=by)


def _write(rule_set: RuleSet, numbers: dict[str, object], *, by: User) -> RuleSet:
    if rule_set.numbers != numbers:
        rule_set.numbers = numbers
        rule_set.save_as(by=by)
        log.record(Event.RULE_SET_CHANGED, by=by, target=rule_set)
    return rule_set


@transaction.atomic
def start_rule_set(*, rule_set: RuleSet, on: date, by: User, today: date) -> RuleSet:
    """A drafted version takes force on a day; the one before holds until then."""
    # All of them, drafts too: of two that start versions at once, the second sees the first.
    every = list(RuleSet.objects.select_for_update().order_by("pk"))
    others = [each for each in every if each.state == RuleSetState.IN_FORCE]
    rule_set = _locked(rule_set)
    rules.check_can_start_rule_set(by, rule_set)
    rules.check_first_day_fits(others, on=on, today=today)
    rules.check_numbers_differ(rule_set.numbers, rule_set_in_force(on).numbers)
    rule_set.start(on=on, by=by)
    rule_set.save_as(by=by)
    log.record(Event.RULE_SET_STARTED, by=by, target=rule_set)
    return rule_set


@transaction.atomic
def withdraw_rule_set(*, rule_set: RuleSet, by: User, today: date) -> RuleSet:
    """Take a version back that has not begun."""
    rule_set = _locked(rule_set)
    rules.check_can_withdraw_rule_set(by, rule_set, today)
    rule_set.withdraw()
    rule_set.save_as(by=by)
    log.record(Event.RULE_SET_WITHDRAWN, by=by, target=rule_set)
    return rule_set


@transaction.atomic
def discard_rule_set(*, rule_set: RuleSet, by: User) -> RuleSet:
    """Throw a draft away."""
    rule_set = _locked(rule_set)
    rules.check_can_discard_rule_set(by, rule_set)
    rule_set.discard()
    rule_set.save_as(by=by)
    log.record(Event.RULE_SET_DISCARDED, by=by, target=rule_set)
    return rule_set


@transaction.atomic
def end_replaced_rule_sets(*, by: User, today: date) -> int:
    """Write down when versions ended whose successor has begun; how many there were."""
    sets = RuleSet.objects.select_for_update().filter(state=RuleSetState.IN_FORCE)
    begun = [each for each in sets if each.in_force_on and each.in_force_on <= today]
    begun.sort(key=lambda each: (each.in_force_on, each.pk))
    for former, successor in pairwise(begun):
        former.end(on=successor.in_force_on)
        former.save_as(by=by)
        log.record(Event.RULE_SET_ENDED, by=by, target=former)
    return max(len(begun) - 1, 0)


def _locked(rule_set: RuleSet) -> RuleSet:
    return RuleSet.objects.select_for_update().get(pk=rule_set.pk)
