"""My role, my scope, and what the log says that I did."""

import pytest
from django.db import transaction

from audit import log
from audit.events import Event
from kpm.accounts import scoping
from kpm.permissions import Role
from tests.factories import client_for, make_user

pytestmark = pytest.mark.django_db


def page_of(user, **query):
    client = client_for(user)
    client.cookies["kpm_language"] = "en"
    return client.get("/me/", query).content.decode().split("<main", 1)[1]


@pytest.mark.parametrize("role", Role)
def test_everybody_sees_their_role_and_unit(role):
    user = make_user(role)
    page = page_of(user)
    assert str(role.label) in page
    assert user.unit.name in page


def test_somebody_without_a_role_is_told_who_grants_one():
    assert "security administrator grants it" in page_of(make_user(None))


def test_the_groups_of_a_grant_are_named(monkeypatch):
    monkeypatch.setitem(scoping.POPULATIONS, "drug", "People after drugs")
    page = page_of(make_user(populations=["drug", "unheard_of"]))
    assert "People after drugs" in page
    assert "unheard_of" in page


def test_my_own_entries_are_listed_and_nobody_elses():
    me, other = make_user(), make_user()
    with transaction.atomic():
        log.record(Event.SESSION_STARTED, by=me, target=me)
        log.record(Event.SESSION_ENDED, by=other, target=other)
        log.record(Event.GRANT_STARTED, by=me, target=other)
    page = page_of(me)
    record = page.split('id="record"')[1]
    assert me.name in record
    assert record.count("<time") == 2
    assert other.name in record
    assert other.log_reference not in record


def test_an_empty_record_says_what_would_be_here():
    assert "Nothing yet" in page_of(make_user())


def test_many_entries_take_few_queries(django_assert_max_num_queries):
    me = make_user()
    with transaction.atomic():
        for _ in range(60):
            log.record(Event.SESSION_STARTED, by=me, target=me)
    client = client_for(me)
    with django_assert_max_num_queries(15):
        assert "page=2" in client.get("/me/").content.decode()
