"""Decisions: two people, an end, one step down, nothing without a decision."""

from datetime import timedelta

import pytest

from audit import log
from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels import actions, rules
from risk_levels.actions.rule_sets import (
    change_duties,
    draft_rule_set,
    rule_set_in_force,
    seed_rule_set,
    start_rule_set,
)
from risk_levels.levels import Level
from risk_levels.models import Decision, Proposal, RiskLevel, RuleSet
from risk_levels.models.rule_sets import DEFAULT_VERSION
from tests.factories import (
    NOW,
    change_role,
    expire,
    make_case_file,
    make_level,
    make_proposal,
    make_user,
)

pytestmark = pytest.mark.django_db
# So long ago that every term which began then is over.
THEN = NOW - timedelta(days=1000)


@pytest.fixture
def first_day():
    return THEN.date()


def opened(model, **lookup):
    """A row with its sealed body open, as the file's reader would have it."""
    row = model.objects.select_related("risk_level__case_file").get(**lookup)
    with log.reading(
        make_user(), event=Event.CASE_FILE_READ, purpose=None, about=[row.risk_level]
    ) as reading:
        groups = ("body", "answer") if model is Proposal else ("body",)
        return model.objects.opened(*groups, reading=reading).get(**lookup)


def test_a_level_starts_ungraded_and_without_an_end(risk_level):
    assert risk_level.level == Level.UNGRADED
    assert (risk_level.until_on, risk_level.review_on, risk_level.revision) == (None, None, 0)
    assert risk_level.history.count() == 1


def test_an_approved_proposal_moves_the_level(case_file, worker, supervisor, today):
    proposal = make_proposal(case_file, worker, "red")
    decision = actions.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=NOW)
    level = RiskLevel.objects.get(pk=case_file.risk_level_id)
    assert (level.level, level.rhythm_level, level.revision) == ("red", "red", 1)
    assert level.decision == decision
    assert level.since_on == today
    assert level.until_on == today + timedelta(days=90)
    assert level.review_on == today + timedelta(days=30)
    assert Proposal.objects.get().state == "approved"
    assert level.history.count() == 2
    assert Proposal.history.count() == 3


def test_every_decision_stores_the_rule_set_the_inputs_who_when_and_why(
    case_file, worker, supervisor
):
    proposal = make_proposal(case_file, worker)
    actions.approve(
        proposal=proposal,
        by=supervisor,
        reason="Seen together.",
        told="told",
        inputs={"seen": ["file", "assessment"]},
        now=NOW,
    )
    decision = opened(Decision)
    assert decision.rule_set.version == DEFAULT_VERSION
    assert decision.decided_by == supervisor
    assert decision.decided_at == NOW
    assert decision.reason == "Seen together."
    assert decision.told == "told"
    assert decision.inputs["seen"] == ["file", "assessment"]
    assert decision.inputs["proposal"] == str(proposal.pk)
    assert decision.inputs["rule_set"] == DEFAULT_VERSION
    assert decision.inputs["level"] == "ungraded"


def test_a_proposal_keeps_what_it_said_and_what_was_answered(case_file, worker, supervisor):
    proposal = make_proposal(case_file, worker)
    actions.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=NOW)
    found = opened(Proposal)
    assert found.reason.startswith("The stove")
    assert found.evidence == [{"on": "2020-11-20", "what": "Seen at the visit"}]
    assert found.tried == "Called the village committee twice."
    assert found.reply == "Agreed."


def test_the_log_names_each_step_by_file_number_and_direction_only(case_file, worker, supervisor):
    proposal = make_proposal(case_file, worker)
    actions.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=NOW)
    steps = LoggedEvent.objects.filter(event__startswith="risk_level.").order_by("pk")
    assert [each.event for each in steps] == [
        "risk_level.drafted",
        "risk_level.proposed",
        "risk_level.approved",
    ]
    assert {each.subject for each in steps} == {case_file.number}
    assert not any("red" in each.body for each in steps)


