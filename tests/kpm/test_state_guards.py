"""States move by their declared steps in the database too, whoever asks and however."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from casework.actions import plans
from casework.models import CaseFile, Ledger, Plan
from casework.models.case_files import Status
from casework.models.ledgers import LedgerState
from casework.models.plans import State
from kpm.database.guards import every_guard
from kpm.fsm import machines, steps
from kpm.permissions import Role
from risk_levels import actions as levels
from risk_levels.models import RuleSet
from tests.factories import NOW, TODAY, assign, make_case_file, make_proposal, make_user

pytestmark = pytest.mark.django_db
STEPS = [{"what": "Repair the stove", "resource": "Hardship relief", "who": "Lin", "by_on": ""}]


def refused(guard: str, rows, **values) -> None:
    """The update is refused by the guard of this name."""
    with pytest.raises(DatabaseError, match=guard), transaction.atomic():
        rows.update(**values)


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker) -> CaseFile:
    return make_case_file(lead=worker)


@pytest.fixture
def draft(case_file, worker) -> Plan:
    return plans.draft(case_file=case_file, goal="Warmth", steps=STEPS, by=worker, today=TODAY)


@pytest.fixture
def ledger(supervisor) -> Ledger:
    made = Ledger(
        population="drug",
        unit=supervisor.grant.unit,
        district="100122",
        uploaded_by=supervisor,
        uploaded_at=timezone.now(),
    )
    made.save_as(by=supervisor)
    return made


def test_every_machine_has_a_guard_of_its_steps_that_says_no_more_and_no_less():
    said = {guard.table: guard for guard in every_guard() if "_follows_its_" in guard.name}
    found = list(machines())
    assert {model._meta.label for model, _field in found} == {
        "audit.Alert",
        "audit.Finding",
        "audit.Sample",
        "casework.CaseFile",
        "casework.Destruction",
        "casework.HandOver",
        "casework.HarmReport",
        "casework.Ledger",
        "casework.LostContact",
        "casework.Need",
        "casework.Plan",
        "casework.Referral",
        "casework.ReviewTask",
        "casework.Transfer",
        "risk_levels.Objection",
        "risk_levels.Proposal",
        "risk_levels.RiskLevel",
        "risk_levels.RuleSet",
    }
    for model, field in found:
        guard = said[model._meta.db_table]
        ways = {(step.source, step.target) for step in steps(model, field)}
        for sql in (guard.sqlite, guard.postgresql):
            assert sql.count(f"OLD.{field.name} = ") == len(ways)
            for source, target in ways:
                assert f"OLD.{field.name} = '{source}' AND NEW.{field.name} = '{target}'" in sql


WALKS = {
    LedgerState.CHECKING: (),
    LedgerState.CHECKED: ("checked",),
    LedgerState.APPLYING: ("checked", "applying"),
    LedgerState.APPLIED: ("checked", "applying", "applied"),
    LedgerState.DISCARDED: ("discarded",),
}


@pytest.mark.parametrize("state", WALKS)
def test_a_ledger_goes_no_other_step(ledger, state):
    rows = Ledger.objects.filter(pk=ledger.pk)
    for way in WALKS[state]:
        rows.update(state=way)
    legal = {
        each.target
        for each in steps(Ledger, Ledger._meta.get_field("state"))
        if each.source == state
    }
    for other in {*LedgerState.values, "lost"} - legal - {str(state)}:
        refused("a_ledger_follows_its_states", rows, state=other)


def test_a_ledger_begins_unchecked_and_stays_its_uploaders(ledger, supervisor):
    other = Ledger(
        population="drug",
        unit=supervisor.grant.unit,
        district="100122",
        uploaded_by=supervisor,
        uploaded_at=timezone.now(),
        state="applied",
    )
    with (
        pytest.raises(DatabaseError, match="a_ledger_begins_as_checking"),
        transaction.atomic(),
    ):
        other.save_as(by=supervisor)
    refused("a_ledger_stays_its_uploaders", Ledger.objects, uploaded_by=make_user(Role.SUPERVISOR))


@pytest.mark.parametrize("status", ["restricted", "sealed", "destroyed"])
def test_an_open_file_is_closed_before_anything_else(case_file, status):
    refused("a_case_file_follows_its_statuses", CaseFile.objects, status=status, closed_on=TODAY)


def test_a_destroyed_file_does_not_come_back(case_file):
    for way in (Status.CLOSED, Status.RESTRICTED, Status.DESTROYED):
        CaseFile.objects.update(status=way, closed_on=TODAY)
    for back in ("open", "closed", "restricted", "sealed"):
        refused("a_case_file_follows_its_statuses", CaseFile.objects, status=back)


def test_a_plan_begins_as_a_draft(case_file, worker, supervisor):
    plan = Plan(
        key_owner=case_file.id,
        district=case_file.district,
        case_file=case_file,
        state=State.APPROVED,
        drafted_by=worker,
        drafted_on=TODAY,
        approved_by=supervisor,
        approved_on=TODAY,
    )
    with pytest.raises(DatabaseError, match="a_plan_begins_as_draft"), transaction.atomic():
        plan.save_as(by=worker)


def test_a_plan_is_not_approved_past_the_people_who_may(draft, worker, supervisor):
    deputy = make_user()
    assign(draft.case_file, deputy, "deputy")
    values = {"state": "approved", "approved_on": TODAY}
    refused(
        "nobody_approves_their_own_plan|of_the_team", Plan.objects, **values, approved_by=worker
    )
    refused("a_plan_is_approved_by_nobody_of_the_team", Plan.objects, **values, approved_by=deputy)
    Plan.objects.update(**values, approved_by=supervisor)


def test_an_approved_plan_keeps_what_it_said_and_who_said_yes(draft, supervisor):
    plan = plans.approve(plan=draft, by=supervisor, today=TODAY)
    other = make_user(Role.SUPERVISOR)
    refused("a_plan_keeps_what_it_said_when_approved", Plan.objects, body=None)
    refused("a_plan_keeps_who_approved_it_and_when", Plan.objects, approved_by=other)
    refused(
        "a_plan_keeps_who_approved_it_and_when",
        Plan.objects,
        approved_on=TODAY - timedelta(days=9),
    )
    refused("a_plan_follows_its_states|approved_by", Plan.objects, state="draft")
    Plan.objects.filter(pk=plan.pk).update(state="ended", ended_on=TODAY)
    for back in ("draft", "approved"):
        refused("a_plan_follows_its_states|approved_by", Plan.objects, state=back)
    refused("a_plan_keeps_when_it_ended", Plan.objects, ended_on=TODAY - timedelta(days=9))


def test_a_draft_is_not_approved_and_rewritten_in_one_step(draft, supervisor):
    refused(
        "a_plan_keeps_what_it_said_when_approved",
        Plan.objects,
        state="approved",
        approved_by=supervisor,
        approved_on=TODAY,
        body=None,
    )


def test_a_plan_goes_with_a_proposal_of_its_own_file(draft, worker):
    other = make_case_file()
    stranger = make_proposal(other, worker)
    refused("a_plan_goes_with_a_proposal_of_its_file", Plan.objects, proposal=stranger)
    Plan.objects.update(proposal=make_proposal(draft.case_file, worker))


def test_a_rule_set_goes_no_other_step(worker):
    levels.rule_set_in_force(NOW.date())
    RuleSet.objects.update(state="ended", until_on=TODAY)
    refused("a_rule_set_follows_its_states", RuleSet.objects, state="in_force")
