"""Real worker processes: killed, stopped, several at once, asked to end."""

import os
import signal
import time
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from kpm.jobs.actions import enqueue
from kpm.jobs.models import Job, State
from tests.kpm.jobs.steps import STEPS, all_steps, done_steps, wait_until, worker

SOMEBODY = SimpleNamespace(log_reference="u:somebody")

pytestmark = pytest.mark.django_db


def ask(number="A"):
    return enqueue("test.steps", number, by=SOMEBODY)


def done(job):
    job.refresh_from_db()
    return job.done


def test_a_killed_worker_is_replaced_and_nothing_is_repeated(real_commits):
    job = ask()
    with worker(real_commits.environment) as first:
        wait_until(lambda: done(job) >= 5)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    job.refresh_from_db()
    assert job.state == State.RUNNING
    left_at = job.done
    assert 5 <= left_at < STEPS
    with worker(real_commits.environment, pause=0):
        wait_until(lambda: done(job) == STEPS)
        wait_until(lambda: Job.objects.get().state == State.DONE)
    job.refresh_from_db()
    assert job.attempt == 2
    # The key of a step's row would have refused it a second time.
    assert done_steps("A") == all_steps("A")


def test_a_worker_that_stood_still_repeats_nothing_when_it_goes_on(real_commits):
    job = ask()
    with worker(real_commits.environment, pause=0.3) as first:
        wait_until(lambda: done(job) >= 2)
        # Just after a step: whoever stands still while it writes on SQLite stops everybody.
        seen = done(job)
        wait_until(lambda: done(job) > seen)
        os.kill(first.pid, signal.SIGSTOP)
        with worker(real_commits.environment, pause=0):
            wait_until(lambda: Job.objects.get().state == State.DONE)
            os.kill(first.pid, signal.SIGCONT)
            time.sleep(1)
            assert first.poll() is None
    assert done_steps("A") == all_steps("A")
    assert Job.objects.get().attempt == 2


def test_several_workers_share_the_work(real_commits):
    numbers = [f"N{number}" for number in range(6)]
    for number in numbers:
        ask(number)
    with ExitStack() as together:
        for _ in range(3):
            together.enter_context(worker(real_commits.environment, lease=15, pause=0.02))
        wait_until(lambda: Job.objects.filter(state=State.DONE).count() == len(numbers))
    for number in numbers:
        assert done_steps(number) == all_steps(number)
    assert set(Job.objects.values_list("attempt", flat=True)) == {1}


def test_a_worker_ends_cleanly_when_asked(real_commits):
    job = ask()
    with worker(real_commits.environment, lease=60) as process:
        wait_until(lambda: done(job) >= 3)
        process.terminate()
        output = process.communicate(timeout=20)[0].decode()
    assert process.returncode == 0, output
    assert "Traceback" not in output
    job.refresh_from_db()
    assert (job.state, job.owner) == (State.WAITING, "")
    # Somebody else may go on at once, long before the lease would have run out.
    assert job.not_before <= timezone.now() + timedelta(seconds=1)
    assert done_steps("A") == all_steps("A")[: job.done]


def test_one_round_does_what_is_due(real_commits):
    job = ask()
    with worker(real_commits.environment, pause=0, arguments=["--once"]) as process:
        assert process.wait(timeout=60) == 0
    assert done(job) == STEPS
