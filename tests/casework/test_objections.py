"""Objections on the page: written down in a minute, answered by somebody uninvolved, told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import LoggedEvent
from casework import objection_rules
from casework.models import CaseFile
from casework.models.case_files import Status
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels.models import Decision, Objection, RiskLevel
from tests.factories import (
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
SAID = {"by_whom": "person", "way": "spoken", "words": "I was never asked.", "wish": "Ask me."}
ANSWER = {"outcome": "upheld", "reply": "You were not heard before the decision. We are sorry."}


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    case_file = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=40))
    make_level(case_file, "yellow", now=timezone.now() - timedelta(days=20))
    return case_file


def page(case_file, rest=""):
    return f"/files/{case_file.number}/objections/{rest}"


def opening(user, case_file):
    client = client_for(user)
    answer = client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    assert answer.status_code == 302
    return client


def receive(case_file, worker) -> Objection:
    answer = client_for(worker).post(page(case_file, "new/"), SAID)
    assert answer.status_code == 302
    return Objection.objects.get()


def test_a_worker_writes_down_what_the_person_says(case_file, worker):
    answer = client_for(worker).post(page(case_file, "new/"), SAID, follow=True)
    assert "it is answered by" in answer.text
    assert "disputed" in answer.text
    assert RiskLevel.objects.get().is_disputed
    # The mark stands in lists as well.
    assert "disputed" in client_for(worker).get("/files/?group=care").text


def test_what_is_missing_is_said_beside_its_field(case_file, worker):
    answer = client_for(worker).post(page(case_file, "new/"), {**SAID, "words": " "})
    assert answer.status_code == 422
    assert "Ask me." in answer.text
    assert not Objection.objects.exists()


def test_where_nothing_was_decided_there_is_nothing_to_object_to(worker):
    case_file = make_case_file(lead=worker)
    answer = client_for(worker).get(page(case_file, "new/"))
    assert "Nothing can be objected to now" in answer.text
    answer = client_for(worker).post(page(case_file, "new/"), SAID)
    assert "Nothing has been decided yet" in answer.text


def test_another_units_worker_finds_no_objection(case_file, worker):
    receive(case_file, worker)
    stranger = client_for(make_user(unit=make_unit(OTHER_VILLAGE)))
    for rest in ("new/", "1/"):
        assert stranger.get(page(case_file, rest)).status_code == 404
    assert stranger.post(page(case_file, "1/withdraw/")).status_code == 404


@pytest.mark.parametrize("rest", ["7/", "7/answer/"])
def test_an_objection_that_is_not_there_is_not_found(case_file, supervisor, rest):
    assert opening(supervisor, case_file).get(page(case_file, rest)).status_code == 404


def test_a_supervisor_acknowledges_answers_and_hands_over_the_letter(case_file, worker, supervisor):
    objection = receive(case_file, worker)
    client = opening(supervisor, case_file)
    assert "1 objection waits" in client.get("/objections/").text
    answer = client.post(page(case_file, "1/letter/"), follow=True)
    assert "Acknowledge the objection first" in answer.text
    answer = client.post(page(case_file, "1/acknowledge/"), follow=True)
    assert "Hand the person the letter" in answer.text
    answer = client.post(page(case_file, "1/acknowledge/"), follow=True)
    assert "acknowledged already" in answer.text
    letter = client.post(page(case_file, "1/letter/"))
    assert letter.content.startswith(b"%PDF")
    shown = client.get(page(case_file, "1/answer/"))
    assert "I was never asked." in shown.text
    seen = f"{objection.pk}:{RiskLevel.objects.get().revision}"
    answer = client.post(page(case_file, "1/answer/"), {**ANSWER, "seen": seen}, follow=True)
    assert "Your answer is on record" in answer.text
    level = RiskLevel.objects.get()
    assert (level.level, level.is_disputed) == ("ungraded", False)
    assert client.post(page(case_file, "1/letter/")).content.startswith(b"%PDF")
    assert LoggedEvent.objects.filter(event="objection.printed").count() == 2
    # It is answered: the page leads to what was said.
    assert client.get(page(case_file, "1/answer/")).status_code == 302
    assert "0 objections wait" in client.get("/objections/").text


def test_an_answer_to_a_level_that_has_changed_is_asked_again(case_file, worker, supervisor):
    objection = receive(case_file, worker)
    client = opening(supervisor, case_file)
    seen = f"{objection.pk}:{RiskLevel.objects.get().revision}"
    make_level(case_file, "green", reason_codes=["stable"])
    answer = client.post(page(case_file, "1/answer/"), {**ANSWER, "seen": seen})
    assert answer.status_code == 422
    assert "has changed since" in answer.text
    assert ANSWER["reply"] in answer.text
    assert Objection.objects.get().state == "received"


def test_a_short_answer_is_refused_beside_its_field(case_file, worker, supervisor):
    objection = receive(case_file, worker)
    client = opening(supervisor, case_file)
    seen = f"{objection.pk}:{RiskLevel.objects.get().revision}"
    sent = {**ANSWER, "reply": "No.", "seen": seen}
    answer = client.post(page(case_file, "1/answer/"), sent)
    assert answer.status_code == 422
    assert "Give the reasons" in answer.text


def test_whoever_decided_is_told_that_another_answers_and_is_in_the_log(case_file, worker):
    objection = receive(case_file, worker)
    involved = Decision.objects.get().decided_by
    client = opening(involved, case_file)
    shown = client.get(page(case_file, "1/answer/")).text
    assert "had part in the decision" in shown
    # Nobody writes an answer that will be refused.
    assert 'name="reply"' not in shown
    seen = f"{objection.pk}:{RiskLevel.objects.get().revision}"
    answer = client.post(page(case_file, "1/answer/"), {**ANSWER, "seen": seen})
    assert "Somebody who had none answers" in answer.text
    assert LoggedEvent.objects.filter(event="objection.refused").count() == 1


def test_the_person_takes_it_back(case_file, worker):
    receive(case_file, worker)
    client = client_for(worker)
    answer = client.post(page(case_file, "1/withdraw/"), follow=True)
    assert "takes it back" in answer.text
    answer = client.post(page(case_file, "1/withdraw/"), follow=True)
    assert "answered already" in answer.text


# --- Rules ---------------------------------------------------------------------------------------
def test_a_supervisor_who_works_on_the_file_answers_none(case_file, worker, supervisor):
    objection = receive(case_file, worker)
    climber = make_user(unit=make_unit())
    assign(case_file, climber, "deputy")
    climber = change_role(climber, Role.SUPERVISOR, make_unit())
    with pytest.raises(Refused, match="from outside the team"):
        objection_rules.check_can_decide_objection(climber, case_file, objection)
    objection_rules.check_can_decide_objection(supervisor, case_file, objection)


def test_supervisors_of_other_units_have_no_part(case_file, worker):
    objection = receive(case_file, worker)
    other = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_VILLAGE))
    for check in (
        objection_rules.check_can_acknowledge_objection,
        objection_rules.check_can_decide_objection,
        objection_rules.check_can_withdraw_objection,
        objection_rules.check_can_print_letter,
    ):
        with pytest.raises(Refused, match="not yours"):
            check(other, case_file, objection)


def test_nothing_is_answered_on_a_closed_file(case_file, worker, supervisor):
    objection = receive(case_file, worker)
    CaseFile.objects.update(status=Status.CLOSED, closed_on=timezone.localdate())
    closed = CaseFile.objects.get()
    with pytest.raises(Refused):
        objection_rules.check_can_decide_objection(supervisor, closed, objection)
    with pytest.raises(Refused):
        objection_rules.check_can_receive_objection(worker, closed)
