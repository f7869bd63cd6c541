"""What the pages of levels show, in words: proposals, assessments, decisions in their order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.actions.levels import needs_first_approval
from casework.actions.levels_in_time import was_in_danger
from casework.dashboards.assessments import Assessed, assessments_of, open_assessment
from casework.dashboards.timelines import Entry, Row
from casework.models import CaseFile, Plan
from casework.models.plans import State
from kpm import days
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups
from risk_levels.levels import Level
from risk_levels.models import Assessment, Decision, Proposal, RiskLevel, RuleSet
from risk_levels.models.proposals import OPEN_STATES, ProposalState
from risk_levels.models.risk_levels import Told
from risk_levels.populations import POPULATIONS, Duties
from risk_levels.populations.numbers import FOR_ALL
from risk_levels.reasons import REASONS


@dataclass(frozen=True)
class Proposed:
    """A proposal in words."""

    proposal: Proposal
    reasons: list[Any]
    official: Row | None
    official_on: str
    official_by: str


def proposed(proposal: Proposal, population: str) -> Proposed:
    """A proposal whose body is open, in words."""
    official = proposal.official
    row = None
    if official:
        field = POPULATIONS[population].field(official["field"])
        if field is not None:
            row = Row(field.label, field.label_of(official["value"]))
    return Proposed(
        proposal=proposal,
        reasons=[REASONS[code].label for code in proposal.reason_codes if code in REASONS],
        official=row,
        official_on=official.get("on", ""),
        official_by=official.get("by", ""),
    )


def open_proposal(case_file: CaseFile) -> Proposal | None:
    """The proposal that waits, if one does."""
    return (
        case_file.risk_level.proposals.select_related("proposer", "entered_by", "first_approver")
        .filter(state__in=OPEN_STATES)
        .first()
    )


def is_in_the_way(waiting: Proposal | None) -> bool:
    """Whether the team waits for an answer first; a class from a ledger makes room for theirs."""
    return waiting is not None and not waiting.is_official


def latest_proposal(case_file: CaseFile) -> Proposal | None:
    """The proposal that was made last, whatever became of it."""
    return case_file.risk_level.proposals.select_related("proposer", "decider").first()


def live_plan(plans: Iterable[Plan], proposal: Proposal | None = None) -> Plan | None:
    """The plan that goes with a proposal, or else the one that holds or waits on the file."""
    living = [plan for plan in plans if plan.state != State.ENDED]
    own = [plan for plan in living if proposal and plan.proposal_id == proposal.pk]
    return next(iter([*own, *living]), None)


def decisions_of(risk_level: RiskLevel) -> list[Decision]:
    """Every decision in order, with who made it; nothing of it is open."""
    return list(risk_level.decisions.select_related("decided_by").order_by("base_revision"))


def timeline_of(risk_level: RiskLevel, reading: Reading) -> list[Entry]:
    """Every change of a level and every end of a proposal without one: who, when, why, on what.

    The latest first. Names are those of colleagues; nothing here says whose level it is.
    """
    decisions = list(
        risk_level.decisions.select_related(
            "decided_by", "proposal__proposer", "proposal__first_approver", "rule_set"
        )
    )
    answered = list(
        risk_level.proposals.select_related("proposer", "decider", "first_approver").filter(
            state__in=(ProposalState.RETURNED, ProposalState.REJECTED, ProposalState.LAPSED)
        )
    )
    open_groups(decisions, "body", reading=reading)
    with_proposal = [each for each in decisions if each.proposal is not None]
    if with_proposal:
        open_groups(with_proposal, "proposal__body", reading=reading)
    if answered:
        open_groups(answered, "body", "answer", reading=reading)
    entries = [_decision_entry(each, risk_level.population) for each in decisions]
    entries += [_answer_entry(each, risk_level.population) for each in answered]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _decision_entry(decision: Decision, population: str) -> Entry:
    rows = []
    if decision.proposal is not None:
        rows += _proposal_rows(decision.proposal, population)
    if decision.until_on is not None:
        rows.append(Row(_("Until"), days.in_words(decision.until_on)))
    if decision.until_at is not None:
        rows.append(Row(_("Until"), days.moment_in_words(decision.until_at)))
    rows.append(Row(_("Told"), Told(decision.told).label))
    rows.append(Row(_("Rule set"), decision.rule_set.label))
    return Entry(
        at=decision.decided_at,
        title=decision.get_kind_display(),
        who=decision.decided_by.called,
        text=decision.reason,
        before=decision.from_level,
        after=decision.to_level,
        rows=rows,
    )


def _answer_entry(proposal: Proposal, population: str) -> Entry:
    words = {"level": proposal.get_to_level_display(), "state": proposal.get_state_display()}
    return Entry(
        at=proposal.decided_at or proposal.drafted_at,
        title=_("Proposal of %(level)s: %(state)s") % words,
        who=proposal.decider.called if proposal.decider else "",
        text=proposal.reply,
        rows=_proposal_rows(proposal, population),
    )


def _proposal_rows(proposal: Proposal, population: str) -> list[Row]:
    words = proposed(proposal, population)
    rows = [Row(_("Proposed by"), proposal.proposer.called)]
    if proposal.first_approver is not None:
        rows.append(Row(_("Approved first by"), proposal.first_approver.called))
    if words.reasons:
        rows.append(Row(_("Reasons"), _("; ").join(str(reason) for reason in words.reasons)))
    if proposal.reason:
        rows.append(Row(_("In words"), proposal.reason))
    rows += [Row(days.in_words(each.get("on")), each.get("what", "")) for each in proposal.evidence]
    if words.official:
        day = days.in_words(words.official_on)
        rows.append(Row(words.official.label, f"{words.official.value} · {day}"))
    return rows


@dataclass(frozen=True)
class DutyRow:
    """One duty now and as proposed."""

    label: Any
    now: str
    then: str


def duties_then(risk_level: RiskLevel, to_level: str, rule_set: RuleSet | None) -> Duties:
    """What another level would ask for; before the first decision what the population says."""
    if rule_set is None:
        return risk_level.kind.duties[Level(to_level)]
    return rule_set.duties(risk_level.population, to_level)


def duty_rows(now: Duties, then: Duties) -> list[DutyRow]:
    """How contacts, visits and reviews change."""
    return [
        DutyRow(_("Contact at least every"), _days(now.contact_days), _days(then.contact_days)),
        DutyRow(_("Visit at least every"), _days(now.visit_days), _days(then.visit_days)),
        DutyRow(_("Review at least every"), _days(now.review_days), _days(then.review_days)),
    ]


def emergency_hours(today: date) -> int:
    """How long red holds that is set at once."""
    rule_set = RuleSet.objects.in_force(today)
    hours: int = (rule_set.numbers if rule_set else FOR_ALL)["emergency_red_hours"]
    return hours


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}


def waiting_for(user: User, files: QuerySet[CaseFile]) -> QuerySet[Proposal]:
    """The proposals about these files that wait for a decision.

    Those of people stand before the many that one ledger brings, red before the others; then the
    longest wait comes first.
    """
    urgency = Case(
        # Red that holds already, and for hours only.
        When(is_for_safety=True, then=-1),
        When(is_official=False, to_level=Level.RED, then=0),
        When(is_official=False, then=1),
        When(to_level=Level.RED, then=2),
        default=3,
    )
    return (
        Proposal.objects.filter(
            state=ProposalState.SUBMITTED, risk_level__case_file__in=files.values("pk")
        )
        .select_related(
            "proposer",
            "first_approver",
            "risk_level__case_file__person",
            "risk_level__case_file__unit",
            "risk_level__case_file__risk_level",
        )
        .prefetch_related("risk_level__case_file__assignments")
        .order_by(urgency, "submitted_at", "id")
    )


@dataclass(frozen=True)
class Review:
    """Everything that a decider has in front of them."""

    proposed: Proposed
    assessed: Assessed | None
    plan: Plan | None
    duties: list[DutyRow]
    timeline: list[Entry]
    until_on: date
    # A yes to this is the first of two: a third term of red in a row.
    is_first_of_two: bool
    # A step down that silence does not bring about: a danger was named within a year.
    needs_decision: bool = False

    @property
    def version(self) -> str:
        """Which proposal and plan these are, and whether somebody has approved already.

        Neither changes: others take their place.
        """
        first = self.proposed.proposal.first_approver_id or ""
        return f"{self.proposed.proposal.pk}:{self.plan.pk if self.plan else ''}:{first}"

    @property
    def inputs(self) -> dict[str, Any]:
        """The same as codes, to be kept with the decision."""
        proposal = self.proposed.proposal
        return {
            "reason_codes": proposal.reason_codes,
            "evidence_on": [each.get("on", "") for each in proposal.evidence],
            "official": proposal.official,
            "result": self.assessed.assessment.result if self.assessed else None,
            "plan": str(self.plan.pk) if self.plan else None,
            "former_decisions": sum(1 for entry in self.timeline if entry.after),
        }


def review_of(
    case_file: CaseFile, proposal: Proposal, reading: Reading, *, now: datetime
) -> Review:
    """Open what belongs to a review, and put it into words."""
    today = timezone.localdate(now)
    plans: Sequence[Plan] = list(case_file.plans.select_related("drafted_by"))
    plan = live_plan(plans, proposal)
    open_groups([proposal, *([plan] if plan else [])], "body", reading=reading)
    if proposal.first_approver_id is not None:
        open_groups([proposal], "conference", reading=reading)
    assessed = None
    if proposal.assessment_id:
        former = assessments_of(case_file)
        place = next(
            place for place, each in enumerate(former, start=1) if each.pk == proposal.assessment_id
        )
        assessed = open_assessment(former, place, case_file.population, reading)
    level = case_file.risk_level
    rule_set = RuleSet.objects.in_force(today)
    then = duties_then(level, proposal.to_level, rule_set)
    return Review(
        proposed=proposed(proposal, case_file.population),
        assessed=assessed,
        plan=plan,
        duties=duty_rows(level.duties(today, rule_set), then),
        timeline=timeline_of(level, reading),
        until_on=today + timedelta(days=then.valid_days),
        is_first_of_two=needs_first_approval(level, proposal),
        needs_decision=proposal.effect_on is not None
        and was_in_danger(case_file, reading, now=now),
    )


def said_before(returned: Proposal | None, assessments: Sequence[Assessment]) -> dict[str, Any]:
    """What a returned proposal said, so that nobody writes it twice."""
    if returned is None:
        return {}
    said: dict[str, Any] = {
        "to_level": returned.to_level,
        "reason_codes": returned.reason_codes,
        "reason": returned.reason,
        "tried": returned.tried,
        "assessment": place_of(returned.assessment_id, assessments),
    }
    for name, each in zip(("", "_1"), returned.evidence, strict=False):
        said[f"evidence_on{name}"] = each.get("on", "")
        said[f"evidence_what{name}"] = each.get("what", "")
    return said


def asked_for(query: Mapping[str, str], assessments: Sequence[Assessment]) -> dict[str, Any]:
    """What the page of an assessment hands over: the assessment itself, as the ground."""
    place = query.get("assessment", "")
    if place not in {str(each) for each in range(1, len(assessments) + 1)}:
        return {}
    return {"assessment": place, "reason_codes": ["assessment"]}


def place_of(pk: UUID | None, assessments: Sequence[Assessment]) -> str:
    """The place by which the form names an assessment."""
    places = (str(place) for place, each in enumerate(assessments, start=1) if each.pk == pk)
    return next(places, "")
