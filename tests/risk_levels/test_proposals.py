"""Proposals: what they must say, which way they may point, whose they are."""

import pytest

from audit.models import LoggedEvent
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels import actions, rules
from risk_levels.levels import Level
from risk_levels.models import Proposal, RiskLevel
from risk_levels.reasons import REASONS, reasons_for
from tests.factories import (
    GROUNDS,
    NOW,
    make_assessment,
    make_case_file,
    make_level,
    make_proposal,
    make_user,
)

pytestmark = pytest.mark.django_db


def propose(risk_level, by, to_level="red", **said):
    if "assessment" not in said:
        said["assessment"] = make_assessment(risk_level.case_file, system_account("demo"))
    return actions.propose(
        risk_level=risk_level, to_level=to_level, by=by, now=NOW, **{**GROUNDS, **said}
    )


def test_a_draft_is_handed_in_by_its_proposer_once(risk_level, worker):
    draft = propose(risk_level, worker)
    assert draft.state == "draft"
    with pytest.raises(Refused, match="Only whoever drafted"):
        actions.submit(proposal=draft, by=make_user(), now=NOW)
    handed_in = actions.submit(proposal=draft, by=worker, now=NOW)
    assert (handed_in.state, handed_in.submitted_at) == ("submitted", NOW)
    with pytest.raises(Refused, match="already"):
        actions.submit(proposal=draft, by=worker, now=NOW)


def test_a_draft_is_not_decided(risk_level, worker, supervisor):
    draft = propose(risk_level, worker)
    with pytest.raises(Refused, match="no longer waits"):
        actions.approve(proposal=draft, by=supervisor, reason="Yes.", now=NOW)


@pytest.mark.parametrize("hand_in", [False, True])
def test_a_proposal_is_taken_back_by_its_proposer(risk_level, worker, hand_in):
    proposal = propose(risk_level, worker)
    if hand_in:
        actions.submit(proposal=proposal, by=worker, now=NOW)
    with pytest.raises(Refused, match="Only whoever made"):
        actions.withdraw(proposal=proposal, by=make_user(), now=NOW)
    actions.withdraw(proposal=proposal, by=worker, now=NOW)
    assert Proposal.objects.get().state == "withdrawn"
    with pytest.raises(Refused, match="already"):
        actions.withdraw(proposal=proposal, by=worker, now=NOW)


def test_one_proposal_is_open_at_a_time(risk_level, worker):
    propose(risk_level, worker)
    with pytest.raises(Refused, match="open already"):
        propose(risk_level, worker, "yellow")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SOCIAL_WORKER])
def test_only_a_social_worker_proposes(risk_level, role):
    with pytest.raises(Refused, match="Your role does not carry this"):
        propose(risk_level, make_user(role))


@pytest.mark.parametrize("to_level", ["yellow", "red"])
@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"reason": "Not twenty letters"}, "at least 20 characters"),
        ({"reason": " " * 40}, "at least 20 characters"),
        ({"evidence": []}, "at least one thing that happened"),
        ({"evidence": [{"on": "", "what": "Seen"}]}, "at least one thing that happened"),
        ({"evidence": [{"on": "2026-11-20", "what": " "}]}, "at least one thing that happened"),
        ({"evidence": [{"on": "2026-11-25", "what": "Tomorrow"}]}, "today or before"),
        ({"tried": " "}, "what less intrusive step was tried"),
        ({"reason_codes": []}, "at least one reason"),
        ({"reason_codes": ["bad_mood"]}, "no such reason"),
    ],
)
def test_a_step_up_says_why_rests_on_a_dated_fact_and_comes_after_something_milder(
    risk_level, worker, to_level, lacking, words
):
    with pytest.raises(Refused, match=words):
        propose(risk_level, worker, to_level, **lacking)
    assert not Proposal.objects.exists()


def test_a_renewal_asks_for_the_same_as_a_step_up(case_file, worker):
    make_level(case_file, "yellow")
    case_file.risk_level.refresh_from_db()
    with pytest.raises(Refused, match="at least 20 characters"):
        propose(case_file.risk_level, worker, "yellow", reason="")


@pytest.mark.parametrize("codes", [["declined_service"], ["unmet_needs", "declined_service"]])
def test_refusing_a_voluntary_service_never_supports_a_step_up(risk_level, worker, codes):
    with pytest.raises(Refused, match="never supports a higher level"):
        propose(risk_level, worker, reason_codes=codes)
    assert "declined_service" not in {each.code for each in reasons_for(up=True)}


def test_a_reason_for_more_is_no_reason_for_less(risk_level, worker):
    with pytest.raises(Refused, match="no reason for this level"):
        propose(risk_level, worker, "green", reason_codes=["safety"])


