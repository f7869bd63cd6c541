"""The worker: takes jobs one after the other, runs sweeps when they are due, ends when asked."""

import logging
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from threading import Event, Thread

from django.db import Error as DatabaseFault
from django.db import connections, transaction
from django.utils import timezone

from kpm import faults
from kpm.jobs import leases
from kpm.jobs.leases import Leased, LeaseLost
from kpm.jobs.models import Sweep
from kpm.jobs.registers import HANDLERS, SWEEPS, GiveUp, Regular, Stopping

logger = logging.getLogger(__name__)

IDLE = 1.0
# What a sweep may take before another worker tries it, and when one that failed is tried again.
SWEEP_HELD = timedelta(minutes=10)
SWEEP_RETRY = timedelta(minutes=5)

Clock = Callable[[], datetime]
Around = Callable[[], AbstractContextManager[object]]


def owner_name() -> str:
    """A name for this process that no other ever has."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(6)}"


class Worker:
    """One process that works.

    `around` surrounds every job and sweep (the log's context), `transact` every step (a
    transaction that takes the log's events with it).
    """

    def __init__(
        self,
        *,
        around: Around = nullcontext,
        transact: Around = transaction.atomic,
        clock: Clock = timezone.now,
        lease: timedelta = leases.LEASE,
    ) -> None:
        self.owner = owner_name()
        self.around = around
        self.transact = transact
        self.clock = clock
        self.lease = lease
        self.stop = Event()

    def work_off(self) -> int:
        """Do everything whose turn it is, then return how many jobs that were."""
        count = 0
        self.run_sweeps()
        while not self.stop.is_set() and self.run_job():
            count += 1
        return count

    def run(self) -> None:
        """Work until asked to end."""
        while not self.stop.is_set():
            try:
                self.run_sweeps()
                was_busy = self.run_job(has_heart=True)
            except DatabaseFault as error:
                # It may be away for a moment; nothing is lost, every lease runs out.
                logger.warning("The database did not answer: %s.", type(error).__name__)
                connections.close_all()
                was_busy = False
            if not was_busy:
                self.stop.wait(IDLE)

    def run_job(self, *, has_heart: bool = False) -> bool:
        """Do the next job, if there is one."""
        job = leases.claim(self.owner, self.clock(), self.lease)
        if job is None:
            return False
        run = Leased(
            job, clock=self.clock, lease=self.lease, stop=self.stop, transact=self.transact
        )
        heart = Heart(run) if has_heart else None
        try:
            self._do(run)
        except LeaseLost:
            logger.warning("%s %s is somebody else's now.", job.kind, job.object_number)
        finally:
            if heart is not None:
                heart.end()
        return True

    def _do(self, run: Leased) -> None:
        job = run.job
        try:
            with self.around():
                HANDLERS[job.kind].work(run)
        except Stopping:
            run.release()
        except (LeaseLost, DatabaseFault):
            raise
        except GiveUp as refusal:
            run.fail(refusal.code, is_final=True)
        except Exception as error:  # noqa: BLE001 the job fails, the worker goes on
            faults.tell(f"{job.kind} {job.object_number}", error)
            run.fail(type(error).__name__)
        else:
            run.finish()

    def run_sweeps(self) -> None:
        """Run every sweep that is due; of several workers one does it."""
        known = {row.name: row for row in Sweep.objects.all()}
        for regular in SWEEPS.values():
            if self.stop.is_set():
                return
            row = known.get(regular.name) or self._entered(regular)
            if row.next_run_at <= self.clock():
                self._sweep(regular, row)

    def _entered(self, regular: Regular) -> Sweep:
        return Sweep.objects.get_or_create(
            name=regular.name, defaults={"next_run_at": self.clock()}
        )[0]

    def _sweep(self, regular: Regular, row: Sweep) -> None:
        now = self.clock()
        held = now + SWEEP_HELD
        # Whoever changes the moment from the one that both saw has the sweep.
        seen = Sweep.objects.filter(name=row.name, next_run_at=row.next_run_at)
        if not seen.update(next_run_at=held):
            return
        try:
            with self.around():
                regular.work(now)
        except DatabaseFault:
            raise
        except Exception as error:  # noqa: BLE001 the sweep failed, the worker goes on
            faults.tell(regular.name, error)
            problem, next_run_at = type(error).__name__, now + min(SWEEP_RETRY, regular.every)
        else:
            problem, next_run_at = "", now + regular.every
        Sweep.objects.filter(name=row.name, next_run_at=held).update(
            next_run_at=next_run_at, ended_at=self.clock(), problem=problem
        )


class Heart(Thread):
    """Lengthens a lease while a step takes long."""

    def __init__(self, run: Leased) -> None:
        super().__init__(name="heart", daemon=True)
        self.leased = run
        self.ended = Event()
        self.start()

    def run(self) -> None:
        """Beat three times per lease until the job ends or is somebody else's."""
        pause = self.leased.lease.total_seconds() / 3
        try:
            while not self.ended.wait(pause):
                try:
                    if not self.leased.beat():
                        return
                except DatabaseFault:
                    # Somebody writes for long, or the database is away: again at the next beat.
                    connections.close_all()
        finally:
            connections.close_all()

    def end(self) -> None:
        """Stop beating."""
        self.ended.set()
        self.join()


class Pulse(Thread):
    """Calls something again and again in a thread of its own, whatever the worker does."""

    def __init__(self, beat: Callable[[datetime], object], *, every: float, stop: Event) -> None:
        super().__init__(name="pulse", daemon=True)
        self.beat = beat
        self.every = every
        self.stop = stop

    def run(self) -> None:
        """Beat until asked to end; what goes wrong is told once and tried again."""
        failing = ""
        try:
            while not self.stop.wait(self.every):
                try:
                    self.beat(timezone.now())
                    failing = ""
                except Exception as error:  # noqa: BLE001 the next beat may go well
                    if failing != type(error).__name__:
                        faults.tell("pulse", error)
                    failing = type(error).__name__
                    connections.close_all()
        finally:
            connections.close_all()


def run_together(worker: Worker, pulses: Sequence[Pulse]) -> None:
    """Work, with the pulses beside, until the worker is asked to end."""
    for pulse in pulses:
        pulse.start()
    try:
        worker.run()
    finally:
        worker.stop.set()
        for pulse in pulses:
            pulse.join()
        connections.close_all()
