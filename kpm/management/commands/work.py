"""Do the work in the background: jobs, sweeps, and the sequencer of the log each second."""

import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from audit import checkpoints, log, signers
from kpm import refusals
from kpm.database.readiness import refuse_unless_ready, refuse_without_sequencer
from kpm.jobs import leases
from kpm.jobs.workers import Pulse, Worker, run_together
from kpm.vault.errors import Unreadable

SECOND = 1.0


class Command(BaseCommand):
    """Runs until it is asked to end (SIGTERM, Ctrl-C); then it ends after the step at hand."""

    help = "Do the work in the background until asked to end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How long, and how soon others may take over."""
        parser.add_argument(
            "--once", action="store_true", help="do what is due now, then end (for tests)"
        )
        parser.add_argument(
            "--lease",
            type=float,
            default=leases.LEASE.total_seconds(),
            metavar="SECONDS",
            help="after how many seconds of silence another worker takes a job over",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Work."""
        refuse_unless_ready()
        refuse_without_sequencer()
        signers.refuse_without_key()
        worker = Worker(
            around=in_the_log,
            lease=timedelta(seconds=options["lease"]),
        )
        if options["once"]:
            worker.work_off()
            while checkpoints.sequence_once(timezone.now()):
                pass
            return

        def end(_signal: int, _frame: FrameType | None) -> None:
            worker.stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        self.stdout.write("Working. Ctrl-C ends it.")
        run_together(worker, [Pulse(checkpoints.sequence_once, every=SECOND, stop=worker.stop)])


@contextmanager
def in_the_log() -> Iterator[log.Context]:
    """The log's context of a job, step or sweep; content that does not open is an event there."""
    with log.entered(log.Context(channel="job")) as context:
        try:
            yield context
        except Unreadable as error:
            refusals.content_unreadable(error, by=log.System("work"))
            raise