def test_a_first_green_needs_a_reason_and_no_more(risk_level, worker):
    draft = actions.propose(
        risk_level=risk_level,
        to_level="green",
        reason_codes=["stable"],
        assessment=make_assessment(risk_level.case_file, worker),
        by=worker,
        now=NOW,
    )
    assert draft.to_level == "green"


@pytest.mark.parametrize("to_level", ["green", "yellow", "red"])
def test_a_proposal_rests_on_an_assessment_or_an_official_class(risk_level, worker, to_level):
    codes = ["stable"] if to_level == "green" else ["unmet_needs"]
    with pytest.raises(Refused, match="A proposal rests on an assessment") as refusal:
        propose(risk_level, worker, to_level, reason_codes=codes, assessment=None)
    assert refusal.value.field == "assessment"
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("to_level", ["green", "red"])
def test_nobody_gives_the_class_of_an_authority_as_a_reason_by_hand(risk_level, worker, to_level):
    with pytest.raises(Refused, match="comes with that class") as refusal:
        propose(risk_level, worker, to_level, reason_codes=["official_class"])
    assert refusal.value.field == "reason_codes"


def test_the_result_of_an_assessment_is_a_reason_only_beside_it():
    official = {"field": "risk_class", "value": "high", "on": "2026-11-01"}
    with pytest.raises(Refused, match="Choose the assessment"):
        rules.check_ground_fits(assessment=None, official=official, codes=["assessment"])


def test_down_goes_one_step_at_a_time(case_file, worker):
    make_level(case_file, "red")
    with pytest.raises(Refused, match="One step down at a time"):
        propose(case_file.risk_level, worker, "green", reason_codes=["needs_met"])
    propose(case_file.risk_level, worker, "yellow", reason_codes=["needs_met"])


def test_up_may_go_two_steps_at_once(case_file, worker):
    make_level(case_file, "green")
    propose(case_file.risk_level, worker, "red")


def test_nobody_goes_back_to_ungraded(case_file, worker):
    make_level(case_file, "green")
    with pytest.raises(Refused, match="Choose green, yellow or red"):
        propose(case_file.risk_level, worker, "ungraded", reason_codes=["stable"])


@pytest.mark.parametrize(
    ("population", "details", "level"),
    [
        ("community_correction", {"supervision_class": "strict"}, "red"),
        ("community_correction", {"supervision_class": "ordinary"}, "yellow"),
        ("community_correction", {"supervision_class": "lenient"}, "green"),
        ("released", {"support_class": "priority", "settlement": "employed"}, "red"),
        ("released", {"support_class": "general", "settlement": "unsettled"}, "yellow"),
        ("released", {"support_class": "general", "settlement": "land"}, "green"),
        ("mental_disorder", {"condition_class": "unstable", "danger_class": "0"}, "red"),
        ("mental_disorder", {"condition_class": "stable", "danger_class": "4"}, "red"),
        ("mental_disorder", {"condition_class": "stable", "danger_class": "2"}, "yellow"),
        ("mental_disorder", {"condition_class": "basically_stable"}, "yellow"),
        ("mental_disorder", {"danger_class": "0"}, "green"),
        ("drug", {"risk_class": "high"}, "red"),
        ("drug", {"risk_class": "middle"}, "yellow"),
        ("drug", {"risk_class": "low"}, "green"),
        ("left_behind_child", {"guardianship": "poor"}, "red"),
        ("left_behind_child", {"guardianship": "fair"}, "yellow"),
        ("left_behind_child", {"guardianship": "good"}, "green"),
        ("empty_nest_elder", {"special_difficulty": True}, "yellow"),
        ("empty_nest_elder", {"special_difficulty": False}, "green"),
    ],
)
def test_an_official_class_makes_a_proposal_by_the_map_and_no_level(population, details, level):
    case_file = make_case_file(population=population)
    proposal = actions.propose_official(
        risk_level=case_file.risk_level, details=details, by=system_account("ledger"), now=NOW
    )
    assert (proposal.state, proposal.to_level) == ("submitted", level)
    assert proposal.is_official
    assert RiskLevel.objects.get().level == "ungraded"


def test_an_official_class_comes_with_source_and_date():
    case_file = make_case_file(population="mental_disorder")
    details = {"danger_class": "3", "assessed_on": "2026-10-01", "assessed_by": "周医生"}
    draft = actions.official_draft(case_file.risk_level, details, today=NOW.date())
    assert draft.official == {
        "field": "danger_class",
        "value": "3",
        "on": "2026-10-01",
        "by": "周医生",
    }


