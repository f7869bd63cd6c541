"""Attacks on the second person: what was changed, swapped or sent twice is never approved."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework.actions import plans
from casework.models import Plan
from kpm.permissions import Role
from risk_levels.models import Decision, Proposal, RiskLevel
from tests.factories import client_for, make_assessment, make_case_file, make_user
from tests.threads import at_once

GOAL = "A warm room before the winter"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return assessed_file(worker)


def assessed_file(worker):
    case_file = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=20))
    make_assessment(case_file, worker, now=timezone.now())
    return case_file


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def opening(user, case_file):
    client = client_for(user)
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client


def propose(client, case_file, to_level="yellow", **change):
    day = timezone.localdate() - timedelta(days=4)
    sent = {
        "to_level": to_level,
        "reason_codes": ["unmet_needs"],
        "reason": "The stove is broken and nobody has come for two weeks.",
        "evidence_on": day.isoformat(),
        "evidence_what": "Seen at the visit",
        "tried": "Called the village committee twice.",
        "assessment": "1",
    }
    return client.post(f"/files/{case_file.number}/proposal/", sent | change)


def withdraw(client, case_file):
    return client.post(f"/files/{case_file.number}/proposal/withdraw/")


def draft(client, case_file, goal=GOAL):
    address = f"/files/{case_file.number}/plan/new/"
    sent = {"goal": goal, "what_0": "Repair the stove", "resource_0": "Township fund"}
    return client.post(address, sent | {"seen": hidden_in(client.get(address))["seen"]})


def hidden_in(page):
    """What a browser sends along without anybody seeing it."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    return {name: value for name, value in found if name in {"seen", "csrfmiddlewaretoken"}}


def decide(client, case_file, page, decision="approve"):
    sent = {"decision": decision, "reason": "Seen together.", "told": "told"}
    return client.post(f"/files/{case_file.number}/proposal/review/", hidden_in(page) | sent)


def review(client, case_file):
    return client.get(f"/files/{case_file.number}/proposal/review/")


def events(name):
    return LoggedEvent.objects.filter(event=name, outcome="ok").count()


@pytest.mark.django_db
@pytest.mark.parametrize("decision", ["approve", "return", "reject"])
def test_a_proposal_that_was_swapped_after_the_page_was_opened_is_not_decided(
    worker, supervisor, case_file, decision
):
    theirs, mine = client_for(worker), opening(supervisor, case_file)
    propose(theirs, case_file, "yellow")
    page = review(mine, case_file)
    withdraw(theirs, case_file)
    propose(theirs, case_file, "red", goal=GOAL, what_0="Stove", resource_0="Fund")

    answer = decide(mine, case_file, page, decision)

    assert answer.status_code == 422
    assert "changed since you opened" in answer.content.decode()
    assert RiskLevel.objects.get().level == "ungraded"
    assert Proposal.objects.get(state="submitted").to_level == "red"
    # The page that says so shows what holds now, and deciding from there works.
    assert decide(mine, case_file, answer, decision).status_code == 302


@pytest.mark.django_db
def test_a_plan_that_was_swapped_after_the_review_was_opened_is_not_approved_with_red(
    worker, supervisor, case_file
):
    theirs, mine = client_for(worker), opening(supervisor, case_file)
    propose(theirs, case_file, "red", goal=GOAL, what_0="Stove", resource_0="Fund")
    page = review(mine, case_file)
    draft(theirs, case_file, goal="Something that nobody has read")

    assert decide(mine, case_file, page).status_code == 422
    assert not Decision.objects.exists()
    assert not Plan.objects.filter(state="approved").exists()


@pytest.mark.django_db
def test_a_decision_that_names_nothing_seen_is_refused(worker, supervisor, case_file):
    propose(client_for(worker), case_file)
    mine = opening(supervisor, case_file)
    sent = {"decision": "approve", "reason": "Seen together.", "told": "told"}

    answer = mine.post(f"/files/{case_file.number}/proposal/review/", sent)

    assert answer.status_code == 422
    assert not Decision.objects.exists()


@pytest.mark.django_db
def test_a_draft_that_was_swapped_after_the_page_was_opened_is_not_approved(
    worker, supervisor, case_file
):
    theirs, mine = client_for(worker), opening(supervisor, case_file)
    draft(theirs, case_file)
    page = mine.get(f"/files/{case_file.number}/plan/")
    draft(theirs, case_file, goal="Something that nobody has read")

    address = f"/files/{case_file.number}/plan/approve/"
    answer = mine.post(address, hidden_in(page), follow=True)

    assert "changed since you opened" in answer.content.decode()
    assert not Plan.objects.filter(state="approved").exists()
    mine.post(address, hidden_in(answer))
    assert Plan.objects.filter(state="approved").count() == 1


def test_of_many_approvals_at_one_moment_one_counts(real_commits):
    worker = make_user()
    case_file = assessed_file(worker)
    propose(client_for(worker), case_file, "red", goal=GOAL, what_0="Stove", resource_0="Fund")
    people = [opening(make_user(Role.SUPERVISOR), case_file) for _ in range(3)]
    pages = [review(each, case_file) for each in people]

    def send(turn):
        # Each of the three clicks twice.
        with translation.override("en"):
            return decide(people[turn % 3], case_file, pages[turn % 3]).status_code

    answers = at_once(6, send)

    assert set(answers) <= {302, 422}
    assert Decision.objects.count() == 1
    assert Proposal.objects.get().state == "approved"
    assert Plan.objects.filter(state="approved").count() == 1
    assert (events("risk_level.approved"), events("plan.approved")) == (1, 1)


def test_of_many_approvals_of_a_plan_at_one_moment_one_counts(real_commits):
    worker = make_user()
    case_file = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=20))
    draft(client_for(worker), case_file)
    people = [opening(make_user(Role.SUPERVISOR), case_file) for _ in range(3)]
    pages = [each.get(f"/files/{case_file.number}/plan/") for each in people]

    def send(turn):
        address = f"/files/{case_file.number}/plan/approve/"
        return people[turn % 3].post(address, hidden_in(pages[turn % 3])).status_code

    answers = at_once(6, send)

    assert set(answers) <= {302, 404}
    assert Plan.objects.filter(state="approved").count() == 1
    assert events("plan.approved") == 1


@pytest.mark.django_db
def test_a_draft_that_is_no_longer_one_is_refused_in_words(worker, supervisor, case_file):
    from kpm.errors import Refused

    draft(client_for(worker), case_file)
    seen = Plan.objects.get()
    today = timezone.localdate()
    plans.approve(plan=seen, by=supervisor, today=today)
    with pytest.raises(Refused, match="changed since you opened"):
        plans.approve(plan=seen, by=make_user(Role.SUPERVISOR), today=today)
