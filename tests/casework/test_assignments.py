"""Places in teams: given and taken by supervisors, never two at once, all of it on record."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.models import LoggedEvent
from casework import rules
from casework.actions import assignments
from casework.dashboards import teams
from casework.models import Assignment, CaseFile
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TODAY,
    TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + timedelta(days=1)


def team_of(case_file):
    rows = Assignment.objects.active().filter(case_file=case_file)
    return {row.role: row.worker for row in rows}


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def test_a_supervisor_gives_a_lead_and_a_deputy():
    case_file, supervisor = make_case_file(), make_user(Role.SUPERVISOR)
    lead, deputy = make_user(), make_user()

    assign(case_file, lead, "lead", by=supervisor)
    assign(case_file, deputy, "deputy", by=supervisor)

    assert team_of(case_file) == {"lead": lead, "deputy": deputy}
    assert [event.subject for event in events("assignment.started")] == [case_file.number] * 2
    past = Assignment.history.get(worker=lead)
    assert (past.history_type, past.history_user_id) == ("+", supervisor.pk)


def test_a_new_lead_takes_over_on_the_day_the_old_one_ends():
    case_file, old, new = make_case_file(), make_user(), make_user()
    assign(case_file, old)

    assign(case_file, new, today=TOMORROW)

    assert team_of(case_file) == {"lead": new}
    assert Assignment.objects.get(worker=old).until_on == TOMORROW
    assert len(events("assignment.ended")) == 1


def test_a_lead_can_change_twice_on_one_day():
    case_file, one, two = make_case_file(), make_user(), make_user()

    for worker in (one, two, one):
        assign(case_file, worker)

    assert team_of(case_file) == {"lead": one}


def test_who_becomes_lead_is_no_longer_deputy():
    case_file, worker = make_case_file(), make_user()
    assign(case_file, worker, "deputy")

    assign(case_file, worker, "lead")

    assert team_of(case_file) == {"lead": worker}


@pytest.mark.parametrize("place", ["deputy", "member"])
def test_a_lead_keeps_their_place_until_somebody_else_has_it(place):
    case_file, worker = make_case_file(), make_user()
    assign(case_file, worker)

    with pytest.raises(Refused, match="somebody else lead first") as refusal:
        assign(case_file, worker, place)

    assert refusal.value.field == "worker"
    assert team_of(case_file) == {"lead": worker}
    assign(case_file, make_user())
    assign(case_file, worker, place)
    assert team_of(case_file)[place] == worker


def test_there_may_be_many_members():
    case_file = make_case_file()

    for _number in range(3):
        assign(case_file, make_user(), "member")

    assert Assignment.objects.active().count() == 3


def test_the_place_that_somebody_has_is_not_given_again():
    case_file, worker = make_case_file(), make_user()
    assign(case_file, worker)

    with pytest.raises(Refused, match="already"):
        assign(case_file, worker)

    assert Assignment.objects.count() == 1


def test_a_place_is_taken_away_once():
    case_file, supervisor = make_case_file(), make_user(Role.SUPERVISOR)
    place = assign(case_file, make_user(), "deputy")

    assignments.end(assignment=place, by=supervisor, today=TOMORROW)
    with pytest.raises(Refused, match="ended"):
        assignments.end(assignment=place, by=supervisor, today=TOMORROW)

    assert team_of(case_file) == {}
    assert len(events("assignment.ended")) == 1


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SUPERVISOR])
def test_other_roles_change_no_team(role):
    case_file, worker = make_case_file(), make_user()

    with pytest.raises(Refused, match="Supervisors"):
        assign(case_file, worker, by=make_user(role))

    assert Assignment.objects.count() == 0


def test_a_supervisor_changes_teams_in_their_own_scope_only():
    case_file, worker = make_case_file(), make_user()

    for other in (
        make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP)),
        make_user(Role.SUPERVISOR, populations=["drug"]),
    ):
        with pytest.raises(Refused, match="not yours"):
            assign(case_file, worker, by=other)


@pytest.mark.parametrize("role", [None, *(role for role in Role if role != Role.SOCIAL_WORKER)])
def test_only_social_workers_have_places(role):
    with pytest.raises(Refused, match="social worker"):
        assign(make_case_file(), make_user(role))


def test_a_social_worker_has_places_where_they_are_there_for():
    case_file = make_case_file()

    for worker in (
        make_user(unit=make_unit(OTHER_VILLAGE)),
        make_user(populations=["drug"]),
    ):
        with pytest.raises(Refused, match="not there for"):
            assign(case_file, worker)


def test_a_closed_account_has_no_place():
    worker = make_user()
    worker.is_active = False
    worker.save_as(by=None)

    with pytest.raises(Refused, match="closed"):
        assign(make_case_file(), worker)


def test_the_team_of_a_closed_file_stays_as_it_is():
    case_file, place_holder = make_case_file(), make_user()
    place = assign(case_file, place_holder)
    CaseFile.objects.filter(pk=case_file.pk).update(status="closed", closed_on=TODAY)

    with pytest.raises(Refused, match="closed"):
        assign(case_file, make_user())
    with pytest.raises(Refused, match="closed"):
        assignments.end(assignment=place, by=make_user(Role.SUPERVISOR), today=TODAY)


def test_a_refusal_half_way_leaves_everything_as_it_was(monkeypatch):
    case_file, old = make_case_file(), make_user()
    assign(case_file, old)

    def broken(*_args, **_kwargs):
        raise Refused("no")

    monkeypatch.setattr("casework.actions.assignments.Assignment.save_as", broken)
    with pytest.raises(Refused):
        assign(case_file, make_user())

    assert team_of(case_file) == {"lead": old}
    assert events("assignment.ended") == []


def direct(case_file, worker, role="member", start_on=TODAY, until_on=None):
    """A row past the actions."""
    Assignment(
        case_file=case_file,
        district=case_file.district,
        worker=worker,
        role=role,
        start_on=start_on,
        until_on=until_on,
    ).save_as(by=None)


@pytest.mark.parametrize("role", ["lead", "deputy"])
def test_the_database_holds_one_active_lead_and_one_deputy(role):
    case_file = make_case_file()
    direct(case_file, make_user(), role)

    with pytest.raises(IntegrityError), transaction.atomic():
        direct(case_file, make_user(), role, start_on=TOMORROW)


def test_the_database_refuses_overlapping_places():
    case_file, worker = make_case_file(), make_user()
    later = TODAY + timedelta(days=10)
    direct(case_file, worker, "lead", until_on=later)

    for values in (
        {"worker": worker, "role": "member", "start_on": TOMORROW, "until_on": later},
        {"worker": make_user(), "role": "lead", "start_on": TOMORROW, "until_on": later},
    ):
        with (
            pytest.raises(IntegrityError, match="an_assignment_never_overlaps"),
            transaction.atomic(),
        ):
            direct(case_file, **values)

    direct(case_file, worker, "lead", start_on=later)
    direct(case_file, make_user(), "member", start_on=TOMORROW)


def test_the_database_lets_an_assignment_change_only_by_ending():
    place = assign(make_case_file(), make_user())

    for change in ({"start_on": date(2020, 1, 1)}, {"role": "member"}, {"worker": make_user()}):
        with (
            pytest.raises(IntegrityError, match="changes_only_by_ending"),
            transaction.atomic(),
        ):
            Assignment.objects.filter(pk=place.pk).update(**change)
    Assignment.objects.filter(pk=place.pk).update(until_on=TOMORROW)
    with pytest.raises(IntegrityError, match="changes_only_by_ending"), transaction.atomic():
        Assignment.objects.filter(pk=place.pk).update(until_on=None)


def test_the_database_deletes_no_assignment():
    place = assign(make_case_file(), make_user())

    with (
        pytest.raises(DatabaseError, match=r"never_deleted|not authorized|prohibited|denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM casework_assignment")
    assert Assignment.objects.filter(pk=place.pk).exists()


def test_the_choice_is_among_social_workers_who_are_there_for_the_file():
    case_file = make_case_file()
    here, above = make_user(), make_user(unit=make_unit(TOWNSHIP))
    make_user(unit=make_unit(OTHER_VILLAGE))
    make_user(populations=["drug"])
    make_user(Role.SUPERVISOR, unit=make_unit(COUNTY))
    assign(make_case_file(), here)

    found = teams.candidates(case_file, TODAY)

    assert [(user, user.files, user.red) for user in found] == [(above, 0, 0), (here, 1, 0)]


def test_a_supervisor_assigns_on_the_page():
    case_file, worker = make_case_file(), make_user()
    client = client_for(make_user(Role.SUPERVISOR))
    page = f"/files/{case_file.number}/team/"
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})

    response = client.post(page, {"role": "lead", "worker": worker.log_reference})

    assert (response.status_code, response.url) == (302, page)
    assert team_of(case_file) == {"lead": worker}
    assert worker.name in client.get(page).content.decode()


def test_the_page_says_what_is_wrong():
    case_file = make_case_file()
    client = client_for(make_user(Role.SUPERVISOR))
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})

    response = client.post(
        f"/files/{case_file.number}/team/",
        {"role": "lead", "worker": make_user(unit=make_unit(OTHER_VILLAGE)).log_reference},
    )

    assert response.status_code == 422
    assert team_of(case_file) == {}


def sent(client, page, role, worker):
    """What the page of a team sends, with the team that stands there."""
    seen = client.get(page).context["form"].current
    return {"role": role, "worker": worker.log_reference, "seen": seen}


def team_page(case_file: CaseFile):
    """A supervisor, and the page of a team as they see it in English."""
    client = client_for(make_user(Role.SUPERVISOR))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client, f"/files/{case_file.number}/team/"


def test_the_page_refuses_to_make_the_lead_a_deputy_beside_the_field():
    case_file, worker = make_case_file(), make_user()
    assign(case_file, worker)
    client, page = team_page(case_file)

    response = client.post(page, sent(client, page, "deputy", worker))

    assert response.status_code == 422
    assert "somebody else lead first" in response.context["form"].errors["worker"][0]


def test_the_page_offers_the_place_that_is_missing():
    case_file = make_case_file()
    client, page = team_page(case_file)
    offered = []
    for place in ("lead", "deputy", "member"):
        offered.append(client.get(page).context["form"]["role"].value())
        assign(case_file, make_user(), place)

    assert offered == ["lead", "deputy", ""]


def test_of_two_who_give_the_lead_at_once_the_second_sees_the_team_first():
    case_file, first, second = make_case_file(), make_user(), make_user()
    client, page = team_page(case_file)
    colleague, _page = team_page(case_file)
    mine = sent(client, page, "lead", second)
    colleague.post(page, sent(colleague, page, "lead", first))

    answer = client.post(page, mine)

    assert answer.status_code == 422
    assert "The team has changed since you opened the page." in answer.text
    assert first.name in answer.text
    assert team_of(case_file) == {"lead": first}
    # What was chosen still stands there, and goes through once the team was seen.
    assert answer.context["form"]["worker"].value() == second.log_reference
    client.post(page, sent(client, page, "lead", second))
    assert team_of(case_file) == {"lead": second}


def test_a_team_that_changes_between_page_and_lock_is_said_as_well():
    case_file, worker = make_case_file(), make_user()
    seen = assignments.team_seen(case_file)
    assign(case_file, make_user(), "deputy")
    with pytest.raises(Refused, match="has changed"):
        assignments.assign(
            case_file=case_file,
            worker=worker,
            role="lead",
            by=make_user(Role.SUPERVISOR),
            today=TODAY,
            seen=seen,
        )


def test_the_page_says_who_has_come_and_who_has_gone():
    case_file, old, new = make_case_file(), make_user(name="Old"), make_user(name="New")
    client, page = team_page(case_file)

    def said(path, *chosen):
        values = sent(client, page, *chosen) if chosen else {}
        return str(next(iter(client.post(path, values, follow=True).context["messages"])))

    assert said(page, "lead", old) == ("Old now has a place in the team: Lead worker.")
    assert said(page, "lead", new) == (
        "New now has a place in the team: Lead worker. Old had it and gave it up today."
    )
    assert said(page, "member", old) == ("Old now has a place in the team: Team member.")
    place = Assignment.objects.active().get(worker=old)
    assert said(end_page(place)) == "Old has left the team: Team member."


def test_a_place_is_taken_away_after_it_was_asked_once_more():
    case_file, deputy = make_case_file(), make_user(name="Deputy")
    assign(case_file, deputy, "deputy")
    client, page = team_page(case_file)

    text = client.get(page).content.decode()

    button = text.index(f'action="{end_page(Assignment.objects.get())}"')
    before = text[:button]
    assert before.rindex("<details") > before.rindex(
        "</details>" if "</details>" in before else "<"
    )
    assert "no longer works on this file from today." in text


def end_page(place: Assignment, *, in_file: CaseFile | None = None) -> str:
    number = (in_file or place.case_file).number
    return f"/files/{number}/team/{place.role}/{place.worker.log_reference}/end/"


def test_a_place_is_taken_away_on_the_page():
    case_file, worker = make_case_file(), make_user()
    place = assign(case_file, worker, "deputy")
    other = assign(make_case_file(), make_user(), "deputy")
    client = client_for(make_user(Role.SUPERVISOR))

    crossed = client.post(end_page(other, in_file=case_file))
    response = client.post(end_page(place))

    assert (crossed.status_code, response.status_code) == (404, 302)
    assert team_of(case_file) == {}
    assert Assignment.objects.active().get() == other


def test_a_page_from_before_a_change_of_places_takes_none_away():
    case_file, worker = make_case_file(), make_user()
    before = assign(case_file, worker, "deputy")
    after = assign(case_file, worker)
    client = client_for(make_user(Role.SUPERVISOR))

    assert client.post(end_page(before)).status_code == 302
    assert client.post(f"/files/{case_file.number}/team/boss/u:x/end/").status_code == 404
    assert Assignment.objects.active().get() == after


def test_a_place_that_was_given_again_is_the_one_that_is_taken_away():
    case_file, worker = make_case_file(), make_user()
    first = assign(case_file, worker, "deputy")
    assign(case_file, worker, "member")
    assign(case_file, worker, "deputy")
    client = client_for(make_user(Role.SUPERVISOR))

    client.post(end_page(first))

    assert team_of(case_file) == {}


def test_a_refusal_to_take_away_is_said_on_the_page():
    case_file = make_case_file()
    place = assign(case_file, make_user())
    client = client_for(make_user(Role.SUPERVISOR))
    url = end_page(place)
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    client.post(url)

    page = client.post(url + "?again", follow=True).content.decode()

    assert "notice-error" in page


@pytest.mark.parametrize("page", ["team/", "team/lead/u:nobody/end/"])
def test_social_workers_do_not_open_the_page(page):
    case_file, worker = make_case_file(), make_user()
    assign(case_file, worker)

    assert client_for(worker).post(f"/files/{case_file.number}/{page}").status_code == 403


def test_a_rule_reads_the_team_without_asking_twice(django_assert_num_queries):
    worker = make_user()
    assign(make_case_file(), worker)
    case_file = CaseFile.objects.prefetch_related("assignments").get()

    with django_assert_num_queries(0):
        assert rules.is_in_team(worker, case_file)


def many(*workers, case_file, **values):
    return [
        assignments.NewPlace(case_file=case_file, worker=worker, role="member", **values)
        for worker in workers
    ]


def test_many_places_leave_the_same_traces_as_one():
    case_file, supervisor = make_case_file(), make_user(Role.SUPERVISOR)
    at = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    workers = (make_user(), make_user())

    assignments.assign_many(
        places=many(*workers, case_file=case_file, start_on=TODAY, at=at), by=supervisor
    )

    assert {row.worker for row in Assignment.objects.active()} == set(workers)
    assert len(events("assignment.started")) == 2
    pasts = Assignment.history.values_list("history_date", "history_user_id")
    assert list(pasts) == [(at, supervisor.pk)] * 2


def test_many_places_are_given_together_or_not_at_all():
    case_file, supervisor = make_case_file(), make_user(Role.SUPERVISOR)
    places = many(make_user(), make_user(Role.AUDITOR), case_file=case_file, start_on=TODAY)

    with pytest.raises(Refused, match="social worker"):
        assignments.assign_many(places=places, by=supervisor)

    assert Assignment.objects.count() == 0
    assert events("assignment.started") == []
