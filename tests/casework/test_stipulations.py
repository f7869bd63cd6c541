"""What is heeded when somebody is chosen: wishes of the person, conflicts of interest."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import assignments, hand_overs, stipulations
from casework.models import Assignment, Stipulation
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import (
    OTHER_TOWNSHIP,
    TODAY,
    assign,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


def stipulate(case_file, kind, worker=None, by=None):
    return stipulations.record(
        case_file=case_file,
        kind=kind,
        worker=worker,
        by=by or make_user(Role.SUPERVISOR),
        today=TODAY,
    )


def end(row, by=None):
    by = by or make_user(Role.SUPERVISOR)
    return stipulations.end(stipulation=row, by=by, today=TODAY + timedelta(days=1))


def events(name):
    return LoggedEvent.objects.filter(event=name).count()


def test_a_wish_is_recorded_and_ended():
    case_file, worker = make_case_file(), make_user()

    row = stipulate(case_file, "wanted", worker)
    end(row)

    assert not Stipulation.objects.active().exists()
    assert Stipulation.history.count() == 2
    assert (events("stipulation.recorded"), events("stipulation.ended")) == (1, 1)
    with pytest.raises(Refused, match="ended already"):
        end(row)


def test_who_has_a_conflict_of_interest_is_given_no_place():
    case_file, worker = make_case_file(), make_user()
    row = stipulate(case_file, "conflict", worker)

    with pytest.raises(Refused, match="conflict of interest") as refusal:
        assign(case_file, worker)
    place = assignments.NewPlace(case_file=case_file, worker=worker, role="lead", start_on=TODAY)
    with pytest.raises(Refused, match="conflict of interest"):
        assignments.assign_many(places=[place], by=make_user(Role.SUPERVISOR))

    assert refusal.value.field == "worker"
    end(row)
    assign(case_file, worker)
    assert Assignment.objects.active().get().worker == worker


def test_a_conflict_in_one_file_is_none_in_another():
    case_file, other, worker = make_case_file(), make_case_file(), make_user()
    stipulate(case_file, "conflict", worker)

    assign(other, worker)
    assign(case_file, make_user())


def test_the_database_refuses_a_place_where_there_is_a_conflict():
    case_file, worker = make_case_file(), make_user()
    stipulate(case_file, "conflict", worker)

    with pytest.raises(DatabaseError, match="conflict_of_interest"), transaction.atomic():
        Assignment(
            case_file=case_file,
            district=case_file.district,
            worker=worker,
            role="lead",
            start_on=TODAY,
        ).save_as(by=None)


@pytest.mark.parametrize(
    ("kind", "has_worker", "words"),
    [
        ("wanted", False, "Say which worker"),
        ("conflict", False, "Say which worker"),
        ("woman", True, "not about one worker"),
    ],
)
def test_a_stipulation_says_what_it_is_about(kind, has_worker, words):
    with pytest.raises(Refused, match=words) as refusal:
        stipulate(make_case_file(), kind, make_user() if has_worker else None)

    assert refusal.value.field == "worker"


@pytest.mark.parametrize(("kind", "field"), [("wanted", "worker"), ("woman", "kind")])
def test_nothing_is_said_twice_about_one_worker(kind, field):
    case_file = make_case_file()
    worker = make_user() if field == "worker" else None
    stipulate(case_file, kind, worker)

    with pytest.raises(Refused, match="end that first") as refusal:
        stipulate(case_file, "unwanted" if worker else "man", worker)

    assert refusal.value.field == field


def test_other_roles_and_other_units_stipulate_nothing():
    case_file, worker = make_case_file(), make_user()
    row = stipulate(case_file, "wanted", worker)

    with pytest.raises(Refused, match="Supervisors"):
        stipulate(case_file, "woman", by=worker)
    with pytest.raises(Refused, match="not yours"):
        end(row, make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP)))

    assert Stipulation.objects.active().count() == 1


def test_the_database_keeps_what_was_stipulated():
    case_file = make_case_file()
    row = stipulate(case_file, "woman")

    with pytest.raises(DatabaseError, match="changes_only_by_ending"), transaction.atomic():
        Stipulation.objects.update(kind="man")
    with pytest.raises(IntegrityError, match=r"one_thing_is|UNIQUE"), transaction.atomic():
        Stipulation(
            case_file=case_file, district=case_file.district, kind="man", start_on=TODAY
        ).save_as(by=None)
    end(row)
    with pytest.raises(DatabaseError, match="changes_only_by_ending"), transaction.atomic():
        Stipulation.objects.update(until_on=None)


def test_wishes_are_recorded_and_ended_on_the_page():
    case_file, worker = make_case_file(), make_user()
    client = client_for(make_user(Role.SUPERVISOR))
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    page = f"/files/{case_file.number}/team/heeded/"

    wrong = client.post(page, {"kind": "wanted"})
    client.post(page, {"kind": "wanted", "worker": worker.log_reference})
    client.post(page, {"kind": "woman"})

    assert "Say which worker" in wrong.context["form"].errors["worker"][0]
    kinds = [(at, row.kind) for at, row in client.get(page).context["heeded"]]
    assert kinds == [(1, "wanted"), (2, "woman")]
    assert client.post(f"{page}1/end/").status_code == 302
    assert client.post(f"{page}3/end/").status_code == 404
    # A page from before names the same row still, and ends no other.
    again = client.post(f"{page}1/end/?again", follow=True)
    assert "ended already" in again.content.decode()
    assert [row.kind for _at, row in client.get(page).context["heeded"]] == ["woman"]


def test_social_workers_stipulate_nothing_on_the_page():
    case_file, worker = make_case_file(), make_user()
    assign(case_file, worker)

    page = f"/files/{case_file.number}/team/heeded/"
    assert client_for(worker).get(page).status_code == 403


def test_a_file_is_not_offered_to_whoever_has_a_conflict_of_interest():
    case_file, lead, worker = make_case_file(), make_user(), make_user()
    assign(case_file, lead)
    stipulate(case_file, "conflict", worker)

    with pytest.raises(Refused, match="conflict of interest"):
        hand_overs.offer(
            case_file=case_file,
            worker=worker,
            note="Knock twice, the door bell is broken.",
            by=lead,
            now=timezone.now(),
        )
