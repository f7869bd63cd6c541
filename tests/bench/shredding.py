"""Forgetting one file, in a district in which many others are found."""

import statistics
import time
from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from casework.actions import destructions
from casework.actions.matches import scope_of
from casework.models import CaseFile
from casework.models.case_files import Status
from kpm.ids import uuid7
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.permissions import Role
from kpm.vault import search
from kpm.vault.search import Record
from tests import factories
from tests.bench.disks import do_not_wait

FILES = 25
OTHERS = 12_000
# Milliseconds.
TARGET = 50


def measure(*, quick: bool = False) -> Iterator[str]:
    """All that the worker does for one file, from its key to the sealed search of the district."""
    files, others = (2, 300) if quick else (FILES, OTHERS)
    do_not_wait()
    worker = Worker(around=in_the_log)
    proposer = factories.make_user(Role.SUPERVISOR)
    decider = factories.make_user(Role.PRIVACY_OFFICER)
    found = [factories.make_case_file() for _ in range(files)]
    search.add(
        scope_of(found[0].district),
        [Record(uuid7(), f"某{number}", "mm", "1234", "5678") for number in range(others)],
    )
    taken = []
    for case_file in found:
        # What comes before, the closing of a file and two decisions, is people's time.
        now = timezone.now()
        CaseFile.objects.filter(pk=case_file.pk).update(
            status=Status.CLOSED, closed_on=timezone.localdate(now)
        )
        case_file.refresh_from_db()
        destruction = destructions.propose(
            case_file=case_file, ground="retention", by=proposer, now=now
        )
        destructions.approve(destruction=destruction, by=decider, now=now)
        start = time.perf_counter()
        while worker.run_job():
            pass
        taken.append(time.perf_counter() - start)
    yield (
        f"{connection.vendor}: a file is forgotten in {statistics.median(taken) * 1000:.0f} ms "
        f"(target {TARGET}), with {others} other people in the search that is sealed anew"
    )