def test_nobody_decides_their_own_proposal(case_file, worker, today):
    proposal = make_proposal(case_file, worker)
    worker = change_role(worker, Role.SUPERVISOR, make_user(Role.SUPERVISOR).unit)
    for decide in (actions.approve, actions.return_, actions.reject):
        with (
            log.entered(log.Context()),
            pytest.raises(Refused, match="A second person decides"),
        ):
            decide(proposal=proposal, by=worker, reason="Mine.", now=NOW)
    refusals = LoggedEvent.objects.filter(event=Event.RISK_LEVEL_REFUSED)
    assert [each.outcome for each in refusals] == ["denied"] * 3
    assert {each.subject for each in refusals} == {case_file.number}
    assert Proposal.objects.get().state == "submitted"


def official(case_file, entered_by):
    return actions.propose_official(
        risk_level=case_file.risk_level,
        details={"special_difficulty": True},
        by=system_account("ledger"),
        entered_by=entered_by,
        now=NOW,
    )


@pytest.mark.parametrize(("decide", "state"), [("return_", "returned"), ("reject", "rejected")])
def test_whoever_handed_in_a_ledger_may_say_no_to_what_it_proposes(
    case_file, supervisor, decide, state
):
    proposal = official(case_file, supervisor)
    getattr(actions, decide)(proposal=proposal, by=supervisor, reason="A slip.", now=NOW)
    assert (Proposal.objects.get().state, Proposal.objects.get().decider) == (state, supervisor)
    assert RiskLevel.objects.get().level == "ungraded"


def test_whoever_handed_in_a_ledger_does_not_approve_what_it_proposes(case_file, supervisor):
    proposal = official(case_file, supervisor)
    with (
        log.entered(log.Context()),
        pytest.raises(Refused, match="A second person approves it"),
    ):
        actions.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=NOW)
    assert LoggedEvent.objects.filter(event=Event.RISK_LEVEL_REFUSED).count() == 1
    other = make_user(Role.SUPERVISOR)
    actions.approve(proposal=proposal, by=other, reason="Agreed.", now=NOW)
    assert RiskLevel.objects.get().level == "yellow"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SUPERVISOR])
def test_only_a_supervisor_decides(case_file, worker, role):
    proposal = make_proposal(case_file, worker)
    with pytest.raises(Refused, match="Your role does not carry this"):
        actions.approve(proposal=proposal, by=make_user(role), reason="Yes.", now=NOW)


@pytest.mark.parametrize("decide", ["approve", "return_", "reject"])
def test_the_second_of_two_supervisors_is_told_that_it_is_decided(
    case_file, worker, supervisor, decide
):
    proposal = make_proposal(case_file, worker)
    actions.reject(proposal=proposal, by=supervisor, reason="No need.", now=NOW)
    with pytest.raises(Refused, match="no longer waits"):
        getattr(actions, decide)(
            proposal=proposal, by=make_user(Role.SUPERVISOR), reason="Late.", now=NOW
        )


@pytest.mark.parametrize(("decide", "state"), [("return_", "returned"), ("reject", "rejected")])
def test_a_returned_or_rejected_proposal_leaves_the_level_alone(
    case_file, worker, supervisor, decide, state
):
    proposal = make_proposal(case_file, worker)
    getattr(actions, decide)(proposal=proposal, by=supervisor, reason="Not enough.", now=NOW)
    assert Proposal.objects.get().state == state
    assert RiskLevel.objects.get().level == "ungraded"
    assert not Decision.objects.exists()
    # The worker may propose anew.
    make_proposal(case_file, worker, "yellow")


@pytest.mark.parametrize("decide", ["approve", "return_", "reject"])
def test_whoever_decides_says_why(case_file, worker, supervisor, decide):
    proposal = make_proposal(case_file, worker)
    with pytest.raises(Refused, match="Say why"):
        getattr(actions, decide)(proposal=proposal, by=supervisor, reason="  ", now=NOW)


