"""Reasons for a level: a closed list, so that what may never count can't."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Reason:
    """One reason, and which way it may point."""

    code: str
    label: Promise | str
    is_for_up: bool = False
    is_for_down: bool = False
    # A danger that lets a worker set red at once, and lets no step down happen by itself.
    is_danger: bool = False


REASONS: Final[dict[str, Reason]] = {
    each.code: each
    for each in (
        Reason(
            "safety",
            _("Immediate danger to the person or to others"),
            is_for_up=True,
            is_danger=True,
        ),
        Reason(
            "self_harm",
            _("Suicide or self-harm was spoken of or tried"),
            is_for_up=True,
            is_danger=True,
        ),
        Reason(
            "unattended_child",
            _("A child is alone, without anybody who cares for it"),
            is_for_up=True,
            is_danger=True,
        ),
        Reason("violence", _("Violence has happened or threatens"), is_for_up=True, is_danger=True),
        Reason("unmet_needs", _("Urgent needs that are not met"), is_for_up=True),
        Reason("care_lost", _("A carer or guardian is missing or cannot cope"), is_for_up=True),
        Reason("health", _("Health has become much worse"), is_for_up=True),
        Reason(
            "life_event",
            _("A bereavement, a discharge or another break in life"),
            is_for_up=True,
        ),
        Reason("isolation", _("Nobody is near and contact has been lost"), is_for_up=True),
        Reason(
            "official_class",
            _("The responsible authority's own class"),
            is_for_up=True,
            is_for_down=True,
        ),
        Reason(
            "assessment",
            _("The result of the assessment"),
            is_for_up=True,
            is_for_down=True,
        ),
        Reason("needs_met", _("Needs are met"), is_for_down=True),
        Reason("stable", _("Stable for some time"), is_for_down=True),
        Reason("support_found", _("Family, neighbours or services help now"), is_for_down=True),
        Reason("wish", _("The person asks for less"), is_for_down=True),
        # Never a ground for more control: a service may be refused.
        Reason("declined_service", _("Declined a voluntary service"), is_for_down=True),
    )
}


def reasons_for(*, up: bool) -> list[Reason]:
    """The reasons that may be given for a step in this direction."""
    return [each for each in REASONS.values() if (each.is_for_up if up else each.is_for_down)]


def dangers() -> list[Reason]:
    """The reasons for which red is set at once."""
    return [each for each in REASONS.values() if each.is_danger]


def by_direction(*, without: str) -> list[tuple[Promise | str, list[tuple[str, Promise | str]]]]:
    """All reasons but one, in groups by the direction in which they may point."""
    groups: dict[tuple[bool, bool], tuple[Promise | str, list[tuple[str, Promise | str]]]] = {
        (True, True): (_("For every proposal"), []),
        (True, False): (_("For a higher level, or for the same once more"), []),
        (False, True): (_("For green, or for a lower level"), []),
    }
    for each in REASONS.values():
        if each.code != without:
            groups[each.is_for_up, each.is_for_down][1].append((each.code, each.label))
    return list(groups.values())
