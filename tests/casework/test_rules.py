"""The rules that no other test of casework meets on its way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from casework import ledger_rules, rules
from casework.actions import plans, visits
from casework.models import Plan, Visit
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import (
    OTHER_VILLAGE,
    assign,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


def record(case_file, by, **values):
    return visits.record(
        case_file=case_file,
        by=by,
        now=NOW,
        **{"way": "visit", "outcome": "done", "happened_at": NOW, "notes": "x", **values},
    )


def draft(case_file, by, steps=({"what": "Sign up"},)):
    return plans.draft(case_file=case_file, goal="", steps=steps, by=by, today=timezone.localdate())


@pytest.mark.parametrize(
    ("outcome", "moved", "words"),
    [
        ("planned", timedelta(0), "lies ahead"),
        ("done", timedelta(minutes=5), "not happened yet"),
        ("not_met", timedelta(minutes=5), "not happened yet"),
        ("done", -timedelta(days=4000), "not open then"),
    ],
)
def test_a_visit_lies_where_its_outcome_says(case_file, worker, outcome, moved, words):
    with pytest.raises(Refused, match=words) as caught:
        record(case_file, worker, outcome=outcome, happened_at=NOW + moved)

    assert caught.value.field == "happened_at"
    assert Visit.objects.count() == 0


def test_a_visit_may_be_planned(case_file, worker):
    visit = record(case_file, worker, outcome="planned", happened_at=NOW + timedelta(days=2))

    assert visit.outcome == "planned"


@pytest.mark.parametrize("act", [record, draft])
def test_only_the_team_works_on_a_file(case_file, act):
    for somebody in (make_user(), make_user(Role.SUPERVISOR), make_user(Role.AUDITOR)):
        with pytest.raises(Refused, match="team"):
            act(case_file, somebody)


def test_a_role_that_is_gone_takes_the_work_with_it(case_file):
    former = make_user(None)

    with pytest.raises(Refused, match="team"):
        record(case_file, former)


@pytest.mark.parametrize("steps", [(), ({"what": " "},), ({"resource": "Canteen"},)])
def test_a_plan_has_steps_that_say_something(case_file, worker, steps):
    with pytest.raises(Refused) as caught:
        draft(case_file, worker, steps)

    assert caught.value.field == "steps"
    assert Plan.objects.count() == 0


def test_plans_are_approved_by_a_supervisor_from_outside_the_team(case_file, worker):
    plan = draft(case_file, worker)
    today = timezone.localdate()

    for somebody, words in (
        (make_user(), "Supervisors"),
        (worker, "Supervisors"),
        (make_user(Role.SUPERVISOR, unit=make_unit(OTHER_VILLAGE)), "not yours"),
        (make_user(Role.SUPERVISOR, populations=["drug"]), "not yours"),
    ):
        with pytest.raises(Refused, match=words):
            plans.approve(plan=plan, by=somebody, today=today)

    approved = plans.approve(plan=plan, by=make_user(Role.SUPERVISOR), today=today)
    assert approved.state == "approved"


def test_nobody_approves_what_they_drafted_or_work_on(case_file, worker):
    supervisor = make_user(Role.SUPERVISOR)
    plan = draft(case_file, worker)
    plan.drafted_by = supervisor

    with pytest.raises(Refused, match="does not work on"):
        rules.check_can_approve_plan(supervisor, plan)


def test_a_new_plan_takes_the_place_of_the_one_before(case_file, worker):
    supervisor, today = make_user(Role.SUPERVISOR), timezone.localdate()
    first = plans.approve(plan=draft(case_file, worker), by=supervisor, today=today)
    second, third = draft(case_file, worker), draft(case_file, worker)

    plans.approve(plan=third, by=supervisor, today=today)

    states = {plan.pk: plan.state for plan in Plan.objects.all()}
    assert states == {first.pk: "ended", second.pk: "ended", third.pk: "approved"}


def test_fields_open_for_the_team_and_its_supervisor(case_file, worker):
    rules.check_can_reveal_field(worker, case_file, "phone")
    rules.check_can_reveal_field(make_user(Role.SUPERVISOR), case_file, "phone")

    for somebody, words in (
        (make_user(), "not yours"),
        (make_user(Role.AUDITOR), "role"),
        (make_user(Role.SUPERVISOR, populations=["drug"]), "not yours"),
    ):
        with pytest.raises(Refused, match=words):
            rules.check_can_reveal_field(somebody, case_file, "phone")


@pytest.mark.parametrize("field", ["remark", "details", "living"])
def test_other_fields_do_not_open(case_file, worker, field):
    with pytest.raises(Refused, match="does not open"):
        rules.check_can_reveal_field(worker, case_file, field)


def test_nothing_reaches_somebody_without_a_grant(case_file):
    assert not rules.covers(make_user(None), case_file.unit, case_file.population)


def test_the_team_is_who_holds_a_place_now(case_file, worker):
    deputy = make_user()
    assign(case_file, deputy, "deputy")

    assert {each.worker for each in rules.team(case_file)} == {worker, deputy}


def test_ledgers_of_other_populations_are_not_theirs_to_import():
    with pytest.raises(Refused, match="This group is not yours"):
        ledger_rules.check_can_import_ledger(
            make_user(Role.SUPERVISOR, populations=["drug"]), "released"
        )


def test_a_move_to_another_district_is_a_transfer(case_file):
    elsewhere = make_unit("100133101201")
    above_both = make_user(Role.SUPERVISOR, unit=make_unit("100100000000"))
    with pytest.raises(Refused, match="transfer"):
        rules.check_can_correct_case_file(above_both, case_file, elsewhere)


def test_a_supervisor_of_elsewhere_decides_about_no_level_here(case_file):
    elsewhere = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_VILLAGE))
    with pytest.raises(Refused, match="not yours"):
        rules.check_can_decide_level(elsewhere, case_file, None)
