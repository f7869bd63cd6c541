"""Who may change the numbers behind the duties, and what no version may say."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _

from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted
from risk_levels.levels import GRADED, Level
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import DUTIES, GENERAL, RuleSetState
from risk_levels.rules import MOST_RED_DAYS

LONGEST_DAYS: Final = 366
LONGEST_VALID_DAYS: Final = 730
# A version may be kinder to people than what they were promised first, never harsher: hours of red
# that nobody decided on, and working days that somebody has to wait.
MOST: Final[Mapping[str, int]] = {
    "emergency_red_hours": 72,
    "up_workdays": 5,
    "climb_workdays": 9,
    "effect_workdays": 10,
    "ack_workdays": 2,
    "decide_workdays": 10,
}


def check_can_seed_rule_set(by: User) -> None:
    """The first version comes with the site, and by nobody."""
    if not by.is_system:
        raise Refused(_("The first rule set comes with the system."))


def check_can_draft_rule_set(by: User) -> None:
    """Whoever supervises the work knows what its rhythm should be."""
    _check_may(by, Permission.DRAFT_RULE_SET)


def check_can_change_rule_set(by: User, rule_set: RuleSet) -> None:
    """A draft is changed by whoever wrote it; what has been in force is replaced."""
    _check_may(by, Permission.DRAFT_RULE_SET)
    if rule_set.state != RuleSetState.DRAFT:
        raise Refused(_("This version is no draft any more: draft another one."))
    if rule_set.drafted_by_id != by.pk:
        raise Refused(_("Somebody else is writing this draft: draft one of your own."))


def check_can_discard_rule_set(by: User, rule_set: RuleSet) -> None:
    """Whoever wrote a draft throws it away; nobody else does it for them."""
    check_can_change_rule_set(by, rule_set)


def check_can_start_rule_set(by: User, rule_set: RuleSet) -> None:
    """Somebody from outside the daily work, who looks at what it means for the people."""
    _check_may(by, Permission.START_RULE_SET)
    if rule_set.state != RuleSetState.DRAFT:
        raise Refused(_("This version is no draft any more."))
    if rule_set.drafted_by_id == by.pk:
        raise Refused(_("You drafted this version: somebody else brings it into force."))


def check_first_day_fits(others: Iterable[RuleSet], *, on: date, today: date) -> None:
    """Versions follow one another, and none of them begins in the past."""
    if on < today:
        raise Refused(_("A rule set takes force today or later."), field="on")
    if any(each.in_force_on is not None and each.in_force_on >= on for each in others):
        words = _("Another rule set takes force on this day or later.")
        raise Refused(words, field="on")


def check_can_withdraw_rule_set(by: User, rule_set: RuleSet, today: date) -> None:
    """What has not begun can be taken back; what people were looked after by stays."""
    _check_may(by, Permission.START_RULE_SET)
    if rule_set.state != RuleSetState.IN_FORCE:
        raise Refused(_("Only a version that was to take force can be taken back."))
    if rule_set.in_force_on is None or rule_set.in_force_on <= today:
        raise Refused(_("This version is in force: it is replaced by the next one."))


def check_duties_fit(duties: Mapping[str, Mapping[str, int]]) -> None:
    """The duties of one population by level, each in days: sensible, and closer where it is red."""
    for level in GRADED:
        for name in DUTIES:
            days = duties[level][name]
            most = LONGEST_VALID_DAYS if name == "valid_days" else LONGEST_DAYS
            most = MOST_RED_DAYS if (level, name) == (Level.RED, "valid_days") else most
            if not 1 <= days <= most:
                words = _("Between 1 and %(most)s days.") % {"most": most}
                raise Refused(words, field=f"{level}_{name}")
        _check_order(level, duties[level])
    for higher, lower in ((Level.RED, Level.YELLOW), (Level.YELLOW, Level.GREEN)):
        for name in DUTIES:
            if duties[higher][name] > duties[lower][name]:
                words = _("A lower level must not ask for more than the one above it.")
                raise Refused(words, field=f"{lower}_{name}")


def _check_order(level: str, duties: Mapping[str, int]) -> None:
    if duties["contact_days"] > duties["visit_days"]:
        words = _("A visit is a contact too: contacts cannot be rarer than visits.")
        raise Refused(words, field=f"{level}_contact_days")
    if duties["review_days"] > duties["valid_days"]:
        words = _("A level is reviewed before its term is over.")
        raise Refused(words, field=f"{level}_review_days")


def check_general_fits(numbers: Mapping[str, int]) -> None:
    """Hours and working days that hold for everybody."""
    for name in GENERAL:
        if not 1 <= numbers[name] <= MOST[name]:
            words = _("Between 1 and %(most)s.") % {"most": MOST[name]}
            raise Refused(words, field=name)
    if numbers["climb_workdays"] >= numbers["effect_workdays"]:
        words = _("It climbs before it takes effect.")
        raise Refused(words, field="climb_workdays")


def check_numbers_differ(numbers: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """A version that says the same as the one in force would only make a noise."""
    if numbers == before:
        raise Refused(_("Nothing differs from the version in force."))


def _check_may(by: User, permission: Permission) -> None:
    if not is_granted(by, permission):
        raise Refused(_("Your role does not carry this."))