def test_red_ends_after_ninety_days_at_most(case_file, worker, supervisor, today):
    proposal = make_proposal(case_file, worker)
    with pytest.raises(Refused, match="at most 90 days"):
        actions.approve(
            proposal=proposal,
            by=supervisor,
            reason="Long.",
            until_on=today + timedelta(days=91),
            now=NOW,
        )
    with pytest.raises(Refused, match="after today"):
        actions.approve(proposal=proposal, by=supervisor, reason="Short.", until_on=today, now=NOW)
    actions.approve(
        proposal=proposal,
        by=supervisor,
        reason="Two weeks.",
        until_on=today + timedelta(days=14),
        now=NOW,
    )
    level = RiskLevel.objects.get()
    assert level.until_on == level.review_on == today + timedelta(days=14)


@pytest.mark.parametrize(
    ("population", "days"), [("mental_disorder", 30), ("left_behind_child", 30), ("drug", 90)]
)
def test_the_term_of_red_comes_from_the_population(population, days, today):
    case_file = make_case_file(population=population)
    assert make_level(case_file, "red").until_on == today + timedelta(days=days)


def test_at_the_end_of_its_term_the_label_drops_one_step_and_a_review_opens(
    case_file, clock, first_day
):
    make_level(case_file, "red", now=THEN)
    day = first_day + timedelta(days=90)
    assert expire(by=clock, now=THEN + timedelta(days=90)) == [case_file.risk_level_id]
    level = RiskLevel.objects.get()
    assert level.level == "yellow"
    assert level.needs_review(day)
    assert level.until_on == day + timedelta(days=180)
    assert level.since_on == day
    decision = opened(Decision, kind="expired")
    assert decision.decided_by == clock
    assert decision.inputs["level"] == "red"
    event = LoggedEvent.objects.get(event=Event.RISK_LEVEL_EXPIRED)
    assert event.subject == case_file.number


def test_the_visit_rhythm_stays_until_the_review_is_done(case_file, worker, clock, first_day):
    make_level(case_file, "red", now=THEN)
    red = RiskLevel.objects.get().duties(on=first_day)
    day = first_day + timedelta(days=90)
    expire(by=clock, now=THEN + timedelta(days=90))
    level = RiskLevel.objects.get()
    assert (level.level, level.rhythm_level) == ("yellow", "red")
    assert level.duties(on=day) == red
    case_file.risk_level = level
    now = THEN + timedelta(days=91)
    proposal = make_proposal(case_file, worker, "green", reason_codes=["needs_met"], now=now)
    actions.approve(proposal=proposal, by=make_user(Role.SUPERVISOR), reason="Looked at.", now=now)
    level = RiskLevel.objects.get()
    assert (level.level, level.rhythm_level) == ("green", "green")
    assert level.duties(on=now.date()).visit_days == 90


def test_nothing_expires_before_its_day_and_nothing_twice(case_file, clock):
    make_level(case_file, "red", now=THEN)
    now = THEN + timedelta(days=90)
    assert expire(by=clock, now=now - timedelta(days=1)) == []
    assert len(expire(by=clock, now=now)) == 1
    assert expire(by=clock, now=now) == []
    assert RiskLevel.objects.get().level == "yellow"


def test_a_late_sweep_lowers_one_step_only(case_file, clock):
    make_level(case_file, "red", now=THEN)
    expire(by=clock, now=THEN + timedelta(days=1000))
    assert RiskLevel.objects.get().level == "yellow"


def test_green_stays_green_when_its_term_ends(case_file, clock, first_day):
    make_level(case_file, "green", now=THEN)
    late = first_day + timedelta(days=1000)
    assert expire(by=clock, now=THEN + timedelta(days=1000)) == []
    level = RiskLevel.objects.get()
    assert level.level == "green"
    assert level.needs_review(late)


def test_a_proposal_lapses_when_the_level_expires_underneath_it(
    case_file, worker, supervisor, clock
):
    make_level(case_file, "red", now=THEN)
    proposal = make_proposal(case_file, worker, "red", now=THEN + timedelta(days=80))
    expire(by=clock, now=THEN + timedelta(days=90))
    assert Proposal.objects.get(pk=proposal.pk).state == "lapsed"
    with pytest.raises(Refused, match="no longer waits"):
        actions.approve(
            proposal=proposal, by=supervisor, reason="Late.", now=THEN + timedelta(days=90)
        )


