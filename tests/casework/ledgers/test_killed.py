"""A worker that is killed in the middle of a ledger: the next one ends it, every row once."""

import os
import signal
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from casework.actions import ledgers
from casework.models import CaseFile, Ledger, Person
from casework.models.ledgers import LedgerState, RowOutcome
from kpm.accounts.models import Unit, User
from kpm.jobs.models import Job
from kpm.management.demo.county import COUNTY, places
from kpm.permissions import Role
from risk_levels.models import Proposal
from tests.casework.ledgers import large
from tests.conftest import RealCommits
from tests.factories import make_user
from tests.kpm.jobs.steps import wait_until, worker

NOW = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
ROWS = 1500
GOOD = ROWS - ROWS // large.FAULTY

pytestmark = pytest.mark.django_db


def somebody() -> User:
    """A supervisor of the invented county."""
    made: dict[str, Unit] = {}
    for place in places():
        made[place.code] = Unit(
            code=place.code,
            name=place.name,
            level=place.level,
            parent=made[place.parent] if place.parent else None,
            district=place.code[:6],
        )
        made[place.code].save_as(by=None)
    return make_user(Role.SUPERVISOR, unit=made[COUNTY[0]])


def kill_in_the_middle(real_commits: RealCommits, kind: str) -> None:
    """Let one worker begin, kill it after its first steps, let the next one end it."""
    job = Job.objects.latest_for(kind, Ledger.objects.get().number)
    assert job is not None

    def begun() -> bool:
        job.refresh_from_db()
        return job.done >= 200

    with worker(real_commits.environment) as first:
        wait_until(begun)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    job.refresh_from_db()
    assert 0 < job.done < ROWS
    with worker(real_commits.environment, arguments=["--once"]) as second:
        second.wait(timeout=120)
    job.refresh_from_db()
    if job.is_open:
        # The lease of the killed one had not run out yet.
        with worker(real_commits.environment):
            wait_until(
                lambda: not Job.objects.filter(pk=job.pk, state__in=("running", "waiting")).exists()
            )


def test_a_ledger_whose_worker_was_killed_twice_ends_with_every_row_once(
    real_commits: RealCommits,
) -> None:
    by = somebody()
    ledger = ledgers.upload(
        population="empty_nest_elder",
        workbook=ledgers.read(large.workbook(ROWS), "empty_nest_elder"),
        by=by,
        now=NOW,
    )
    kill_in_the_middle(real_commits, ledgers.CHECK)
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.CHECKED
    assert ledger.rows.filter(outcome=RowOutcome.NEW).count() == GOOD
    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    kill_in_the_middle(real_commits, ledgers.APPLY)
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.APPLIED
    assert Person.objects.count() == CaseFile.objects.count() == GOOD
    assert Person.objects.values("id_number_index").distinct().count() == GOOD
    assert Counter(Proposal.objects.values_list("state", flat=True)) == {"submitted": GOOD}
    assert Person.history.count() == CaseFile.history.count() == GOOD
    assert ledger.rows.filter(is_applied=True).count() == GOOD
