"""What the log says of one account, one thing, one sign-in and one event."""

import json
import uuid

import pytest
from django.db import connections, transaction
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from audit import log, timelines
from audit.events import Event, Outcome, Purpose
from audit.models import Detail, LoggedEvent
from audit.searches import PER_PAGE
from audit.timelines import Kind, Turn
from kpm.accounts.models import User
from kpm.permissions import Role
from tests.audit.things import FILE, File, sequence_all, write_events
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

SESSION, OTHER = "sessionOneOneOne", "sessionTwoTwoTwo"


@pytest.fixture
def auditor(real_commits: RealCommits) -> Client:
    return client_for(make_user(Role.AUDITOR, name="Auditor Wang"))


@pytest.fixture
def worker(real_commits: RealCommits) -> User:
    return make_user(name="Worker Li", username="li")


def record(by: log.Actor, session: str = SESSION, **more: object) -> LoggedEvent:
    """One event of a sign-in, on a page."""
    context = log.Context(channel="web", request=f"{session}Request", session=session)
    with log.entered(context), transaction.atomic():
        log.record(**{"event": Event.CASE_FILE_READ, "by": by, "target": FILE} | more)
    return LoggedEvent.objects.latest("id")


def last_read() -> dict[str, object]:
    """What the log says of the last reading of itself."""
    found: dict[str, object] = json.loads(
        LoggedEvent.objects.filter(event="audit.read").latest("id").body
    )
    return found


def test_an_account_has_what_it_did_and_nothing_else(auditor: Client, worker: User) -> None:
    record(worker, groups=["person.head"], purpose=Purpose.SERVICE, rule="caseload")
    record(make_user(name="Worker Chen"), target=File("b2:b2:b2"))
    response = auditor.get(f"/log/accounts/{worker.log_reference}/")
    for text in ("Worker Li", "Case file: read", "name, sex, birth date", "a place in the team"):
        assertContains(response, text)
    assertContains(response, f"/log/sessions/{SESSION}/")
    assertNotContains(response, "b2:b2:b2")
    body = last_read()
    assert (body["ot"], body["o"], body["n"]) == ("account", worker.log_reference, 1)


def test_a_thing_has_what_happened_to_it_by_whomever(auditor: Client, worker: User) -> None:
    record(worker, groups=["visit.body"])
    record(worker, event=Event.CASE_FILE_LISTED, target=None, targets=[FILE, File("b2:b2:b2")])
    record(worker, event=Event.CASE_FILE_REFUSED, outcome=Outcome.DENIED, target=File("c3"))
    response = auditor.get(f"/log/things/{FILE.log_reference}/")
    for text in ("Worker Li", "notes of a visit", "Case file: listed", "2 files", "b2:b2:b2"):
        assertContains(response, text)
    assertNotContains(response, "c3")
    body = last_read()
    assert (body["ot"], body["o"], body["n"]) == ("case_file", FILE.log_reference, 2)


def test_a_thing_that_no_event_names_has_an_empty_page_and_still_an_entry(auditor: Client) -> None:
    assertContains(auditor.get("/log/things/ZZZZZ-ZZZZZ/"), "The log says nothing of it.")
    assert last_read()["n"] == 0
    assert "o" not in last_read()


def test_a_sign_in_has_what_was_done_in_it(auditor: Client, worker: User) -> None:
    record(worker)
    record(worker, session=OTHER, target=File("b2:b2:b2"))
    response = auditor.get(f"/log/sessions/{SESSION}/")
    assertContains(response, FILE.log_reference)
    assertNotContains(response, "b2:b2:b2")
    assert (last_read()["ot"], last_read()["o"]) == ("session", SESSION)


def test_an_unknown_sign_in_has_nothing(auditor: Client) -> None:
    assertContains(auditor.get(f"/log/sessions/{OTHER}/"), "The log says nothing of it.")


