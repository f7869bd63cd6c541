"""Attacks on the help that red comes with: it is there when red is decided, and still to come."""

import pytest
from django.utils import timezone, translation

from casework.actions import levels, plan_entries, plans
from casework.models import Plan
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.vault.opening import open_groups
from tests.factories import (
    GROUNDS,
    make_assessment,
    make_case_file,
    make_level,
    make_user,
)
from tests.proofs.worlds import Everything

pytestmark = pytest.mark.django_db
STEP = {"what": "Repair the stove", "resource": "Township fund"}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def draft(case_file, by, *steps):
    return plans.draft(
        case_file=case_file, goal="A warm room", steps=steps, by=by, today=timezone.localdate()
    )


def approve(plan, by):
    return plans.approve(plan=plan, by=by, today=timezone.localdate())


def end(plan, by):
    return plan_entries.end(plan=plan, words="Not needed.", by=by, now=timezone.now())


def give_up(plan, by):
    (step,) = plan.listed_steps
    about = {"on": timezone.localdate(), "words": "The fund is empty."}
    return plan_entries.mark_step(
        plan=plan, step=step["id"], outcome="given_up", by=by, now=timezone.now(), **about
    )


def propose_red(case_file, by):
    make_assessment(case_file, by, now=timezone.now())
    return levels.propose(
        case_file=case_file,
        to_level="red",
        by=by,
        now=timezone.now(),
        **{**GROUNDS, "assessment": case_file.risk_level.assessments.get()},
        goal="A warm room",
        steps=[STEP],
    )


def seen(plan):
    """The plan as the page of the review has read it."""
    found = Plan.objects.get(pk=plan.pk)
    open_groups([found], "body", reading=Everything())
    return found


def decide(case_file, proposal, plan, by):
    return levels.decide(
        case_file=case_file,
        proposal=proposal,
        decision="approve",
        reason="Seen together.",
        told="told",
        plan=plan,
        inputs={},
        by=by,
        now=timezone.now(),
    )


def level_of(case_file):
    case_file.risk_level.refresh_from_db()
    return case_file.risk_level.level


def test_red_is_not_decided_on_a_plan_that_ends_between_the_page_and_the_lock(
    case_file, worker, supervisor
):
    held = approve(draft(case_file, worker, STEP), supervisor)
    proposal = propose_red(case_file, worker)
    # The draft that came with the proposal is taken back: the one that holds is read instead.
    end(Plan.objects.get(state="draft"), worker)
    read = seen(held)
    end(held, make_user(Role.SUPERVISOR))

    with pytest.raises(Refused, match="changed since you opened"):
        decide(case_file, proposal, read, supervisor)
    assert level_of(case_file) == "ungraded"


def test_red_is_not_decided_on_help_that_was_given_up(case_file, worker, supervisor):
    held = approve(draft(case_file, worker, STEP), supervisor)
    proposal = propose_red(case_file, worker)
    end(Plan.objects.get(state="draft"), worker)
    read = seen(held)
    give_up(read, worker)

    with pytest.raises(Refused, match="at least one concrete resource"):
        decide(case_file, proposal, read, supervisor)
    assert level_of(case_file) == "ungraded"


def test_a_red_file_gets_no_plan_whose_only_help_was_given_up_meanwhile(
    case_file, worker, supervisor
):
    make_level(case_file, "red", now=timezone.now())
    held = seen(approve(draft(case_file, worker, STEP), supervisor))
    newer = draft(case_file, worker, *held.listed_steps)
    give_up(held, worker)

    with pytest.raises(Refused, match="at least one concrete resource"):
        approve(newer, supervisor)
    assert Plan.objects.get(state="approved") == held
