"""A file goes to another unit when a supervisor there takes it and names its lead."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import assignments, transfers
from casework.models import Transfer
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import (
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = timezone.localdate()
NOTE = "本人已搬到女儿家，需要继续探访。"


@pytest.fixture
def lead():
    return make_user(unit=make_unit(TOWNSHIP))


@pytest.fixture
def here():
    return make_user(Role.SUPERVISOR, unit=make_unit(TOWNSHIP))


@pytest.fixture
def there():
    return make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))


@pytest.fixture
def taker():
    return make_user(unit=make_unit(OTHER_TOWNSHIP), name="接手社工")


@pytest.fixture
def case_file(lead, here):
    made = make_case_file(unit=make_unit(VILLAGE))
    assign(made, lead, by=here)
    return made


@pytest.fixture
def transfer(case_file, here):
    return ask(case_file, here)


def ask(case_file, by, unit=OTHER_VILLAGE, note=NOTE):
    return transfers.ask(case_file=case_file, to_unit=make_unit(unit), note=note, by=by, now=NOW)


def accept(transfer, worker, by):
    return transfers.accept(transfer=transfer, worker=worker, by=by, now=NOW)


def page(name, transfer):
    return reverse(f"casework:{name}", args=(transfer.number,))


def lead_of(case_file):
    return case_file.assignments.active().get(role="lead").worker


def test_until_it_is_accepted_nothing_changes(transfer, case_file, lead):
    case_file.refresh_from_db()
    assert case_file.unit.code == VILLAGE
    assert lead_of(case_file) == lead
    assert LoggedEvent.objects.filter(event="transfer.asked").count() == 1


def test_the_other_unit_sees_number_and_note_and_nothing_else(transfer, case_file, there):
    browser = client_for(there)
    assert browser.get(case_file.get_absolute_url()).status_code == 404
    words = browser.get(page("show_transfer", transfer)).content.decode()
    assert case_file.number in words
    assert NOTE in words
    for hidden in ("王", "elder", "Ungraded", "level-"):
        assert hidden not in words.split("<main")[1], hidden
    assert case_file.number in browser.get("/transfers/").content.decode()
    event = LoggedEvent.objects.filter(event="case_file.read", actor=there.log_reference).get()
    assert "transfer.body" in event.body
    assert "person.head" not in event.body


def test_who_accepts_names_the_lead_in_the_same_step(transfer, case_file, there, taker, lead):
    make_level(case_file, "yellow")
    deputy = make_user(unit=make_unit(TOWNSHIP))
    assign(case_file, deputy, "deputy")
    both = make_user(unit=make_unit("100122000000"))
    assign(case_file, both, "member")
    answer = client_for(there).post(
        page("accept_transfer", transfer), {"worker": taker.log_reference}
    )
    assert answer.url == case_file.get_absolute_url()
    case_file.refresh_from_db()
    assert case_file.unit.code == OTHER_VILLAGE
    held = {each.worker: each.role for each in case_file.assignments.active()}
    assert held == {taker: "lead", both: "member"}
    case_file.risk_level.refresh_from_db()
    assert case_file.risk_level.level == "yellow"
    assert client_for(lead).get(case_file.get_absolute_url()).status_code == 404
    assert client_for(taker).get(case_file.get_absolute_url()).status_code == 200
    assert LoggedEvent.objects.filter(event="transfer.accepted").count() == 1


def test_the_lead_may_stay_where_they_are_there_for_both(case_file, here, there):
    both = make_user(unit=make_unit("100122000000"))
    assign(case_file, both, by=here)
    accept(ask(case_file, here), both, there)
    assert lead_of(case_file) == both


def test_who_refuses_says_why_and_whoever_asked_reads_it(transfer, case_file, here, there):
    sent = {"reply": "本人仍住在原村，尚未搬来。"}
    assert client_for(there).post(page("refuse_transfer", transfer), sent).status_code == 302
    words = client_for(here).get(page("show_transfer", transfer)).content.decode()
    assert "尚未搬来" in words
    case_file.refresh_from_db()
    assert case_file.unit.code == VILLAGE
    # Whoever said no has no more to do with it.
    assert client_for(there).get(page("show_transfer", transfer)).status_code == 404


def test_whoever_has_the_file_takes_the_question_back_and_asks_another(transfer, case_file, here):
    assert client_for(here).post(page("withdraw_transfer", transfer)).status_code == 302
    ask(case_file, here, OTHER_TOWNSHIP)
    assert Transfer.objects.open().count() == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("unit", "words"), [(VILLAGE, "there already"), ("100222101201", "another district")]
    )
    def test_it_goes_to_another_unit_of_the_district(self, case_file, here, unit, words):
        with pytest.raises(Refused, match=words):
            ask(case_file, here, unit)

    def test_a_note_is_needed(self, case_file, here):
        with pytest.raises(Refused, match="in a sentence"):
            ask(case_file, here, note="搬家")

    def test_one_unit_at_a_time(self, transfer, case_file, here):
        with pytest.raises(Refused, match="asked already"):
            ask(case_file, here, OTHER_TOWNSHIP)

    def test_only_a_supervisor_of_the_file_asks(self, case_file, lead, there):
        for by in (lead, there, make_user(Role.AUDITOR)):
            with pytest.raises(Refused):
                ask(case_file, by)

    def test_only_a_supervisor_of_the_unit_that_was_asked_answers(
        self, transfer, here, lead, taker
    ):
        drugs = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP), populations=["drug"])
        for by in (here, lead, taker, drugs):
            with pytest.raises(Refused):
                accept(transfer, taker, by)
            with pytest.raises(Refused):
                transfers.refuse(transfer=transfer, reply=NOTE, by=by, now=NOW)
        assert client_for(drugs).get(page("show_transfer", transfer)).status_code == 404
        assert client_for(taker).get(page("show_transfer", transfer)).status_code == 403

    def test_the_new_lead_is_there_for_the_unit(self, transfer, there, lead, here):
        for worker, words in ((lead, "not there for"), (there, "Only a social worker")):
            with pytest.raises(Refused, match=words):
                accept(transfer, worker, there)
        answer = client_for(there).post(
            page("accept_transfer", transfer), {"worker": lead.log_reference}
        )
        assert answer.status_code == 422

    def test_it_is_answered_once(self, transfer, there, taker, here):
        accept(transfer, taker, there)
        for act in (
            lambda: accept(transfer, taker, there),
            lambda: transfers.refuse(transfer=transfer, reply=NOTE, by=there, now=NOW),
        ):
            with pytest.raises(Refused, match="answered already"):
                act()
        with pytest.raises(Refused):
            transfers.withdraw(transfer=transfer, by=here, now=NOW)

    def test_a_no_has_a_reason(self, transfer, there):
        answer = client_for(there).post(page("refuse_transfer", transfer), {"reply": "不"})
        assert answer.status_code == 422
        transfer.refresh_from_db()
        assert transfer.state == "asked"

    def test_a_closed_file_is_not_taken(self, transfer, case_file, there, taker, lead):
        case_file.close(on=TODAY)
        case_file.save_as(by=lead)
        with pytest.raises(Refused, match="is closed"):
            accept(transfer, taker, there)

    def test_a_lead_given_meanwhile_changes_nothing_about_the_question(
        self, transfer, case_file, here, there, taker
    ):
        assignments.assign(
            case_file=case_file,
            worker=make_user(unit=make_unit(TOWNSHIP)),
            role="lead",
            by=here,
            today=TODAY,
        )
        accept(transfer, taker, there)
        assert lead_of(case_file) == taker

    def test_the_database_keeps_what_was_asked_and_answered(self, transfer, there, taker):
        with pytest.raises(DatabaseError), transaction.atomic():
            Transfer.objects.update(to_unit=make_unit(OTHER_TOWNSHIP))
        accept(transfer, taker, there)
        with pytest.raises(DatabaseError), transaction.atomic():
            Transfer.objects.update(answered_at=NOW + timedelta(days=1))
        with pytest.raises(DatabaseError), transaction.atomic():
            Transfer.objects.all().delete()
