"""Objections: received from anybody, answered by somebody uninvolved, nothing raised meanwhile."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from audit.models import LoggedEvent
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.workdays import after_workdays
from risk_levels import actions, objection_rules
from risk_levels.models import Decision, Objection, Proposal, RiskLevel
from risk_levels.models.objections import ObjectionState
from tests.factories import NOW, make_case_file, make_level, make_proposal, make_user
from tests.levels import undone
from tests.threads import at_once

pytestmark = pytest.mark.django_db
SAID = {"by_whom": "person", "way": "spoken", "words": "I am not ill any more.", "wish": ""}
WHY = "You were not heard before the decision, and the doctor says otherwise."
UPHELD, PARTLY, DISMISSED = (
    ObjectionState.UPHELD,
    ObjectionState.PARTLY_UPHELD,
    ObjectionState.DISMISSED,
)


def level_of(case_file) -> RiskLevel:
    return RiskLevel.objects.get(pk=case_file.risk_level_id)


def object_to(case_file, by, *, now=NOW, **change) -> Objection:
    return actions.receive_objection(
        risk_level=case_file.risk_level, by=by, now=now, **{**SAID, **change}
    )


def answer(objection, by, outcome=UPHELD, *, now=NOW, reply=WHY) -> Objection:
    return actions.decide_objection(
        objection=objection, outcome=outcome, reply=reply, by=by, now=now
    )


@pytest.fixture
def red(case_file):
    """A file that went from yellow to red."""
    make_level(case_file, "yellow", now=NOW - timedelta(days=40))
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    return case_file


@pytest.fixture
def objection(red, worker):
    return object_to(red, worker)


def test_whoever_is_told_writes_it_down_and_two_terms_run(red, worker):
    objection = object_to(red, worker)
    assert objection.state == "received"
    assert objection.decision == level_of(red).decision
    assert objection.acknowledge_by_on == after_workdays(NOW.date(), 2)
    assert objection.decide_by_on == after_workdays(NOW.date(), 10)
    assert level_of(red).is_disputed
    assert LoggedEvent.objects.filter(event="objection.received").count() == 1


def test_nothing_that_was_not_decided_can_be_objected_to(case_file, worker):
    with pytest.raises(Refused, match="Nothing has been decided yet"):
        object_to(case_file, worker)


def test_one_objection_is_open_at_a_time(objection, red, worker):
    with pytest.raises(Refused, match="open already"):
        object_to(red, worker)


@pytest.mark.parametrize("role", ["auditor", "privacy_officer", "system_administrator"])
def test_others_write_nothing_down(red, role):
    with pytest.raises(Refused, match="does not carry"):
        object_to(red, make_user(Role(role)))


def test_an_objection_has_words_of_the_person(red, worker):
    with pytest.raises(Refused, match="in their own words"):
        object_to(red, worker, words="  ")


def test_a_supervisor_tells_the_person_that_it_is_here_once(objection, worker, supervisor):
    with pytest.raises(Refused, match="Supervisors answer"):
        actions.acknowledge_objection(objection=objection, by=worker, now=NOW)
    told = actions.acknowledge_objection(objection=objection, by=supervisor, now=NOW)
    assert (told.state, told.acknowledged_by) == ("acknowledged", supervisor)
    with pytest.raises(Refused, match="acknowledged already"):
        actions.acknowledge_objection(objection=objection, by=supervisor, now=NOW)


def test_where_the_person_is_right_the_level_goes_back(objection, red, supervisor):
    answered = answer(objection, supervisor)
    level = level_of(red)
    assert (answered.state, answered.decider) == ("upheld", supervisor)
    assert (level.level, level.decision.kind) == ("yellow", "objection_upheld")
    # Help does not fall away because somebody was right; somebody looks at it now.
    assert (level.rhythm_level, level.review_on) == ("red", NOW.date())
    assert not level.is_disputed


def test_a_renewal_that_was_wrong_ends_one_step_lower(red, worker, supervisor):
    make_level(red, "red", now=NOW - timedelta(days=5))
    answer(object_to(red, worker), supervisor)
    assert level_of(red).level == "yellow"


def test_a_first_level_that_was_wrong_leaves_none(case_file, worker, supervisor):
    make_level(case_file, "red", now=NOW - timedelta(days=5))
    answer(object_to(case_file, worker), supervisor)
    level = level_of(case_file)
    assert (level.level, level.until_on, level.rhythm_level) == ("ungraded", None, "red")


def test_red_for_safety_that_was_wrong_goes_back_too(case_file, worker, supervisor):
    """No proposal stands behind that decision: only who set it had part in it."""
    make_level(case_file, "yellow", now=NOW - timedelta(days=20))
    proposal = actions.set_provisionally(
        risk_level=case_file.risk_level,
        reason_codes=["violence"],
        reason="Threw a chair at the neighbour, I was told.",
        evidence=[{"on": NOW.date().isoformat(), "what": "A chair"}],
        tried="The neighbour left.",
        by=worker,
        now=NOW - timedelta(hours=5),
    )
    objection = object_to(case_file, worker)
    with pytest.raises(Refused, match="had part"):
        objection_rules.check_is_uninvolved(worker, objection.decision)
    answer(objection, supervisor)
    proposal.refresh_from_db()
    level = level_of(case_file)
    assert (level.level, level.until_at, proposal.state) == ("yellow", None, "lapsed")
    assert level.rhythm_level == "red"


def test_who_lost_help_too_early_gets_it_back(red, worker, supervisor):
    make_level(red, "yellow", now=NOW - timedelta(days=5), reason_codes=["stable"])
    answer(object_to(red, worker), supervisor)
    level = level_of(red)
    assert (level.level, level.rhythm_level) == ("red", "red")
    assert level.until_on <= NOW.date() + timedelta(days=90)


@pytest.mark.parametrize("outcome", [PARTLY, DISMISSED])
def test_otherwise_the_level_stays_with_written_reasons(objection, red, supervisor, outcome):
    answered = answer(objection, supervisor, outcome)
    assert (answered.state, answered.reply) == (outcome, WHY)
    level = level_of(red)
    assert (level.level, level.revision, level.is_disputed) == ("red", 2, False)


def test_what_waits_about_the_level_lapses_when_it_goes_back(objection, red, worker, supervisor):
    proposal = make_proposal(red, worker, "yellow", reason_codes=["stable"])
    answer(objection, supervisor)
    proposal.refresh_from_db()
    assert proposal.state == "lapsed"


@pytest.mark.parametrize("reply", ["", "No."])
def test_the_person_reads_reasons(objection, supervisor, reply):
    with pytest.raises(Refused, match="Give the reasons"):
        answer(objection, supervisor, reply=reply)


def test_nobody_who_had_part_in_the_decision_answers(red, worker):
    objection = object_to(red, worker)
    involved = Decision.objects.select_related("decided_by").get(pk=objection.decision_id)
    with pytest.raises(Refused, match="had part"):
        answer(objection, involved.decided_by)
    proposer = involved.proposal.proposer
    with pytest.raises(Refused):
        answer(objection, proposer)
    with pytest.raises(Refused, match="had part"):
        objection_rules.check_is_uninvolved(proposer, involved)


def test_a_worker_answers_none(objection, worker):
    with pytest.raises(Refused, match="Supervisors answer"):
        answer(objection, worker)


def test_it_is_answered_once(objection, supervisor):
    answer(objection, supervisor, DISMISSED)
    with pytest.raises(Refused, match="answered already"):
        answer(objection, make_user(Role.SUPERVISOR))


def test_what_was_decided_anew_since_is_not_undone(objection, red, supervisor):
    make_level(red, "yellow", reason_codes=["stable"])
    with pytest.raises(Refused, match="changed since"):
        answer(objection, supervisor)
    answer(objection, supervisor, PARTLY)
    assert level_of(red).level == "yellow"


def test_the_person_takes_it_back(objection, red, worker, supervisor):
    taken = actions.withdraw_objection(objection=objection, by=worker, now=NOW)
    assert taken.state == "withdrawn"
    assert not level_of(red).is_disputed
    with pytest.raises(Refused, match="answered already"):
        actions.withdraw_objection(objection=objection, by=worker, now=NOW)
    with pytest.raises(Refused, match="does not carry"):
        objection_rules.check_can_withdraw_objection(make_user(Role.AUDITOR), objection)


# --- No step up on the same facts ----------------------------------------------------------------
@pytest.fixture
def yellow(case_file):
    make_level(case_file, "yellow", now=NOW - timedelta(days=20))
    return case_file


def propose_red(case_file, worker, day) -> Proposal:
    return make_proposal(
        case_file, worker, "red", evidence=[{"on": day.isoformat(), "what": "Seen at the visit"}]
    )


OLD, NEW = NOW.date() - timedelta(days=21), NOW.date() - timedelta(days=1)


def test_no_step_up_rests_on_disputed_facts(yellow, worker):
    object_to(yellow, worker)
    with pytest.raises(Refused, match="Name something newer"):
        propose_red(yellow, worker, OLD)
    propose_red(yellow, worker, NEW)


def test_no_red_for_safety_rests_on_them_either(yellow, worker):
    object_to(yellow, worker)
    said = {"reason_codes": ["violence"], "reason": "Threw a chair at the neighbour."}
    with pytest.raises(Refused, match="Name something newer"):
        actions.set_provisionally(
            risk_level=yellow.risk_level,
            evidence=[{"on": OLD.isoformat(), "what": "A chair"}],
            tried="The neighbour left.",
            by=worker,
            now=NOW,
            **said,
        )


def test_down_and_the_same_again_are_not_barred(yellow, worker):
    object_to(yellow, worker)
    make_proposal(yellow, worker, "green", reason_codes=["stable"], evidence=[])


@pytest.mark.parametrize("outcome", [UPHELD, PARTLY])
def test_what_an_objection_settled_carries_nothing_afterwards(yellow, worker, supervisor, outcome):
    answer(object_to(yellow, worker), supervisor, outcome)
    with pytest.raises(Refused, match="Name something newer"):
        propose_red(yellow, worker, OLD)


def test_what_was_dismissed_may_be_said_again(yellow, worker, supervisor):
    answer(object_to(yellow, worker), supervisor, DISMISSED)
    propose_red(yellow, worker, OLD)


# --- The database itself -------------------------------------------------------------------------
def refused(guard: str, act) -> None:
    with pytest.raises(DatabaseError, match=guard), transaction.atomic():
        act()


def test_the_database_knows_who_had_part(objection):
    involved = objection.decision.decided_by
    objection.dismiss(by=involved, at=NOW, reply=WHY)
    refused("answered_by_somebody_uninvolved", lambda: objection.save_as(by=involved))


def test_the_database_knows_who_proposed(objection):
    involved = objection.decision.proposal.proposer
    objection.dismiss(by=involved, at=NOW, reply=WHY)
    refused("answered_by_somebody_uninvolved", lambda: objection.save_as(by=involved))


def test_the_database_knows_the_team(objection, worker):
    objection.dismiss(by=worker, at=NOW, reply=WHY)
    refused("answered_by_nobody_of_the_team", lambda: objection.save_as(by=worker))


def test_what_was_answered_is_frozen(objection, supervisor):
    answer(objection, supervisor, DISMISSED)
    refused(
        "an_answered_objection_is_frozen",
        lambda: Objection.objects.update(acknowledged_by=None, acknowledged_at=None),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"decide_by_on": NOW.date() + timedelta(days=100)},
        {"acknowledge_by_on": NOW.date() + timedelta(days=100)},
        {"received_at": NOW + timedelta(days=1)},
    ],
)
def test_terms_that_were_told_stay(objection, change):
    refused("an_objection_stays_what_it_was", lambda: Objection.objects.update(**change))


def test_no_objection_is_deleted(objection):
    refused(
        r"not authorized|prohibited|permission denied|is_never_",
        lambda: Objection.objects.all().delete(),
    )


def test_an_objection_is_about_the_decision_that_holds(red, worker):
    first = Decision.objects.get(risk_level=red.risk_level, base_revision=0)
    level = level_of(red)
    row = Objection(
        key_owner=level.key_owner,
        risk_level=level,
        district=level.district,
        decision=first,
        received_by=worker,
        received_at=NOW,
        acknowledge_by_on=NOW.date(),
        decide_by_on=NOW.date(),
        **SAID,
    )
    refused("about_the_decision_that_holds", lambda: row.save_as(by=worker))


def upholding(case_file, by, **change) -> Decision:
    level = level_of(case_file)
    return Decision(
        **{
            "key_owner": level.key_owner,
            "risk_level": level,
            "district": level.district,
            "kind": "objection_upheld",
            "from_level": level.level,
            "to_level": "yellow",
            "rhythm_level": "red",
            "base_revision": level.revision,
            "decided_by": by,
            "decided_at": NOW,
            "starts_on": NOW.date(),
            "until_on": NOW.date() + timedelta(days=30),
            "review_on": NOW.date(),
            "rule_set": actions.rule_set_in_force(NOW.date()),
            **change,
        }
    )


KINDS = "a_decision_meets_the_conditions_of_its_kind"


def test_the_database_lets_no_level_go_back_without_an_upheld_objection(objection, red, supervisor):
    refused(KINDS, upholding(red, supervisor).save)
    objection.dismiss(by=supervisor, at=NOW, reply=WHY)
    objection.save_as(by=supervisor)
    refused(KINDS, upholding(red, supervisor).save)


@pytest.mark.parametrize("change", [{"to_level": "green"}, {"to_level": "red"}, {"until_on": None}])
def test_the_database_lets_it_go_back_to_where_it_was_alone(objection, red, supervisor, change):
    objection.uphold(by=supervisor, at=NOW, reply=WHY)
    objection.save_as(by=supervisor)
    refused(KINDS, upholding(red, supervisor, **change).save)
    refused(KINDS, upholding(red, make_user(Role.SUPERVISOR)).save)
    with undone():
        upholding(red, supervisor).save()


def test_two_answers_at_once_are_one(real_commits):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    make_level(case_file, "red", now=NOW - timedelta(days=20))
    objection = object_to(case_file, worker)
    supervisors = [make_user(Role.SUPERVISOR) for _number in range(4)]

    def act(turn: int) -> object:
        try:
            return answer(objection, supervisors[turn], (UPHELD, DISMISSED)[turn % 2])
        except Refused as refusal:
            return str(refusal)

    got = at_once(4, act)
    assert sum(isinstance(each, Objection) for each in got) == 1
    assert Objection.objects.get().state in (UPHELD, DISMISSED)
