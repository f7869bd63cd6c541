"""The auditor's pages: filters, pages, names of staff only, and who may not look."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from audit import log, searches
from audit.events import Event, Outcome, Purpose
from audit.models import LoggedEvent
from audit.searches import PER_PAGE, Filters, find
from audit.states import state
from kpm.accounts.models import User
from kpm.jobs.registers import SWEEPS
from kpm.permissions import Role
from tests.audit.attackers import unguarded
from tests.audit.things import FILE, NOW, File, sequence_all, write_events
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

ROWS = re.compile(rb"<tr role=\"row\">\s*<td")


@pytest.fixture
def auditor(real_commits: RealCommits) -> Client:
    client = client_for(make_user(Role.AUDITOR, name="Auditor Wang"))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def worker(real_commits: RealCommits) -> User:
    return make_user(name="Worker Li", username="li")


def record(worker: User, **more: object) -> None:
    with transaction.atomic():
        log.record(**{"event": Event.CASE_FILE_OPENED, "by": worker, "target": FILE} | more)


def shown(client: Client, **query: object) -> int:
    """How many events a search shows."""
    response = client.get("/log/", query)
    assert response.status_code == 200
    return len(ROWS.findall(response.content))


def searched() -> dict[str, object]:
    """What the log says of the last search."""
    row = LoggedEvent.objects.filter(event="audit.searched").latest("id")
    found: dict[str, object] = json.loads(row.body)
    return found


def test_the_list_names_staff_and_files_by_number(auditor: Client, worker: User) -> None:
    record(worker, groups=["person.head"], purpose=Purpose.SERVICE, rule="on_the_team")
    record(worker, event=Event.CASE_FILE_LISTED, target=None, targets=[File("a1"), File("b2")])
    with transaction.atomic():
        log.record(Event.SESSION_REFUSED, by=log.ANONYMOUS, outcome=Outcome.DENIED)
        log.record(Event.AUDIT_VERIFIED, by=log.System("verify"), outcome=Outcome.ERROR)
    response = auditor.get("/log/", headers={"accept-language": "en"})
    for text in (
        *("Worker Li", "Social worker", FILE.log_reference, "name, sex, birth date", "on_the_team"),
        *(
            "a1</a>",
            "b2</a>",
            "2 files",
            "not signed in",
            "Verification of the log",
            "refused",
            "failed",
        ),
    ):
        assertContains(response, text)
    assert "HTTP_COOKIE" not in response.content.decode()


def test_looking_is_logged_with_its_filters_but_without_names(
    auditor: Client, worker: User
) -> None:
    auditor.get("/log/")
    assert "h" not in searched()
    auditor.get("/log/", {"actor": "Worker Li", "since": "2026-01-01", "subject": "7K3MQ-9TX2A"})
    body = searched()
    assert (body["n"], body["role"]) == (0, "auditor")
    detail = log.details.models.Detail.objects.latest("ev")
    assert json.loads(bytes(detail.body)) == {
        "filters": f"actor={worker.log_reference}; subject=7K3MQ-9TX2A; since=2026-01-01"
    }


def test_every_filter_finds_what_fits(auditor: Client, worker: User) -> None:
    record(worker)
    record(worker, event=Event.CASE_FILE_LISTED, target=None, targets=[FILE, File("b2")])
    record(worker, outcome=Outcome.PARTIAL)
    record(worker, purpose=Purpose.LEGAL, target=File("c3"))
    assert shown(auditor, actor="Worker Li") == 4
    assert shown(auditor, actor="LI") == 4
    assert shown(auditor, actor=worker.log_reference) == 4
    assert shown(auditor, actor="Nobody") == 0
    assert shown(auditor, event="case_file.listed") == 1
    assert shown(auditor, subject=FILE.log_reference) == 3
    assert shown(auditor, subject="b2") == 1
    assert shown(auditor, outcome="partial") == 1
    assert shown(auditor, purpose="legal") == 1
    assert shown(auditor, actor="li", event="case_file.opened", purpose="legal") == 1


def test_what_only_the_body_says_is_found_as_well(auditor: Client, worker: User) -> None:
    context = log.Context(channel="web", request="requestRequest", session="sessionSession")
    with log.entered(context):
        record(worker, rule="caseload")
    record(make_user(Role.SUPERVISOR), rule="supervision")
    assert shown(auditor, role="social_worker") == 1
    assert shown(auditor, role="supervisor") == 1
    assert shown(auditor, rule="caseload") == 1
    assert shown(auditor, session="sessionSession") == 1
    assert shown(auditor, request="requestRequest") == 1
    assert shown(auditor, channel="cli", kind="case_file") == 1
    assert shown(auditor, kind="ledger") == 0
    response = auditor.get("/log/", {"session": "no such mark!"})
    assertContains(response, "8 to 64 letters")
    assertContains(response, '<details class="disclosure" open>')


def test_days_are_those_of_this_place() -> None:
    """The day begins at midnight in Shanghai, which is four in the afternoon in UTC."""
    assert searches.begins(datetime(2026, 11, 24, tzinfo=UTC).date()) == (
        "2026-11-23T16:00:00.000000Z"
    )


def test_days_bound_the_search_on_both_sides(auditor: Client, worker: User) -> None:
    record(worker)
    today = timezone.localdate()
    day = timedelta(days=1)
    only = {"event": "case_file.opened"}
    assert shown(auditor, since=today, until=today, **only) == 1
    assert shown(auditor, until=today - day, **only) == 0
    assert shown(auditor, since=today + day, **only) == 0


def test_pages_follow_each_other_in_both_directions(auditor: Client, worker: User) -> None:
    write_events(2 * PER_PAGE + 10, by=worker)
    ids = list(LoggedEvent.objects.filter(event="case_file.opened").order_by("-id"))
    wanted = Filters(event="case_file.opened")
    first = find(wanted)
    second = find(Filters(event="case_file.opened", before=first.older))
    third = find(Filters(event="case_file.opened", before=second.older))
    pages = [[row.id for row in page.rows] for page in (first, second, third)]
    assert [number for page in pages for number in page] == [event.id for event in ids]
    assert (first.newer, third.older) == (None, None)
    back = find(Filters(event="case_file.opened", after=third.newer))
    assert [row.id for row in back.rows] == pages[1]
    top = find(Filters(event="case_file.opened", after=back.newer))
    assert [row.id for row in top.rows] == pages[0]
    assert top.newer is None
    assert find(Filters(event="case_file.opened", after=ids[0].id)).rows == []
    response = auditor.get("/log/", {"event": "case_file.opened", "before": first.older})
    assertContains(response, "Newer")
    assertContains(response, "Older")


def test_nothing_found_says_what_to_do(auditor: Client) -> None:
    assertContains(auditor.get("/log/", {"subject": "zzz"}), "No event fits these filters.")


def test_filters_that_make_no_sense_are_said_and_searched_for_nothing(auditor: Client) -> None:
    wrong: list[tuple[dict[str, str], str]] = [
        ({"subject": "王小明"}, "Type a file number"),
        ({"subject": "110101199003078515"}, "Type a file number"),
        ({"since": "2026-11-24", "until": "2026-11-23"}, "lies before the first one"),
        ({"event": "everything"}, "not one of the available choices"),
        ({"since": "0001-01-01"}, "between 2000 and 2099"),
        ({"until": "9999-12-31"}, "between 2000 and 2099"),
        ({"before": "x"}, "whole number"),
        ({"before": "9" * 30}, "less than or equal"),
    ]
    for query, words in wrong:
        assertContains(auditor.get("/log/", query), words)
    assert not LoggedEvent.objects.filter(event="audit.searched").exists()


def test_the_list_survives_an_event_that_is_none(auditor: Client) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_event (body) VALUES (%s)",
            ['{"act":"odd.one","a":"u:x","at":"2026-11-24T00:00:00.000000Z","out":"ok"}'],
        )
    assertContains(auditor.get("/log/"), "odd: one")


def test_a_page_costs_few_queries(auditor: Client, worker: User) -> None:
    from django.test.utils import CaptureQueriesContext

    write_events(PER_PAGE, by=worker)
    with (
        CaptureQueriesContext(connections["default"]) as here,
        CaptureQueriesContext(connections["auditor"]) as there,
    ):
        auditor.get("/log/")
    assert len(here) + len(there) < 20


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role for role in Role if role != Role.AUDITOR])
def test_nobody_but_the_auditor_looks(role: Role) -> None:
    client = client_for(make_user(role))
    paths = ("/log/", "/log/events/1/", f"/log/things/{FILE.log_reference}/", "/log/verification/")
    for path in paths:
        assert client.get(path).status_code == 403
        assert client_for(None).get(path).status_code == 302
    refused = LoggedEvent.objects.filter(event="permission.refused", outcome="denied")
    assert refused.count() == len(paths)


def test_a_search_that_cannot_be_written_down_shows_nothing(
    auditor: Client, worker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events(1, by=worker)
    monkeypatch.setattr("audit.entries.spell", lambda _body: "{")
    response = auditor.get("/log/")
    assert response.status_code == 503
    assertNotContains(response, "Worker Li", status_code=503)
    assertNotContains(response, FILE.log_reference, status_code=503)


def test_the_verification_page_shows_how_the_log_stands(auditor: Client) -> None:
    response = auditor.get("/log/verification/")
    assertContains(response, "not yet")
    assertContains(response, "never")
    write_events(3)
    sequence_all()
    response = auditor.get("/log/verification/")
    assertContains(response, state(NOW).root)
    assertContains(response, "2026-11-24 16:00:00")


def test_the_button_verifies_and_says_how_it_went(auditor: Client) -> None:
    write_events(3)
    sequence_all()
    response = auditor.post("/log/verification/", follow=True)
    assertContains(response, "events were verified")
    assert response.redirect_chain == [("/log/verification/", 302)]
    stand = state(timezone.now())
    assert stand.whole is not None
    assert (stand.whole.is_good, stand.whole.count) == (True, stand.last and stand.last.count)
    assert stand.is_good


def test_the_button_says_the_first_bad_place(auditor: Client, real_commits: RealCommits) -> None:
    write_events(3)
    sequence_all()
    with unguarded(real_commits) as execute:
        execute("UPDATE audit_leaf SET hash = ? WHERE leaf_index = 1", bytes(32))
    response = auditor.post("/log/verification/", follow=True)
    assertContains(response, "The log is not as it was written.")
    assertContains(response, "is not what leaf 1 was made of")
    assertContains(response, "Keep the database as it is")
    assertContains(auditor.get("/log/"), "Verification: look at this")


def test_everything_is_verified_once_a_day_by_itself(real_commits: RealCommits) -> None:
    write_events(3)
    sequence_all()
    regular = SWEEPS["verify_audit_log"]
    assert regular.every == timedelta(days=1)
    regular.work(NOW)
    stand = state(timezone.now())
    assert stand.whole is not None
    assert (stand.whole.count, stand.whole.is_good) == (3, True)


def test_events_that_wait_too_long_are_said(auditor: Client) -> None:
    write_events(1)
    now = timezone.now()
    assert state(now).is_good
    later = state(now + timedelta(minutes=6))
    assert (later.is_late, later.is_good) == (True, False)
    assert later.waiting == LoggedEvent.objects.count()


def test_the_last_verification_of_everything_is_told_apart(real_commits: RealCommits) -> None:
    with transaction.atomic():
        by = log.System("verify")
        log.record(Event.AUDIT_VERIFIED, by=by, rule="everything", count=7)
        log.record(Event.AUDIT_VERIFIED, by=by, rule="newest", count=3, outcome=Outcome.ERROR)
    stand = state(timezone.now())
    assert stand.whole is not None
    assert stand.last is not None
    assert (stand.whole.count, stand.last.count) == (7, 3)
    assert (stand.whole.is_good, stand.last.is_good, stand.is_good) == (True, False, False)


def test_an_event_about_several_accounts_leads_to_each(auditor: Client, worker: User) -> None:
    colleague = make_user()
    with transaction.atomic():
        by = log.System("clock")
        log.record(Event.LOAD_RECORDED, by=by, targets=[worker, colleague], count=2)
    response = auditor.get("/log/")
    assertContains(response, "2 accounts")
    assertContains(response, f"/log/accounts/{worker.log_reference}/")


def test_accounts_that_events_are_about_are_named_and_long_marks_cut(
    auditor: Client, worker: User
) -> None:
    record(worker, event=Event.SESSION_STARTED, target=worker)
    record(worker, target=File("root:" + "A" * 40))
    response = auditor.get("/log/")
    assertContains(response, "<bdi>Worker Li</bdi>", count=3)
    assertContains(response, "root:AAAAAAAAAA…</a>")
