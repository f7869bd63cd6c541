"""Reasons by lot: drawn once a week, opened with an event, in order or asked about."""

import json
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from audit import findings, log, samples
from audit.bodies import canonical
from audit.events import Event, Purpose
from audit.models import Detail, Finding, LoggedEvent, Sample, SampleState
from audit.samples import A_WEEK, last_week
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.ids import uuid7
from kpm.permissions import Role
from kpm.vault import shredding
from tests.audit.things import FILE, File
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

OWNER = uuid7()


@pytest.fixture
def auditor(real_commits: RealCommits) -> User:
    return make_user(Role.AUDITOR, name="Auditor Wang")


@pytest.fixture
def client(auditor: User) -> Client:
    return client_for(auditor)


@pytest.fixture
def worker(real_commits: RealCommits) -> User:
    return make_user(name="Worker Li", username="li")


def next_week() -> date:
    """A day on which this week is the last one that is over."""
    return timezone.localdate() + A_WEEK


def revealed(worker: User, number: int = 1, reason: str = "call") -> None:
    target = File(FILE.log_reference, log_owners=(OWNER,))
    with transaction.atomic():
        for _ in range(number):
            log.record(
                Event.CASE_FILE_REVEALED,
                by=worker,
                target=target,
                groups=["person.phone"],
                purpose=Purpose.SERVICE,
                detail={"reason": reason},
            )


def body_of(event: str) -> dict[str, object]:
    row = LoggedEvent.objects.filter(event=event).latest("id")
    found: dict[str, object] = json.loads(row.body)
    return found


def test_the_last_week_is_the_one_that_is_over() -> None:
    assert last_week(date(2026, 11, 26)) == date(2026, 11, 16)
    assert last_week(date(2026, 11, 30)) == date(2026, 11, 23)


@pytest.mark.parametrize(("events", "drawn"), [(4, 4), (12, 10), (250, 13)])
def test_one_in_twenty_and_at_least_ten_are_drawn(
    auditor: User, worker: User, events: int, drawn: int
) -> None:
    revealed(worker, events)
    assert samples.draw(by=auditor, today=next_week()) == drawn
    body = body_of("sample.drawn")
    assert body["n"] == events
    assert len(body["os"]) == drawn
    assert set(Sample.objects.values_list("week_on", flat=True)) == {last_week(next_week())}


def test_a_week_is_drawn_once_and_only_from_itself(auditor: User, worker: User) -> None:
    revealed(worker)
    with pytest.raises(Refused, match="Nothing was shown"):
        samples.draw(by=auditor, today=timezone.localdate())
    samples.draw(by=auditor, today=next_week())
    with pytest.raises(Refused, match="drawn already"):
        samples.draw(by=auditor, today=next_week())
    with pytest.raises(Refused, match="does not ask"):
        samples.draw(by=worker, today=next_week())


def test_the_page_shows_reasons_in_words_and_that_they_were_opened_is_an_event(
    client: Client, auditor: User, worker: User
) -> None:
    assertContains(client.get("/log/samples/"), "Nothing was drawn yet.")
    revealed(worker)
    samples.draw(by=auditor, today=next_week())
    response = client.get("/log/samples/")
    for words in ("Worker Li", FILE.log_reference, "phone", "To call", "To be looked at"):
        assertContains(response, words)
    body = body_of("audit.read")
    assert (body["o"], body["f"], body["p"]) == (FILE.log_reference, ["audit.detail"], "quality")


