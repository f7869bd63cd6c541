"""What may be made of the log; every refusal in words for the user."""

from typing import Any

from django.utils.translation import gettext as _

from audit.models import Alert, AlertState
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

ENDED = (AlertState.JUSTIFIED, AlertState.UNJUSTIFIED)


def check_can_judge_alert(by: Any, alert: Alert) -> None:
    """Whoever reviews accesses judges, once, and nobody their own."""
    if not is_granted(by, Permission.REVIEW_ACCESS):
        raise Refused(_("Your role does not judge accesses."))
    if alert.about == by.log_reference:
        raise Refused(_("This is about what you did yourself: somebody else judges it."))
    if alert.state in ENDED:
        raise Refused(_("This has been judged already."))


def check_can_pass_on_alert(by: Any, alert: Alert) -> None:
    """What was passed on once is not passed on again."""
    check_can_judge_alert(by, alert)
    if alert.state == AlertState.ESCALATED:
        raise Refused(_("This was passed on already."), field="state")
