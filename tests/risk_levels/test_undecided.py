"""Down is kind: what nobody decides about in time takes effect, and an official class lowers."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone, translation

from audit.bodies import parse
from audit.models import LoggedEvent
from casework import sweeps
from casework.actions import levels_in_time
from casework.models import CaseFile
from casework.models.case_files import Status
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.workdays import after_workdays
from risk_levels import actions, rules
from risk_levels.models import Decision, Proposal, RiskLevel
from risk_levels.models.rule_sets import RuleSet
from tests.factories import (
    NOW as TODAY,
)
from tests.factories import (
    client_for,
    make_case_file,
    make_level,
    make_proposal,
    make_user,
)
from tests.levels import undone
from tests.threads import at_once

pytestmark = pytest.mark.django_db
# Early enough for ten working days to have passed: no decision is dated in the future.
NOW = TODAY - timedelta(days=40)
EFFECT = after_workdays(NOW.date(), 10)
THEN = NOW + timedelta(days=(EFFECT - NOW.date()).days)
BETTER = {"reason_codes": ["support_found"], "reason": "The daughter has moved back in."}


def level_of(case_file) -> RiskLevel:
    return RiskLevel.objects.get(pk=case_file.risk_level_id)


def make_down(case_file, worker, **said) -> Proposal:
    return make_proposal(case_file, worker, "yellow", now=NOW, **{**BETTER, **said})


@pytest.fixture
def case_file(worker):
    case_file = make_case_file(lead=worker, today=NOW.date() - timedelta(days=30))
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    return case_file


def test_a_step_down_says_when_it_takes_effect_if_nobody_decides(case_file, worker):
    proposal = make_down(case_file, worker)
    # National Day lies between: ten working days are more than two weeks.
    assert proposal.effect_on == EFFECT
    assert (EFFECT - NOW.date()).days >= 14
    assert proposal.submitted_at.date() == NOW.date()


def test_a_step_up_never_takes_effect_by_itself(worker):
    case_file = make_case_file(lead=worker, today=NOW.date() - timedelta(days=30))
    assert make_proposal(case_file, worker, "red", now=NOW).effect_on is None


def test_what_nobody_decided_in_ten_working_days_takes_effect(case_file, worker):
    proposal = make_down(case_file, worker)
    assert sweeps.lower_undecided(THEN - timedelta(days=1)) == 0
    assert sweeps.lower_undecided(THEN) == 1
    # Late, or a second time: nothing more happens.
    assert sweeps.lower_undecided(THEN + timedelta(days=1)) == 0
    level, proposal = level_of(case_file), Proposal.objects.get(pk=proposal.pk)
    assert (level.level, level.decision.kind) == ("yellow", "undecided_down")
    # Help never falls away by itself: the visits of red go on until somebody has looked.
    assert (level.rhythm_level, level.review_on) == ("red", EFFECT)
    assert (proposal.state, proposal.decider) == ("approved", system_account("clock"))
    assert LoggedEvent.objects.filter(event="risk_level.undecided").count() == 1


def test_of_a_child_somebody_says_so(worker):
    case_file = make_case_file(
        population="left_behind_child",
        birth_on=date(2016, 1, 2),
        lead=worker,
        today=NOW.date() - timedelta(days=30),
    )
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    proposal = make_down(case_file, worker)
    assert proposal.effect_on is None
    assert sweeps.lower_undecided(TODAY) == 0
    assert level_of(case_file).level == "red"


@pytest.mark.parametrize("danger", ["safety", "self_harm", "violence", "unattended_child"])
def test_where_a_danger_was_named_within_a_year_somebody_says_so(worker, danger):
    case_file = make_case_file(lead=worker, today=NOW.date() - timedelta(days=30))
    make_level(case_file, "red", now=NOW - timedelta(days=20), reason_codes=[danger])
    make_down(case_file, worker)
    assert sweeps.lower_undecided(TODAY) == 0
    assert level_of(case_file).level == "red"
    # Looking at the reasons was written down: the system did it.
    read = LoggedEvent.objects.filter(event="case_file.read").last()
    assert parse(read.body)["role"] == "system"


def test_whoever_decides_is_told_that_silence_does_nothing_here(worker, supervisor):
    now = timezone.now()
    case_file = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=30))
    make_level(case_file, "red", now=now - timedelta(days=20), reason_codes=["violence"])
    make_proposal(
        case_file,
        worker,
        "yellow",
        now=now,
        reason_codes=["stable"],
        reason="Calm for some weeks now.",
    )
    client = client_for(supervisor)
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    with translation.override("en"):
        page = client.get(f"/files/{case_file.number}/proposal/review/").text
    assert "a danger was named within a year, so somebody has to decide" in page


def test_a_danger_that_somebody_mentioned_in_vain_counts_too(case_file, worker, supervisor):
    said = {"reason_codes": ["violence"], "reason": "Shouted and threw a chair yesterday."}
    proposal = make_proposal(case_file, worker, "red", now=NOW, **said)
    actions.reject(proposal=proposal, by=supervisor, reason="Not so.", now=NOW)
    make_down(case_file, worker)
    assert sweeps.lower_undecided(TODAY) == 0


def test_nothing_takes_effect_on_a_closed_file(case_file, worker):
    make_down(case_file, worker)
    CaseFile.objects.update(status=Status.CLOSED, closed_on=NOW.date())
    assert sweeps.lower_undecided(THEN) == 0


def test_a_file_that_is_closed_meanwhile_stays(case_file, worker):
    make_down(case_file, worker)
    (due,) = levels_in_time.due_to_take_effect(now=THEN)
    CaseFile.objects.update(status=Status.CLOSED, closed_on=NOW.date())
    clock = system_account("clock")
    assert not levels_in_time.take_effect(case_file=due, by=clock, now=THEN)


def test_what_was_decided_meanwhile_does_not_take_effect(case_file, worker, supervisor, clock):
    proposal = make_down(case_file, worker)
    actions.reject(proposal=proposal, by=supervisor, reason="Too early.", now=NOW)
    assert not actions.take_effect(proposal=proposal, by=clock, now=THEN)
    assert level_of(case_file).level == "red"


def test_only_time_lowers_what_nobody_decided(case_file, worker, supervisor):
    proposal = make_down(case_file, worker)
    with pytest.raises(Refused, match="by itself"):
        actions.take_effect(proposal=proposal, by=supervisor, now=THEN)


def test_the_end_of_a_term_comes_before_silence(worker):
    """Both would lower: the term ends, and the proposal lapses with what it was about."""
    case_file = make_case_file(lead=worker, today=NOW.date() - timedelta(days=90))
    make_level(case_file, "red", now=NOW - timedelta(days=85))
    proposal = make_down(case_file, worker)
    assert level_of(case_file).until_on < EFFECT
    assert sweeps.expire_levels(THEN) == 1
    assert sweeps.lower_undecided(THEN) == 0
    proposal.refresh_from_db()
    assert (proposal.state, level_of(case_file).level) == ("lapsed", "yellow")


def test_older_rule_sets_have_the_days_of_today():
    assert RuleSet(numbers={}).proposal_days("effect_workdays") == 10
    assert (
        RuleSet(numbers={"proposals": {"effect_workdays": 8}}).proposal_days("effect_workdays") == 8
    )
    assert (
        RuleSet(numbers={"proposals": {"effect_workdays": 8}}).proposal_days("climb_workdays") == 5
    )


def test_two_sweeps_at_once_lower_once(real_commits):
    worker = make_user()
    case_file = make_case_file(lead=worker, today=NOW.date() - timedelta(days=30))
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    make_down(case_file, worker)
    assert sorted(at_once(3, lambda _turn: sweeps.lower_undecided(THEN)))[-1] == 1
    assert level_of(case_file).revision == Decision.objects.count() == 2


def test_of_a_no_and_silence_at_once_one_happens(real_commits):
    worker, supervisor = make_user(), make_user(Role.SUPERVISOR)
    case_file = make_case_file(lead=worker, today=NOW.date() - timedelta(days=30))
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    proposal = make_down(case_file, worker)

    def act(turn: int) -> object:
        if turn:
            return sweeps.lower_undecided(THEN)
        try:
            return actions.reject(proposal=proposal, by=supervisor, reason="No.", now=THEN)
        except Refused as refused:
            return str(refused)

    at_once(2, act)
    state = Proposal.objects.get(pk=proposal.pk).state
    assert (state, level_of(case_file).level) in {("rejected", "red"), ("approved", "yellow")}


# --- Official classes ----------------------------------------------------------------------------
def official(case_file, to_level: str, ledger) -> list[Proposal]:
    draft = actions.Draft(
        risk_level=CaseFile.objects.select_related("risk_level").get(pk=case_file.pk).risk_level,
        to_level=to_level,
        reason_codes=("official_class",),
        official={"field": "risk_class", "value": "medium", "on": NOW.date().isoformat()},
    )
    return actions.bulk_propose([draft], by=ledger, now=NOW)


@pytest.fixture
def ledger():
    return system_account("ledger")


def test_an_official_class_lowers_by_itself_one_step(case_file, ledger, clock):
    proposals = official(case_file, "yellow", ledger)
    assert actions.bulk_follow_classes(proposals, by=clock, now=NOW) == 1
    level = level_of(case_file)
    assert (level.level, level.decision.kind) == ("yellow", "imported_down")
    assert (level.rhythm_level, level.review_on) == ("red", NOW.date())
    assert Proposal.objects.get(pk=proposals[0].pk).state == "approved"
    event = LoggedEvent.objects.get(event="risk_level.imported")
    assert parse(event.body)["n"] == 1


def test_an_official_class_never_raises_by_itself(worker, ledger, clock):
    case_file = make_case_file(lead=worker, today=NOW.date() - timedelta(days=30))
    make_level(case_file, "green", now=NOW - timedelta(days=20), reason_codes=["stable"])
    proposals = official(case_file, "yellow", ledger)
    assert actions.bulk_follow_classes(proposals, by=clock, now=NOW) == 0
    assert level_of(case_file).level == "green"
    proposals[0].refresh_from_db()
    assert proposals[0].state == "submitted"


def test_an_official_class_lowers_no_child_by_itself(worker, ledger, clock):
    case_file = make_case_file(
        population="left_behind_child",
        birth_on=date(2016, 1, 2),
        lead=worker,
        today=NOW.date() - timedelta(days=30),
    )
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    proposals = official(case_file, "yellow", ledger)
    assert actions.bulk_follow_classes(proposals, by=clock, now=NOW) == 0
    assert level_of(case_file).level == "red"


def test_nobody_says_that_a_class_lowers(case_file, ledger, supervisor):
    proposals = official(case_file, "yellow", ledger)
    with pytest.raises(Refused, match="by itself"):
        actions.bulk_follow_classes(proposals, by=supervisor, now=NOW)


# --- The database itself -------------------------------------------------------------------------
def lowering(about: Proposal, by, **change) -> Decision:
    level = level_of_proposal(about)
    return Decision(
        **{
            "key_owner": level.key_owner,
            "risk_level": level,
            "district": level.district,
            "kind": "undecided_down",
            "from_level": "red",
            "to_level": "yellow",
            "rhythm_level": "red",
            "base_revision": level.revision,
            "proposal": about,
            "decided_by": by,
            "decided_at": THEN,
            "starts_on": EFFECT,
            "until_on": EFFECT + timedelta(days=30),
            "review_on": EFFECT,
            "rule_set": actions.rule_set_in_force(EFFECT),
            **change,
        }
    )


def level_of_proposal(about: Proposal) -> RiskLevel:
    return RiskLevel.objects.get(pk=about.risk_level_id)


def approved(proposal: Proposal, by) -> Proposal:
    proposal.approve(by=by, at=THEN, reply="")
    proposal.save_as(by=by)
    return proposal


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "imported_down"},
        {"to_level": "green"},
        {"rhythm_level": "yellow"},
        {"decided_at": THEN - timedelta(days=1), "starts_on": EFFECT - timedelta(days=1)},
        {"until_on": None},
        {"review_on": None},
        {"proposal": None},
    ],
)
def test_the_database_asks_for_the_day_the_step_and_the_rhythm(case_file, worker, clock, change):
    row = lowering(approved(make_down(case_file, worker), clock), clock, **change)
    with (
        pytest.raises(DatabaseError, match=r"conditions_of_its_kind|one_level_at_a_time"),
        transaction.atomic(),
    ):
        row.save()


def test_the_database_lets_no_person_lower_by_silence(case_file, worker, supervisor):
    row = lowering(approved(make_down(case_file, worker), supervisor), supervisor)
    with pytest.raises(DatabaseError, match="conditions_of_its_kind"), transaction.atomic():
        row.save()


def test_the_database_lets_silence_lower_what_is_so(case_file, worker, clock):
    with undone():
        lowering(approved(make_down(case_file, worker), clock), clock).save()
        assert Decision.objects.filter(kind="undecided_down").count() == 1


def test_only_parts_of_the_system_lower_undecided(supervisor, clock):
    rules.check_can_lower_undecided(clock)
    with pytest.raises(Refused):
        rules.check_can_lower_undecided(supervisor)
