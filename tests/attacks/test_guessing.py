"""Guessing passwords: at the door, where waits grow, and on an open page, which is closed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts import throttles
from kpm.accounts.models import FailedTry, Session, UnknownSignIn
from kpm.accounts.sweeps import forget_failed_tries
from kpm.accounts.throttles import NAME, NETWORK, TooSoon
from tests.factories import client_for, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db
PASSWORD, WRONG = "paper lantern over the river", "a wrong phrase"
NOW = timezone.now()


def sign_in(name, password=WRONG, **more):
    fields = {"username": name, "password": password}
    return client_for(None).post("/sign-in/", fields, **more)


def words(answer):
    return answer.context["form"].non_field_errors()[0].split(". Wait")[0]


def test_after_a_few_failures_the_right_password_waits_as_well():
    user = make_user(username="lin", password=PASSWORD)
    for _turn in range(NAME.free):
        assert sign_in("lin").status_code == 422
    answer = sign_in("lin", PASSWORD)
    assert answer.status_code == 422
    assert "Too many failed tries" in words(answer)
    assert not Session.objects.exists()
    refused = LoggedEvent.objects.filter(event=Event.SESSION_REFUSED, subject=user.log_reference)
    assert refused.count() == NAME.free + 1
    assert '"rule":"too_soon"' in refused.last().body
    FailedTry.objects.update(opens_at=NOW - timedelta(seconds=1))
    assert sign_in("lin", PASSWORD).status_code == 302
    # And all is well again.
    assert sign_in("lin").context["form"].non_field_errors() == [
        "This name and password do not belong together."
    ]


def test_the_wait_does_not_say_whether_there_is_such_an_account():
    make_user(username="lin", password=PASSWORD)
    told = {}
    for name in ("lin", "nobody"):
        told[name] = [words(sign_in(name)) for _turn in range(NAME.free + 2)]
    assert told["lin"] == told["nobody"]
    assert UnknownSignIn.objects.get().tries == NAME.free + 2


def test_what_is_kept_of_a_name_is_a_bucket():
    sign_in("MyPassword123!")
    kept = FailedTry.objects.get(key=NAME.key("mypassword123!"))
    assert len(bytes(kept.key)) == 3
    keys = {NAME.key(str(number)) for number in range(5_000)}
    assert {key[:1] for key in keys} == {b"n"}
    assert len(keys) < 5_000


def test_many_at_one_moment_are_many(real_commits):
    now = timezone.now()

    def enter(_turn):
        try:
            return throttles.enter([(NAME, "lin")], now=now)
        except TooSoon:
            return None

    got = at_once(12, enter)
    assert sorted(each for each in got if each) == list(range(1, NAME.free + 1))


def test_waits_grow_and_end():
    assert NAME.wait(NAME.free - 1) == timedelta(0)
    waits = [NAME.wait(NAME.free + more).total_seconds() for more in range(8)]
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    assert NETWORK.wait(10**6) == NETWORK.longest


def test_a_stranger_locks_nobody_out():
    now = NOW
    for _turn in range(NAME.free):
        throttles.enter([(NAME, "lin")], now=now)
    for _turn in range(20):
        # As often as they like: a try during the wait makes it no longer.
        told = []
        for _try in range(3):
            with pytest.raises(TooSoon) as early:
                throttles.enter([(NAME, "lin")], now=now)
            told.append(early.value.seconds)
        assert len(set(told)) == 1
        assert told[0] <= NAME.longest.total_seconds() + 1
        now += timedelta(seconds=told[0])
        throttles.enter([(NAME, "lin")], now=now)
    # Another name from the same place is somebody else's.
    throttles.enter([(NAME, "wang")], now=now)
    throttles.enter([(NAME, "lin")], now=now + NAME.memory * 2)
    assert FailedTry.objects.get(key=NAME.key("lin")).tries == 1


def test_a_network_waits_whatever_names_it_tries():
    for number in range(NETWORK.free):
        throttles.enter([(NAME, str(number)), (NETWORK, "192.0.2.0/24")], now=NOW)
    with pytest.raises(TooSoon):
        throttles.enter([(NAME, "another"), (NETWORK, "192.0.2.0/24")], now=NOW)
    throttles.enter([(NAME, "another"), (NETWORK, "198.51.100.0/24")], now=NOW)


def test_ones_own_password_does_not_wash_a_network_clean():
    network = (NETWORK, "192.0.2.0/24")
    for number in range(10):
        throttles.enter([(NAME, str(number)), network], now=NOW)
    throttles.succeeded([(NAME, "9"), network], now=NOW)
    assert FailedTry.objects.get(key=NETWORK.key("192.0.2.0/24")).tries == 9
    assert not FailedTry.objects.filter(key=NAME.key("9")).exists()


def test_failed_tries_are_forgotten():
    throttles.enter([(NAME, "lin")], now=NOW)
    forget_failed_tries(NOW + timedelta(hours=23))
    assert FailedTry.objects.exists()
    forget_failed_tries(NOW + timedelta(hours=25))
    assert not FailedTry.objects.exists()


def change(client, current):
    new = "seven quiet herons at dusk"
    return client.post("/password/", {"current": current, "password": new, "again": new})


def test_guessing_on_an_open_page_is_an_event_and_ends_the_session():
    user = make_user(password=PASSWORD)
    client = client_for(user)
    for _turn in range(4):
        answer = change(client, WRONG)
        assert answer.status_code == 422
        assert "This is not your present password." in answer.content.decode()
    answer = change(client, WRONG)
    assert answer["Location"] == "/sign-in/"
    assert "you were signed out" in client.get("/sign-in/").content.decode()
    assert client.get("/me/").status_code == 302
    refused = LoggedEvent.objects.filter(event=Event.PASSWORD_REFUSED)
    assert refused.count() == 5
    assert {event.actor for event in refused} == {user.log_reference}
    assert LoggedEvent.objects.filter(event=Event.SESSION_ENDED).count() == 1
    assert change(client, PASSWORD)["Location"].startswith("/sign-in/")


def test_the_right_password_starts_the_count_again():
    client = client_for(make_user(password=PASSWORD))
    for _turn in range(4):
        change(client, WRONG)
    assert change(client, PASSWORD).status_code == 302
    assert change(client, WRONG).status_code == 422
    assert not FailedTry.objects.filter(tries__gt=1).exists()


def test_many_guesses_at_one_moment_are_no_more_than_five(monkeypatch):
    user = make_user(password=PASSWORD)
    client = client_for(user)
    session = Session.objects.get()
    for _turn in range(throttles.SESSION.free):
        # As the others have done that arrived a moment before.
        throttles.enter([(throttles.SESSION, session.log_reference)], now=timezone.now())
    assert change(client, PASSWORD)["Location"] == "/sign-in/"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert Client().get("/me/").status_code == 302