@pytest.mark.parametrize(
    "details", [{}, {"special_difficulty": ""}, {"special_difficulty": None}, {"living": "alone"}]
)
def test_where_the_authority_says_nothing_nothing_is_proposed(risk_level, details):
    ledger = system_account("ledger")
    assert (
        actions.propose_official(risk_level=risk_level, details=details, by=ledger, now=NOW) is None
    )


def test_an_official_class_that_agrees_or_meets_an_open_proposal_makes_none(case_file, worker):
    ledger = system_account("ledger")
    level = make_level(case_file, "yellow")
    details = {"special_difficulty": True}
    assert actions.propose_official(risk_level=level, details=details, by=ledger, now=NOW) is None
    make_proposal(case_file, worker, "red")
    details = {"special_difficulty": False}
    assert actions.propose_official(risk_level=level, details=details, by=ledger, now=NOW) is None


def test_what_the_team_proposes_takes_the_place_of_an_official_class_that_waits(
    case_file, worker, supervisor
):
    """Up is quick: after an import nobody has to wait for the class to be answered."""
    waiting = actions.propose_official(
        risk_level=case_file.risk_level,
        details={"special_difficulty": True},
        by=system_account("ledger"),
        entered_by=supervisor,
        now=NOW,
    )
    theirs = make_proposal(case_file, worker, "red")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decider, waiting.decided_at) == ("lapsed", None, NOW)
    assert Proposal.history.filter(id=waiting.pk).first().history_user_id == worker.pk
    (event,) = LoggedEvent.objects.filter(event="risk_level.lapsed")
    assert (event.actor, event.subject) == (worker.log_reference, case_file.number)
    actions.approve(proposal=theirs, by=supervisor, reason="Seen.", now=NOW)
    assert RiskLevel.objects.get().level == "red"


def test_neither_a_colleague_nor_a_ledger_takes_the_place_of_what_the_team_proposed(
    case_file, worker
):
    make_proposal(case_file, worker)
    with pytest.raises(Refused, match="open already"):
        make_proposal(case_file, make_user(), "yellow")
    with pytest.raises(Refused, match="open already"):
        make_proposal(case_file, system_account("ledger"), "yellow")
    assert Proposal.objects.get().state == "submitted"


def test_a_proposal_that_is_refused_leaves_the_official_class_waiting(case_file, worker):
    waiting = actions.propose_official(
        risk_level=case_file.risk_level,
        details={"special_difficulty": True},
        by=system_account("ledger"),
        now=NOW,
    )
    with pytest.raises(Refused, match="less intrusive"):
        propose(case_file.risk_level, worker, tried="")
    waiting.refresh_from_db()
    assert waiting.state == "submitted"


def test_an_official_class_lowers_by_one_step_only(case_file):
    level = make_level(case_file, "red")
    proposal = actions.propose_official(
        risk_level=level,
        details={"special_difficulty": False},
        by=system_account("ledger"),
        now=NOW,
    )
    assert proposal.to_level == "yellow"


@pytest.mark.parametrize(
    "official", [{"field": "living"}, {"field": "living", "value": "alone"}, {"value": "x"}]
)
def test_an_official_class_without_value_or_day_is_refused(official):
    with pytest.raises(Refused, match="its value and its day"):
        rules.check_official_fits(official, ["official_class"])


def test_an_official_class_carries_no_other_reason():
    official = {"field": "risk_class", "value": "high", "on": "2026-11-01"}
    with pytest.raises(Refused, match="only reason"):
        rules.check_official_fits(official, ["official_class", "safety"])
    rules.check_official_fits(official, ["official_class"])


def test_a_refused_proposal_leaves_nothing_behind(risk_level, worker):
    assessment = make_assessment(risk_level.case_file, worker)
    before = LoggedEvent.objects.count()
    with pytest.raises(Refused):
        propose(risk_level, worker, tried="", assessment=assessment)
    assert not Proposal.objects.exists()
    assert not Proposal.history.exists()
    assert LoggedEvent.objects.count() == before


def test_a_proposal_shows_nothing_in_the_database(risk_level, worker):
    draft = propose(risk_level, worker)
    stored = bytes(Proposal.objects.values_list("body", flat=True).get(pk=draft.pk))
    assert b"stove" not in stored
    assert b"unmet_needs" not in stored
    assert bytes(Proposal.history.values_list("body", flat=True).get()) == stored


def test_every_reason_points_somewhere():
    assert all(each.is_for_up or each.is_for_down for each in REASONS.values())
    assert {Level.GREEN, Level.YELLOW, Level.RED} == set(Level) - {Level.UNGRADED}
