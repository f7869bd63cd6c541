"""Needs and strengths: noted one by one, met, or given up with a reason."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import needs
from casework.models import Need
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import OTHER_TOWNSHIP, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
SAID = {"kind": "need", "area": "home", "words": "夜里上厕所看不清"}


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


def page(name, case_file, *args):
    return reverse(f"casework:{name}", args=(case_file.number, *args))


def note(case_file, by, **said):
    return needs.note(case_file=case_file, by=by, today=TODAY, **{**SAID, **said})


def end(need, by, outcome="met", reply=""):
    return needs.end(need=need, outcome=outcome, reply=reply, by=by, today=TODAY)


def test_what_is_noted_stands_in_the_list_and_on_the_file(case_file, worker):
    browser = client_for(worker)
    words = browser.post(page("note_need", case_file), SAID, follow=True).content.decode()
    assert "夜里上厕所看不清" in words
    assert "Housing and safety at home" in words
    assert "夜里上厕所看不清" in browser.get(case_file.get_absolute_url()).content.decode()
    [event] = LoggedEvent.objects.filter(event="need.noted")
    assert event.subject == case_file.number


def test_no_plain_column_says_what_it_is_about(case_file, worker):
    note(case_file, worker)
    row = Need.objects.values().get()
    assert "home" not in str({key: value for key, value in row.items() if key != "body"})


def test_strengths_come_before_needs(case_file, worker):
    note(case_file, worker)
    note(case_file, worker, kind="strength", words="做得一手好菜")
    words = client_for(worker).get(page("list_needs", case_file)).content.decode()
    assert words.index("做得一手好菜") < words.index("夜里上厕所看不清")


def test_what_was_met_moves_to_the_past(case_file, worker):
    note(case_file, worker)
    sent = {"outcome": "met", "reply": "装了小夜灯"}
    words = client_for(worker).post(page("end_need", case_file, 1), sent, follow=True)
    found = words.context["found"]
    assert (len(found.needs), len(found.over)) == (0, 1)
    assert "装了小夜灯" in words.content.decode()
    need = Need.objects.get()
    assert (need.state, need.ended_by) == ("met", worker)
    assert LoggedEvent.objects.filter(event="need.ended").count() == 1


def test_the_supervisor_reads_and_changes_nothing(case_file, worker):
    note(case_file, worker)
    browser = client_for(make_user(Role.SUPERVISOR))
    browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    words = browser.get(page("list_needs", case_file)).content.decode()
    assert "夜里上厕所看不清" in words
    assert page("note_need", case_file) not in words
    assert browser.post(page("note_need", case_file), SAID).status_code == 403


class TestRefusals:
    @pytest.mark.parametrize(
        ("said", "field"),
        [({"area": ""}, "area"), ({"words": " "}, "words"), ({"kind": "x"}, "kind")],
    )
    def test_something_is_missing_and_what_was_typed_stays(self, case_file, worker, said, field):
        answer = client_for(worker).post(page("note_need", case_file), {**SAID, **said})
        assert answer.status_code == 422
        assert answer.context["form"].errors[field]
        assert not Need.objects.exists()

    def test_the_action_asks_the_same(self, case_file, worker):
        with pytest.raises(Refused, match="Choose one"):
            note(case_file, worker, area="religion")
        with pytest.raises(Refused, match="few words"):
            note(case_file, worker, words=" ")

    def test_what_is_given_up_has_a_reason(self, case_file, worker):
        need = note(case_file, worker)
        answer = client_for(worker).post(
            page("end_need", case_file, 1), {"outcome": "given_up", "reply": ""}
        )
        assert answer.status_code == 422
        assert answer.context["form"].errors["reply"]
        end(need, worker, "given_up", "本人说不需要了")

    def test_a_strength_is_not_met(self, case_file, worker):
        need = note(case_file, worker, kind="strength")
        answer = client_for(worker).post(page("end_need", case_file, 1), {"outcome": "met"})
        assert answer.status_code == 422
        with pytest.raises(Refused, match="not met"):
            end(need, worker)
        end(need, worker, "given_up", "搬走了")

    def test_nothing_is_ended_twice(self, case_file, worker):
        need = note(case_file, worker)
        end(need, worker)
        with pytest.raises(Refused, match="ended already"):
            end(need, worker)

    def test_who_is_not_of_the_team_notes_nothing(self, case_file, worker):
        need = note(case_file, worker)
        far = make_user(unit=make_unit(OTHER_TOWNSHIP))
        assert client_for(far).get(page("list_needs", case_file)).status_code == 404
        for by in (far, make_user(), make_user(Role.SUPERVISOR)):
            with pytest.raises(Refused):
                note(case_file, by)
            with pytest.raises(Refused):
                end(need, by)

    def test_a_closed_file_has_no_new_needs(self, case_file, worker):
        case_file.close(on=TODAY)
        case_file.save_as(by=worker)
        with pytest.raises(Refused, match="is closed"):
            note(case_file, worker)

    def test_a_place_that_never_was_is_not_found(self, case_file, worker):
        note(case_file, worker)
        for at in (0, 2):
            assert client_for(worker).get(page("end_need", case_file, at)).status_code == 404

    def test_the_database_keeps_what_was_noted_and_what_became_of_it(self, case_file, worker):
        need = note(case_file, worker)
        with pytest.raises(DatabaseError), transaction.atomic():
            Need.objects.filter(pk=need.pk).update(kind="strength")
        end(need, worker)
        with pytest.raises(DatabaseError), transaction.atomic():
            Need.objects.filter(pk=need.pk).update(ended_on=None, ended_by=None)
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            Need.objects.filter(pk=need.pk).delete()
