"""Own passwords, first passwords, and what a password must not lean on."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts import actions, rules
from kpm.accounts.actions import system_account
from kpm.accounts.hashers import Argon2PasswordHasher
from kpm.accounts.models import User
from kpm.accounts.passwords import ContextWordsValidator, one_time_password
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import client_for, make_unit, make_user

pytestmark = pytest.mark.django_db

OLD = "paper lantern over the river"
NEW = "seven quiet herons at dusk"
PASSWORD = "/password/"


def change(client, *, current=OLD, new=NEW, again=None):
    return client.post(
        PASSWORD, {"current": current, "password": new, "again": new if again is None else again}
    )


def test_changing_it_keeps_this_session_and_ends_the_others():
    user = make_user(password=OLD)
    here, elsewhere = client_for(user), client_for(user)
    assert change(here).status_code == 302
    assert here.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)
    event = LoggedEvent.objects.get(event=Event.PASSWORD_CHANGED)
    assert (event.actor, event.subject) == (user.log_reference, user.log_reference)


def test_neither_history_nor_log_holds_anything_of_the_password():
    user = make_user(password=OLD)
    change(client_for(user))
    row = user.history.latest()
    assert row.history_user_id == user.pk
    assert not hasattr(row, "password")
    assert not hasattr(row, "session_epoch")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"current": "not this one"}, "not your present password"),
        ({"again": "seven quiet herons at dawn"}, "not the same as above"),
        ({"new": "short"}, "at least 12"),
        ({"new": "password1234"}, "guess"),
        ({"new": OLD}, "that you have now"),
        ({"new": "x" * 129}, "128"),
        ({"new": ""}, "required"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(wrong, says):
    user = make_user(password=OLD)
    client = client_for(user)
    client.cookies["kpm_language"] = "en"
    response = change(client, **wrong)
    assert response.status_code == 422
    assert says in response.content.decode()
    user.refresh_from_db()
    assert user.check_password(OLD)
    assert not LoggedEvent.objects.filter(event=Event.PASSWORD_CHANGED).exists()


def test_with_a_one_time_password_nothing_else_is_open():
    user = make_user(password=OLD, must_change_password=True)
    client = client_for(user)
    for path in ("/", "/me/", "/accounts/"):
        assert client.get(path).url == PASSWORD
    assert client.get(PASSWORD).status_code == 200
    assert change(client).status_code == 302
    assert client.get("/me/").status_code == 200
    user.refresh_from_db()
    assert user.must_change_password is False


def test_with_a_one_time_password_one_can_still_sign_out():
    client = client_for(make_user(must_change_password=True))
    assert client.post("/sign-out/").status_code == 302


def test_a_visitor_changes_no_password():
    assert Client().get(PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "weak",
    [
        "Welcome2026!",
        "kpm-admin-2026",
        "shegong shegong 1",
        "重点人群管理系统2026",
        "xiaolin-xiaolin-1",
        "清溪镇清溪镇清溪镇清溪镇",
        "Ｗｅｌｃｏｍｅ２０２６！！",
    ],
)
def test_words_of_this_place_make_no_password(weak):
    user = User(username="xiaolin", name="林", unit=make_unit("100122101000", "清溪镇"))
    with pytest.raises(ValidationError):
        ContextWordsValidator().validate(weak, user)


@pytest.mark.parametrize(
    "strong",
    [
        NEW,
        "welcome the seven quiet herons",
        "七只白鹭在黄昏飞过河面回家去",
        "correct horse battery staple",
        "x9$kT!m2#qWz7&pL",
    ],
)
def test_long_phrases_are_welcome(strong):
    ContextWordsValidator().validate(strong, User(username="xiaolin", name="林小"))
    ContextWordsValidator().validate(strong)


def test_the_hint_says_what_to_avoid():
    assert ContextWordsValidator().get_help_text()


def test_a_one_time_password_is_strong_and_easy_to_type():
    made = {one_time_password() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", p) for p in made)


def test_a_first_password_can_be_made_again_until_it_is_used():
    admin = make_user(Role.SYSTEM_ADMINISTRATOR)
    user = make_user(None, password=OLD, must_change_password=True)
    client = client_for(admin)
    page = f"/accounts/{user.log_reference}/password/"
    assert client.get(page).status_code == 200
    response = client.post(page)
    shown = re.search(r"<code[^>]*>([^<]+)</code>", response.content.decode())[1]
    user.refresh_from_db()
    assert user.check_password(shown)
    assert user.must_change_password
    event = LoggedEvent.objects.get(event=Event.PASSWORD_ISSUED)
    assert (event.actor, event.subject) == (admin.log_reference, user.log_reference)


@pytest.mark.parametrize("start", [timedelta(0), timedelta(days=30)])
def test_who_opens_accounts_makes_no_password_for_an_account_with_a_role(start):
    system, security = make_user(Role.SYSTEM_ADMINISTRATOR), make_user(Role.SECURITY_ADMINISTRATOR)
    opened = actions.open_account(username="wang.min", name="王敏", unit=make_unit(), by=system)
    today = timezone.localdate()
    actions.grant_role(
        user=opened.user,
        role=Role.SOCIAL_WORKER,
        unit=make_unit(),
        start_on=today + start,
        by=security,
        today=today,
    )
    # Neither the password that they have seen opens the account now, nor a new one.
    sign_in = {"username": "wang.min", "password": opened.password}
    assert Client().post("/sign-in/", sign_in).status_code == 422
    page = f"/accounts/{opened.user.log_reference}/password/"
    answer = client_for(system).post(page)
    assert answer.status_code == 422
    assert "the security administrator makes" in answer.content.decode()
    assert page not in client_for(system).get("/accounts/").content.decode()
    assert page in client_for(security).get("/accounts/").content.decode()
    answer = client_for(security).post(page)
    assert answer.status_code == 200
    shown = re.search(r"<code[^>]*>([^<]+)</code>", answer.content.decode())[1]
    assert Client().post("/sign-in/", sign_in | {"password": shown}).status_code == 302


def test_a_grant_ends_the_session_of_whoever_used_the_one_time_password_before():
    user = make_user(None, password=OLD, must_change_password=True)
    client = client_for(user)
    assert client.get(PASSWORD).status_code == 200
    today = timezone.localdate()
    security = make_user(Role.SECURITY_ADMINISTRATOR)
    answer = client_for(security).post(
        "/grants/new/",
        {
            "user": user.log_reference,
            "role": "social_worker",
            "unit": user.unit.code if user.unit else make_unit().code,
            "start_on": today.isoformat(),
        },
        follow=True,
    )
    assert "make a new one" in answer.content.decode()
    assert client.get(PASSWORD).status_code == 302


def test_a_chosen_password_outlives_a_grant():
    user = make_user(None, password=OLD)
    today = timezone.localdate()
    actions.grant_role(
        user=user,
        role=Role.SOCIAL_WORKER,
        unit=make_unit(),
        start_on=today,
        by=make_user(Role.SECURITY_ADMINISTRATOR),
        today=today,
    )
    user.refresh_from_db()
    assert user.check_password(OLD)


def test_who_grants_roles_makes_no_password_for_an_account_without_one():
    user = make_user(None, password=OLD, must_change_password=True)
    client = client_for(make_user(Role.SECURITY_ADMINISTRATOR))
    answer = client.post(f"/accounts/{user.log_reference}/password/")
    assert answer.status_code == 422
    assert "the system administrator makes" in answer.content.decode()


def test_the_first_sign_in_is_told_to_who_looks_after_roles():
    user = make_user(password=OLD, username="lin", must_change_password=True)
    security = client_for(make_user(Role.SECURITY_ADMINISTRATOR))
    sign_in = {"username": "lin", "password": OLD}
    for _turn in range(2):
        Client().post("/sign-in/", sign_in)
    event = LoggedEvent.objects.get(event=Event.ACCOUNT_CLAIMED)
    assert (event.actor, event.subject) == (user.log_reference, user.log_reference)
    user.refresh_from_db()
    seen = f"{timezone.localtime(user.first_seen_at):%Y-%m-%d %H:%M}"
    assert seen in security.get("/accounts/").content.decode()
    # With another one-time password, the first time comes again.
    security.post(f"/accounts/{user.log_reference}/password/")
    user.refresh_from_db()
    assert user.first_seen_at is None


def test_nobody_sets_the_password_of_somebody_who_has_chosen_one():
    user = make_user(password=OLD)
    client = client_for(make_user(Role.SYSTEM_ADMINISTRATOR))
    response = client.post(f"/accounts/{user.log_reference}/password/")
    assert response.status_code == 422
    user.refresh_from_db()
    assert user.check_password(OLD)


def test_closed_and_system_accounts_get_no_password():
    client = client_for(make_user(Role.SYSTEM_ADMINISTRATOR))
    user = make_user(None, must_change_password=True)
    user.is_active = False
    user.save_as(by=None)
    assert client.post(f"/accounts/{user.log_reference}/password/").status_code == 422
    clock = system_account("clock")
    assert client.post(f"/accounts/{clock.log_reference}/password/").status_code == 404
    assert client.get("/accounts/u:nobody/password/").status_code == 404


def test_unknown_names_cost_the_same_hash_as_known_ones(monkeypatch):
    make_user(username="lin", password=OLD)
    hashed = []
    really = Argon2PasswordHasher.encode

    def counted(hasher, password, salt):
        hashed.append((type(hasher), hasher.time_cost, hasher.memory_cost, hasher.parallelism))
        return really(hasher, password, salt)

    def verified(hasher, password, encoded):
        hashed.append((type(hasher), hasher.time_cost, hasher.memory_cost, hasher.parallelism))
        return False

    monkeypatch.setattr(Argon2PasswordHasher, "encode", counted)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", verified)
    spent = {}
    for name in ("lin", "nobody"):
        hashed.clear()
        Client().post("/sign-in/", {"username": name, "password": "a wrong phrase"})
        spent[name] = list(hashed)
    assert spent["lin"] == spent["nobody"]
    assert len(spent["lin"]) == 1


@pytest.mark.parametrize("values", [{"is_active": False}, {"must_change_password": False}])
def test_the_rule_of_one_time_passwords_names_its_reason(values):
    by = make_user(Role.SYSTEM_ADMINISTRATOR)
    user = make_user(None)
    user.must_change_password = True
    rules.check_can_issue_password(by, user, has_grant=False)
    # A command makes the very first accounts with their roles.
    rules.check_can_issue_password(system_account("work"), user, has_grant=True)
    for name, value in values.items():
        setattr(user, name, value)
    with pytest.raises(Refused, match=r"does not sign in|password of their own"):
        rules.check_can_issue_password(by, user, has_grant=False)
