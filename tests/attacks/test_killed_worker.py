"""A worker that is killed between two steps: what it had read and refused is in the log."""

import os
import signal
from types import SimpleNamespace

import pytest
from django.db import transaction

from audit import log
from audit.events import Event, Purpose
from audit.models import LoggedEvent
from kpm.jobs.actions import enqueue
from kpm.jobs.models import Job
from kpm.jobs.registers import Run, handles
from tests.audit.things import FILE, WORKER
from tests.kpm.jobs.steps import wait_until, worker

pytestmark = pytest.mark.django_db


@handles("test.reads", "Reads and refuses")
def reads(run: Run) -> None:
    """One step that reads and refuses, then a long wait for the end."""
    with run.step():
        with log.reading(WORKER, event=Event.CASE_FILE_READ, purpose=Purpose.INTAKE, about=[FILE]):
            pass
        with transaction.atomic():
            log.refused(Event.PERSON_REFUSED, by=WORKER, target=FILE, rule="known_elsewhere")
        run.advance(done=1, total=2)
    with run.step():
        signal.pause()


MAIN = """
import django
django.setup()
from tests.attacks import test_killed_worker
from tests.kpm.jobs.steps import MAIN
exec(MAIN)
"""


def test_what_a_killed_worker_read_and_refused_is_in_the_log(real_commits, monkeypatch):
    monkeypatch.setattr("tests.kpm.jobs.steps.MAIN", MAIN)
    job = enqueue("test.reads", "A", by=SimpleNamespace(log_reference="u:somebody"))
    with worker(real_commits.environment) as killed:
        wait_until(lambda: Job.objects.get(pk=job.pk).done == 1)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    events = LoggedEvent.objects.filter(event__in=("case_file.read", "person.refused"))
    assert sorted(events.values_list("event", flat=True)) == ["case_file.read", "person.refused"]
