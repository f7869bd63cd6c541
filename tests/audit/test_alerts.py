"""Alerts: raised once from what the log says, judged once with a sealed reason."""

import json
from datetime import date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from audit import alerts, dashboards, log
from audit.bodies import canonical, moment
from audit.events import Event, Purpose
from audit.models import Alert, AlertState, Detail, LoggedEvent
from audit.unusual import Found, Rule
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.jobs.registers import SWEEPS
from kpm.permissions import Role
from kpm.vault import shredding
from tests.audit.things import FILE, File
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

REASON = "She stood in for a colleague who was ill."


@pytest.fixture
def auditor(real_commits: RealCommits) -> User:
    return make_user(Role.AUDITOR, name="Auditor Wang")


@pytest.fixture
def client(auditor: User) -> Client:
    return client_for(auditor)


@pytest.fixture
def worker(real_commits: RealCommits) -> User:
    return make_user(name="Worker Li")


def raised(found: Found) -> Alert:
    alerts._raise(found)
    return Alert.objects.get(rule=found.rule, about=found.about, last_on=found.day)


def found_about(worker: User, day: date | None = None, count: int = 8) -> Found:
    return Found(Rule.NOT_THEIRS, worker.log_reference, day or timezone.localdate(), count, 0.5)


def tries(worker: User, number: int) -> None:
    """So many refused tries on files of others."""
    with log.entered(log.Context(channel="web")):
        for n in range(number):
            log.refused(
                Event.CASE_FILE_REFUSED, by=worker, target=File(f"file{n}"), rule="not_visible"
            )


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


def body_of(event: str) -> dict[str, object]:
    row = LoggedEvent.objects.filter(event=event).latest("id")
    found: dict[str, object] = json.loads(row.body)
    return found


def test_what_is_unusual_is_raised_once_however_often_one_looks(worker: User) -> None:
    tries(worker, 7)
    assert alerts.raise_alerts(now=timezone.now()) == 0
    assert SWEEPS["watch_accesses"].every == timedelta(days=1)
    assert SWEEPS["watch_accesses"].work(tomorrow()) == 1
    assert alerts.raise_alerts(now=tomorrow()) == 0
    alert = Alert.objects.get()
    assert (alert.rule, alert.about, alert.count) == ("not_theirs", worker.log_reference, 7)
    body = body_of("alert.raised")
    assert (body["a"], body["o"], body["n"]) == ("s:watch", alert.number, 7)
    assert body["dec"] == {"ok": True, "rule": "not_theirs"}


def test_what_goes_on_is_one_alert_until_it_is_judged(auditor: User, worker: User) -> None:
    day = date(2026, 11, 1)
    first = raised(found_about(worker, day, count=8))
    same = raised(found_about(worker, day + timedelta(days=7), count=6))
    assert (same.pk, same.first_on, same.count) == (first.pk, day, 8)
    assert raised(found_about(worker, day + timedelta(days=9), count=9)).count == 9
    later = raised(found_about(worker, day + timedelta(days=17)))
    assert later.pk != first.pk
    alerts.judge(
        alert=later, state=AlertState.JUSTIFIED, reason=REASON, by=auditor, now=timezone.now()
    )
    assert not alerts._raise(found_about(worker, day + timedelta(days=17)))
    assert raised(found_about(worker, day + timedelta(days=18))).pk not in (first.pk, later.pk)


def test_acts_are_read_from_the_log(worker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "CHUNK", 2)
    context = log.Context(channel="web", address="10.1.2.3", agent="Firefox/151.0")
    with log.entered(context), transaction.atomic():
        log.record(Event.SESSION_STARTED, by=worker, target=worker)
        read = {"event": Event.CASE_FILE_READ, "by": worker}
        log.record(**read, target=FILE, rule="caseload", purpose=Purpose.SERVICE)
        log.record(**read, targets=[FILE, File("b2")], grant="g:1")
        log.record(**read, target=FILE, rule="curious")
        log.record(**read, target=FILE)
        log.record(Event.VISIT_RECORDED, by=worker, target=FILE)
        log.record(Event.CASE_FILE_READ, by=log.System("indexer"), target=FILE)
    tries(worker, 1)
    found = list(alerts.acts(timezone.localdate()))
    assert [(act.event, act.is_granted, act.is_team) for act in found] == [
        ("session.started", False, False),
        ("case_file.read", True, True),
        ("case_file.read", True, False),
        ("case_file.read", False, False),
        ("case_file.read", False, False),
        ("case_file.refused", False, False),
    ]
    assert (found[0].agent, found[0].network) == ("Firefox/", "10.1.2")
    assert found[2].subjects == (FILE.log_reference, "b2")
    assert {act.at.utcoffset() for act in found} == {timedelta(hours=8)}
    assert list(alerts.acts(timezone.localdate() + timedelta(days=1))) == []


def test_the_log_says_when_an_account_was_last_seen(worker: User) -> None:
    today = timezone.localdate()
    assert alerts.last_seen(worker.log_reference, today + timedelta(days=1)) is None
    tries(worker, 1)
    assert alerts.last_seen(worker.log_reference, today + timedelta(days=1)) == today
    assert alerts.last_seen(worker.log_reference, today) is None


def test_the_queue_shows_what_waits_and_what_was_judged(client: Client, worker: User) -> None:
    assertContains(client.get("/log/unusual/"), "Nothing here")
    raised(found_about(worker))
    raised(Found(Rule.MANY_VIEWERS, FILE.log_reference, timezone.localdate(), 5))
    response = client.get("/log/unusual/")
    for text in (
        *("Worker Li", "Tries on files that are not theirs", "(usual 0.5)", FILE.log_reference),
        *("Waits for the auditor", f"/log/things/{FILE.log_reference}/"),
    ):
        assertContains(response, text)
    assertNotContains(client.get("/log/unusual/", {"rule": "many_viewers"}), "Worker Li")
    assertContains(client.get("/log/unusual/", {"state": "justified"}), "Nothing here")
    assertContains(client.get("/log/unusual/", {"state": "odd"}), "Worker Li")


