"""Queues of a supervisor: what runs out, lapses, waits too long or lacks its review."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from casework.actions import levels, plans
from casework.dashboards import queues
from kpm.permissions import Role
from kpm.workdays import after_workdays, workdays_between
from tests.factories import client_for, make_case_file, make_level, make_proposal, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def file_of(worker, **values):
    return make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=300), **values)


def listed(supervisor, name):
    return client_for(supervisor).get(f"/queues/{name}/?group=care")


def test_each_queue_has_its_files_and_no_others(supervisor):
    worker, now = make_user(), timezone.now()
    danger, down, ending, fine = (file_of(worker) for _number in range(4))
    from tests.risk_levels.test_provisional import set_red

    # Its review is due on the day on which it is set.
    set_red(danger, worker, now=now)
    make_level(down, "red", now=now - timedelta(days=60))
    make_proposal(
        down,
        worker,
        "yellow",
        now=now - timedelta(days=12),
        reason_codes=["stable"],
        reason="Stable for some weeks now.",
    )
    make_level(ending, "yellow", now=now - timedelta(days=170))
    make_level(fine, "green", now=now - timedelta(days=5), reason_codes=["stable"])
    found = {
        name: {each.number for each in queues.queue(name, supervisor, "care", timezone.localtime())}
        for name in queues.QUEUES
    }
    assert found == {
        "lapsing": {danger.number, down.number},
        "late": {down.number},
        "ending": {ending.number},
        "unreviewed": {down.number, ending.number},
        "plans": set(),
    }
    for name, numbers in found.items():
        answer = listed(supervisor, name)
        assert all(number in answer.text for number in numbers)
        assert fine.number not in answer.text
    assert "provisional red until" in listed(supervisor, "lapsing").text
    assert "steps down by itself" in listed(supervisor, "lapsing").text
    assert "waits since" in listed(supervisor, "late").text
    assert "ends on" in listed(supervisor, "ending").text
    assert "was to be reviewed by" in listed(supervisor, "unreviewed").text
    today = client_for(supervisor).get("/today/?group=care").text
    assert "/queues/late/?group=care" in today


def test_a_draft_waits_until_it_holds_and_one_of_a_proposal_waits_with_it(supervisor):
    worker, now = make_user(), timezone.localtime()
    alone, together = (file_of(worker) for _number in range(2))
    about = {"goal": "每天有人来电话", "steps": [{"what": "联系志愿者"}], "by": worker}
    draft = plans.draft(case_file=alone, today=now.date() - timedelta(days=2), **about)
    proposal = make_proposal(together, worker, now=now)
    plans.draft(case_file=together, today=now.date(), proposal=proposal, **about)

    assert list(queues.queue("plans", supervisor, "care", now)) == [alone]
    page = listed(supervisor, "plans").text
    assert f"/files/{alone.number}/plan/" in page
    assert "drafted on" in page
    assert "/queues/plans/?group=care" in client_for(supervisor).get("/today/?group=care").text
    levels.withdraw(case_file=together, proposal=proposal, by=worker, now=now)
    assert len(queues.queue("plans", supervisor, "care", now)) == 2
    plans.approve(plan=draft, by=supervisor, today=now.date())
    assert list(queues.queue("plans", supervisor, "care", now)) == [together]


def test_empty_queues_say_so(supervisor):
    for name in queues.QUEUES:
        assert "Nothing waits for you" in listed(supervisor, name).text


def test_there_is_no_other_queue(supervisor):
    assert listed(supervisor, "everything").status_code == 404


@pytest.mark.parametrize("workdays", [0, 2, 5])
def test_late_is_what_has_waited_longer_than_its_working_days(workdays):
    today = date(2026, 10, 12)
    day = queues.late_since(today, workdays)
    assert after_workdays(day, workdays) < today
    assert after_workdays(day + timedelta(days=1), workdays) >= today
    assert workdays_between(day, today) >= workdays


def test_nobody_looks_further_back_than_two_months():
    assert queues.late_since(date(2026, 10, 12), 500) == date(2026, 8, 13)
