"""Leases: who does a job until when, and writes that count only while that holds.

A worker that was killed, stopped or cut off loses its lease; the next one goes on at the last
checkpoint. Whatever the first one still tries fails together with its transaction.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from kpm.database import turns
from kpm.jobs.models import Job, State
from kpm.jobs.registers import Stopping

LEASE = timedelta(seconds=15)
# After so many attempts in a row without one step done, nobody tries again.
MOST_STALLS = 4
CANDIDATES = 10
# SQLite lets one write at a time and gives no turns: whoever waits looks again every tenth of a
# second. After a step that took long, the worker stays out for longer than that.
LONG_STEP, PAUSE = 0.05, 0.12


class LeaseLost(Exception):
    """Somebody else does this job now; what was not committed is theirs to do."""


def claim(owner: str, now: datetime, lease: timedelta = LEASE) -> Job | None:
    """Take the next job whose turn it is, if there is one."""
    for seen in Job.objects.due(now)[:CANDIDATES]:
        # As it was seen: whoever is quicker changes the attempt or the lease.
        taken = Job.objects.filter(
            Q(lease_until=seen.lease_until) if seen.lease_until else Q(lease_until__isnull=True),
            pk=seen.pk,
            state=seen.state,
            attempt=seen.attempt,
        )
        if seen.stalls >= MOST_STALLS:
            # Every worker that touched it was killed.
            taken.update(
                state=State.FAILED, problem="lost", ended_at=now, owner="", lease_until=None
            )
            continue
        if taken.update(
            state=State.RUNNING,
            owner=owner,
            attempt=F("attempt") + 1,
            stalls=F("stalls") + 1,
            lease_until=now + lease,
            started_at=Coalesce("started_at", now),
        ):
            return Job.objects.get(pk=seen.pk)
    return None


class Leased:
    """A job in the hands of one worker; what its handler is given."""

    def __init__(
        self,
        job: Job,
        *,
        clock: Callable[[], datetime],
        lease: timedelta = LEASE,
        stop: Event | None = None,
        transact: Callable[[], AbstractContextManager[object]] = transaction.atomic,
    ) -> None:
        self.transact = transact
        self.job = job
        self.clock = clock
        self.lease = lease
        self.stop = stop or Event()
        self.object_number = job.object_number
        self.asked_by = job.asked_by
        self.checkpoint: dict[str, Any] = dict(job.checkpoint)
        self.done = job.done

    def now(self) -> datetime:
        """The moment."""
        return self.clock()

    @contextmanager
    def step(self) -> Iterator[None]:
        """One transaction of work, unless the worker is asked to end."""
        if self.stop.is_set():
            raise Stopping
        start = time.monotonic()
        with self.transact():
            yield
        if not turns.are_given(connection) and time.monotonic() - start > LONG_STEP:
            self.stop.wait(PAUSE)

    def advance(
        self, *, done: int, total: int | None = None, checkpoint: dict[str, Any] | None = None
    ) -> None:
        """Keep how far it is, with the work or not at all; also longer the lease."""
        if not connection.in_atomic_block:
            raise RuntimeError("How far a job is belongs into the transaction of its work.")
        values: dict[str, Any] = {"done": done, "stalls": 0}
        if total is not None:
            values["total"] = total
        if checkpoint is not None:
            values["checkpoint"] = checkpoint
        self._write(**values, lease_until=self.clock() + self.lease)
        self.done = done
        if checkpoint is not None:
            self.checkpoint = dict(checkpoint)

    def beat(self) -> bool:
        """Lengthen the lease during a long step; False once somebody else has the job."""
        return bool(self._mine().update(lease_until=self.clock() + self.lease))

    def finish(self) -> None:
        """It is done."""
        self._write(state=State.DONE, ended_at=self.clock(), owner="", lease_until=None, problem="")

    def release(self) -> None:
        """Somebody else may go on at once."""
        self._write(
            state=State.WAITING, owner="", lease_until=None, stalls=0, not_before=self.clock()
        )

    def fail(self, problem: str, *, is_final: bool = False) -> None:
        """It went wrong: tried again later, unless it has gone wrong too often."""
        now = self.clock()
        if is_final or self.job.stalls >= MOST_STALLS:
            self._write(
                state=State.FAILED, problem=problem, ended_at=now, owner="", lease_until=None
            )
            return
        pause = timedelta(seconds=5 * 3 ** (self.job.stalls - 1))
        self._write(
            state=State.WAITING, problem=problem, owner="", lease_until=None, not_before=now + pause
        )

    def _mine(self) -> Any:
        return Job.objects.filter(
            Q(state=State.RUNNING), pk=self.job.pk, owner=self.job.owner, attempt=self.job.attempt
        )

    def _write(self, **values: Any) -> None:
        if not self._mine().update(**values):
            raise LeaseLost
