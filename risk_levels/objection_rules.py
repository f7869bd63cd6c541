"""What may be done about an objection, and by whom; refusals in words for the user."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted
from risk_levels.levels import rank
from risk_levels.models import Decision, Objection, RiskLevel
from risk_levels.models.objections import WAITING, ObjectionState

LEAST_WORDS = 20


def check_can_receive_objection(by: User, risk_level: RiskLevel) -> None:
    """Whoever the person tells writes it down; one at a time, against what holds."""
    if not is_granted(by, Permission.RECEIVE_OBJECTION):
        raise Refused(_("Your role does not carry this."))
    if risk_level.decision_id is None:
        raise Refused(_("Nothing has been decided yet: there is no level to object to."))
    if risk_level.objections.filter(state__in=WAITING).exists():
        raise Refused(_("An objection to this level is open already."))


def check_objection_is_told(words: str) -> None:
    """The person's own words, however few."""
    if not words.strip():
        raise Refused(_("Write down what the person says, in their own words."), field="words")


def check_can_acknowledge_objection(by: User, objection: Objection) -> None:
    """A supervisor tells the person that it is here, once."""
    _check_may_decide(by)
    if objection.state != ObjectionState.RECEIVED:
        raise Refused(_("This objection has been acknowledged already."))


def check_can_decide_objection(by: User, objection: Objection) -> None:
    """A supervisor who had no part in the decision answers what waits."""
    _check_may_decide(by)
    check_is_uninvolved(by, objection.decision)
    if not objection.is_waiting:
        raise Refused(_("This objection has been answered already."))


def check_is_uninvolved(by: User, decision: Decision) -> None:
    """Nobody judges what they had part in."""
    proposal = decision.proposal
    had_part: set[UUID | None] = {decision.decided_by_id}
    if proposal is not None:
        had_part |= {
            proposal.proposer_id,
            proposal.entered_by_id,
            proposal.decider_id,
            proposal.first_approver_id,
        }
    if by.pk in had_part:
        raise Refused(_("You had part in this decision. Somebody who had none answers."))


def check_can_withdraw_objection(by: User, objection: Objection) -> None:
    """Whoever may write down an objection writes down that the person takes it back."""
    if not is_granted(by, Permission.RECEIVE_OBJECTION):
        raise Refused(_("Your role does not carry this."))
    if not objection.is_waiting:
        raise Refused(_("This objection has been answered already."))


def check_is_against_what_holds(objection: Objection, risk_level: RiskLevel) -> None:
    """What has been decided anew since is not undone by an answer about what was before."""
    if objection.decision_id != risk_level.decision_id:
        raise Refused(
            _("The level has changed since. Uphold it in part or dismiss it, and say what holds.")
        )


def check_answer_is_told(reply: str) -> None:
    """The person reads the reasons."""
    if len(reply.strip()) < LEAST_WORDS:
        raise Refused(
            _("Give the reasons in a few sentences: the person reads them."), field="reply"
        )


def check_facts_are_new(
    risk_level: RiskLevel, to_level: str, evidence: Sequence[Mapping[str, Any]]
) -> None:
    """No step up on facts that are disputed, or that an objection has settled."""
    if rank(to_level) <= rank(risk_level.level):
        return
    settled_on = risk_level.settled_on
    if settled_on is None:
        return
    if not any(str(each.get("on", "")) > settled_on.isoformat() for each in evidence):
        raise Refused(
            _("These facts are disputed or were settled by an objection. Name something newer."),
            field="evidence_on",
        )


def _check_may_decide(by: User) -> None:
    if not is_granted(by, Permission.DECIDE_OBJECTION):
        raise Refused(_("Supervisors answer objections."))