def test_an_alert_is_judged_with_a_reason_that_is_sealed(
    client: Client, auditor: User, worker: User
) -> None:
    alert = raised(found_about(worker))
    page = f"/log/unusual/{alert.number}/"
    assertContains(client.get(page), "Look at the events behind it")
    assertContains(client.post(page, {"state": "justified"}), "Fill this in.", status_code=422)
    response = client.post(page, {"state": "justified", "reason": REASON}, follow=True)
    assertContains(response, "Your judgement was written down.")
    alert.refresh_from_db()
    assert (alert.state, alert.judged_by) == ("justified", auditor.log_reference)
    body = body_of("alert.judged")
    assert (body["o"], body["dec"]) == (alert.number, {"ok": True, "rule": "justified"})
    row = Detail.objects.get(ev=body["ev"])
    assert row.owner == alert.id
    assert REASON.encode() not in bytes(row.body)
    response = client.get(page)
    assertContains(response, REASON)
    assertNotContains(response, "Write it down")
    assert body_of("alert.read")["f"] == ["audit.detail"]


def test_words_go_with_their_key_and_with_their_row(client: Client, worker: User) -> None:
    alert = raised(found_about(worker))
    page = f"/log/unusual/{alert.number}/"
    client.post(page, {"state": "escalated", "reason": REASON})
    client.post(page, {"state": "unjustified", "reason": "Nobody was ill."})
    assertContains(client.get(page), REASON)
    first = json.loads(LoggedEvent.objects.filter(event="alert.judged").earliest("id").body)
    Detail.objects.filter(ev=first["ev"]).delete()
    response = client.get(page)
    assertContains(response, "The words were erased.", count=1)
    assertContains(response, "Nobody was ill.")
    shredding.destroy_keys([alert.id])
    assertContains(client.get(page), "The words were erased.", count=2)


def test_nobody_judges_twice_their_own_or_without_the_role(auditor: User, worker: User) -> None:
    alert = raised(found_about(worker))
    own = raised(found_about(auditor))
    judge = {"reason": REASON, "now": timezone.now()}
    with pytest.raises(Refused, match="does not judge"):
        alerts.judge(alert=alert, state="justified", by=worker, **judge)
    with pytest.raises(Refused, match="did yourself"):
        alerts.judge(alert=own, state="justified", by=auditor, **judge)
    alerts.judge(alert=alert, state="escalated", by=auditor, **judge)
    with pytest.raises(Refused, match="passed on already"):
        alerts.judge(alert=alert, state="escalated", by=auditor, **judge)
    alerts.judge(alert=alert, state="unjustified", by=auditor, **judge)
    with pytest.raises(Refused, match="judged already"):
        alerts.judge(alert=alert, state="justified", by=auditor, **judge)
    assert LoggedEvent.objects.filter(event="alert.judged").count() == 2


def test_what_was_noticed_cannot_be_made_undone(worker: User) -> None:
    alert = raised(found_about(worker))
    rows = Alert.objects.filter(pk=alert.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()
    with pytest.raises(DatabaseError, match="an_alert_stays_what_it_was"), transaction.atomic():
        rows.update(about="u:somebody-else")
    with pytest.raises(DatabaseError, match="an_alert_is_judged_by_somebody"), transaction.atomic():
        rows.update(state=AlertState.JUSTIFIED)


def test_rows_lead_to_the_events_behind_them() -> None:
    day = date(2026, 11, 20)
    drip = Alert(rule=Rule.SLOW_DRIP, about="u:x", first_on=day, last_on=day)
    assert dashboards.AlertRow(drip, "").query == "actor=u:x&since=2026-11-06&until=2026-11-20"
    viewers = Alert(rule=Rule.MANY_VIEWERS, about="F1", first_on=day, last_on=day)
    assert dashboards.AlertRow(viewers, "").query == "subject=F1&since=2026-11-20&until=2026-11-20"
    assert not dashboards.AlertRow(viewers, "").has_usual
    assert str(drip) == drip.number


def test_no_such_alert_is_no_page(client: Client) -> None:
    assert client.get("/log/unusual/AAAAA-AAAAA/").status_code == 404


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"ev": "no name"},
        {"ev": "01999999-9999-7999-8999-999999999999", "dec": 7},
        {"ev": "01999999-9999-7999-8999-999999999999", "at": "9999-12-31T23:59:59.000000Z"},
        {"ev": "01999999-9999-7999-8999-999999999999", "at": "2026-99-99T00:00:00.000000Z"},
    ],
)
def test_an_event_written_past_the_application_blinds_nobody(
    worker: User, more: dict[str, object]
) -> None:
    tries(worker, 7)
    odd = body_of("case_file.refused") | {"at": moment(timezone.now()), "act": "session.started"}
    del odd["ev"], odd["dec"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_event (body) VALUES (%s)", [canonical(odd | more)])
    assert alerts.raise_alerts(now=tomorrow()) == 1


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00.000000Z", "2001-99-99T00:00:00.000000Z"])
def test_a_moment_that_never_was_is_no_day_on_which_somebody_was_seen(
    worker: User, at: str
) -> None:
    tries(worker, 1)
    odd = canonical(body_of("case_file.refused") | {"at": at})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_event (body) VALUES (%s)", [odd])
    assert alerts.last_seen(worker.log_reference, timezone.localdate()) is None
