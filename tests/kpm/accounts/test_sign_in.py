"""Signing in and out, and what the log says of it."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import log
from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts import actions, hashers
from kpm.accounts.actions import network_of, system_account
from kpm.accounts.backends import PasswordBackend
from kpm.accounts.models import Session, UnknownSignIn
from kpm.accounts.sessions import SessionStore
from kpm.permissions import Role
from tests.factories import client_for, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db

PASSWORD = "paper lantern over the river"
SIGN_IN = "/sign-in/"


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra):
    return client.post(SIGN_IN, {"username": username, "password": password}, **extra)


def events(event: Event):
    return LoggedEvent.objects.filter(event=event)


def test_the_right_password_leads_home_and_is_logged():
    user = make_user(Role.AUDITOR, username="lin", password=PASSWORD)
    client = Client()
    response = sign_in(client, "lin")
    assert response.status_code == 302
    assert response.url == reverse("home")
    assert client.get("/me/").status_code == 200
    event = events(Event.SESSION_STARTED).get()
    assert event.actor == user.log_reference
    assert event.subject == user.log_reference
    assert f'"ss":"{Session.objects.get().log_reference}"' in event.body


def test_every_wrong_sign_in_gets_the_same_answer():
    make_user(username="lin", password=PASSWORD)
    closed = make_user(username="closed", password=PASSWORD)
    closed.is_active = False
    closed.save_as(by=None)
    make_user(username="never", password="")
    answers = set()
    for username in ("lin", "closed", "never", "nobody"):
        response = sign_in(Client(), username, "a wrong pass phrase")
        assert response.status_code == 422
        page = response.content.decode()
        answers.add(page.replace(username, "").split("<main", 1)[1].split("csrfmiddlewaretoken")[0])
    assert len(answers) == 1
    assert not Session.objects.exists()


def test_a_closed_account_does_not_sign_in_with_the_right_password():
    user = make_user(username="lin", password=PASSWORD)
    user.is_active = False
    user.save_as(by=None)
    assert sign_in(Client(), "lin").status_code == 422
    assert not Session.objects.exists()


def test_a_system_account_never_signs_in():
    account = system_account("clock")
    assert sign_in(Client(), account.username, "x").status_code == 422


def test_a_failed_try_is_logged_under_the_account_it_was_aimed_at():
    user = make_user(username="lin", password=PASSWORD)
    sign_in(Client(), "lin", "wrong")
    event = events(Event.SESSION_REFUSED).get()
    assert (event.actor, event.subject, event.outcome) == ("x:anon", user.log_reference, "denied")
    assert not UnknownSignIn.objects.exists()


def test_a_name_of_nobody_is_only_counted():
    before = LoggedEvent.objects.count()
    for name in ("nobody", "MyPassword123!"):
        sign_in(Client(), name, "wrong", REMOTE_ADDR="127.0.2.77")
    assert LoggedEvent.objects.count() == before
    count = UnknownSignIn.objects.get()
    assert (count.network, count.tries, count.day) == ("127.0.2.0/24", 2, timezone.localdate())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_networks_are_too_wide_for_a_person(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize("typed", ["lin", " LIN", "Lin ", "ｌｉｎ", "li\u200bn", "\ufefflin"])
def test_a_name_is_found_however_it_is_typed(typed):
    make_user(username="lin", password=PASSWORD)
    assert sign_in(Client(), typed).status_code == 302


def test_a_password_is_taken_as_it_was_typed():
    make_user(username="lin", password=f" {PASSWORD} ")
    assert sign_in(Client(), "lin", PASSWORD).status_code == 422
    assert sign_in(Client(), "lin", f" {PASSWORD} ").status_code == 302


def test_a_huge_password_is_refused_before_it_is_hashed(monkeypatch):
    make_user(username="lin", password=PASSWORD)
    monkeypatch.setattr("kpm.accounts.hashers.Argon2PasswordHasher.verify", None)
    monkeypatch.setattr("kpm.accounts.hashers.Argon2PasswordHasher.encode", None)
    assert sign_in(Client(), "lin", "x" * 10_000).status_code == 422


def test_the_page_does_not_repeat_the_password():
    response = sign_in(Client(), "nobody", "my secret phrase")
    assert "my secret phrase" not in response.content.decode()


def test_signing_in_changes_the_key_of_the_session():
    make_user(username="lin", password=PASSWORD)
    client = Client()
    planted = client.session
    planted["x"] = 1
    planted.save()
    client.cookies["kpm_session"] = planted.session_key
    sign_in(client, "lin")
    assert client.cookies["kpm_session"].value != planted.session_key
    thief = Client()
    thief.cookies["kpm_session"] = planted.session_key
    assert thief.get("/me/").status_code == 302


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/me/?page=2", "/me/?page=2"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("https:evil.example", "/"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("\t//evil.example", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_only_to_pages_of_ours(wanted, led):
    make_user(username="lin", password=PASSWORD)
    response = Client().post(
        SIGN_IN, {"username": "lin", "password": PASSWORD}, query_params={"next": wanted}
    )
    assert response.url == led


def test_whoever_is_signed_in_goes_on():
    response = client_for(make_user()).get(SIGN_IN, {"next": "/me/"})
    assert (response.status_code, response.url) == (302, "/me/")


def test_a_visitor_is_asked_to_sign_in_and_led_back():
    response = Client().get("/me/?page=3")
    assert response.url == "/sign-in/?next=%2Fme%2F%3Fpage%3D3"


def test_whoever_sends_a_form_too_late_is_told_and_led_back_to_it():
    client = Client()
    late = client.post("/password/", headers={"Referer": "http://testserver/password/?x=1"})
    assert late.url == f"{SIGN_IN}?ended=1&next=%2Fpassword%2F"
    assert "was not saved" in client.get(late.url).content.decode()
    elsewhere = client.post("/password/", headers={"Referer": "http://elsewhere.example/x"})
    assert elsewhere.url == f"{SIGN_IN}?ended=1&next=%2F"


def test_signing_out_ends_the_session_and_empties_the_cache():
    user = make_user()
    client = client_for(user)
    key = client.cookies["kpm_session"].value
    response = client.post("/sign-out/")
    assert response.headers["Clear-Site-Data"] == '"cache"'
    assert events(Event.SESSION_ENDED).get().actor == user.log_reference
    replay = Client()
    replay.cookies["kpm_session"] = key
    assert replay.get("/me/").status_code == 302
    assert not Session.objects.exists()


def test_signing_out_twice_does_no_harm():
    assert Client().post("/sign-out/").status_code == 302
    assert not events(Event.SESSION_ENDED).exists()


def test_signing_out_is_not_done_by_a_link():
    assert client_for(make_user()).get("/sign-out/").status_code == 405


def test_a_gate_that_stays_shut_asks_to_come_back(monkeypatch):
    make_user(username="lin", password=PASSWORD)
    monkeypatch.setattr(hashers, "PATIENCE", 0.01)
    with hashers._gate(), hashers._gate():
        response = sign_in(Client(), "lin")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert sign_in(Client(), "lin").status_code == 302


def test_passwords_are_hashed_as_measured():
    encoded = make_password(PASSWORD)
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_nobody_signs_in_while_the_log_is_broken(monkeypatch):
    make_user(username="lin", password=PASSWORD)

    def broken(*_args, **_kwargs):
        raise log.NotWritten("broken")

    monkeypatch.setattr(actions.log, "record", broken)
    client = Client()
    assert sign_in(client, "lin").status_code == 503
    assert not Session.objects.exists()


def test_a_session_that_was_idle_too_long_is_over():
    client = client_for(make_user())
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=16))
    assert client.get("/me/").status_code == 302


def test_the_backend_answers_nobody_else():
    backend = PasswordBackend()
    user = make_user(username="lin", password=PASSWORD)
    assert backend.authenticate(None, username="lin", password=PASSWORD) == user
    assert backend.authenticate(None, username="lin") is None
    assert backend.authenticate(None, token="x") is None
    assert backend.get_user(user.pk) == user
    assert backend.get_user("no such thing") is None


def test_signing_in_needs_no_context_of_the_log(rf):
    user = make_user(username="lin", password=PASSWORD)
    request = rf.post(SIGN_IN)
    request.session = SessionStore()
    now = timezone.now()
    found = actions.sign_in(
        request=request, username="lin", password=PASSWORD, address="192.0.2.1", now=now
    )
    assert found == user
    assert str(Session.objects.get()) == request.session.log_reference


def test_counts_of_unknown_names_say_day_and_network():
    sign_in(Client(), "nobody", "wrong", REMOTE_ADDR="127.0.2.77")
    assert str(UnknownSignIn.objects.get()) == f"{timezone.localdate()} 127.0.2.0/24"


@pytest.mark.parametrize(
    "odd", ["lin\x00", "\x00", "lin\r\nX: y", "𠮷" * 64, "\u202elin", "' OR 1=1 --"]
)
def test_odd_names_are_answered_in_words(odd):
    assert sign_in(Client(), odd, "x\x00").status_code == 422
    odd_agent = {"user-agent": "\x1b[2J" + "x" * 9000}
    assert sign_in(Client(), odd, "wrong", headers=odd_agent).status_code == 422


def test_a_wall_of_wrong_passwords_is_answered_and_every_one_logged(real_commits):
    user = make_user(username="lin", password=PASSWORD)
    codes = at_once(12, lambda _turn: sign_in(Client(), "lin", "wrong").status_code)
    assert codes == [422] * 12
    assert events(Event.SESSION_REFUSED).filter(subject=user.log_reference).count() == 12
