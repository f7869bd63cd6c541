"""Granting and ending roles; one at a time, and duties kept apart."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts import actions, rules, scoping
from kpm.accounts.models import RoleGrant, User
from kpm.errors import Refused
from kpm.ids import uuid7
from kpm.permissions import SEPARATED, Role
from tests.factories import COUNTY, TOWNSHIP, client_for, make_unit, make_user, the_demo

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
OTHERS = [role for role in Role if role != Role.SECURITY_ADMINISTRATOR]


@pytest.fixture
def guardian():
    make_unit(TOWNSHIP)
    return make_user(Role.SECURITY_ADMINISTRATOR)


@pytest.fixture
def newcomer():
    return make_user(None)


def sent(person, **change):
    return {
        "user": person.log_reference,
        "role": Role.SUPERVISOR,
        "unit": TOWNSHIP,
        "start_on": timezone.localdate().isoformat(),
        "until_on": "",
    } | change


def granted(user, role=Role.SUPERVISOR, start_on=TODAY, until_on=None, by=None):
    """Straight into the table, past every rule."""
    grant = RoleGrant(
        user=user,
        role=role,
        unit=make_unit(COUNTY),
        start_on=start_on,
        until_on=until_on,
        granted_by=by or the_demo(),
    )
    with transaction.atomic():
        grant.save_as(by=by)
    return grant


def test_a_role_is_granted_from_today_on(guardian, newcomer):
    client = client_for(guardian)
    assert client.get("/grants/new/").status_code == 200
    assert client.post("/grants/new/", sent(newcomer)).url == "/grants/"
    grant = RoleGrant.objects.get(user=newcomer)
    assert (grant.role, grant.unit.code, grant.granted_by) == ("supervisor", TOWNSHIP, guardian)
    assert grant.history.get().history_user_id == guardian.pk
    event = LoggedEvent.objects.get(event=Event.GRANT_STARTED)
    assert (event.actor, event.subject) == (guardian.log_reference, newcomer.log_reference)
    assert grant.log_reference in event.body
    assert client_for(newcomer).get("/me/").status_code == 200


def test_a_grant_can_be_limited_to_some_groups(guardian, newcomer, monkeypatch):
    monkeypatch.setattr(scoping, "POPULATIONS", {"drug": "Drug", "released": "Released"})
    monkeypatch.setattr("kpm.accounts.forms.POPULATIONS", scoping.POPULATIONS)
    client = client_for(guardian)
    wrong = client.post("/grants/new/", sent(newcomer, populations=["everybody"]))
    assert wrong.status_code == 422
    client.post("/grants/new/", sent(newcomer, populations=["drug"]))
    assert newcomer.populations == ["drug"]
    assert make_user().populations == []


def test_a_role_planned_for_later_is_not_held_today(guardian, newcomer):
    start = timezone.localdate() + DAY
    client_for(guardian).post("/grants/new/", sent(newcomer, start_on=start.isoformat()))
    assert newcomer.role is None
    assert newcomer.grant_on(start).role == Role.SUPERVISOR


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"start_on": (timezone.localdate() - DAY).isoformat()}, "start_on"),
        ({"start_on": "soon"}, "start_on"),
        ({"until_on": timezone.localdate().isoformat()}, "until_on"),
        ({"role": "superuser"}, "role"),
        ({"role": ""}, "role"),
        ({"unit": "nowhere"}, "unit"),
        ({"user": "u:nobody"}, "user"),
        ({"user": "s:clock"}, "user"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(guardian, newcomer, wrong, field):
    actions.system_account("clock")
    response = client_for(guardian).post("/grants/new/", sent(newcomer, **wrong))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert RoleGrant.objects.count() == 1


@pytest.mark.parametrize("role", [*OTHERS, None])
def test_another_role_grants_and_ends_nothing(role, newcomer):
    user = make_user(role)
    grant = granted(newcomer, start_on=timezone.localdate())
    client = client_for(user)
    for path in ("/grants/", "/grants/new/", f"/grants/{grant.log_reference}/end/"):
        assert client.get(path).status_code == 403
    assert client.post("/grants/new/", sent(make_user(None))).status_code == 403
    refusals = LoggedEvent.objects.filter(event=Event.PERMISSION_REFUSED)
    assert {refusal.actor for refusal in refusals} == {user.log_reference}
    with pytest.raises(Refused):
        rules.check_can_grant_role(user, newcomer)
    with pytest.raises(Refused):
        rules.check_can_end_grant(user, grant)


def test_nobody_grants_a_role_to_themselves(guardian):
    response = client_for(guardian).post("/grants/new/", sent(guardian))
    assert response.status_code == 422
    assert "user" in response.context["form"].errors
    with pytest.raises(IntegrityError, match="nobody_grants_a_role_to_themselves"):
        granted(guardian, by=guardian, start_on=date(2000, 1, 1), until_on=date(2000, 2, 1))


def test_a_closed_account_is_granted_nothing(guardian, newcomer):
    newcomer.is_active = False
    newcomer.save_as(by=None)
    assert client_for(guardian).post("/grants/new/", sent(newcomer)).status_code == 422
    with pytest.raises(Refused):
        rules.check_can_grant_role(guardian, newcomer)


def test_a_part_of_the_system_holds_no_role(guardian):
    clock = actions.system_account("clock")
    with pytest.raises(Refused):
        rules.check_can_grant_role(guardian, clock)
    with pytest.raises(DatabaseError, match="a_system_account_holds_no_role"):
        granted(clock)


def test_the_demo_may_grant_what_it_invents(newcomer):
    demo = actions.system_account("demo")
    actions.grant_role(
        user=newcomer,
        role=Role.SOCIAL_WORKER,
        unit=make_unit(TOWNSHIP),
        start_on=TODAY,
        by=demo,
        today=TODAY,
    )
    assert newcomer.grants.get().granted_by == demo


@pytest.mark.parametrize(
    ("first", "second"),
    [(a, b) for a in Role for b in Role if a != b and {a, b} & SEPARATED],
)
def test_duties_that_watch_each_other_never_meet_in_one_person(guardian, newcomer, first, second):
    today = timezone.localdate()
    granted(newcomer, first, start_on=today)
    with pytest.raises(DatabaseError, match="separated_duties_never_overlap"):
        granted(newcomer, second, start_on=today + DAY)
    response = client_for(guardian).post("/grants/new/", sent(newcomer, role=second))
    assert response.status_code == 422
    assert "role" in response.context["form"].errors
    assert newcomer.grants.count() == 1


@pytest.mark.parametrize("second", [Role.SUPERVISOR, Role.SOCIAL_WORKER, Role.PRIVACY_OFFICER])
def test_a_person_holds_one_grant_at_a_time(guardian, newcomer, second):
    today = timezone.localdate()
    granted(newcomer, Role.SUPERVISOR, start_on=today)
    with pytest.raises(DatabaseError, match="a_person_holds_one_grant_at_a_time"):
        granted(newcomer, second, start_on=today + DAY)
    assert client_for(guardian).post("/grants/new/", sent(newcomer, role=second)).status_code == 422


@pytest.mark.parametrize(
    ("start", "until", "fits"),
    [
        (0, 10, True),
        (0, 11, False),
        (12, 13, False),
        (0, None, False),
        (19, None, False),
        (20, None, True),
        (20, 21, True),
    ],
)
def test_one_grant_may_follow_another_but_never_overlap(newcomer, start, until, fits):
    granted(newcomer, start_on=TODAY + 10 * DAY, until_on=TODAY + 20 * DAY)
    end = None if until is None else TODAY + until * DAY
    second = RoleGrant(
        user=newcomer,
        role=Role.AUDITOR,
        unit=make_unit(COUNTY),
        start_on=TODAY + start * DAY,
        until_on=end,
        granted_by=the_demo(),
    )
    assert (rules.overlapping(second) == []) is fits
    if fits:
        second.save_as(by=None)
    else:
        with pytest.raises(DatabaseError, match="separated"), transaction.atomic():
            second.save_as(by=None)


def test_a_grant_that_ended_before_it_began_is_in_nobodys_way(newcomer):
    tomorrow = timezone.localdate() + DAY
    grant = granted(newcomer, start_on=tomorrow)
    grant.until_on = tomorrow
    grant.save_as(by=None)
    assert newcomer.grant_on(tomorrow) is None
    granted(newcomer, Role.AUDITOR, start_on=tomorrow - DAY)


def test_a_role_that_ends_today_is_gone_at_the_next_request(guardian):
    worker = make_user(Role.SYSTEM_ADMINISTRATOR)
    client = client_for(worker)
    assert client.get("/accounts/").status_code == 200
    grant = worker.grants.get()
    page = f"/grants/{grant.log_reference}/end/"
    admin = client_for(guardian)
    assert admin.get(page).status_code == 200
    assert admin.post(page, {"until_on": timezone.localdate().isoformat()}).url == "/grants/"
    assert client.get("/accounts/").status_code == 403
    event = LoggedEvent.objects.get(event=Event.GRANT_ENDED)
    assert (event.actor, event.subject) == (guardian.log_reference, worker.log_reference)
    assert grant.history.latest().history_user_id == guardian.pk


@pytest.mark.parametrize("until", [-1, None, 11])
def test_an_end_is_neither_past_nor_later_than_planned(guardian, newcomer, until):
    today = timezone.localdate()
    grant = granted(newcomer, start_on=today - DAY, until_on=today + 10 * DAY)
    until_on = "" if until is None else (today + until * DAY).isoformat()
    response = client_for(guardian).post(
        f"/grants/{grant.log_reference}/end/", {"until_on": until_on}
    )
    assert response.status_code == 422
    assert "until_on" in response.context["form"].errors
    grant.refresh_from_db()
    assert grant.until_on == today + 10 * DAY


def test_an_end_is_not_before_the_start():
    grant = RoleGrant(start_on=TODAY + 5 * DAY)
    with pytest.raises(Refused):
        rules.check_end_fits(grant, TODAY, today=TODAY)
    rules.check_end_fits(grant, TODAY + 5 * DAY, today=TODAY)


def test_what_has_ended_is_not_ended_again(guardian, newcomer):
    today = timezone.localdate()
    grant = granted(newcomer, start_on=today - DAY, until_on=today)
    response = client_for(guardian).post(
        f"/grants/{grant.log_reference}/end/", {"until_on": today.isoformat()}
    )
    assert response.status_code == 422


def test_nobody_ends_their_own_role(guardian):
    grant = guardian.grants.get()
    response = client_for(guardian).post(
        f"/grants/{grant.log_reference}/end/", {"until_on": timezone.localdate().isoformat()}
    )
    assert response.status_code == 422
    grant.refresh_from_db()
    assert grant.until_on is None


def test_an_unknown_grant_is_not_found(guardian):
    assert client_for(guardian).get("/grants/g:nothing/end/").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.AUDITOR},
        {"start_on": date(2019, 1, 1)},
        {"populations": ["drug"]},
        {"until_on": None},
        {"until_on": date(2030, 1, 2)},
        {"log_reference": "g:other"},
        {"id": uuid7()},
    ],
)
def test_the_database_lets_a_grant_change_only_by_ending_sooner(change):
    worker = make_user(until_on=date(2030, 1, 1))
    with pytest.raises(DatabaseError, match="a_grant_changes_only"), transaction.atomic():
        RoleGrant.objects.filter(user=worker).update(**change)
    RoleGrant.objects.filter(user=worker).update(until_on=date(2029, 1, 1))


@pytest.mark.parametrize("days", [-3, -1, 5])
def test_the_database_keeps_the_end_of_a_grant_that_has_ended(newcomer, days):
    today = timezone.localdate()
    grant = granted(newcomer, start_on=today - 9 * DAY, until_on=today - 2 * DAY)
    name = "a_grant_(that_has_ended_keeps_its_end|changes_only_by_ending_sooner|never_ends)"
    with pytest.raises(DatabaseError, match=name), transaction.atomic():
        RoleGrant.objects.filter(pk=grant.pk).update(until_on=today + days * DAY)


@pytest.mark.parametrize("planned", [None, 30])
def test_the_database_lets_no_grant_have_ended_before_today(newcomer, planned):
    today = timezone.localdate()
    until_on = planned and today + planned * DAY
    grant = granted(newcomer, start_on=today - 9 * DAY, until_on=until_on)
    found = RoleGrant.objects.filter(pk=grant.pk)
    # The clock of the database may be a day behind the day here, never before it.
    for days in (-9, -2):
        with (
            pytest.raises(DatabaseError, match="a_grant_never_ends_in_the_past"),
            transaction.atomic(),
        ):
            found.update(until_on=today + days * DAY)
    found.update(until_on=today)


@pytest.mark.parametrize("table", ["unit", "user", "rolegrant"])
def test_the_database_deletes_no_unit_account_or_grant(guardian, table):
    said = "never_deleted|not authorized|prohibited|permission denied"
    with (
        pytest.raises(DatabaseError, match=said),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM accounts_{table}")  # noqa: S608 a name of ours


@pytest.mark.parametrize(
    "change", [{"log_reference": "u:other"}, {"is_system": True}, {"id": uuid7()}]
)
def test_the_database_lets_an_account_keep_its_reference_and_its_kind(newcomer, change):
    with (
        pytest.raises(DatabaseError, match="an_account_keeps_its_reference_and_its_kind"),
        transaction.atomic(),
    ):
        User.objects.filter(pk=newcomer.pk).update(**change)


def test_the_database_wants_to_know_who_granted(newcomer):
    with pytest.raises(IntegrityError, match="granted_by_id"), transaction.atomic():
        RoleGrant.objects.create(
            user=newcomer, role=Role.AUDITOR, unit=make_unit(COUNTY), start_on=TODAY
        )


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"role": "superuser"}, "a_grant_names_a_known_role"),
        ({"until_on": TODAY - DAY}, "a_grant_does_not_end_before_it_starts"),
    ],
)
def test_the_database_refuses_what_no_form_would_send(newcomer, wrong, name):
    with pytest.raises(IntegrityError, match=name):
        granted(newcomer, **wrong)


def test_the_list_says_what_holds_what_ended_and_what_will_be(guardian, newcomer):
    today = timezone.localdate()
    granted(newcomer, start_on=today - 2 * DAY, until_on=today)
    granted(newcomer, start_on=today + DAY)
    client = client_for(guardian)
    client.cookies["kpm_language"] = "en"
    page = client.get("/grants/").content.decode().split("<main", 1)[1]
    for state in ("ended", "planned", "in force"):
        assert state in page
    assert page.count("/end/") == 2


def test_the_list_takes_few_queries_whatever_its_length(guardian, django_assert_max_num_queries):
    client = client_for(guardian)
    for _ in range(60):
        make_user()
    with django_assert_max_num_queries(15):
        client.get("/grants/")


def test_grants_leave_a_history_with_who_and_when(guardian, newcomer):
    # The database compares an end with its own clock.
    today = timezone.localdate()
    grant = actions.grant_role(
        user=newcomer,
        role=Role.SUPERVISOR,
        unit=make_unit(TOWNSHIP),
        start_on=today,
        by=guardian,
        today=today,
    )
    actions.end_grant(grant=grant, until_on=today + DAY, by=guardian, today=today)
    rows = list(grant.history.order_by("history_date"))
    assert [row.until_on for row in rows] == [None, today + DAY]
    assert {row.history_user_id for row in rows} == {guardian.pk}
    with pytest.raises(FieldDoesNotExist):
        type(rows[0])._meta.get_field("password")
