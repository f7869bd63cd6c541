"""What may be made of the log; every refusal in words for the user."""

from typing import Any

from django.utils.translation import gettext as _

from audit.models import Alert, AlertState, Finding, FindingState, Sample, SampleState
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


def check_can_ask(by: Any) -> None:
    """Whoever reviews accesses asks about them."""
    if not is_granted(by, Permission.REVIEW_ACCESS):
        raise Refused(_("Your role does not ask about accesses."))


def check_can_ask_person(by: Any, person: str) -> None:
    """Nobody asks themselves."""
    check_can_ask(by)
    if person == by.log_reference:
        raise Refused(_("You cannot ask yourself."), field="person")


def check_can_answer_finding(by: Any, finding: Finding) -> None:
    """Whoever was asked answers, while the question stands."""
    if finding.person != by.log_reference:
        raise Refused(_("Somebody else was asked."))
    if finding.state != FindingState.ASKED:
        raise Refused(_("This waits for no answer any more."))


def check_can_close_finding(by: Any, finding: Finding) -> None:
    """Whoever asks about accesses ends it, never whoever was asked."""
    check_can_ask(by)
    if finding.person == by.log_reference:
        raise Refused(_("You were asked yourself: somebody else closes it."))
    if finding.state == FindingState.CLOSED:
        raise Refused(_("This was closed already."))


def check_can_ask_again(by: Any, finding: Finding) -> None:
    """What was answered may be asked again."""
    check_can_close_finding(by, finding)
    if finding.state != FindingState.ANSWERED:
        raise Refused(_("There is no answer yet to ask about."), field="decision")


def check_can_judge_sample(by: Any, sample: Sample, *, actor: str) -> None:
    """What was drawn is looked at once, and by nobody who did it, in whatever role that was."""
    check_can_ask(by)
    if actor == by.log_reference:
        raise Refused(_("This is about what you did yourself: somebody else judges it."))
    if sample.state != SampleState.DRAWN:
        raise Refused(_("This was looked at already."))
