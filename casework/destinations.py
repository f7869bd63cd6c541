"""To whom somebody may be referred, and which facts may go along: nothing else leaves the house.

No template holds the level or the group of a person, whoever asks: a label travels nowhere
(Personal Information Protection Law, article 6: no more than the purpose needs).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

# The facts that may go, as the person's file calls them.
FACTS: Final[Mapping[str, Any]] = {
    "name": _("Name"),
    "phone": _("Phone"),
    "birth_on": _("Date of birth"),
    "address": _("Address"),
    "id_number": _("ID number"),
    "emergency": _("Emergency contact"),
}


@dataclass(frozen=True)
class Receiver:
    """One kind of service, and the facts that it needs at most."""

    code: str
    label: Any
    facts: tuple[str, ...]


RECEIVERS: Final[Mapping[str, Receiver]] = {
    each.code: each
    for each in (
        Receiver(
            "civil_affairs",
            _("Civil affairs (relief, subsidies)"),
            ("name", "phone", "address", "id_number"),
        ),
        Receiver(
            "health",
            _("Hospital or family doctor"),
            ("name", "phone", "birth_on", "address", "emergency"),
        ),
        Receiver(
            "disability",
            _("Disabled Persons' Federation"),
            ("name", "phone", "address", "id_number"),
        ),
        Receiver("school", _("School or kindergarten"), ("name", "birth_on", "emergency")),
        Receiver(
            "employment",
            _("Job centre, training"),
            ("name", "phone", "birth_on", "id_number"),
        ),
        Receiver("legal_aid", _("Legal aid"), ("name", "phone")),
        Receiver(
            "neighbourhood", _("Village or residents' committee"), ("name", "phone", "address")
        ),
        Receiver("charity", _("Social organisation or volunteers"), ("name", "phone")),
    )
}
