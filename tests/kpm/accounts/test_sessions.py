"""Where sign-ins are kept, and when they end."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.core import signing
from django.db import connection
from django.utils import timezone

from kpm.accounts.models import Session
from kpm.accounts.sessions import SessionStore, hash_key
from kpm.accounts.sweeps import end_old_sessions
from tests.factories import client_for, make_user

pytestmark = pytest.mark.django_db

COOKIE = "kpm_session"


def signs_in_as_before(client):
    return client.get("/me/").status_code == 200


def test_a_copy_of_the_table_opens_nothing():
    client = client_for(make_user())
    key = client.cookies[COOKIE].value
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_session")
        row = repr(cursor.fetchall())
    assert key not in row
    thief = client_for(None)
    for stolen in (Session.objects.get().log_reference, hash_key(key).hex()):
        thief.cookies[COOKIE] = stolen
        assert not signs_in_as_before(thief)


def test_a_session_names_its_person():
    user = make_user()
    client_for(user)
    assert Session.objects.get().user == user


def test_a_tampered_session_is_over():
    client = client_for(make_user())
    Session.objects.update(payload=signing.dumps({"_auth_user_id": "x"}, salt="another"))
    assert not signs_in_as_before(client)


def test_a_session_ends_after_fifteen_idle_minutes():
    client = client_for(make_user())
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=14, seconds=50))
    assert signs_in_as_before(client)
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=15, seconds=1))
    assert not signs_in_as_before(client)


def test_a_session_ends_after_ten_hours_of_work():
    client = client_for(make_user())
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not signs_in_as_before(client)


def test_a_session_lasts_ten_hours_at_most():
    client_for(make_user())
    session = Session.objects.get()
    assert session.expires_at - session.started_at == timedelta(hours=10)


def test_every_request_starts_the_idle_clock_again():
    client = client_for(make_user())
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=10))
    client.get("/me/")
    assert Session.objects.get().seen_at > timezone.now() - timedelta(seconds=30)


def test_the_idle_clock_is_not_written_at_every_request(django_assert_max_num_queries):
    client = client_for(make_user())
    seen = Session.objects.get().seen_at
    client.get("/me/")
    assert Session.objects.get().seen_at == seen


def test_a_raised_epoch_ends_every_session():
    user = make_user()
    clients = [client_for(user), client_for(user)]
    user.session_epoch += 1
    user.save_as(by=None)
    assert not any(signs_in_as_before(client) for client in clients)


def test_a_closed_account_has_no_session_from_the_next_request_on():
    user = make_user()
    client = client_for(user)
    user.is_active = False
    user.save_as(by=None)
    assert not signs_in_as_before(client)


def test_a_session_that_was_ended_meanwhile_stays_ended():
    client = client_for(make_user())
    store = SessionStore(client.cookies[COOKIE].value)
    store["x"] = 1
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_a_key_is_given_once():
    store = SessionStore()
    store.create()
    with pytest.raises(CreateError):
        store.save(must_create=True)


def test_a_session_can_be_saved_read_and_deleted():
    store = SessionStore()
    assert store.log_reference is None
    store["colour"] = "blue"
    store.save()
    again = SessionStore(store.session_key)
    assert again["colour"] == "blue"
    assert again.log_reference == store.log_reference
    assert again.exists(store.session_key)
    SessionStore().delete(store.session_key)
    assert SessionStore(store.session_key).load() == {}
    SessionStore().delete()


def test_signing_in_again_is_another_session_in_the_log():
    store = SessionStore()
    store.create()
    before = store.log_reference
    store.cycle_key()
    assert store.log_reference != before
    assert Session.objects.count() == 1


def test_old_sessions_are_swept_away():
    client_for(make_user())
    client_for(make_user())
    client_for(make_user())
    idle, old, _fresh = Session.objects.all()
    now = timezone.now()
    Session.objects.filter(pk=idle.pk).update(seen_at=now - timedelta(minutes=16))
    Session.objects.filter(pk=old.pk).update(expires_at=now - timedelta(seconds=1))
    end_old_sessions(now)
    assert Session.objects.count() == 1
