"""Bringing rule sets into force."""

from datetime import date

from django.db import IntegrityError, transaction

from audit import log
from audit.events import Event
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from risk_levels import rules
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import DEFAULT_VERSION, RuleSetState, default_numbers

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
def start_rule_set(*, rule_set: RuleSet, on: date, by: User, today: date) -> RuleSet:
    """A drafted version takes force on a day; the one before holds until then and ends."""
    formers = list(RuleSet.objects.select_for_update().filter(state=RuleSetState.IN_FORCE))
    rule_set = RuleSet.objects.select_for_update().get(pk=rule_set.pk)
    rules.check_can_start_rule_set(by, rule_set, on=on, today=today)
    rules.check_comes_after(formers, on=on)
    for former in formers:
        former.end(on=on)
        former.save_as(by=by)
        log.record(Event.RULE_SET_ENDED, by=by, target=former)
    rule_set.start(on=on)
    rule_set.save_as(by=by)
    log.record(Event.RULE_SET_STARTED, by=by, target=rule_set)
    return rule_set
