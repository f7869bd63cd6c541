"""What workers can carry: said by the supervisors of their units, all of it on record."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import workers
from casework.models import Absence, WorkerProfile
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import OTHER_TOWNSHIP, TODAY, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
BACK = TODAY + timedelta(days=7)


def events(name):
    return LoggedEvent.objects.filter(event=name).count()


def describe(worker, by=None, **values):
    said = {"percent": 50, "sex": "woman", "trained": ["drug"], "languages": [], **values}
    return workers.describe(worker=worker, by=by or make_user(Role.SUPERVISOR), **said)


def away(worker, by=None, **values):
    said = {"kind": "leave", "start_on": TODAY, "until_on": BACK, **values}
    by = by or make_user(Role.SUPERVISOR)
    return workers.record_absence(worker=worker, by=by, today=TODAY, **said)


def test_a_supervisor_says_what_a_worker_can_carry():
    worker, supervisor = make_user(), make_user(Role.SUPERVISOR)

    describe(worker, supervisor, trained=["released", "drug"])

    profile = WorkerProfile.objects.get(worker=worker)
    assert (profile.percent, profile.sex, profile.trained) == (50, "woman", ["drug", "released"])
    assert WorkerProfile.history.get().history_user_id == supervisor.pk
    assert events("worker.described") == 1


def test_the_same_again_changes_nothing():
    worker = make_user()
    describe(worker)
    describe(worker)

    assert (events("worker.described"), WorkerProfile.history.count()) == (1, 1)
    describe(worker, percent=60)
    assert (events("worker.described"), WorkerProfile.history.count()) == (2, 2)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SUPERVISOR])
def test_other_roles_say_nothing_about_workers(role):
    worker, other = make_user(), make_user(role)

    with pytest.raises(Refused, match="Supervisors"):
        describe(worker, other)
    with pytest.raises(Refused, match="Supervisors"):
        away(worker, other)

    assert not WorkerProfile.objects.exists()
    assert not Absence.objects.exists()


def test_a_supervisor_says_it_of_their_own_units_only():
    supervisor = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))

    with pytest.raises(Refused, match="not of your units"):
        describe(make_user(), supervisor)


def test_only_social_workers_have_a_working_time():
    with pytest.raises(Refused, match="not a social worker"):
        describe(make_user(Role.SUPERVISOR))


def test_days_away_are_taken_back_once():
    worker = make_user()
    absence = away(worker)
    for _again in range(2):
        workers.withdraw_absence(absence=absence, by=make_user(Role.SUPERVISOR), now=timezone.now())

    assert not Absence.objects.active().exists()
    assert (events("absence.recorded"), events("absence.withdrawn")) == (1, 1)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"until_on": TODAY}, "comes after"),
        ({"start_on": TODAY - timedelta(days=5), "until_on": TODAY}, "passed already"),
    ],
)
def test_days_away_lie_ahead_and_in_order(days, words):
    with pytest.raises(Refused, match=words) as refusal:
        away(make_user(), **days)

    assert refusal.value.field == "until_on"


def test_the_database_keeps_what_was_said():
    worker = make_user()
    describe(worker)
    away(worker)

    with pytest.raises(DatabaseError, match="part_of_full_time"), transaction.atomic():
        WorkerProfile.objects.update(percent=0)
    with pytest.raises(DatabaseError, match="stays_its_workers"), transaction.atomic():
        WorkerProfile.objects.update(worker=make_user())
    with pytest.raises(DatabaseError, match="only_by_being_taken_back"), transaction.atomic():
        Absence.objects.update(until_on=BACK + timedelta(days=1))
    Absence.objects.update(withdrawn_at=timezone.now())
    with pytest.raises(DatabaseError, match="only_by_being_taken_back"), transaction.atomic():
        Absence.objects.update(withdrawn_at=None)


# --- Pages


def staff_page(address="/staff/", **supervisor):
    client = client_for(make_user(Role.SUPERVISOR, **supervisor))
    return client, client.get(address)


def test_the_board_shows_the_least_room_first():
    make_user(name="Free")
    busy = make_user(name="Busy")
    describe(busy, percent=10)
    for _ in range(6):
        make_case_file(lead=busy)

    _client, page = staff_page()

    rows = page.context["rows"]
    assert [(each.user.name, each.bar.percent) for each in rows] == [("Busy", 112), ("Free", 0)]
    assert [each.bar.is_over for each in rows] == [True, False]
    assert "over 110 %" in page.content.decode()


def test_the_board_shows_the_units_of_the_supervisor_only():
    worker = make_user()
    address = f"/staff/{worker.log_reference}/"

    client, page = staff_page(unit=make_unit(OTHER_TOWNSHIP))

    assert worker.name not in page.content.decode()
    assert client.get(address).status_code == 404
    assert client.post(f"{address}away/", {}).status_code == 404
    assert client.post(f"{address}away/1/end/").status_code == 404


def test_who_is_away_all_the_time_has_no_share():
    worker = make_user()
    today = timezone.localdate()
    away(worker, start_on=today, until_on=today + timedelta(days=60))

    _client, page = staff_page()

    assert page.context["rows"][0].bar.percent is None
    assert "away" in page.content.decode()


def test_working_time_is_entered_on_the_page():
    worker = make_user()
    client, page = staff_page(f"/staff/{worker.log_reference}/")
    assert page.context["form"]["percent"].value() == 100

    sent = {"percent": "80", "sex": "", "trained": ["drug", "released"], "languages": ["wu"]}
    sent["seen"] = page.context["form"].current
    wrong = client.post(f"/staff/{worker.log_reference}/", {**sent, "percent": "101"})
    unknown = client.post(f"/staff/{worker.log_reference}/", {**sent, "languages": ["klingon"]})
    response = client.post(f"/staff/{worker.log_reference}/", sent)

    assert (wrong.status_code, unknown.status_code, response.status_code) == (422, 422, 302)
    profile = WorkerProfile.objects.get(worker=worker)
    assert (profile.percent, profile.trained) == (80, ["drug", "released"])
    assert profile.languages == ["wu"]
    assert client.get(f"/staff/{worker.log_reference}/").context["form"]["languages"].value() == [
        "wu"
    ]


def test_of_two_who_describe_one_worker_the_second_sees_both():
    worker = make_user()
    client, page = staff_page(f"/staff/{worker.log_reference}/")
    mine = {"percent": "70", "sex": "", "trained": ["drug"], "seen": page.context["form"].current}
    describe(worker, percent=60, sex="", trained=["released"])

    answer = client.post(f"/staff/{worker.log_reference}/", mine)

    assert answer.status_code == 422
    both = {
        str(each.label): (each.theirs, each.mine) for each in answer.context["form"].differences
    }
    assert ("60", "70") in both.values()
    assert len(both) == 2
    assert "60" in answer.text
    assert WorkerProfile.objects.get(worker=worker).percent == 60
    mine["seen"] = answer.context["form"].current
    assert client.post(f"/staff/{worker.log_reference}/", mine).status_code == 302
    assert WorkerProfile.objects.get(worker=worker).percent == 70


def test_days_away_are_entered_and_taken_back_on_the_page():
    worker, today = make_user(), timezone.localdate()
    address = f"/staff/{worker.log_reference}/away/"
    client, _page = staff_page(address)
    sent = {
        "kind": "training",
        "start_on": today.isoformat(),
        "until_on": (today + timedelta(days=3)).isoformat(),
    }

    assert client.post(address, {**sent, "until_on": sent["start_on"]}).status_code == 422
    assert client.post(address, sent).status_code == 302
    assert [at for at, _each in client.get(address).context["absences"]] == [1]
    assert client.post(f"{address}2/end/").status_code == 404
    assert client.post(f"{address}1/end/").status_code == 302
    assert client.get(address).context["absences"] == []


@pytest.mark.parametrize("page", ["", "{}/", "{}/away/", "{}/load/"])
def test_social_workers_open_no_page_of_the_staff(page):
    worker = make_user()

    assert client_for(worker).get(f"/staff/{page.format(worker.log_reference)}").status_code == 403
