"""Leases: one worker at a time, what is not committed did not happen, nobody tries for ever."""

from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from kpm.jobs import leases
from kpm.jobs.actions import enqueue
from kpm.jobs.leases import LEASE, MOST_STALLS, Leased, LeaseLost, claim
from kpm.jobs.models import Job, State
from kpm.jobs.registers import Stopping
from tests.kpm.jobs import steps  # noqa: F401 the registration is its effect

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SOMEBODY = SimpleNamespace(log_reference="u:somebody")


def asked(number="A", now=NOW):
    return enqueue("test.steps", number, by=SOMEBODY, now=now)


def leased(owner="one", now=NOW, **more):
    job = claim(owner, now)
    return Leased(job, clock=lambda: now, **more)


def test_asked_twice_it_is_one_job():
    assert asked() == asked()
    assert asked("B") != asked()
    assert Job.objects.count() == 2


def test_once_done_it_can_be_asked_again():
    first = asked()
    leased().finish()
    assert asked() != first
    assert Job.objects.latest_for("test.steps", "A").state == State.WAITING


def test_what_nobody_handles_cannot_be_asked():
    with pytest.raises(LookupError):
        enqueue("no.such", "A", by=SOMEBODY)


def test_the_oldest_is_taken_first_and_by_one_only():
    asked("B", NOW + timedelta(seconds=1))
    asked("A")
    later = NOW + timedelta(seconds=2)
    assert [claim(name, later).object_number for name in ("one", "two")] == ["A", "B"]
    assert claim("three", later) is None


def test_a_lease_that_ran_out_goes_to_the_next():
    asked()
    first = leased("one")
    assert claim("two", NOW + LEASE) is None
    second = claim("two", NOW + LEASE + timedelta(seconds=1))
    assert second.attempt == 2
    assert second.started_at == NOW
    with pytest.raises(LeaseLost), transaction.atomic():
        first.advance(done=0, total=1)
    for write in (first.finish, first.release, lambda: first.fail("X")):
        with pytest.raises(LeaseLost):
            write()
    assert not first.beat()


def test_two_who_see_the_same_job_get_it_once(monkeypatch):
    asked()
    seen = list(Job.objects.due(NOW))
    assert claim("one", NOW)
    monkeypatch.setattr("kpm.jobs.models.JobQuerySet.due", lambda self, now: seen)
    assert claim("two", NOW) is None


def test_a_beat_makes_the_lease_longer():
    asked()
    run = leased()
    run.clock = lambda: NOW + timedelta(seconds=10)
    assert run.beat()
    assert claim("two", NOW + LEASE + timedelta(seconds=1)) is None


def test_progress_is_kept_with_the_work_or_not_at_all():
    asked()
    run = leased()
    with run.step():
        run.advance(done=1, total=5, checkpoint={"next": 1})
    with pytest.raises(ZeroDivisionError):
        broken_step(run)
    job = Job.objects.get()
    assert (job.done, job.total, job.checkpoint, job.percent) == (1, 5, {"next": 1}, 20)
    again = Leased(claim("two", NOW + LEASE * 2), clock=lambda: NOW)
    assert (again.checkpoint, again.done) == ({"next": 1}, 1)


def broken_step(run):
    with run.step():
        run.advance(done=2, checkpoint={"next": 2})
        raise ZeroDivisionError


def test_progress_outside_the_work_is_a_mistake(monkeypatch):
    asked()
    run = leased()
    monkeypatch.setattr(leases, "connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(RuntimeError):
        run.advance(done=1)


@pytest.mark.parametrize(
    ("vendor", "long", "waits"),
    [
        ("sqlite", 0, 1),
        ("sqlite", 9, 0),
        ("postgresql", 0, 0),
    ],
)
def test_after_a_long_step_on_sqlite_others_have_their_turn(monkeypatch, vendor, long, waits):
    asked()
    run = leased()
    pauses = []
    monkeypatch.setattr(run.stop, "wait", pauses.append)
    monkeypatch.setattr(leases, "connection", SimpleNamespace(vendor=vendor, in_atomic_block=True))
    monkeypatch.setattr(leases, "LONG_STEP", long)
    with run.step():
        run.advance(done=0)
    assert pauses == [leases.PAUSE] * waits


def test_a_worker_that_is_to_end_starts_no_step():
    asked()
    stop = Event()
    run = leased(stop=stop)
    stop.set()
    with pytest.raises(Stopping), run.step():
        raise AssertionError
    run.release()
    assert claim("two", NOW).attempt == 2


def test_work_that_kills_every_worker_is_given_up():
    asked()
    now = NOW
    for _ in range(MOST_STALLS):
        assert claim("one", now)
        now += LEASE * 2
    assert claim("one", now) is None
    job = Job.objects.get()
    assert (job.state, job.problem) == (State.FAILED, "lost")


def test_work_that_moves_may_be_killed_any_number_of_times():
    asked()
    now = NOW
    for number in range(MOST_STALLS * 3):
        run = leased("one", now)
        with run.step():
            run.advance(done=number, total=100)
        now += LEASE * 2
    assert claim("one", now)


def test_what_fails_is_tried_again_later_and_then_no_more():
    asked()
    now, pauses = NOW, []
    for _ in range(MOST_STALLS):
        run = leased("one", now)
        run.fail("ValueError")
        job = Job.objects.get()
        pauses.append((job.not_before - now).total_seconds())
        now = max(job.not_before, now + timedelta(seconds=1))
    assert (job.state, job.problem) == (State.FAILED, "ValueError")
    assert pauses[:3] == [5, 15, 45]
    assert job.ended_at is not None


def test_the_database_holds_the_rules_too():
    job = asked()
    rows = Job.objects.filter(pk=job.pk)
    for values in (
        {"state": "running"},
        {"state": "lost"},
        {"done": 2, "total": 1},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job(kind=job.kind, object_number="A", asked_by="u:x", asked_at=NOW, not_before=NOW).save()
