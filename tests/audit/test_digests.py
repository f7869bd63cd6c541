"""A week in counts, and how the log stands."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from audit import alerts, digests, log
from audit.bodies import moment
from audit.digests import Digest
from audit.events import Event, Outcome
from audit.models import Attestation, LoggedEvent
from audit.states import state
from audit.unusual import Found, Rule
from kpm.accounts.models import User
from kpm.permissions import Role
from tests.audit.things import FILE, NOW, sequence_all, write_events
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

A_DAY = timedelta(days=1)


@pytest.fixture
def client(real_commits: RealCommits) -> Client:
    return client_for(make_user(Role.AUDITOR, name="Auditor Wang"))


@pytest.fixture
def worker(real_commits: RealCommits) -> User:
    return make_user(name="Worker Li")


def counts(digest: Digest) -> dict[str, tuple[int, int]]:
    return {str(line.label): (line.count, line.before) for line in digest.lines}


def record(worker: User, event: Event, **more: object) -> None:
    with transaction.atomic():
        log.record(event, by=worker, target=FILE, **more)


def test_a_week_is_counted_beside_the_week_before(worker: User) -> None:
    for event in (Event.CASE_FILE_READ, Event.CASE_FILE_READ, Event.CASE_FILE_REVEALED):
        record(worker, event)
    record(worker, Event.CASE_FILE_REFUSED, outcome=Outcome.DENIED)
    record(make_user(), Event.CASE_FILE_LISTED)
    today = timezone.localdate()
    found = counts(digests.of(today))
    assert found["Events"] == (5, 0)
    assert found["Accounts that were active"] == (2, 0)
    assert found["Files opened"] == (2, 0)
    assert found["Values shown in full"] == (1, 0)
    assert found["Lists and searches"] == (1, 0)
    assert found["Refused tries"] == (1, 0)
    assert counts(digests.of(today + timedelta(days=7)))["Events"] == (0, 5)
    assert counts(digests.of(today - A_DAY))["Events"] == (0, 0)


def test_what_was_noticed_is_counted_by_rule(worker: User) -> None:
    today = timezone.localdate()
    alerts._raise(Found(Rule.MASS_REVEAL, worker.log_reference, today, 30, 1.0))
    alerts._raise(Found(Rule.NOT_THEIRS, worker.log_reference, today - timedelta(days=7), 9, 0.5))
    digest = digests.of(today)
    assert [(line.label, line.count, line.before) for line in digest.noticed] == [
        ("many values shown in full within an hour", 1, 0),
        ("tries on files that are not theirs", 0, 1),
    ]
    assert digest.waiting == 2


def test_the_page_names_nobody_and_turns_by_weeks(client: Client, worker: User) -> None:
    record(worker, Event.CASE_FILE_READ)
    today = timezone.localdate()
    response = client.get("/log/week/")
    assertContains(response, f"until={today - timedelta(days=8)}")
    assertNotContains(response, "The week after")
    assertNotContains(response, "Worker Li")
    assertNotContains(response, FILE.log_reference)
    response = client.get("/log/week/", {"until": today - timedelta(days=8)})
    assertContains(response, "The week after")
    assertNotContains(client.get("/log/week/", {"until": "2098-01-01"}), "The week after")
    assertNotContains(client.get("/log/week/", {"until": "nonsense"}), "The week after")
    assert LoggedEvent.objects.filter(event="audit.read").count() == 4


def test_the_badge_says_what_others_keep_and_what_came_after_it(client: Client) -> None:
    assertContains(client.get("/log/"), "nobody else keeps a root")
    assertContains(client.get("/log/verification/"), "nobody keeps one")
    write_events(5)
    sequence_all()
    rows = Attestation.objects.using("sequencer")
    rows.create(size=3, witness="copy", evidence="", at=moment(NOW))
    stand = state(NOW)
    assert stand.witnessed is not None
    assert (stand.witnessed.size, stand.witnessed.is_old) == (3, False)
    assert stand.unwitnessed == stand.size - 3
    later = state(NOW + timedelta(hours=2)).witnessed
    assert later is not None
    assert later.is_old
    assertContains(client.get("/log/"), "a root kept elsewhere")
    response = client.get("/log/verification/")
    assertContains(response, "the window in which that is possible")
    assertContains(response, "Waiting longest since")