def test_timelines_have_pages_and_days(auditor: Client, worker: User) -> None:
    write_events(PER_PAGE + 10, by=worker)
    first = timelines.of(Kind.THING, FILE.log_reference, Turn())
    assert len(first.rows) == PER_PAGE
    assert first.is_file
    assert sum(len(rows) for _day, rows in first.days) == PER_PAGE
    second = timelines.of(Kind.THING, FILE.log_reference, Turn(before=first.page.older))
    assert len(second.rows) == 10
    path = f"/log/things/{FILE.log_reference}/"
    assertContains(auditor.get(path), f"before={first.page.older}")
    assertContains(auditor.get(path, {"before": first.page.older}), "Newer")
    assertNotContains(auditor.get(path, {"before": "nonsense"}), "Newer")


def test_an_account_is_no_file(auditor: Client, worker: User) -> None:
    record(worker)
    assert not timelines.of(Kind.ACCOUNT, worker.log_reference, Turn()).is_file


def test_an_event_shows_all_that_it_says_and_its_place(auditor: Client, worker: User) -> None:
    event = record(
        worker,
        groups=["person.head"],
        purpose=Purpose.SERVICE,
        rule="caseload",
        grant="g:someGrant",
        count=1,
        detail={"attachment": "AAAAA-BBBBB"},
    )
    response = auditor.get(f"/log/events/{event.id}/")
    for text in (
        *("Case file: read", "Worker Li", FILE.log_reference, "a place in the team"),
        *("g:someGrant", "a page", f"/log/sessions/{SESSION}/", "AAAAA-BBBBB", "not taken in yet"),
    ):
        assertContains(response, text)
    body = last_read()
    assert (body["ot"], body["o"]) == ("event", json.loads(event.body)["ev"])
    sequence_all()
    assertNotContains(auditor.get(f"/log/events/{event.id}/"), "not taken in yet")
    assertContains(auditor.get("/log/", {"request": f"{SESSION}Request"}), "Case file: read")


def test_sealed_words_stay_sealed_and_erased_ones_are_said(auditor: Client, worker: User) -> None:
    owner = uuid.uuid4()
    sealed = record(worker, target=File(log_owners=(owner,)), detail={"reason": "secret words"})
    response = auditor.get(f"/log/events/{sealed.id}/")
    assertContains(response, "sealed under the key of what they are about")
    assertNotContains(response, "secret words")
    Detail.objects.filter(ev=json.loads(sealed.body)["ev"]).delete()
    assertContains(auditor.get(f"/log/events/{sealed.id}/"), "Was erased")


def test_a_refusal_says_that_it_was_one(auditor: Client, worker: User) -> None:
    event = record(worker, outcome=Outcome.DENIED, rule="not_visible")
    response = auditor.get(f"/log/events/{event.id}/")
    assertContains(response, "Refused by")
    assertNotContains(response, "Allowed by")


def test_no_such_event_is_no_page_and_no_entry(auditor: Client) -> None:
    assert auditor.get("/log/events/999/").status_code == 404
    assert auditor.get(f"/log/events/{2**70}/").status_code == 404
    assert not LoggedEvent.objects.filter(event="audit.read").exists()


def test_the_number_of_a_person_names_nothing_and_is_written_nowhere(auditor: Client) -> None:
    for number in ("100101199003078515", "13812345678"):
        assert auditor.get(f"/log/things/{number}/").status_code == 404
    assert not LoggedEvent.objects.filter(event="audit.read").exists()


def test_what_is_no_event_has_a_page_without_a_name(auditor: Client) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_event (body) VALUES (%s)",
            ['{"act":"odd.one","a":"u:x","at":"2026-11-24T00:00:00.000000Z","out":"ok"}'],
        )
    event = LoggedEvent.objects.get(event="odd.one")
    assertContains(auditor.get(f"/log/events/{event.id}/"), "odd: one")
    assert "o" not in last_read()
