"""Opening accounts, and the names they go by."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts import actions
from kpm.accounts.models import User, normalise_username
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import COUNTY, client_for, make_unit, make_user

pytestmark = pytest.mark.django_db

OTHERS = [role for role in Role if role != Role.SYSTEM_ADMINISTRATOR]
NEW = {"username": "Wang.Min", "name": "王敏", "unit": COUNTY}


@pytest.fixture
def admin() -> User:
    return make_user(Role.SYSTEM_ADMINISTRATOR)


def test_an_account_is_opened_without_a_role_and_with_a_one_time_password(admin):
    client = client_for(admin)
    assert client.get("/accounts/new/").status_code == 200
    response = client.post("/accounts/new/", NEW)
    assert response.status_code == 200
    shown = re.search(r"<code[^>]*>([^<]+)</code>", response.content.decode())[1]
    user = User.objects.get(username="wang.min")
    assert user.check_password(shown)
    assert user.must_change_password
    assert user.role is None
    assert user.unit.code == COUNTY
    event = LoggedEvent.objects.get(event=Event.ACCOUNT_OPENED)
    assert (event.actor, event.subject) == (admin.log_reference, user.log_reference)
    assert user.history.get().history_user_id == admin.pk


def test_the_first_password_is_shown_on_one_answer_only(admin):
    client = client_for(admin)
    shown = re.search(
        r"<code[^>]*>([^<]+)</code>", client.post("/accounts/new/", NEW).content.decode()
    )[1]
    assert shown not in client.get("/accounts/").content.decode()
    assert shown not in str(dict(client.session))


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "li"},
        {"username": "x" * 33},
        {"username": "two words"},
        {"username": "s:clock"},
        {"name": ""},
        {"name": "x" * 51},
        {"unit": "100199000000"},
        {"unit": ""},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_opened(admin, wrong):
    response = client_for(admin).post("/accounts/new/", NEW | wrong)
    assert response.status_code == 422
    assert User.objects.filter(is_system=False).count() == 1
    assert not LoggedEvent.objects.filter(event=Event.ACCOUNT_OPENED).exists()


@pytest.mark.parametrize("alike", ["WANG.MIN", "ｗａｎｇ.min"])
def test_two_accounts_never_have_names_that_look_alike(admin, alike):
    client = client_for(admin)
    client.post("/accounts/new/", NEW)
    assert client.post("/accounts/new/", NEW | {"username": alike}).status_code == 422
    assert User.objects.filter(is_system=False).count() == 2


@pytest.mark.parametrize("role", [*OTHERS, None])
def test_another_role_opens_no_account(role):
    user = make_user(role)
    client = client_for(user)
    assert client.get("/accounts/new/").status_code == 403
    assert client.post("/accounts/new/", NEW).status_code == 403
    with pytest.raises(Refused):
        actions.open_account(username="x", name="x", unit=make_unit(COUNTY), by=user)
    assert User.objects.filter(is_system=False).count() == 1


def test_nothing_is_left_half_done_when_the_log_is_broken(admin, monkeypatch):
    def broken(*_args, **_kwargs):
        raise actions.log.NotWritten("broken")

    monkeypatch.setattr(actions.log, "record", broken)
    assert client_for(admin).post("/accounts/new/", NEW).status_code == 503
    assert not User.objects.filter(username="wang.min").exists()
    assert not User.history.filter(username="wang.min").exists()


def test_the_list_shows_accounts_without_roles_to_the_system_administrator(admin):
    worker = make_user(Role.SOCIAL_WORKER, name="陈静")
    client = client_for(admin)
    client.cookies["kpm_language"] = "en"
    page = client.get("/accounts/").content.decode().split("<main", 1)[1]
    assert worker.name in page
    assert "Social worker" not in page
    assert LoggedEvent.objects.get(event=Event.ACCOUNT_LISTED).actor == admin.log_reference


def test_the_list_shows_roles_to_the_security_administrator():
    make_user(Role.SOCIAL_WORKER)
    client = client_for(make_user(Role.SECURITY_ADMINISTRATOR))
    client.cookies["kpm_language"] = "en"
    page = client.get("/accounts/").content.decode().split("<main", 1)[1]
    assert "Social worker" in page
    assert "/accounts/new/" not in page


def test_the_list_takes_few_queries_whatever_its_length(admin, django_assert_max_num_queries):
    client = client_for(admin)
    for _ in range(60):
        make_user(None)
    with django_assert_max_num_queries(15):
        response = client.get("/accounts/")
    assert "page=2" in response.content.decode()
    assert client.get("/accounts/", {"page": "9999"}).status_code == 200
    assert client.get("/accounts/", {"page": "x"}).status_code == 200


def test_system_accounts_are_made_once_and_not_listed(admin):
    first, again = actions.system_account("ledger"), actions.system_account("ledger")
    assert first == again
    assert (first.log_reference, first.log_role, first.role) == ("s:ledger", "system", None)
    assert "s:ledger" not in client_for(admin).get("/accounts/").content.decode()
    with pytest.raises(KeyError):
        actions.system_account("nobody")


def test_a_part_of_the_system_is_called_in_the_language_of_whoever_reads():
    clock, person = actions.system_account("clock"), make_user(name="周敏")
    for language, words in (("zh-hans", "日常定期事项"), ("en", "Daily sweeps")):
        with translation.override(language):
            assert (clock.called, person.called) == (words, "周敏")
    # A name that this version does not know any more stays what it was.
    clock.log_reference = "s:gone"
    assert clock.called == clock.name


def test_two_processes_make_one_system_account(monkeypatch):
    made = actions.system_account("clock")
    # As the slower of two processes sees it: not there, and then it is.
    answers = iter([None])
    real = User.objects.filter

    def late(**lookup):
        found = real(**lookup)
        return found.none() if next(answers, 1) is None else found

    monkeypatch.setattr(User.objects, "filter", late)
    assert actions.system_account("clock") == made


def test_the_database_lets_no_system_account_sign_in():
    clock = actions.system_account("clock")
    clock.is_active = True
    with pytest.raises(IntegrityError), transaction.atomic():
        clock.save_as(by=None)
    user = make_user()
    user.log_reference = "s:user"
    with pytest.raises(IntegrityError), transaction.atomic():
        user.save_as(by=None)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Lin", "lin"),
        ("  lin ", "lin"),
        ("ｌｉｎ", "lin"),
        ("LI\u200bN\u00ad", "lin"),
        ("straße", "strasse"),
        ("王敏", "王敏"),
        ("lin\r\nroot", "linroot"),
    ],
)
def test_names_that_look_alike_are_one(typed, stored):
    assert normalise_username(typed) == stored
    assert normalise_username(stored) == stored


def test_a_name_is_found_by_its_one_spelling():
    user = make_user(username="lin")
    assert User.objects.get_by_natural_key(" LIN") == user
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(None)


def test_people_and_units_say_their_names():
    user = make_user(Role.SUPERVISOR, name="周岚")
    assert str(user) == "周岚"
    assert str(user.unit) == user.unit.name
    assert user.unit.name in str(user.grant)
    assert user.grant_on(timezone.localdate()) == user.grant


def test_a_name_that_came_into_use_this_moment_is_refused_in_words(admin, monkeypatch):
    make_user(username="wang.min")
    monkeypatch.setattr(actions.rules, "check_can_open_account", lambda *_: None)
    response = client_for(admin).post("/accounts/new/", NEW)
    assert response.status_code == 422
    assert "username" in response.context["form"].errors
