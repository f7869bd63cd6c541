"""Workers: do what is due, survive what fails, say nothing about anybody."""

import logging
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connections

from audit.models import LoggedEvent
from kpm.ids import uuid7
from kpm.jobs import registers, workers
from kpm.jobs.actions import enqueue
from kpm.jobs.models import Job, State, Sweep
from kpm.jobs.registers import GiveUp, handles, sweep
from kpm.jobs.workers import Heart, Pulse, Worker, run_together
from kpm.management.commands import work
from kpm.vault.errors import KeyDestroyed
from tests.conftest import RealCommits
from tests.kpm.jobs.steps import all_steps, done_steps, take_the_databases_as_they_are

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SOMEBODY = SimpleNamespace(log_reference="u:somebody")


@pytest.fixture(autouse=True)
def _own_registers(monkeypatch):
    """What a test enters goes with it; sweeps of the apps stay out of the way."""
    monkeypatch.setattr(registers, "HANDLERS", dict(registers.HANDLERS))
    monkeypatch.setattr(workers, "HANDLERS", registers.HANDLERS)
    monkeypatch.setattr("kpm.jobs.actions.HANDLERS", registers.HANDLERS)
    monkeypatch.setattr(registers, "SWEEPS", {})
    monkeypatch.setattr(workers, "SWEEPS", registers.SWEEPS)


def ask(kind, number="A"):
    return enqueue(kind, number, by=SOMEBODY, now=NOW)


def state_of(job):
    job.refresh_from_db()
    return job.state, job.problem


def test_a_job_is_done_to_its_end():
    job = ask("test.steps")
    assert Worker().work_off() == 1
    assert state_of(job) == (State.DONE, "")
    assert (job.done, job.total, job.owner, job.lease_until) == (30, 30, "", None)
    assert done_steps("A") == all_steps("A")


def test_every_job_is_surrounded():
    seen = []

    @contextmanager
    def around():
        seen.append("in")
        yield
        seen.append("out")

    @handles("test.inside", "")
    def inside(run):
        seen.append(run.object_number)
        assert run.asked_by == "u:somebody"
        assert run.now()

    ask("test.inside", "7K3MQ-9TX2A")
    Worker(around=around).work_off()
    assert seen == ["in", "7K3MQ-9TX2A", "out"]


def test_a_step_that_cannot_be_written_down_is_not_done():
    class Broken:
        def write(self):
            raise ValueError

    @contextmanager
    def around():
        yield Broken()

    job = ask("test.steps")
    Worker(around=around, clock=lambda: NOW).run_job()
    assert state_of(job) == (State.WAITING, "ValueError")
    assert (job.done, done_steps("A")) == (0, [])


def test_what_went_wrong_is_told_without_its_words(caplog):
    @handles("test.broken", "")
    def broken(run):
        raise ValueError("王秀英 13812345678")

    job = ask("test.broken")
    with caplog.at_level(logging.DEBUG):
        Worker(clock=lambda: NOW).work_off()
    assert state_of(job) == (State.WAITING, "ValueError")
    assert "ValueError" in caplog.text
    assert "test_workers.py" in caplog.text
    assert "王秀英" not in caplog.text
    assert "138" not in caplog.text


def test_content_that_does_not_open_in_the_background_is_an_event():
    @handles("test.sealed", "")
    def sealed(run):
        raise KeyDestroyed(2, 2, uuid7())

    job = ask("test.sealed")
    Worker(around=work.in_the_log, clock=lambda: NOW).work_off()
    assert state_of(job) == (State.WAITING, "KeyDestroyed")
    event = LoggedEvent.objects.get(event="vault.refused")
    assert (event.actor, event.outcome) == ("s:work", "denied")


def test_what_cannot_be_done_is_given_up_at_once():
    @handles("test.impossible", "")
    def impossible(run):
        raise GiveUp("no_such_ledger")

    job = ask("test.impossible")
    Worker(clock=lambda: NOW).work_off()
    assert state_of(job) == (State.FAILED, "no_such_ledger")


def test_a_worker_that_is_asked_to_end_gives_the_job_back():
    worker = Worker(clock=lambda: NOW)

    @handles("test.long", "")
    def long(run):
        with run.step():
            run.advance(done=1, total=9)
        worker.stop.set()
        with run.step():
            raise AssertionError

    job = ask("test.long")
    worker.work_off()
    assert state_of(job) == (State.WAITING, "")
    assert job.done == 1


def test_a_job_that_was_taken_away_is_left_alone(caplog):
    @handles("test.slow", "")
    def slow(run):
        Job.objects.update(owner="another", attempt=7)

    job = ask("test.slow")
    assert Worker(clock=lambda: NOW).run_job()
    assert job.pk == Job.objects.get(owner="another", state=State.RUNNING).pk
    assert "somebody else" in caplog.text


