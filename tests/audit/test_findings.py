"""Questions of the auditor: asked, answered by whoever was asked, closed, and sealed throughout."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from audit import alerts, findings, log
from audit.dashboards import subject_of
from audit.events import Event
from audit.models import Alert, Detail, Finding, LoggedEvent
from audit.unusual import Found, Rule
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Role
from tests.audit.things import FILE
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

QUESTION, ANSWER = "Why at two in the morning?", "The family called from the hospital."


@pytest.fixture
def auditor(real_commits: RealCommits) -> User:
    return make_user(Role.AUDITOR, name="Auditor Wang", username="wang")


@pytest.fixture
def client(auditor: User) -> Client:
    return client_for(auditor)


@pytest.fixture
def worker(real_commits: RealCommits) -> User:
    return make_user(name="Worker Li", username="li")


@pytest.fixture
def asked(worker: User) -> Client:
    return client_for(worker)


def event_of(worker: User) -> LoggedEvent:
    with transaction.atomic():
        log.record(Event.CASE_FILE_READ, by=worker, target=FILE)
    return LoggedEvent.objects.latest("id")


def finding_about(worker: User, auditor: User, **more: object) -> Finding:
    values = {"kind": "case_file", "about": FILE.log_reference, "person": worker.username}
    made = values | {"question": QUESTION, "by": auditor, "now": timezone.now()} | more
    return findings.ask(**made)


def body_of(event: str) -> dict[str, object]:
    row = LoggedEvent.objects.filter(event=event).latest("id")
    found: dict[str, object] = json.loads(row.body)
    return found


def test_a_question_goes_from_the_event_to_the_answer_to_the_end(
    client: Client, asked: Client, worker: User
) -> None:
    event = event_of(worker)
    page = f"/log/findings/new/?event={event.id}"
    assertContains(client.get(f"/log/events/{event.id}/"), page)
    assertContains(client.get(page), 'value="li"')
    assertNotContains(asked.get("/me/"), "Questions to me")
    response = client.post(page, {"person": "li", "question": QUESTION}, follow=True)
    assertContains(response, "Your question was handed on.")
    assertContains(response, "Worker Li")
    finding = Finding.objects.get()

    # Whoever was asked finds it in the menu, reads it and answers.
    assertContains(asked.get("/me/"), "Questions to me")
    assertContains(asked.get("/me/findings/"), "Case file: read")
    mine = f"/me/findings/{finding.number}/"
    response = asked.get(mine)
    assertContains(response, QUESTION)
    assertContains(response, "Auditor Wang")
    assertContains(asked.post(mine, {}), "Fill this in.", status_code=422)
    response = asked.post(mine, {"text": ANSWER}, follow=True)
    assertContains(response, "Your answer was handed on.")
    assertNotContains(asked.get("/me/"), "Questions to me")

    # The auditor asks again, and closes in the end.
    theirs = f"/log/findings/{finding.number}/"
    assertContains(client.get(theirs), ANSWER)
    client.post(theirs, {"decision": "ask_again", "text": "Which hospital?"})
    assertContains(asked.get(mine), "Which hospital?")
    asked.post(mine, {"text": "The county hospital."})
    response = client.post(theirs, {"decision": "close", "text": "In order."}, follow=True)
    assertContains(response, "That was written down.")
    assertContains(client.get("/log/findings/"), "Nothing here")
    assertContains(client.get("/log/findings/", {"state": "closed"}), "Worker Li")
    assertContains(client.get("/log/findings/", {"state": "odd"}), "Nothing here")
    response = client.get(theirs)
    for words in (QUESTION, ANSWER, "Which hospital?", "The county hospital.", "In order."):
        assertContains(response, words)
    assertNotContains(response, "Your decision")
    assertNotContains(asked.get(mine), 'name="text"')
    finding.refresh_from_db()
    assert finding.state == "closed"
    assert finding.closed_at is not None
    assert str(finding) == finding.number


def test_words_are_sealed_and_in_no_event(auditor: User, worker: User) -> None:
    finding = finding_about(worker, auditor)
    findings.answer(finding=finding, text=ANSWER, by=worker, now=timezone.now())
    for event, words in (("finding.asked", QUESTION), ("finding.answered", ANSWER)):
        body = body_of(event)
        assert (body["ot"], body["o"]) == ("finding", finding.number)
        row = Detail.objects.get(ev=body["ev"])
        assert row.owner == finding.id
        assert words.encode() not in bytes(row.body)
        assert words not in json.dumps(body)


def test_reading_it_is_written_down(client: Client, auditor: User, worker: User) -> None:
    finding = finding_about(worker, auditor)
    client.get(f"/log/findings/{finding.number}/")
    body = body_of("finding.read")
    assert (body["a"], body["o"]) == (auditor.log_reference, finding.number)
    assert body["f"] == ["audit.detail"]


def test_a_question_to_somebody_else_is_not_found_and_the_try_is_written_down(
    asked: Client, auditor: User
) -> None:
    finding = finding_about(make_user(username="chen"), auditor)
    assert asked.get(f"/me/findings/{finding.number}/").status_code == 404
    assert body_of("finding.refused")["o"] == finding.number
    assert asked.get("/me/findings/AAAAA-AAAAA/").status_code == 404
    assert LoggedEvent.objects.filter(event="finding.refused").count() == 1
    assertContains(asked.get("/me/findings/"), "Nothing here")


def test_a_question_may_be_about_an_alert_or_a_file(client: Client, worker: User) -> None:
    alerts._raise(Found(Rule.OFF_HOURS, worker.log_reference, timezone.localdate(), 6, 0.2))
    alert = Alert.objects.get()
    page = f"/log/findings/new/?alert={alert.number}"
    assertContains(client.get(f"/log/unusual/{alert.number}/"), page)
    assertContains(client.get(page), "At hours that are not their own")
    client.post(page, {"person": "Worker Li", "question": QUESTION})
    client.post(f"/log/findings/new/?file={FILE.log_reference}", {"person": "li", "question": "x"})
    assert sorted(Finding.objects.values_list("kind", flat=True)) == ["alert", "case_file"]
    response = client.get("/log/findings/")
    assertContains(response, "At hours that are not their own")
    assertContains(response, FILE.log_reference)


def test_nobody_asks_about_what_is_not_there(client: Client, worker: User) -> None:
    for query in ("", "event=999", "event=x", "alert=AAAAA-AAAAA", "file=nonsense"):
        assert client.get(f"/log/findings/new/?{query}").status_code == 404
    assert client.get("/log/findings/AAAAA-AAAAA/").status_code == 404
    # Something without an account is asked about all the same; whom is typed.
    with transaction.atomic():
        log.record(Event.CASE_FILE_READ, by=log.System("indexer"), target=FILE)
    found = subject_of(event=str(LoggedEvent.objects.latest("id").id), alert="", file="")
    assert found is not None
    assert found.username == ""


def test_one_person_who_is_here_is_asked_and_never_oneself(
    client: Client, auditor: User, worker: User
) -> None:
    make_user(name="Worker Li", username="li2")
    page = f"/log/findings/new/?file={FILE.log_reference}"
    for name, words in (
        ("Nobody", "Nobody here has this name."),
        ("s:demo", "Nobody here has this name."),
        ("Worker Li", "Several people have this name"),
        ("wang", "You cannot ask yourself."),
    ):
        response = client.post(page, {"person": name, "question": QUESTION})
        assertContains(response, words, status_code=422)
    assert not Finding.objects.exists()
    with pytest.raises(Refused, match="does not ask"):
        finding_about(auditor, worker)


def test_answers_and_ends_come_from_the_right_person_at_the_right_time(
    auditor: User, worker: User
) -> None:
    finding = finding_about(worker, auditor)
    now = timezone.now()
    decided = {"finding": finding, "text": "x", "now": now}
    with pytest.raises(Refused, match="Somebody else was asked"):
        findings.answer(finding=finding, text="x", by=auditor, now=now)
    with pytest.raises(Refused, match="no answer yet"):
        findings.decide(decision="ask_again", by=auditor, **decided)
    with pytest.raises(Refused, match="does not ask"):
        findings.decide(decision="close", by=worker, **decided)
    findings.answer(finding=finding, text=ANSWER, by=worker, now=now)
    with pytest.raises(Refused, match="waits for no answer"):
        findings.answer(finding=finding, text=ANSWER, by=worker, now=now)
    findings.decide(decision="close", by=auditor, **decided)
    with pytest.raises(Refused, match="closed already"):
        findings.decide(decision="close", by=auditor, **decided)
    another = make_user(Role.AUDITOR, username="another")
    own = finding_about(another, auditor)
    with pytest.raises(Refused, match="asked yourself"):
        findings.decide(finding=own, decision="close", text="x", by=another, now=now)


def test_what_was_asked_stays_what_it_was(auditor: User, worker: User) -> None:
    finding = finding_about(worker, auditor)
    rows = Finding.objects.filter(pk=finding.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()
    with pytest.raises(DatabaseError, match="stays_what_was_asked"), transaction.atomic():
        rows.update(person="u:somebody-else")
    with pytest.raises(DatabaseError, match="follows_its_states"), transaction.atomic():
        rows.filter(state="asked").update(state="lost")
    itself = {"kind": "event", "about": "1", "asked_at": timezone.now() - timedelta(days=1)}
    with pytest.raises(IntegrityError, match="nobody_asks_themselves"), transaction.atomic():
        Finding(asked_by="u:x", person="u:x", **itself).save(force_insert=True)


@pytest.mark.parametrize("spelt", ["{:0100d}", "{:04d}"])
def test_an_event_is_asked_about_by_its_own_number_however_it_is_spelt(
    client: Client, worker: User, spelt: str
) -> None:
    event = event_of(worker)
    page = f"/log/findings/new/?event={spelt.format(event.id)}"
    assert client.post(page, {"person": "li", "question": QUESTION}).status_code == 302
    assert Finding.objects.get().about == str(event.id)
    assertContains(client.get("/log/findings/"), "Case file: read")