def test_red_is_renewed_by_a_new_proposal_and_keeps_its_first_day(
    case_file, worker, supervisor, first_day
):
    make_level(case_file, "red", now=THEN)
    case_file.risk_level.refresh_from_db()
    now = THEN + timedelta(days=80)
    proposal = make_proposal(case_file, worker, "red", now=now)
    actions.approve(proposal=proposal, by=supervisor, reason="Once more.", now=now)
    level = RiskLevel.objects.get()
    assert level.since_on == first_day
    assert level.until_on == first_day + timedelta(days=170)
    assert level.revision == 2


def test_a_proposal_about_a_level_that_has_changed_is_not_decided(case_file, worker, supervisor):
    stale = make_proposal(case_file, worker, "yellow")
    assert RiskLevel.objects.get().revision == 0
    stale_level = RiskLevel.objects.get()
    stale_level.revision = 1
    with pytest.raises(Refused, match="has changed since"):
        rules.check_is_current(stale, stale_level)


def test_the_rule_set_of_the_day_is_used_and_kept(case_file, worker, supervisor, first_day):
    first = rule_set_in_force(first_day)
    author, second = make_user(Role.SUPERVISOR), make_user(Role.PRIVACY_OFFICER)
    draft = draft_rule_set(reason="Elders", by=author, today=first_day)
    duties = first.days_of("empty_nest_elder")
    duties["red"] = {"contact_days": 1, "visit_days": 3, "review_days": 10, "valid_days": 45}
    change_duties(rule_set=draft, population="empty_nest_elder", duties=duties, by=author)
    later = first_day + timedelta(days=7)
    start_rule_set(rule_set=draft, on=later, by=second, today=first_day)
    assert RuleSet.objects.in_force(later - timedelta(days=1)) == first
    assert RuleSet.objects.in_force(later) == draft
    proposal = make_proposal(case_file, worker, now=THEN + timedelta(days=7))
    decision = actions.approve(
        proposal=proposal, by=supervisor, reason="Agreed.", now=THEN + timedelta(days=7)
    )
    assert decision.rule_set == draft
    assert decision.until_on == later + timedelta(days=45)
    assert RiskLevel.objects.get().duties(on=later).visit_days == 3


def test_whoever_decides_first_puts_no_rules_into_force(case_file, worker, supervisor):
    make_level(case_file, "yellow")
    event = LoggedEvent.objects.get(event=Event.RULE_SET_STARTED)
    assert event.actor == "s:work"
    assert RuleSet.objects.get().drafted_by.is_system
    with pytest.raises(Refused, match="comes with the system"):
        seed_rule_set(on=NOW.date(), by=supervisor)


def test_a_level_that_somebody_decided_on_meanwhile_does_not_expire(case_file, clock):
    """A sweep looks again under the lock: what it found may be over."""
    make_level(case_file, "red", now=THEN)
    level = RiskLevel.objects.get()
    assert not actions.expire(risk_level=level, by=clock, now=THEN)
    assert actions.expire(risk_level=level, by=clock, now=THEN + timedelta(days=90))
    late = THEN + timedelta(days=900)
    assert actions.expire(risk_level=level, by=clock, now=late)
    # Green by now.
    assert not actions.expire(risk_level=level, by=clock, now=late)


def test_nobody_says_that_a_term_is_over(case_file, supervisor):
    level = make_level(case_file, "red", now=THEN)
    with pytest.raises(Refused, match="ends by itself"):
        actions.expire(risk_level=level, by=supervisor, now=NOW)


def test_rows_are_printed_by_their_id_and_show_nothing(case_file, worker, supervisor):
    assessment = actions.record_assessment(
        risk_level=case_file.risk_level, answers={"income": "none"}, by=worker, now=NOW
    )
    proposal = make_proposal(case_file, worker)
    decision = actions.approve(proposal=proposal, by=supervisor, reason="Yes.", now=NOW)
    for row in (assessment, proposal, decision, case_file.risk_level):
        assert str(row) == str(row.pk)
    assert str(RuleSet.objects.get()) == DEFAULT_VERSION
    assert case_file.risk_level.log_owners == (case_file.id,)