@pytest.mark.parametrize("fault", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_waited_for(monkeypatch, caplog, fault):
    worker = Worker()
    tries = []

    def run_job(**_kwargs):
        tries.append(1)
        if len(tries) == 3:
            worker.stop.set()
        if len(tries) == 1:
            raise fault("connection of 王秀英")
        return len(tries) == 2

    monkeypatch.setattr(worker, "run_job", run_job)
    monkeypatch.setattr(workers, "IDLE", 0.01)
    monkeypatch.setattr(type(connections), "close_all", lambda self: None)
    worker.run()
    assert len(tries) == 3
    assert fault.__name__ in caplog.text
    assert "王秀英" not in caplog.text


def test_a_database_error_inside_a_job_is_no_failure_of_the_job():
    @handles("test.away", "")
    def away(run):
        raise OperationalError

    @sweep("test.away", "", every=timedelta(hours=1))
    def sweep_away(now):
        raise OperationalError

    ask("test.away")
    worker = Worker(clock=lambda: NOW)
    with pytest.raises(OperationalError):
        worker.run_sweeps()
    with pytest.raises(OperationalError):
        worker.run_job()
    assert Job.objects.get().state == State.RUNNING


def test_a_sweep_runs_when_it_is_due_and_by_one_worker_only():
    moments = []

    @sweep("test.hourly", "Hourly", every=timedelta(hours=1))
    def hourly(now):
        moments.append(now)

    now = [NOW]
    one, two = (Worker(clock=lambda: now[0]) for _ in range(2))
    for minutes in (0, 59, 60, 61):
        now[0] = NOW + timedelta(minutes=minutes)
        one.run_sweeps()
        two.run_sweeps()
    assert moments == [NOW, NOW + timedelta(minutes=60)]
    row = Sweep.objects.get(name="test.hourly")
    assert (row.next_run_at, row.problem) == (NOW + timedelta(hours=2), "")


def test_of_two_workers_who_see_a_sweep_one_has_it():
    calls = []

    @sweep("test.once", "", every=timedelta(hours=1))
    def once(now):
        calls.append(now)

    worker = Worker(clock=lambda: NOW)
    row = Sweep.objects.create(name="test.once", next_run_at=NOW)
    regular = registers.SWEEPS["test.once"]
    worker._sweep(regular, row)
    worker._sweep(regular, row)
    assert calls == [NOW]


def test_a_sweep_whose_worker_was_killed_is_run_again():
    calls = []

    @sweep("test.killed", "", every=timedelta(days=1))
    def killed(now):
        calls.append(now)

    # What a killed worker leaves: held, and never ended.
    Sweep.objects.create(name="test.killed", next_run_at=NOW + workers.SWEEP_HELD)
    Worker(clock=lambda: NOW).run_sweeps()
    assert not calls
    Worker(clock=lambda: NOW + workers.SWEEP_HELD).run_sweeps()
    assert len(calls) == 1


def test_a_sweep_that_fails_is_tried_again_soon(caplog):
    @sweep("test.failing", "", every=timedelta(days=1))
    def failing(now):
        raise KeyError("王秀英")

    Worker(clock=lambda: NOW).run_sweeps()
    row = Sweep.objects.get(name="test.failing")
    assert (row.problem, row.next_run_at) == ("KeyError", NOW + workers.SWEEP_RETRY)
    assert "王秀英" not in caplog.text


def test_a_worker_that_is_to_end_starts_no_sweep():
    @sweep("test.late", "", every=timedelta(days=1))
    def late(now):
        raise AssertionError

    worker = Worker()
    worker.stop.set()
    worker.run_sweeps()
    assert worker.work_off() == 0


def test_one_name_has_one_function():
    @handles("test.one", "")
    def one(run): ...

    @sweep("test.one", "", every=timedelta(1))
    def two(now): ...

    assert handles("test.one", "")(one) is one
    assert sweep("test.one", "", every=timedelta(1))(two) is two
    with pytest.raises(ValueError, match="Two functions"):
        handles("test.one", "")(two)
    with pytest.raises(ValueError, match="Two functions"):
        sweep("test.one", "", every=timedelta(1))(one)


class Beaten:
    """Stands for a leased job and counts beats."""

    lease = timedelta(seconds=0.03)

    def __init__(self, answers):
        self.answers = list(answers)
        self.beats = 0

    def beat(self):
        self.beats += 1
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("answers", "ends"), [((), False), ((OperationalError(), True), False), ((True, False), True)]
)
def test_a_heart_beats_until_the_end_or_until_the_lease_is_lost(answers, ends):
    run = Beaten(answers)
    heart = Heart(run)
    time.sleep(0.3)
    assert heart.is_alive() is not ends
    heart.end()
    assert not heart.is_alive()
    assert run.beats == 2 if ends else run.beats > 3


def test_a_pulse_beats_whatever_goes_wrong(caplog):
    stop, beats = Event(), []

    def beat(now):
        beats.append(now)
        if len(beats) < 4:
            raise ValueError("王秀英")

    pulse = Pulse(beat, every=0.01, stop=stop)
    pulse.start()
    time.sleep(0.3)
    stop.set()
    pulse.join()
    assert len(beats) > 5
    assert caplog.text.count("pulse failed: ValueError") == 1
    assert "王秀英" not in caplog.text


def test_pulses_end_with_the_worker(monkeypatch):
    worker = Worker()
    monkeypatch.setattr(worker, "run", lambda: time.sleep(0.05))
    monkeypatch.setattr(type(connections), "close_all", lambda self: None)
    pulse = Pulse(lambda now: None, every=0.01, stop=worker.stop)
    run_together(worker, [pulse])
    assert not pulse.is_alive()


def test_no_two_workers_have_one_name():
    assert workers.owner_name() != workers.owner_name()


def test_the_command_does_what_is_due_and_ends(real_commits: RealCommits, monkeypatch):
    monkeypatch.setattr(work, "refuse_unless_ready", work.refuse_unless_ready)
    take_the_databases_as_they_are()
    job = ask("test.steps")
    call_command("work", "--once")
    assert state_of(job) == (State.DONE, "")
