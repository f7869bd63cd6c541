"""What lies beside an event can be erased: by the privacy officer, for a reason, on record."""

import json

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from audit import alerts, findings, log
from audit.events import Event
from audit.models import Alert, Detail, LoggedEvent
from audit.unusual import Rule
from kpm.accounts.models import User
from kpm.permissions import Role
from tests.audit.things import FILE
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

PATH = "/log/details/"


@pytest.fixture
def officer(real_commits: RealCommits) -> User:
    return make_user(Role.PRIVACY_OFFICER)


@pytest.fixture
def browser(officer: User) -> Client:
    return client_for(officer)


def searched(by: User) -> int:
    """The number of an event with a detail."""
    with transaction.atomic():
        log.record(Event.AUDIT_SEARCHED, by=by, detail={"filters": "event=case_file.read"})
    return LoggedEvent.objects.latest("id").id


def test_the_privacy_officer_erases_a_detail_and_the_event_stays(
    browser: Client, officer: User
) -> None:
    number = searched(make_user(Role.AUDITOR))
    before = LoggedEvent.objects.get(id=number).body
    assertContains(browser.get(PATH), "This cannot be undone.")
    response = browser.post(PATH, {"number": number, "purpose": "legal"}, follow=True)
    assertContains(response, "The detail was erased.")
    assert not Detail.objects.exists()
    assert LoggedEvent.objects.get(id=number).body == before
    said = LoggedEvent.objects.get(event="event_detail.erased")
    assert (said.actor, said.purpose) == (officer.log_reference, "legal")
    assert (said.subject_type, said.subject) == ("event", json.loads(before)["ev"])


def test_nobody_else_erases_anything(real_commits: RealCommits) -> None:
    number = searched(make_user(Role.AUDITOR))
    for role in set(Role) - {Role.PRIVACY_OFFICER}:
        browser = client_for(make_user(role))
        assert browser.get(PATH).status_code == 403
        assert browser.post(PATH, {"number": number, "purpose": "legal"}).status_code == 403
    assert Detail.objects.filter(ev=json.loads(LoggedEvent.objects.get(id=number).body)["ev"])


@pytest.mark.parametrize("purpose", ["", "service", "anything"])
def test_what_is_erased_is_erased_for_a_reason(browser: Client, purpose: str) -> None:
    number = searched(make_user(Role.AUDITOR))
    data = {"number": number, "purpose": purpose}
    assert browser.post(PATH, data).status_code == 422
    assert Detail.objects.exists()


def refused(browser: Client, number: object) -> str:
    response = browser.post(PATH, {"number": number, "purpose": "legal"})
    assert response.status_code == 422
    assert not LoggedEvent.objects.filter(event="event_detail.erased").exists()
    return response.content.decode()


def test_there_must_be_something_to_erase(browser: Client, officer: User) -> None:
    assert "no event of this number" in refused(browser, 999_999)
    assert "Fill this in." in refused(browser, "")
    assert "greater than or equal to 1" in refused(browser, 0)
    with transaction.atomic():
        log.record(Event.AUDIT_SEARCHED, by=make_user(Role.AUDITOR))
    bare = LoggedEvent.objects.latest("id").id
    assert "has no detail, or it was erased before" in refused(browser, bare)
    number = searched(make_user(Role.AUDITOR))
    assert browser.post(PATH, {"number": number, "purpose": "legal"}).status_code == 302
    response = browser.post(PATH, {"number": number, "purpose": "legal"})
    assertContains(response, "erased before", status_code=422)
    assert LoggedEvent.objects.filter(event="event_detail.erased").count() == 1


def test_nobody_erases_what_lies_beside_their_own_doing(browser: Client, officer: User) -> None:
    number = searched(officer)
    assert "Of what you did yourself" in refused(browser, number)
    assert Detail.objects.exists()


def test_nobody_erases_what_others_wrote_about_them(browser: Client, officer: User) -> None:
    auditor = make_user(Role.AUDITOR)
    now, today = timezone.now(), timezone.localdate()
    about = {"kind": "case_file", "about": FILE.log_reference, "question": "Why?"}
    findings.ask(person=officer.username, by=auditor, now=now, **about)
    asked = LoggedEvent.objects.latest("id").id
    alert = Alert.objects.create(
        rule=Rule.OFF_HOURS, about=officer.log_reference, first_on=today, last_on=today, count=1
    )
    alerts.judge(alert=alert, state="unjustified", reason="No duty.", by=auditor, now=now)
    judged = LoggedEvent.objects.latest("id").id
    with transaction.atomic():
        log.record(Event.GRANT_ENDED, by=auditor, target=officer, detail={"from": "auditor"})
    ended = LoggedEvent.objects.latest("id").id
    other = client_for(make_user(Role.PRIVACY_OFFICER))
    for number in (asked, judged, ended):
        assert "This is about yourself" in refused(browser, number)
    for number in (asked, judged, ended):
        assert other.post(PATH, {"number": number, "purpose": "legal"}).status_code == 302
