"""Somebody goes: all that they lead or stand in for is given to others in one step."""

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework.dashboards import teams
from casework.models import Assignment
from kpm.accounts.actions import close_account
from kpm.permissions import Role
from tests.factories import (
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    assign,
    change_role,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def leaving():
    return make_user(name="何敏")


@pytest.fixture
def colleagues():
    return [make_user() for _number in range(3)]


def another(number, **values):
    who = {"id_number": "", "name": f"陈立{number}", "phone": f"1360000{number:04d}"}
    return make_case_file(**{**who, **values})


def page(worker):
    return reverse("casework:move_files", args=(worker.log_reference,))


def held(worker, role):
    return Assignment.objects.active().filter(worker=worker, role=role).count()


def as_drafted(answer):
    """What the browser sends when nothing is changed."""
    form = answer.context["form"]
    sent = {"file": [row.case_file.number for row, _field in form.rows()]}
    for row, field in form.rows():
        sent[row.case_file.number] = field.initial
        sent[f"seen-{row.case_file.number}"] = row.lead.log_reference
    return sent


def test_leads_and_deputies_move_together(supervisor, leaving, colleagues):
    led = [another(number, lead=leaving) for number in range(4)]
    stood = another(9, lead=colleagues[0])
    assign(stood, leaving, "deputy")
    browser = client_for(supervisor)
    answer = browser.get(page(leaving))
    words = answer.content.decode()
    assert "Files of" in words
    assert all(each.number in words for each in (*led, stood))
    moved = browser.post(page(leaving), as_drafted(answer), follow=True)
    assert "5 files now have whom you confirmed." in moved.content.decode()
    assert not held(leaving, "lead")
    assert not held(leaving, "deputy")
    for each in led:
        assert each.assignments.active().filter(role="lead").count() == 1
    # Whoever leads a file is not its deputy.
    assert stood.assignments.active().get(role="deputy").worker != colleagues[0]
    assert LoggedEvent.objects.filter(event="case_file.listed").exists()


def test_nobody_is_suggested_who_goes(supervisor, leaving, colleagues):
    another(1, lead=leaving)
    answer = client_for(supervisor).get(page(leaving))
    [(row, _field)] = answer.context["form"].rows()
    assert leaving not in [each.user for each in row.choices]


def test_one_refusal_moves_nothing(supervisor, leaving, colleagues):
    files = [another(number, lead=leaving) for number in range(3)]
    browser = client_for(supervisor)
    sent = as_drafted(browser.get(page(leaving)))
    # Meanwhile somebody else has been given one of them.
    assign(files[1], colleagues[2], by=supervisor)
    answer = browser.post(page(leaving), sent)
    assert answer.status_code == 422
    assert "changed hands meanwhile" in answer.content.decode()
    assert held(leaving, "lead") == 2


def test_a_change_of_deputy_is_told_as_well(supervisor, leaving, colleagues):
    file = another(1, lead=colleagues[0])
    assign(file, leaving, "deputy")
    browser = client_for(supervisor)
    sent = as_drafted(browser.get(page(leaving)))
    sent[f"seen-{file.number}"] = "u:nobody"
    answer = browser.post(page(leaving), sent)
    assert "change of deputy meanwhile" in answer.content.decode()
    assert held(leaving, "deputy") == 1


def test_what_is_left_out_stays(supervisor, leaving, colleagues):
    first, second = another(1, lead=leaving), another(2, lead=leaving)
    browser = client_for(supervisor)
    sent = as_drafted(browser.get(page(leaving)))
    sent[first.number] = ""
    browser.post(page(leaving), sent)
    assert first.assignments.active().get(role="lead").worker == leaving
    assert second.assignments.active().get(role="lead").worker != leaving


def test_the_page_about_staff_says_who_cannot_go_on(supervisor, leaving, colleagues):
    file = another(1, lead=leaving)
    browser = client_for(supervisor)
    assert "Cannot work on their files" not in browser.get("/staff/").content.decode()
    close_account(user=leaving, by=make_user(Role.SECURITY_ADMINISTRATOR))
    words = browser.get("/staff/").content.decode()
    assert "Cannot work on their files" in words
    assert page(leaving) in words
    browser.post(page(leaving), as_drafted(browser.get(page(leaving))))
    assert file.assignments.active().get(role="lead").worker in colleagues
    assert "Cannot work on their files" not in browser.get("/staff/").content.decode()


class TestRefusals:
    def test_who_has_no_place_in_my_files_is_not_there(self, supervisor, leaving):
        assert client_for(supervisor).get(page(leaving)).status_code == 404
        far = another(1, unit=make_unit(OTHER_VILLAGE))
        assign(far, make_user(unit=make_unit(OTHER_VILLAGE), name="远"), by=supervisor)
        below = make_user(Role.SUPERVISOR, unit=make_unit("100122101000"))
        lead = far.assignments.active().get(role="lead").worker
        assert client_for(below).get(page(lead)).status_code == 404
        assert client_for(supervisor).get(page(lead)).status_code == 200

    def test_a_file_that_was_not_on_the_page_is_not_moved(self, supervisor, leaving, colleagues):
        mine, other = another(1, lead=leaving), another(2, lead=colleagues[0])
        sent = {
            "file": [other.number],
            other.number: colleagues[1].log_reference,
            f"seen-{other.number}": colleagues[0].log_reference,
        }
        client_for(supervisor).post(page(leaving), sent)
        assert other.assignments.active().get(role="lead").worker == colleagues[0]
        assert mine.assignments.active().get(role="lead").worker == leaving


class TestWhoAnswers:
    def test_the_lead_then_the_deputy_then_the_supervisor_of_the_nearest_unit(
        self, supervisor, leaving, colleagues
    ):
        guardian = make_user(Role.SECURITY_ADMINISTRATOR)
        near = make_user(Role.SUPERVISOR, unit=make_unit("100122101000"))
        file = another(1)
        assign(file, leaving, by=supervisor)
        assign(file, colleagues[0], "deputy", by=supervisor)
        assert teams.answerable(file, TODAY).user == leaving
        close_account(user=leaving, by=guardian)
        found = teams.answerable(file, TODAY)
        assert (found.user, found.why) == (colleagues[0], teams.Why.STANDS_IN)
        change_role(colleagues[0], Role.SOCIAL_WORKER, make_unit(OTHER_TOWNSHIP))
        assert teams.answerable(file, TODAY).user == near
        close_account(user=near, by=guardian)
        assert teams.answerable(file, TODAY).user == supervisor
        close_account(user=supervisor, by=guardian)
        assert teams.answerable(file, TODAY) is None

    def test_a_supervisor_of_other_groups_answers_for_nothing_here(self, supervisor):
        make_user(Role.SUPERVISOR, unit=make_unit("100122101000"), populations=["drug"])
        assert teams.answerable(another(1), TODAY).user == supervisor

    def test_the_file_and_the_deputys_day_say_so(self, supervisor, leaving, colleagues):
        file = another(1, lead=leaving)
        make_level(file, "yellow")
        assign(file, colleagues[0], "deputy")
        close_account(user=leaving, by=make_user(Role.SECURITY_ADMINISTRATOR))
        browser = client_for(colleagues[0])
        assert "answers for it" in browser.get(file.get_absolute_url()).content.decode()
        assert "You answer for this file" in browser.get("/today/").content.decode()
