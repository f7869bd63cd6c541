"""Work for tests that can be counted: one row per step, and a worker process that does it."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

from kpm.jobs.models import Sweep
from kpm.jobs.registers import Run, handles
from kpm.management.commands import work
from tests.settings import IS_POSTGRESQL

STEPS = 30
PAUSE = "KPM_TEST_PAUSE"


@handles("test.steps", "Steps")
def steps(run: Run) -> None:
    """Write one row per step; a step that is done twice breaks on its key."""
    for number in range(run.checkpoint.get("next", 0), STEPS):
        with run.step():
            Sweep.objects.create(
                name=f"{run.object_number} {number:03}", next_run_at="2999-01-01T00:00Z"
            )
            run.advance(done=number + 1, total=STEPS, checkpoint={"next": number + 1})
        time.sleep(float(os.environ.get(PAUSE, "0")))


def done_steps(object_number: str) -> list[str]:
    """What was done and committed, in order."""
    rows = Sweep.objects.filter(name__startswith=f"{object_number} ").order_by("name")
    return list(rows.values_list("name", flat=True))


def all_steps(object_number: str) -> list[str]:
    """What there is to do."""
    return [f"{object_number} {number:03}" for number in range(STEPS)]


def take_the_databases_as_they_are() -> None:
    """A copy on a throwaway PostgreSQL is not fit to serve, and need not be."""
    if IS_POSTGRESQL:
        work.refuse_unless_ready = lambda: None


MAIN = """
import sys
import django
django.setup()
from tests.kpm.jobs import steps
from django.core.management import call_command
steps.take_the_databases_as_they_are()
call_command("work", *sys.argv[1:])
"""


@contextmanager
def worker(environment, *, lease=1.5, pause=0.05, arguments=()):
    """A real worker process on the databases of a test."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "--lease", str(lease), *arguments],
        env={**environment, PAUSE: str(pause)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        output = process.communicate()[0] if process.stdout else b""
        if process.returncode not in (0, -9):
            # Shown with the failure of the test.
            print(output.decode())  # noqa: T201 pytest shows it with a failure


def wait_until(condition, *, seconds=60.0):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
