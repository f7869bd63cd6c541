"""Who opened a file: by name for the auditor, without names for the person."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from audit import log, openings
from audit.bodies import canonical
from audit.events import Event, Outcome, Purpose
from audit.models import LoggedEvent
from audit.openings import Openings
from kpm import pdf
from kpm.accounts.models import User
from kpm.children import ChildFailed
from kpm.permissions import Role
from tests.audit.things import FILE, File
from tests.conftest import RealCommits
from tests.factories import OTHER_TOWNSHIP, change_role, client_for, make_unit, make_user

PAGE = f"/log/things/{FILE.log_reference}/openings/"
STATEMENT = f"/log/things/{FILE.log_reference}/statement/"
HEAD, NOTES = ["person.head"], ["visit.body"]


@pytest.fixture(autouse=True, scope="module")
def _child_ends() -> Iterator[None]:
    yield
    pdf.warm.close()


@pytest.fixture
def auditor(real_commits: RealCommits) -> Client:
    return client_for(make_user(Role.AUDITOR, name="Auditor Wang"))


@pytest.fixture
def worker(real_commits: RealCommits) -> User:
    return make_user(name="Worker Li", unit=make_unit(name="Maple Village"))


def opened(by: log.Actor, event: Event = Event.CASE_FILE_READ, **more: object) -> None:
    values = {"target": FILE, "groups": HEAD, "purpose": Purpose.SERVICE, "grant": by.log_grant}
    with transaction.atomic():
        log.record(**{"event": event, "by": by} | values | more)


def found(days: int = 1) -> Openings:
    today = timezone.localdate()
    return openings.of(FILE.log_reference, today - timedelta(days=days), today)


def last(event: str) -> dict[str, object]:
    body: dict[str, object] = json.loads(LoggedEvent.objects.filter(event=event).latest("id").body)
    return body


def test_the_auditor_sees_staff_by_name_day_and_purpose(auditor: Client, worker: User) -> None:
    opened(worker)
    opened(worker, Event.CASE_FILE_REVEALED, groups=["person.phone"])
    opened(worker, Event.CASE_FILE_LISTED, target=None, targets=[FILE, File("b2")])
    opened(worker, Event.PLAN_APPROVED, groups=["plan.body"])
    response = auditor.get(PAGE)
    for text in (
        *("Worker Li", "Social worker", "Maple Village", "Service", "1 account has opened it"),
        "in a list · read · one value shown in full · Plan: approved",
        "phone",
    ):
        assertContains(response, text)
    (line,) = found().by_reader
    assert line.count == 4
    body = last("audit.read")
    assert (body["ot"], body["o"], body["n"]) == ("case_file", FILE.log_reference, 4)


def test_what_opened_nothing_is_no_opening(auditor: Client, worker: User) -> None:
    opened(worker, Event.VISIT_RECORDED, groups=())
    opened(worker, Event.CASE_FILE_REVEALED, outcome=Outcome.DENIED)
    opened(worker, target=File("b2"))
    auditor.get(PAGE)
    assert found().openings == []
    assertContains(auditor.get(PAGE), "Nobody opened this file in these days.")


def test_the_person_is_told_no_names(auditor: Client, worker: User) -> None:
    opened(worker)
    opened(make_user(name="Worker Chen"), groups=NOTES)
    opened(log.System("indexer"), purpose=None, grant=None)
    response = auditor.get(STATEMENT)
    for text in ("Maple Village", "Social worker", "Service", "not stated", "The system itself"):
        assertContains(response, text)
    for name in ("Worker Li", "Worker Chen"):
        assertNotContains(response, name)
    with_purpose = [line for line in found().by_purpose if line.first.purpose]
    assert [line.count for line in with_purpose] == [2]


def test_the_unit_is_that_of_the_grant_under_which_it_was_opened(
    auditor: Client, worker: User
) -> None:
    opened(worker)
    elsewhere = make_unit(OTHER_TOWNSHIP, name="Other Township")
    moved = change_role(worker, Role.SUPERVISOR, elsewhere)
    opened(moved)
    opened(worker, grant=None)
    assert [one.unit for one in found().openings] == [
        "Maple Village",
        "Other Township",
        "Maple Village",
    ]


def test_days_are_asked_for_and_a_year_is_meant_without_them(auditor: Client, worker: User) -> None:
    opened(worker)
    today = timezone.localdate()
    response = auditor.get(PAGE)
    assertContains(response, f'value="{today - timedelta(days=365)}"')
    past = {"until": today - timedelta(days=1)}
    assertContains(auditor.get(PAGE, past), "Nobody opened this file in these days.")
    wrong = {"since": today, "until": today - timedelta(days=1)}
    assertContains(auditor.get(PAGE, wrong), "This day lies before the first one.")


def test_more_than_a_page_holds_is_said(
    auditor: Client, worker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openings, "MOST", 2)
    for _ in range(3):
        opened(worker)
    assert found().is_cut
    assertContains(auditor.get(PAGE), "choose fewer days")


def test_the_timeline_of_a_file_leads_to_it_and_no_other_does(
    auditor: Client, worker: User
) -> None:
    opened(worker)
    assertContains(auditor.get(f"/log/things/{FILE.log_reference}/"), PAGE)
    assertNotContains(auditor.get(f"/log/accounts/{worker.log_reference}/"), "/openings/")


def test_the_paper_is_chinese_names_nobody_and_is_in_the_log(auditor: Client, worker: User) -> None:
    opened(worker)
    opened(worker, Event.CASE_FILE_PRINTED)
    today = timezone.localdate()
    day, in_words = today.isoformat(), f"{today.year}年{today.month}月{today.day}日"
    response = auditor.post(STATEMENT, {"since": day, "until": day})
    assert response["Content-Type"] == "application/pdf"
    assert FILE.log_reference in response["Content-Disposition"]
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=response.content, capture_output=True, check=True
    ).stdout.decode()
    for words in (
        "您的档案查阅情况",
        FILE.log_reference,
        in_words,
        "帮扶服务",
        "社工",
        "Maple Village",
    ):
        assert words in re.sub(r"\s*\n\s*", "", text) or words in text
    assert "Worker Li" not in text
    assert "Auditor Wang" not in text
    body = last("audit.explained")
    assert (body["o"], body["p"], body["n"]) == (FILE.log_reference, "subject-request", 2)


def test_a_paper_that_fails_is_an_error_of_the_form_and_no_event(
    auditor: Client, worker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(worker)

    def fails(*_args: object, **_more: object) -> bytes:
        raise ChildFailed("died")

    monkeypatch.setattr(pdf.warm, "ask", fails)
    response = auditor.post(STATEMENT, {})
    assertContains(response, "The document could not be made", status_code=422)
    assert not LoggedEvent.objects.filter(event="audit.explained").exists()


@pytest.mark.parametrize("more", [{"x": 1}, {"at": "2026-99-99T00:00:00.000000Z"}])
def test_an_event_written_past_the_application_hides_no_opening(
    auditor: Client, worker: User, more: dict[str, object]
) -> None:
    opened(worker)
    body = last("case_file.read")
    today = timezone.localdate()
    more = {key: str(value).replace("2026", str(today.year)) for key, value in more.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_event (body) VALUES (%s)", [canonical(body | more)])
    wide = openings.of(FILE.log_reference, today - timedelta(days=1), date(2099, 12, 31))
    assert len(wide.openings) == 1
    assertContains(auditor.get(PAGE), "Worker Li")


@pytest.mark.parametrize(
    "more",
    [
        {"ev": "no name", "h": "x"},
        {"at": "2026-99-99T00:00:00.000000Z"},
        {"at": "9999-12-31T23:59:59.999999Z"},
    ],
)
def test_an_event_written_past_the_application_is_listed_and_shown(
    auditor: Client, worker: User, more: dict[str, str]
) -> None:
    opened(worker)
    odd = canonical(last("case_file.read") | more)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_event (body) VALUES (%s)", [odd])
    number = LoggedEvent.objects.latest("id").id
    assertContains(auditor.get("/log/"), "Worker Li")
    assertContains(auditor.get(f"/log/events/{number}/"), "As it is hashed")


def test_the_person_is_told_that_older_openings_lie_in_an_archive(
    auditor: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    monkeypatch.setattr(openings.retention, "kept_since", lambda: kept)
    asked = openings.of("AAAAA-AAAAA", date(2026, 1, 1), date(2026, 12, 31))
    assert asked.kept_since == date(2026, 3, 1)
    assert openings.of("AAAAA-AAAAA", date(2026, 3, 1), date(2026, 12, 31)).kept_since is None
    for page in (PAGE, STATEMENT):
        response = auditor.get(f"{page}?since=2026-01-01&until=2026-12-31")
        assertContains(response, "The log begins on 2026-03-01 here")
