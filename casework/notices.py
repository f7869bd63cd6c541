"""What is read out before somebody is asked for a consent (PIPL, articles 14, 17, 23 and 30).

Every text that was ever read out stays here: a consent names its version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Notice:
    """One version: what holds for every purpose, and what each purpose means."""

    version: int
    for_all: Any
    # By the codes of the purposes.
    purposes: Mapping[str, Any]


NOTICES: Final = (
    Notice(
        1,
        _(
            "You decide about each point by itself. You may say no, and you may take back a yes at "
            "any time, without giving a reason; nobody treats you worse for it. What was done "
            "before stays lawful. You may see what is on record about you, have it corrected and "
            "have it deleted where the law lets us. Only the people who help you, and their "
            "supervisors, read it. It is kept no longer than the rules of our unit and the law "
            "ask for."
        ),
        {
            "service": _(
                "We would like to support you and keep a file for it: your name, how to reach "
                "you, our visits, what you need and what we plan together. Without it we cannot "
                "remember what was agreed."
            ),
            "sensitive": _(
                "Some of it is sensitive: health, disability, what happened before, anything "
                "about children under 14. It is needed to find the help that fits, and it could "
                "hurt you if others learned of it; so it is locked away and every look at it is "
                "written down."
            ),
            "sharing": _(
                "If you want help from another service, we would send it the few facts that it "
                "needs. Before that we tell you its name, how to reach it, which facts go, and "
                "what for."
            ),
            "family": _(
                "We would speak with your family or the people you name, about what you agreed "
                "to and nothing else."
            ),
            "images": _(
                "We would take photos or recordings for your file, such as of a step that is to "
                "be made safe. They are shown to nobody else."
            ),
        },
    ),
)
CURRENT: Final = NOTICES[-1]
