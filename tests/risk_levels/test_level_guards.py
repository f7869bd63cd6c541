"""What the database refuses, whoever asks and however: updates in bulk, raw SQL, replays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from kpm.accounts.actions import system_account
from kpm.ids import uuid7
from kpm.permissions import Role
from risk_levels import actions
from risk_levels.models import Assessment, Decision, Proposal, RiskLevel, RuleSet
from tests.factories import (
    NOW,
    assign,
    make_assessment,
    make_case_file,
    make_level,
    make_proposal,
    make_user,
)
from tests.levels import undone

pytestmark = pytest.mark.django_db

# Where tables only grow, the connection itself says no before a trigger could; on PostgreSQL
# the runtime role has no right to.
ONLY_GROWS = r"not authorized|prohibited|permission denied|is_never_"


def refused(guard: str, act) -> None:
    """The act is refused by the guard of this name, and nothing has happened."""
    with pytest.raises(DatabaseError, match=guard), transaction.atomic():
        act()


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def proposal(case_file, worker) -> Proposal:
    return make_proposal(case_file, worker)


def decision_for(about: Proposal, **values) -> Decision:
    level = about.risk_level
    today = NOW.date()
    rule_set = actions.rule_set_in_force(today)
    return Decision(
        **{
            "key_owner": level.key_owner,
            "risk_level": level,
            "district": level.district,
            "kind": "approved",
            "from_level": about.from_level,
            "to_level": about.to_level,
            "rhythm_level": about.to_level,
            "base_revision": about.base_revision,
            "proposal": about,
            "decided_by": about.proposer,
            "decided_at": NOW,
            "starts_on": today,
            "until_on": today + timedelta(days=30),
            "review_on": today,
            "rule_set": rule_set,
            **values,
        }
    )


@pytest.mark.parametrize(
    "change",
    [
        {"level": "red"},
        {"rhythm_level": "green"},
        {"until_on": "2027-01-01"},
        {"until_at": NOW},
        {"review_on": "2027-01-01"},
        {"revision": 5},
        {"since_on": "2020-01-01"},
    ],
)
def test_a_level_changes_only_by_a_decision_and_never_by_update(case_file, change):
    make_level(case_file, "yellow")
    refused(
        "a_level_changes_only_by_a_decision",
        lambda: RiskLevel.objects.update(**change),
    )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE risk_levels_risklevel SET level = 'red'",
        "UPDATE risk_levels_risklevel SET rhythm_level = 'green'",
        "UPDATE risk_levels_risklevel SET until_on = '2027-06-01'",
        "UPDATE risk_levels_risklevel SET revision = revision + 1",
        "UPDATE risk_levels_risklevel SET decision_id = NULL",
        "UPDATE risk_levels_risklevel SET level = 'ungraded', until_on = NULL, review_on = NULL, "
        "decision_id = NULL, revision = 0",
    ],
)
def test_a_level_changes_only_by_a_decision_and_never_by_sql(case_file, sql):
    make_level(case_file, "yellow")
    refused("a_level_changes_only_by_a_decision", lambda: run(sql))


def test_a_level_changes_only_by_a_decision_and_never_by_bulk_update(case_file):
    make_level(case_file, "yellow")
    level = RiskLevel.objects.get()
    level.__dict__["level"] = "red"
    refused(
        "a_level_changes_only_by_a_decision",
        lambda: RiskLevel.objects.bulk_update([level], ["level"]),
    )


def test_a_used_decision_does_not_work_twice(case_file):
    make_level(case_file, "yellow")
    now = NOW + timedelta(days=1)
    proposal = make_proposal(case_file, make_user(), "green", reason_codes=["needs_met"], now=now)
    by = make_user(Role.SUPERVISOR)
    actions.approve(proposal=proposal, by=by, reason="Agreed.", now=now)
    first = Decision.objects.get(base_revision=0)
    refused(
        "a_level_changes_only_by_a_decision",
        lambda: RiskLevel.objects.update(
            level="yellow",
            rhythm_level="yellow",
            since_on=first.starts_on,
            until_on=first.until_on,
            review_on=first.review_on,
            revision=3,
            decision=first,
        ),
    )


def test_the_decision_of_another_file_does_not_work(case_file):
    make_level(case_file, "yellow")
    decision = Decision.objects.get()
    other = make_case_file()
    refused(
        "a_level_changes_only_by_a_decision",
        lambda: RiskLevel.objects.filter(pk=other.risk_level_id).update(
            level="yellow",
            rhythm_level="yellow",
            since_on=decision.starts_on,
            until_on=decision.until_on,
            review_on=decision.review_on,
            revision=1,
            decision=decision,
        ),
    )


def test_a_level_starts_ungraded(case_file):
    row = RiskLevel(
        key_owner=uuid7(),
        population="drug",
        district="100122",
        since_on=NOW.date(),
        level="red",
    )
    refused("a_level_starts_ungraded", lambda: RiskLevel.objects.bulk_create([row]))
    row = RiskLevel(
        key_owner=uuid7(), population="drug", district="100122", since_on=NOW.date(), revision=1
    )
    refused("a_level_starts_ungraded", lambda: row.save_as(by=None))


def test_a_level_stays_with_its_file_and_is_never_deleted(case_file):
    refused("a_level_stays_with_its_file", lambda: RiskLevel.objects.update(population="drug"))
    refused("a_level_stays_with_its_file", lambda: RiskLevel.objects.update(key_owner=uuid7()))
    refused(ONLY_GROWS, lambda: run("DELETE FROM risk_levels_risklevel"))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM risk_levels_decision",
        "DELETE FROM risk_levels_assessment",
        "DELETE FROM risk_levels_historicalrisklevel",
        "DELETE FROM risk_levels_historicalproposal",
        "UPDATE risk_levels_decision SET key_gen = 0",
        "UPDATE risk_levels_decision SET body = NULL",
        "UPDATE risk_levels_assessment SET key_gen = 0",
        "UPDATE risk_levels_assessment SET body = NULL",
        "UPDATE risk_levels_historicalrisklevel SET level = 'green'",
        "UPDATE risk_levels_historicalproposal SET body = NULL",
    ],
)
def test_decisions_assessments_and_history_only_grow(case_file, worker, sql):
    make_level(case_file, "yellow")
    actions.record_assessment(
        risk_level=case_file.risk_level, answers={"income": "none"}, by=worker, now=NOW
    )
    refused(ONLY_GROWS, lambda: run(sql))


def test_a_decision_needs_an_approved_proposal(proposal):
    by = make_user(Role.SUPERVISOR)
    refused(
        "a_decision_meets_the_conditions_of_its_kind",
        lambda: decision_for(proposal, decided_by=by).save(),
    )


def test_a_proposal_is_not_approved_by_its_proposer_in_the_database_either(case_file):
    proposal = make_proposal(case_file, make_user())
    refused(
        "nobody_decides_their_own_proposal",
        lambda: Proposal.objects.update(
            state="approved", decider=proposal.proposer, decided_at=NOW
        ),
    )


def test_whoever_entered_it_says_no_but_never_yes_in_the_database_either(case_file, supervisor):
    proposal = actions.propose_official(
        risk_level=case_file.risk_level,
        details={"special_difficulty": True},
        by=system_account("ledger"),
        entered_by=supervisor,
        now=NOW,
    )
    refused(
        "nobody_decides_their_own_proposal",
        lambda: Proposal.objects.update(state="approved", decider=supervisor, decided_at=NOW),
    )
    actions.reject(proposal=proposal, by=supervisor, reason="A slip of the pen.", now=NOW)
    assert Proposal.objects.get().state == "rejected"


def test_a_decision_is_not_made_by_the_proposer_in_the_database_either(case_file):
    proposal = make_proposal(case_file, make_user())
    by = make_user(Role.SUPERVISOR)
    Proposal.objects.update(state="approved", decider=by, decided_at=NOW)
    refused(
        "a_decision_meets_the_conditions_of_its_kind",
        lambda: decision_for(proposal, decided_by=proposal.proposer).save(),
    )


@pytest.mark.parametrize(
    "values",
    [
        {"to_level": "yellow", "rhythm_level": "yellow"},
        {"rhythm_level": "green"},
        {"kind": "provisional"},
        {"kind": "expired", "proposal": None},
    ],
)
def test_a_decision_says_what_the_proposal_said(proposal, values):
    by = make_user(Role.SUPERVISOR)
    Proposal.objects.update(state="approved", decider=by, decided_at=NOW)
    refused(
        "a_decision_(meets_the_conditions_of_its_kind|steps_down_one_level_at_a_time)",
        lambda: decision_for(proposal, decided_by=by, **values).save(),
    )


@pytest.mark.parametrize(
    "values",
    [{"from_level": "green"}, {"base_revision": 7}, {"key_owner": uuid7()}],
)
def test_a_decision_follows_the_level_that_it_finds(proposal, values):
    by = make_user(Role.SUPERVISOR)
    Proposal.objects.update(state="approved", decider=by, decided_at=NOW)
    decision = decision_for(proposal, decided_by=by, **values)
    if "key_owner" in values:
        # Sealed under a key that exists, of another file.
        decision.key_owner = make_case_file().id
    refused("a_decision_(follows_the_level_that_it_finds|meets_the_conditions)", decision.save)


def test_red_beyond_ninety_days_is_refused(proposal):
    by = make_user(Role.SUPERVISOR)
    Proposal.objects.update(state="approved", decider=by, decided_at=NOW)
    ends = NOW.date() + timedelta(days=91)
    refused(
        "red_lasts_at_most_ninety_days",
        lambda: decision_for(proposal, decided_by=by, until_on=ends).save(),
    )
    decision_for(proposal, decided_by=by, until_on=ends - timedelta(days=1)).save()


def test_two_steps_down_at_once_are_refused(case_file, worker):
    make_level(case_file, "red")
    now = NOW + timedelta(days=1)
    proposal = make_proposal(case_file, worker, "yellow", reason_codes=["needs_met"], now=now)
    # What the rules never let through, written past them.
    with transaction.atomic():
        leap = Proposal(
            key_owner=proposal.key_owner,
            risk_level=proposal.risk_level,
            district=proposal.district,
            from_level="red",
            to_level="green",
            base_revision=1,
            proposer=worker,
            drafted_at=now,
            assessment=proposal.assessment,
        )
        actions.withdraw(proposal=proposal, by=worker, now=now)
        leap.save_as(by=worker)
        leap.submit(at=now)
        leap.save_as(by=worker)
    by = make_user(Role.SUPERVISOR)
    leap.approve(by=by, at=now, reply="")
    leap.save_as(by=by)
    leap.risk_level.refresh_from_db()
    refused(
        "a_decision_steps_down_one_level_at_a_time",
        lambda: decision_for(leap, decided_by=by).save(),
    )


def test_nobody_of_the_team_decides(case_file, worker):
    by = make_user(Role.SUPERVISOR)
    assign(case_file, make_user(), "deputy")
    proposal = make_proposal(case_file, worker)
    from casework.models import Assignment

    deputy = Assignment.objects.get(role="deputy").worker
    refused(
        "a_proposal_is_decided_by_nobody_of_the_team",
        lambda: Proposal.objects.update(state="rejected", decider=deputy, decided_at=NOW),
    )
    Proposal.objects.update(state="approved", decider=by, decided_at=NOW)
    refused(
        "a_decision_(is_made_by_nobody_of_the_team|meets_the_conditions)",
        lambda: decision_for(proposal, decided_by=deputy).save(),
    )


def expiry_of(level, clock, **values) -> Decision:
    """The end of a term of red, a step down with the rhythm kept, as of now."""
    return decision_for(
        Proposal.objects.get(),
        **{
            "kind": "expired",
            "proposal": None,
            "from_level": "red",
            "to_level": "yellow",
            "rhythm_level": "red",
            "base_revision": 1,
            "decided_by": clock,
            "risk_level": level,
            **values,
        },
    )


def test_an_expiry_waits_for_the_end_of_the_term(case_file, clock):
    level = make_level(case_file, "red", now=NOW - timedelta(days=89))
    refused("a_decision_meets_the_conditions_of_its_kind", expiry_of(level, clock).save)


def test_an_expiry_keeps_the_rhythm_and_drops_one_step(case_file, clock):
    level = make_level(case_file, "red", now=NOW - timedelta(days=90))
    for wrong in (
        {"to_level": "green"},
        {"rhythm_level": "yellow"},
        {"to_level": "red"},
        {"review_on": None},
    ):
        refused("a_decision_", expiry_of(level, clock, **wrong).save)
    with undone():
        expiry_of(level, clock).save()


def test_a_term_ends_by_a_part_of_the_system_and_by_nobody_else(case_file, supervisor):
    level = make_level(case_file, "red", now=NOW - timedelta(days=90))
    refused("a_decision_meets_the_conditions_of_its_kind", expiry_of(level, supervisor).save)


def test_no_term_ends_early_by_a_decision_that_says_another_day(case_file, clock):
    level = make_level(case_file, "red", now=NOW - timedelta(days=30))
    ahead = NOW.date() + timedelta(days=60)
    forged = {"starts_on": ahead, "until_on": ahead + timedelta(days=9), "review_on": ahead}
    refused(
        "a_decision_starts_on_the_day_on_which_it_is_made",
        expiry_of(level, clock, **forged).save,
    )
    refused(
        "a_decision_is_not_made_in_the_future",
        expiry_of(level, clock, **forged, decided_at=NOW + timedelta(days=60)).save,
    )


@pytest.mark.parametrize(
    ("at", "day"),
    [
        # Half past seven and half past eight in the morning, which is another day in UTC.
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 0, 30, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 15, 59, 59, 999999, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), date(2026, 11, 25)),
    ],
)
def test_a_decision_starts_on_the_day_that_it_is_here(proposal, at, day):
    by = make_user(Role.SUPERVISOR)
    Proposal.objects.update(state="approved", decider=by, decided_at=at)
    for wrong in (day - timedelta(days=1), day + timedelta(days=1)):
        refused(
            "a_decision_starts_on_the_day_on_which_it_is_made",
            decision_for(proposal, decided_by=by, decided_at=at, starts_on=wrong).save,
        )
    decision_for(proposal, decided_by=by, decided_at=at, starts_on=day).save()


def test_clocks_may_differ_a_little_and_no_more(proposal):
    by = make_user(Role.SUPERVISOR)
    now = timezone.now()
    Proposal.objects.update(state="approved", decider=by, decided_at=now)

    def made(at):
        today = timezone.localdate(at)
        ends = {"starts_on": today, "until_on": today + timedelta(days=9), "review_on": today}
        decision_for(proposal, decided_by=by, decided_at=at, **ends).save()

    refused("a_decision_is_not_made_in_the_future", lambda: made(now + timedelta(hours=1)))
    made(timezone.now() + timedelta(seconds=20))


@pytest.mark.parametrize("state", ["submitted", "approved", "rejected", "returned", "lapsed"])
def test_a_proposal_starts_as_a_draft(case_file, worker, state):
    proposal = Proposal(
        key_owner=case_file.id,
        risk_level=case_file.risk_level,
        district=case_file.district,
        from_level="ungraded",
        to_level="red",
        base_revision=0,
        state=state,
        proposer=worker,
        drafted_at=NOW,
    )
    refused("a_proposal_starts_as_a_draft", lambda: Proposal.objects.bulk_create([proposal]))


def test_a_proposal_is_about_the_level_that_it_finds(case_file, worker):
    proposal = Proposal(
        key_owner=case_file.id,
        risk_level=case_file.risk_level,
        district=case_file.district,
        from_level="green",
        to_level="red",
        base_revision=0,
        proposer=worker,
        drafted_at=NOW,
    )
    refused("a_proposal_is_about_the_level_that_it_finds", lambda: proposal.save_as(by=worker))


def test_a_proposal_follows_its_states(case_file, worker):
    proposal = actions.propose(
        risk_level=case_file.risk_level,
        to_level="green",
        reason_codes=["stable"],
        assessment=make_assessment(case_file, worker),
        by=worker,
        now=NOW,
    )
    by = make_user(Role.SUPERVISOR)
    for state in ("approved", "rejected", "returned"):
        refused(
            "a_proposal_follows_its_states",
            lambda state=state: Proposal.objects.update(
                state=state, decider=by, decided_at=NOW, submitted_at=NOW
            ),
        )
    actions.submit(proposal=proposal, by=worker, now=NOW)
    refused("a_proposal_follows_its_states", lambda: Proposal.objects.update(state="draft"))


def test_a_decided_proposal_is_frozen(proposal):
    by = make_user(Role.SUPERVISOR)
    actions.reject(proposal=proposal, by=by, reason="No.", now=NOW)
    for change in ({"state": "submitted"}, {"to_level": "green"}, {"decider": make_user()}):
        refused(
            "a_decided_proposal_is_frozen", lambda change=change: Proposal.objects.update(**change)
        )
    refused(ONLY_GROWS, lambda: run("DELETE FROM risk_levels_proposal"))


def test_a_submitted_proposal_keeps_what_it_says(proposal):
    refused(
        "a_proposal_keeps_what_it_said_when_handed_in",
        lambda: Proposal.objects.update(to_level="yellow"),
    )
    refused(
        "a_proposal_keeps_what_it_said_when_handed_in",
        lambda: run("UPDATE risk_levels_proposal SET body = NULL"),
    )
    refused("a_proposal_stays_its_proposers", lambda: Proposal.objects.update(proposer=make_user()))


def test_one_proposal_is_open_at_a_time(case_file, worker, proposal):
    second = Proposal(
        key_owner=case_file.id,
        risk_level=case_file.risk_level,
        district=case_file.district,
        from_level="ungraded",
        to_level="yellow",
        base_revision=0,
        proposer=worker,
        drafted_at=NOW,
    )
    refused("one_open_proposal_per_level|UNIQUE", lambda: second.save_as(by=worker))


def test_an_assessment_lies_under_the_key_of_its_file(case_file, worker):
    other = make_case_file()
    assessment = Assessment(
        key_owner=other.id,
        risk_level=case_file.risk_level,
        district=case_file.district,
        instrument="support_needs",
        version=1,
        assessed_by=worker,
        assessed_on=NOW.date(),
        recorded_at=NOW,
    )
    refused("an_assessment_is_sealed_under_its_file", assessment.save)


def test_a_proposal_rests_on_an_assessment_of_its_own_file(case_file, worker):
    other = make_case_file()
    assessment = actions.record_assessment(
        risk_level=other.risk_level, answers={"income": "none"}, by=worker, now=NOW
    )
    proposal = Proposal(
        key_owner=case_file.id,
        risk_level=case_file.risk_level,
        district=case_file.district,
        from_level="ungraded",
        to_level="green",
        base_revision=0,
        proposer=worker,
        drafted_at=NOW,
        assessment=assessment,
    )
    refused("a_proposal_rests_on_an_assessment_of_its_file", lambda: proposal.save_as(by=worker))


def test_a_draft_is_not_led_to_an_assessment_of_another_file(case_file, worker):
    draft = actions.propose(
        risk_level=case_file.risk_level,
        to_level="green",
        reason_codes=["stable"],
        assessment=make_assessment(case_file, worker),
        by=worker,
        now=NOW,
    )
    mine, foreign = (
        actions.record_assessment(
            risk_level=each.risk_level, answers={"income": "none"}, by=worker, now=NOW
        )
        for each in (case_file, make_case_file())
    )
    rows = Proposal.objects.filter(pk=draft.pk)
    refused(
        "a_proposal_rests_on_an_assessment_of_its_file", lambda: rows.update(assessment=foreign)
    )
    rows.update(assessment=mine)


def test_what_is_handed_in_rests_on_an_assessment_or_an_official_class(case_file, worker):
    draft = Proposal(
        key_owner=case_file.id,
        risk_level=case_file.risk_level,
        district=case_file.district,
        from_level="ungraded",
        to_level="red",
        base_revision=0,
        proposer=worker,
        drafted_at=NOW,
    )
    draft.save_as(by=worker)
    hand_in = {"state": "submitted", "submitted_at": NOW}
    refused("a_submitted_proposal_rests_on_something", lambda: Proposal.objects.update(**hand_in))
    Proposal.objects.update(is_official=True, **hand_in)


def test_a_rule_set_in_force_keeps_its_numbers(clock):
    actions.rule_set_in_force(NOW.date())
    for change in ({"numbers": {}}, {"version": "other"}, {"state": "draft"}):
        refused(
            "a_rule_set_(in_force_keeps_its_numbers|follows_its_states)",
            lambda change=change: RuleSet.objects.update(**change),
        )
    refused(ONLY_GROWS, lambda: run("DELETE FROM risk_levels_ruleset"))
    refused("a_rule_set_that_ended_says_when", lambda: RuleSet.objects.update(state="ended"))
    day = NOW.date() + timedelta(days=30)
    RuleSet.objects.update(state="ended", until_on=day)
    refused(
        "a_rule_set_in_force_keeps_its_numbers",
        lambda: RuleSet.objects.update(until_on=day + timedelta(days=1)),
    )


def test_sealed_bytes_do_not_move_between_proposals(case_file, worker, proposal):
    from audit import log
    from audit.events import Event
    from kpm.vault.errors import Unreadable

    other = make_case_file()
    draft = actions.propose(
        risk_level=other.risk_level,
        to_level="green",
        reason_codes=["stable"],
        assessment=make_assessment(other, worker),
        by=worker,
        now=NOW,
    )
    proposal.refresh_from_db()
    Proposal.objects.filter(pk=draft.pk).update(body=proposal.body)
    level = RiskLevel.objects.select_related("case_file").get(pk=other.risk_level_id)
    with (
        log.reading(worker, event=Event.CASE_FILE_READ, purpose=None, about=[level]) as reading,
        pytest.raises(Unreadable),
    ):
        Proposal.objects.opened("body", reading=reading).get(pk=draft.pk)


# What later kinds of decisions say, which are none yet: back to no level at all, two steps down
# at once, for seventy-two hours, without a review.
LATER = {
    "to_level": "ungraded",
    "rhythm_level": "ungraded",
    "until_on": None,
    "until_at": None,
    "review_on": None,
}


@pytest.mark.parametrize(
    "shape",
    [
        LATER,
        LATER | {"from_level": "red", "to_level": "green", "rhythm_level": "red"},
        LATER | {"to_level": "red", "until_at": NOW + timedelta(hours=72)},
    ],
)
@pytest.mark.parametrize("kind", ["approved", "expired", "provisional"])
def test_what_a_decision_leaves_open_is_a_matter_of_its_kind(proposal, kind, shape):
    """The table has room for it; of the kinds that there are none asks for it."""
    decision = decision_for(proposal, kind=kind, decided_by=make_user(Role.SUPERVISOR), **shape)
    decision.validate_constraints()
    refused("a_decision_(meets_the_conditions|follows|steps_down)", decision.save)


@pytest.mark.parametrize(
    "missing",
    [
        {"until_on": None},
        {"review_on": None},
        {"until_on": None, "until_at": NOW + timedelta(days=3)},
    ],
)
def test_an_approval_ends_on_a_day_and_is_looked_at_again(proposal, missing):
    by = make_user(Role.SUPERVISOR)
    Proposal.objects.update(state="approved", decider=by, decided_at=NOW)
    refused(
        "a_decision_meets_the_conditions_of_its_kind",
        decision_for(proposal, decided_by=by, **missing).save,
    )


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"until_on": NOW.date()}, "a_decision_ends_after_it_starts"),
        ({"until_on": None, "until_at": NOW}, "a_decision_ends_after_it_was_made"),
        ({"until_at": NOW + timedelta(days=9)}, "a_decision_ends_on_a_day_or_at_a_moment"),
    ],
)
def test_whatever_its_kind_a_decision_does_not_end_before_it_begins(proposal, wrong, name):
    with pytest.raises(ValidationError, match=name):
        decision_for(proposal, **wrong).validate_constraints()


def test_a_level_may_be_ungraded_by_a_decision_or_end_at_a_moment(case_file):
    level = make_level(case_file, "red")
    now = NOW + timedelta(hours=72)
    for change in (
        {"level": "ungraded", "until_on": None, "review_on": None},
        {"level": "red", "until_on": None, "until_at": now, "review_on": None},
    ):
        row = RiskLevel(key_owner=uuid7(), population="drug", since_on=level.since_on)
        row.__dict__.update(change, decision_id=level.decision_id)
        row.validate_constraints()
    row.__dict__.update(until_at=None)
    with pytest.raises(ValidationError, match="every_graded_level_ends"):
        row.validate_constraints()
