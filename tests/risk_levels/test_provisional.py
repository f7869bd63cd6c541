"""Red for safety: set at once, decided within three days, or back to what it was."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import LoggedEvent
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels import actions, rules, safety_rules
from risk_levels.levels import Level
from risk_levels.models import Decision, Proposal, RiskLevel
from tests.factories import NOW as TODAY
from tests.factories import make_case_file, make_level, make_proposal, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
# Early enough for three days to have passed: no decision is dated in the future.
NOW = TODAY - timedelta(days=5)
OVER = NOW + 72 * HOUR
SAID = {
    "reason_codes": ["self_harm"],
    "reason": "Spoke of suicide at the visit this morning.",
    "tried": "The daughter stays with her tonight, 12356 was called.",
}


def set_red(case_file, worker, *, now=NOW, **change):
    case_file.risk_level.refresh_from_db()
    return actions.set_provisionally(
        risk_level=case_file.risk_level,
        by=worker,
        now=now,
        **{
            **SAID,
            "evidence": [{"on": now.date().isoformat(), "what": "Said it to me"}],
            **change,
        },
    )


def level_of(case_file) -> RiskLevel:
    return RiskLevel.objects.get(pk=case_file.risk_level_id)


def lapse_all(clock, now) -> int:
    return sum(
        actions.lapse(risk_level=each, by=clock, now=now) for each in actions.due_to_lapse(now=now)
    )


def test_a_worker_may_set_red_at_once_for_safety(case_file, worker):
    proposal = set_red(case_file, worker)
    level = level_of(case_file)
    assert (level.level, level.rhythm_level, level.until_on) == ("red", "red", None)
    assert level.until_at == OVER
    assert level.is_provisional
    assert level.decision.kind == Decision.Kind.PROVISIONAL
    assert level.decision.decided_by == worker
    # A supervisor finds the proposal that makes an ordinary term of it.
    assert (proposal.state, proposal.is_for_safety) == ("submitted", True)
    assert (proposal.from_level, proposal.to_level) == ("red", "red")
    acts = [each.event for each in LoggedEvent.objects.order_by("id")]
    assert acts[-2:] == ["risk_level.set_provisionally", "risk_level.proposed"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason_codes": []}, "at least one danger"),
        ({"reason_codes": ["unmet_needs"]}, "can wait for a decision"),
        ({"reason_codes": ["self_harm", "nonsense"]}, "can wait for a decision"),
        ({"reason": "Short."}, "at least 20 characters"),
        ({"evidence": []}, "at least one thing that happened"),
        ({"evidence": [{"on": "2999-01-01", "what": "?"}]}, "today or before"),
        ({"tried": " "}, "being done right now"),
    ],
)
def test_a_danger_is_told_in_words_with_its_day_and_with_what_is_done(
    case_file, worker, change, words
):
    with pytest.raises(Refused, match=words):
        set_red(case_file, worker, **change)
    assert level_of(case_file).level == Level.UNGRADED


@pytest.mark.parametrize("role", [each for each in Role if each != Role.SOCIAL_WORKER])
def test_only_a_social_worker_sets_red_at_once(case_file, role):
    with pytest.raises(Refused, match="does not carry"):
        set_red(case_file, make_user(role))


def test_what_is_red_already_is_not_set_red_again(case_file, worker):
    set_red(case_file, worker)
    with pytest.raises(Refused, match="red already"):
        set_red(case_file, worker)


def test_a_danger_does_not_wait_for_a_proposal_that_is_open(case_file, worker):
    waiting = make_proposal(case_file, worker, "yellow")
    set_red(case_file, worker)
    waiting.refresh_from_db()
    assert waiting.state == "lapsed"


def test_nobody_confirmed_it_for_three_days_and_it_goes_back_to_what_it_was(
    case_file, worker, clock
):
    before = make_level(case_file, "yellow")
    until_on = before.until_on
    set_red(case_file, worker)
    assert lapse_all(clock, OVER - HOUR) == 0
    assert lapse_all(clock, OVER) == 1
    # Late, or a second time: nothing more happens.
    assert lapse_all(clock, OVER + HOUR) == 0
    level = level_of(case_file)
    assert (level.level, level.until_on, level.until_at) == ("yellow", until_on, None)
    assert level.decision.kind == Decision.Kind.LAPSED
    # The visits of red go on until somebody has looked, and that is due at once.
    assert (level.rhythm_level, level.review_on) == ("red", OVER.date())
    assert Proposal.objects.get(is_for_safety=True).state == "lapsed"
    assert LoggedEvent.objects.filter(event="risk_level.put_back").count() == 1


def test_what_was_ungraded_is_ungraded_again(case_file, worker, clock):
    set_red(case_file, worker)
    lapse_all(clock, OVER)
    level = level_of(case_file)
    assert (level.level, level.until_on, level.rhythm_level) == ("ungraded", None, "red")


def test_a_term_that_ended_meanwhile_ends_the_day_after_it_is_back(case_file, worker, clock):
    make_level(case_file, "yellow", now=NOW - timedelta(days=179))
    ends = level_of(case_file).until_on
    assert ends == NOW.date() + timedelta(days=1)
    set_red(case_file, worker)
    lapse_all(clock, OVER)
    assert level_of(case_file).until_on == OVER.date() + timedelta(days=1)


def test_only_time_puts_back_what_nobody_decided(case_file, worker, supervisor):
    set_red(case_file, worker)
    with pytest.raises(Refused, match="by itself"):
        actions.lapse(risk_level=case_file.risk_level, by=supervisor, now=OVER)


def test_a_supervisor_approves_it_into_an_ordinary_term(case_file, worker, supervisor):
    proposal = set_red(case_file, worker)
    actions.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=NOW + HOUR)
    level = level_of(case_file)
    assert (level.level, level.until_at) == ("red", None)
    assert level.until_on <= NOW.date() + timedelta(days=90)
    assert level.since_on == NOW.date()


def test_a_no_puts_it_back_at_once(case_file, worker, supervisor):
    make_level(case_file, "green")
    proposal = set_red(case_file, worker)
    actions.reject(proposal=proposal, by=supervisor, reason="No danger.", now=NOW + HOUR)
    level = level_of(case_file)
    assert (level.level, level.rhythm_level) == ("green", "red")
    assert level.decision.decided_by == supervisor
    assert level.decision.proposal == proposal


def test_whoever_set_it_takes_it_back_at_once(case_file, worker):
    proposal = set_red(case_file, worker)
    actions.withdraw(proposal=proposal, by=worker, now=NOW + HOUR)
    assert level_of(case_file).level == Level.UNGRADED
    assert level_of(case_file).decision.decided_by == worker


def test_a_return_asks_for_more_while_the_hours_run(case_file, worker, supervisor, clock):
    proposal = set_red(case_file, worker)
    actions.return_(proposal=proposal, by=supervisor, reason="Which words?", now=NOW + HOUR)
    assert level_of(case_file).level == Level.RED
    lapse_all(clock, OVER)
    assert level_of(case_file).level == Level.UNGRADED


@pytest.mark.parametrize("answer", ["approve", "reject", "return_"])
def test_nobody_prolongs_it_by_deciding_late(case_file, worker, supervisor, answer):
    proposal = set_red(case_file, worker)
    with pytest.raises(Refused, match="hours of this provisional level are over"):
        getattr(actions, answer)(proposal=proposal, by=supervisor, reason="Late.", now=OVER)


def test_nobody_decides_their_own_danger(case_file, worker):
    proposal = set_red(case_file, worker)
    for answer in (actions.approve, actions.reject, actions.return_):
        with pytest.raises(Refused, match="yourself"):
            answer(proposal=proposal, by=worker, reason="Mine.", now=NOW + HOUR)


def test_the_same_facts_make_it_provisional_once(case_file, worker, clock):
    set_red(case_file, worker)
    lapse_all(clock, OVER)
    again = OVER + HOUR
    as_before = [{"on": NOW.date().isoformat(), "what": "Said it to me"}]
    with pytest.raises(Refused, match="has happened since"):
        set_red(case_file, worker, now=again, evidence=as_before)
    set_red(case_file, worker, now=again)
    assert level_of(case_file).level == Level.RED


def test_the_last_lapse_is_what_counts():
    safety_rules.check_happened_since([{"on": "2026-01-01"}], None)
    safety_rules.check_happened_since([{}, {"on": "2026-01-02"}], date(2026, 1, 2))
    with pytest.raises(Refused):
        safety_rules.check_happened_since([{"on": "2026-01-01"}], date(2026, 1, 2))


# --- The database itself ------------------------------------------------------------------------
def refused(guard: str, act) -> None:
    with pytest.raises(DatabaseError, match=guard), transaction.atomic():
        act()


def decision_about(case_file, by, **values) -> Decision:
    level = level_of(case_file)
    return Decision(
        **{
            "key_owner": level.key_owner,
            "risk_level": level,
            "district": level.district,
            "from_level": level.level,
            "base_revision": level.revision,
            "decided_by": by,
            "decided_at": NOW,
            "starts_on": NOW.date(),
            "review_on": NOW.date(),
            "rule_set": actions.rule_set_in_force(NOW.date()),
            **values,
        }
    )


KINDS = "a_decision_meets_the_conditions_of_its_kind"
PROVISIONAL = {"kind": "provisional", "to_level": "red", "rhythm_level": "red", "until_at": OVER}


@pytest.mark.parametrize(
    "change",
    [
        {"until_at": OVER + HOUR},
        {"until_at": None, "until_on": NOW.date() + timedelta(days=3)},
        {"to_level": "yellow"},
        {"rhythm_level": "green"},
    ],
)
def test_the_database_keeps_what_is_provisional_to_red_and_three_days(case_file, worker, change):
    row = decision_about(case_file, worker, **{**PROVISIONAL, **change})
    refused(KINDS, row.save)


def test_the_database_lets_no_part_of_the_system_set_red(case_file, clock):
    refused(KINDS, decision_about(case_file, clock, **PROVISIONAL).save)


def lapsed(case_file, by, **change) -> Decision:
    values = {"kind": "lapsed", "to_level": "yellow", "rhythm_level": "red", "decided_at": OVER}
    until_on = OVER.date() + timedelta(days=1)
    values |= {"starts_on": OVER.date(), "until_on": until_on}
    return decision_about(case_file, by, **{**values, **change})


@pytest.fixture
def in_danger(case_file, worker):
    """A file that was yellow, then red for safety, and nobody has decided for three days."""
    make_level(case_file, "yellow", now=NOW - timedelta(days=10))
    set_red(case_file, worker, now=NOW - 73 * HOUR)
    return case_file


@pytest.mark.parametrize(
    "change",
    [
        {"to_level": "green"},
        {"to_level": "ungraded", "until_on": None},
        {"until_on": None},
        {"until_on": NOW.date() + timedelta(days=400)},
        {"rhythm_level": "yellow"},
        {"until_on": None, "until_at": OVER},
    ],
)
def test_the_database_puts_back_what_was_and_no_more(in_danger, clock, change):
    values = {"decided_at": NOW, "starts_on": NOW.date()}
    refused(KINDS, lapsed(in_danger, clock, **{**values, **change}).save)


def test_the_database_lets_nobody_but_time_put_it_back(in_danger, supervisor, worker):
    for by in (supervisor, worker):
        row = lapsed(in_danger, by, decided_at=NOW, starts_on=NOW.date())
        refused(KINDS, row.save)


def test_the_database_lets_time_not_come_early(case_file, worker, clock):
    make_level(case_file, "yellow", now=NOW - timedelta(days=10))
    set_red(case_file, worker, now=NOW - HOUR)
    row = lapsed(case_file, clock, decided_at=NOW, starts_on=NOW.date())
    refused(KINDS, row.save)


def test_the_database_puts_nothing_back_that_was_decided(case_file, clock):
    make_level(case_file, "red", now=NOW - timedelta(days=10))
    row = lapsed(case_file, clock, decided_at=NOW, starts_on=NOW.date())
    refused(KINDS, row.save)


def test_the_database_lets_nobody_decide_late(in_danger, supervisor):
    proposal = Proposal.objects.get(is_for_safety=True)
    proposal.approve(by=supervisor, at=NOW, reply="Late.")
    proposal.save_as(by=supervisor)
    row = decision_about(
        in_danger,
        supervisor,
        kind="approved",
        to_level="red",
        rhythm_level="red",
        proposal=proposal,
        until_on=NOW.date() + timedelta(days=30),
    )
    refused("what_was_provisional_is_decided_in_time", row.save)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("is_for_safety = NOT is_for_safety", "stays_its_proposers"),
        ("effect_on = '2027-01-01'", "keeps_what_it_said|takes_effect_by_itself"),
    ],
)
def test_what_a_proposal_is_stays(case_file, worker, change, constraint):
    set_red(case_file, worker)
    with (
        pytest.raises(DatabaseError, match=constraint),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE risk_levels_proposal SET {change}")  # noqa: S608 two fixed texts


def test_of_a_yes_and_the_end_of_the_hours_at_once_one_happens(real_commits):
    case_file, worker = make_case_file(), make_user()
    proposal = set_red(case_file, worker, now=NOW - 72 * HOUR)
    supervisor, clock = make_user(Role.SUPERVISOR), system_account("clock")

    def act(turn: int) -> object:
        try:
            if turn % 2:
                return actions.lapse(risk_level=case_file.risk_level, by=clock, now=NOW)
            return actions.approve(
                proposal=proposal, by=supervisor, reason="Agreed.", now=NOW - HOUR
            )
        except Refused as refused:
            return str(refused)

    at_once(4, act)
    level = level_of(case_file)
    assert level.revision == Decision.objects.count() == 2
    kinds = {"approved": Level.RED, "lapsed": Level.UNGRADED}
    assert level.level == kinds[level.decision.kind]


# --- A third term of red ------------------------------------------------------------------------
NOTE = "Talked over on Monday with doctor, worker and supervisor: the danger goes on."


@pytest.fixture
def third(case_file, worker):
    """A proposal for a third term of red in a row."""
    for days in (60, 30):
        make_level(case_file, "red", now=NOW - timedelta(days=days))
    return make_proposal(case_file, worker, "red")


def test_a_third_term_of_red_needs_two_approvers_and_a_conference(
    third, case_file, worker, supervisor
):
    assert rules.needs_two_approvers(level_of(case_file), "red")
    with pytest.raises(Refused, match="two approvals and a conference"):
        actions.approve(proposal=third, by=supervisor, reason="Agreed.", now=NOW)
    with pytest.raises(Refused, match="case conference"):
        actions.approve_first(proposal=third, by=supervisor, reason="Agreed.", note="Yes.", now=NOW)
    first = actions.approve_first(
        proposal=third, by=supervisor, reason="Agreed.", note=NOTE, now=NOW
    )
    assert (first.state, first.first_approver) == ("submitted", supervisor)
    assert level_of(case_file).revision == 2
    with pytest.raises(Refused, match="A second supervisor confirms it"):
        actions.approve(proposal=third, by=supervisor, reason="Agreed.", now=NOW)
    with pytest.raises(Refused, match="approved this first already"):
        actions.approve_first(
            proposal=third, by=make_user(Role.SUPERVISOR), reason="Too.", note=NOTE, now=NOW
        )
    actions.approve(proposal=third, by=make_user(Role.SUPERVISOR), reason="Agreed too.", now=NOW)
    assert level_of(case_file).revision == 3
    assert LoggedEvent.objects.filter(event="risk_level.first_approved").count() == 1


def test_a_second_term_needs_one_approver(case_file, worker, supervisor):
    make_level(case_file, "red", now=NOW - timedelta(days=30))
    proposal = make_proposal(case_file, worker, "red")
    with pytest.raises(Refused, match="One approval is enough"):
        actions.approve_first(
            proposal=proposal, by=supervisor, reason="Agreed.", note=NOTE, now=NOW
        )
    actions.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=NOW)


def test_another_level_between_begins_the_count_anew(case_file, worker):
    make_level(case_file, "red", now=NOW - timedelta(days=90))
    make_level(case_file, "red", now=NOW - timedelta(days=60))
    make_level(case_file, "yellow", now=NOW - timedelta(days=40), reason_codes=["stable"])
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    assert level_of(case_file).decisions.red_terms() == 1
    assert not rules.needs_two_approvers(level_of(case_file), "red")
    assert not rules.needs_two_approvers(level_of(case_file), "yellow")


def test_the_proposer_is_none_of_the_two(third, worker):
    with pytest.raises(Refused, match="yourself"):
        actions.approve_first(proposal=third, by=worker, reason="Mine.", note=NOTE, now=NOW)


def test_the_database_counts_terms_of_red_itself(third, case_file, supervisor):
    third.approve(by=supervisor, at=NOW, reply="Alone.")
    third.save_as(by=supervisor)
    row = decision_about(
        case_file,
        supervisor,
        kind="approved",
        to_level="red",
        rhythm_level="red",
        proposal=third,
        until_on=NOW.date() + timedelta(days=30),
    )
    refused("a_third_red_in_a_row_has_two_approvers", row.save)


def test_a_first_approval_is_never_rewritten(third, supervisor):
    actions.approve_first(proposal=third, by=supervisor, reason="Agreed.", note=NOTE, now=NOW)
    other = make_user(Role.SUPERVISOR)
    refused(
        "a_first_approval_stays",
        lambda: Proposal.objects.filter(pk=third.pk).update(first_approver=other),
    )


def test_two_first_approvals_at_once_are_one(real_commits):
    case_file, worker = make_case_file(), make_user()
    for days in (60, 30):
        make_level(case_file, "red", now=NOW - timedelta(days=days))
    proposal = make_proposal(case_file, worker, "red")
    supervisors = [make_user(Role.SUPERVISOR) for _number in range(4)]

    def act(turn: int) -> object:
        try:
            return actions.approve_first(
                proposal=proposal, by=supervisors[turn], reason="Agreed.", note=NOTE, now=NOW
            )
        except Refused as refused:
            return str(refused)

    got = at_once(4, act)
    assert sum(isinstance(each, Proposal) for each in got) == 1
    assert level_of(case_file).revision == 2
