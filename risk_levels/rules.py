"""When a level may be proposed, decided, kept; every refusal in words for the user."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted
from risk_levels.instruments import Instrument
from risk_levels.levels import Level, is_down, needs_grounds, step_down
from risk_levels.models import Assessment, Proposal, RiskLevel
from risk_levels.models.proposals import OPEN_STATES, ProposalState
from risk_levels.reasons import REASONS

LEAST_WORDS = 20
MOST_RED_DAYS = 90
# As many terms of red in a row one person approves; the next one needs two.
RED_TERMS_OF_ONE = 2


def check_can_record_assessment(by: User) -> None:
    """Whoever works with the person assesses what they need."""
    _check_may(by, Permission.RECORD_ASSESSMENT)


def check_answers_fit(instrument: Instrument, answers: Mapping[str, str], population: str) -> None:
    """Answers are those that the instrument offers this population, and there is one at least."""
    if not answers:
        raise Refused(_("Answer at least one question."))
    for code, answer in answers.items():
        asked = (i for s in instrument.sections_for(population) for i in s.items)
        item = next((each for each in asked if each.code == code), None)
        if item is None or item.option(answer) is None:
            raise Refused(_("This questionnaire has no such question or answer."))


def check_assessed_on_fits(assessed_on: date, *, today: date) -> None:
    """What was seen was seen by today."""
    if assessed_on > today:
        raise Refused(_("An assessment cannot lie in the future."), field="assessed_on")


def check_can_propose_level(by: User, risk_level: RiskLevel) -> None:
    """One proposal at a time, by whoever works on the file or by a named part of the system.

    What people propose takes the place of an official class that waits: up is quick.
    """
    _check_may(by, Permission.PROPOSE_LEVEL)
    in_the_way = risk_level.proposals.filter(state__in=OPEN_STATES)
    if not by.is_system:
        in_the_way = in_the_way.exclude(is_official=True)
    if in_the_way.exists():
        raise Refused(_("A proposal for this file is open already."))


def check_step_fits(from_level: str, to_level: str) -> None:
    """Up is quick, down is kind: one step down at a time; nobody goes back to ungraded."""
    if to_level == Level.UNGRADED:
        raise Refused(_("Choose green, yellow or red."), field="to_level")
    if is_down(from_level, to_level) and to_level != step_down(from_level):
        raise Refused(
            _("One step down at a time: the next one is %(level)s.")
            % {"level": step_down(from_level).label},
            field="to_level",
        )


def check_reasons_fit(from_level: str, to_level: str, codes: Collection[str]) -> None:
    """Reasons come from the closed list, and each of them may point this way."""
    if not codes:
        raise Refused(_("Choose at least one reason."), field="reason_codes")
    is_up = needs_grounds(from_level, to_level)
    for code in codes:
        reason = REASONS.get(code)
        if reason is None:
            raise Refused(_("There is no such reason."), field="reason_codes")
        if is_up and not reason.is_for_up:
            raise Refused(
                _("“%(reason)s” never supports a higher level.") % {"reason": reason.label},
                field="reason_codes",
            )
        if not is_up and not reason.is_for_down:
            raise Refused(
                _("“%(reason)s” is no reason for this level.") % {"reason": reason.label},
                field="reason_codes",
            )


def check_grounds_fit(
    *, reason: str, evidence: Sequence[Mapping[str, Any]], tried: str, today: date
) -> None:
    """A step up is told in words, rests on something dated, and comes after something milder."""
    check_reason_is_told(reason)
    check_evidence_fits(evidence, today)
    check_something_was_tried(tried)


def check_reason_is_told(reason: str) -> None:
    """A code says which reason; a sentence says why it holds here."""
    if len(reason.strip()) < LEAST_WORDS:
        raise Refused(
            ngettext(
                "Say why in at least %(count)s character.",
                "Say why in at least %(count)s characters.",
                LEAST_WORDS,
            )
            % {"count": LEAST_WORDS},
            field="reason",
        )


def check_evidence_fits(evidence: Sequence[Mapping[str, Any]], today: date) -> None:
    """Something has happened on a day, and by today."""
    if not any(_is_evidence(each) for each in evidence):
        raise Refused(
            _("Name at least one thing that happened, with its day."), field="evidence_on"
        )
    if any(str(each.get("on", "")) > today.isoformat() for each in evidence):
        raise Refused(_("What happened lies today or before."), field="evidence_on")


def check_something_was_tried(tried: str) -> None:
    """Something less intrusive comes first."""
    if not tried.strip():
        raise Refused(_("Say what less intrusive step was tried first."), field="tried")


def check_ground_fits(
    *, assessment: Assessment | None, official: Mapping[str, Any], codes: Collection[str]
) -> None:
    """A proposal rests on an assessment or on an official class, and gives no reason without it."""
    if not official and "official_class" in codes:
        raise Refused(
            _("“%(reason)s” comes with that class, from a ledger.")
            % {"reason": REASONS["official_class"].label},
            field="reason_codes",
        )
    if assessment is None and not official:
        raise Refused(
            _("A proposal rests on an assessment. Fill one in first, and choose it here."),
            field="assessment",
        )
    if assessment is None and "assessment" in codes:
        raise Refused(_("Choose the assessment whose result this is."), field="assessment")


def check_official_fits(official: Mapping[str, Any], codes: Collection[str]) -> None:
    """A proposal from an official class says which class, and gives no other reason."""
    if not (official.get("field") and official.get("value") and official.get("on")):
        raise Refused(_("The official class needs its value and its day."))
    if list(codes) != ["official_class"]:
        raise Refused(_("A proposal from an official class has that as its only reason."))


def check_can_submit_proposal(by: User, proposal: Proposal, risk_level: RiskLevel) -> None:
    """The proposer hands in their own draft."""
    if proposal.proposer_id != by.pk:
        raise Refused(_("Only whoever drafted a proposal hands it in."))
    if proposal.state != ProposalState.DRAFT:
        raise Refused(_("This proposal has been handed in already."))
    check_is_current(proposal, risk_level)


def check_can_withdraw_proposal(by: User, proposal: Proposal) -> None:
    """The proposer takes it back while nobody has decided."""
    if proposal.proposer_id != by.pk:
        raise Refused(_("Only whoever made a proposal takes it back."))
    if not proposal.is_open:
        raise Refused(_("This proposal has been decided already."))


def check_can_decide_level(by: User, proposal: Proposal, risk_level: RiskLevel) -> None:
    """A supervisor approves what waits, unless it is their own or the level has changed since."""
    check_is_second_person(by, proposal)
    check_can_answer_proposal(by, proposal, risk_level)


def check_can_answer_proposal(by: User, proposal: Proposal, risk_level: RiskLevel) -> None:
    """A supervisor returns or rejects what waits, unless they proposed it themselves."""
    _check_may(by, Permission.DECIDE_LEVEL)
    check_is_not_proposer(by, proposal)
    if proposal.state != ProposalState.SUBMITTED:
        raise Refused(_("This proposal no longer waits: somebody has decided, or took it back."))
    check_is_current(proposal, risk_level)


def check_is_second_person(by: User, proposal: Proposal) -> None:
    """Nobody approves what they proposed, or what a ledger that they handed in proposes."""
    check_is_not_proposer(by, proposal)
    if by.pk == proposal.entered_by_id:
        raise Refused(
            _("You handed this in. A second person approves it; you may return or reject it.")
        )


def needs_two_approvers(risk_level: RiskLevel, to_level: str) -> bool:
    """Whether this would be a third term of red in a row."""
    if Level.RED not in (risk_level.level, to_level) or risk_level.level != to_level:
        return False
    return risk_level.decisions.red_terms() >= RED_TERMS_OF_ONE


def check_is_second_approver(by: User, proposal: Proposal) -> None:
    """Whoever approved first leaves the second yes to somebody else."""
    if proposal.first_approver_id == by.pk:
        raise Refused(_("You approved this already. A second supervisor confirms it."))


def check_can_approve_first(proposal: Proposal, risk_level: RiskLevel) -> None:
    """Two yeses are asked for where one is not enough, and the first is given once."""
    if not needs_two_approvers(risk_level, proposal.to_level):
        raise Refused(_("One approval is enough here."))
    if proposal.first_approver_id is not None:
        raise Refused(_("Somebody approved this first already. Look at it anew."))


def check_was_approved_first(proposal: Proposal, risk_level: RiskLevel) -> None:
    """A third term of red in a row begins with the second of two yeses."""
    if proposal.first_approver_id is None and needs_two_approvers(risk_level, proposal.to_level):
        raise Refused(_("A third term of red in a row needs two approvals and a conference."))


def check_conference_is_told(note: str) -> None:
    """A third term of red follows from a talk among those who help, not from habit."""
    if len(note.strip()) < LEAST_WORDS:
        raise Refused(
            _("Note the case conference: when, with whom, and why red goes on."),
            field="conference_note",
        )


def check_is_not_proposer(by: User, proposal: Proposal) -> None:
    """Nobody answers themselves."""
    if by.pk == proposal.proposer_id:
        raise Refused(_("You proposed this yourself. A second person decides."))


def check_is_current(proposal: Proposal, risk_level: RiskLevel) -> None:
    """A proposal is about the level that it was written for."""
    if proposal.base_revision != risk_level.revision or proposal.from_level != risk_level.level:
        raise Refused(_("The level has changed since this was proposed. Look at it anew."))


def check_reply_fits(reply: str) -> None:
    """Whoever decides says why."""
    if not reply.strip():
        raise Refused(_("Say why, in a sentence."), field="reason")


def check_until_fits(to_level: str, until_on: date, *, today: date, most_days: int) -> None:
    """Every level ends; red within ninety days, the others within their term."""
    if until_on <= today:
        raise Refused(_("The end must lie after today."), field="until_on")
    most = min(most_days, MOST_RED_DAYS) if to_level == Level.RED else most_days
    if (until_on - today).days > most:
        raise Refused(
            ngettext(
                "%(level)s lasts at most %(count)s day here.",
                "%(level)s lasts at most %(count)s days here.",
                most,
            )
            % {"level": Level(to_level).label, "count": most},
            field="until_on",
        )


def check_can_expire_level(by: User) -> None:
    """Time runs out by itself: nobody says that it has."""
    if not by.is_system:
        raise Refused(_("A term ends by itself."))


def check_can_lower_undecided(by: User) -> None:
    """Silence lowers a level by itself: nobody says that there was silence."""
    if not by.is_system:
        raise Refused(_("A step down takes effect by itself."))


def check_can_correct_calendar(by: User, day: date, *, today: date) -> None:
    """Whoever runs the system knows when offices work; what has passed was counted already."""
    _check_may(by, Permission.CORRECT_CALENDAR)
    if day <= today:
        raise Refused(_("This day has passed. Give a later one."), field="day")


def _is_evidence(each: Mapping[str, Any]) -> bool:
    return bool(each.get("on")) and bool(str(each.get("what", "")).strip())


def _check_may(by: User, permission: Permission) -> None:
    """The view has asked already; an action called from elsewhere is asked here."""
    if not by.is_system and not is_granted(by, permission):
        raise Refused(_("Your role does not carry this."))