def test_the_button_draws_and_says_so(
    client: Client, worker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assertContains(client.post("/log/samples/"), "Nothing was shown in full", status_code=422)
    revealed(worker)
    this_week = last_week(next_week())
    monkeypatch.setattr(samples, "last_week", lambda _today: this_week)
    assertContains(client.post("/log/samples/", follow=True), "1 reason was drawn.")


def test_a_reason_is_in_order_once(client: Client, auditor: User, worker: User) -> None:
    revealed(worker)
    samples.draw(by=auditor, today=next_week())
    sample = Sample.objects.get()
    page = f"/log/samples/{sample.number}/"
    assertContains(client.post(page, follow=True), "That was written down.")
    sample.refresh_from_db()
    assert (sample.state, str(sample)) == ("in_order", sample.number)
    assert body_of("sample.judged")["dec"] == {"ok": True, "rule": "in_order"}
    assertContains(client.post(page, {"x": "1"}, follow=True), "This was looked at already.")
    assert client.post("/log/samples/AAAAA-AAAAA/").status_code == 404
    assertNotContains(client.get("/log/samples/"), "/log/findings/new/")


def test_asking_about_a_drawn_event_is_what_came_of_it(
    client: Client, auditor: User, worker: User
) -> None:
    revealed(worker, 2)
    samples.draw(by=auditor, today=next_week())
    sample = Sample.objects.order_by("place")[0]
    page = f"/log/findings/new/?event={sample.place}"
    assertContains(client.get("/log/samples/"), page)
    client.post(page, {"person": "li", "question": "Whom did you call?"})
    sample.refresh_from_db()
    assert sample.state == "asked"
    assert list(Sample.objects.exclude(pk=sample.pk).values_list("state", flat=True)) == ["drawn"]
    assert body_of("sample.judged")["o"] == sample.number
    # A second question about it changes nothing any more.
    client.post(page, {"person": "li", "question": "And when?"})
    assert LoggedEvent.objects.filter(event="sample.judged").count() == 1


def test_a_reason_that_is_gone_is_said_to_be(client: Client, auditor: User, worker: User) -> None:
    revealed(worker, 2)
    samples.draw(by=auditor, today=next_week())
    Detail.objects.filter(ev=body_of("case_file.revealed")["ev"]).delete()
    assertContains(client.get("/log/samples/"), "The words were erased.", count=1)
    shredding.destroy_keys([OWNER])
    assertContains(client.get("/log/samples/"), "The words were erased.", count=2)


def test_what_the_lot_fell_on_stays_drawn(auditor: User, worker: User) -> None:
    revealed(worker)
    samples.draw(by=auditor, today=next_week())
    rows = Sample.objects.all()
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()
    with pytest.raises(DatabaseError, match="stays_what_was_drawn"), transaction.atomic():
        rows.update(week_on=timezone.localdate() - timedelta(days=70))


def test_nobody_judges_what_they_did_themselves_in_an_earlier_role(
    client: Client, auditor: User
) -> None:
    revealed(auditor)
    make_user(name="Friend Zhao", username="zhao")
    samples.draw(by=auditor, today=next_week())
    sample = Sample.objects.get()
    response = client.post(f"/log/samples/{sample.number}/", follow=True)
    assertContains(response, "This is about what you did yourself")
    # Nor is asking somebody else about it a way to be done with it.
    page = f"/log/findings/new/?event={sample.place}"
    response = client.post(page, {"person": "zhao", "question": "Was it you?"})
    assertContains(response, "This is about what you did yourself", status_code=422)
    sample.refresh_from_db()
    assert sample.state == "drawn"
    assert not Finding.objects.exists()


def test_only_what_the_site_wrote_is_drawn(auditor: User, worker: User) -> None:
    """A row that somebody put in by hand is the verification's business."""
    revealed(worker, 2)
    odd = body_of(Event.CASE_FILE_REVEALED)
    nameless = {key: value for key, value in odd.items() if key != "ev"}
    about_nothing = {key: value for key, value in odd.items() if key not in ("o", "ot")}
    with transaction.atomic(), connection.cursor() as cursor:
        for body in (nameless, about_nothing | {"ev": str(uuid7())}):
            cursor.execute("INSERT INTO audit_event (body) VALUES (%s)", [canonical(body)])
    assert samples.draw(by=auditor, today=next_week()) == 2


def test_only_whoever_did_it_can_answer_for_what_was_drawn(auditor: User, worker: User) -> None:
    revealed(worker)
    samples.draw(by=auditor, today=next_week())
    sample = Sample.objects.get()
    friend = make_user(name="Worker Sun", username="sun")
    for person, state in ((friend, SampleState.DRAWN), (worker, SampleState.ASKED)):
        with log.entered(log.Context(channel="web")):
            findings.ask(
                kind="event",
                about=str(sample.place),
                person=person.username,
                question="Why?",
                by=auditor,
                now=timezone.now(),
            )
        sample.refresh_from_db()
        assert sample.state == state


def test_what_has_left_for_the_archive_is_not_judged_any_more(auditor: User, worker: User) -> None:
    revealed(worker)
    samples.draw(by=auditor, today=next_week())
    with log.entered(log.Context(channel="web")):
        assert len(samples.read(by=auditor)) == 1
    Sample(place=999_999_999, week_on=Sample.objects.get().week_on).save(force_insert=True)
    with log.entered(log.Context(channel="web")):
        assert len(samples.read(by=auditor)) == 1
