"""Processes that are killed at any moment lose nothing of the log and double nothing in it."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from django.db import connections, transaction

from audit import actions, checkpoints, log, notes, signers
from audit.events import Event
from audit.models import Checkpoint, Leaf, LoggedEvent
from audit.verifications import verify
from tests.audit.things import NOW, WORKER, File, sequence_all
from tests.conftest import RealCommits

WRITERS = 8
TURNS = 12
# These end when they are killed, and not before.
KILLED = (0, 1, 2)
# A child begins as a copy of this process, which is quicker than starting Django nine times.
processes = get_context("fork")


def rolls_back(number: int, turn: int) -> bool:
    return (number * 7 + turn) % 5 == 0


def parts(number: int, turn: int) -> int:
    return 1 + (number + turn) % 3


def write(number: int, told: Path) -> None:
    """One to three events in each transaction; what was committed is said afterwards."""
    with told.open("ab", buffering=0) as file:
        for turn in count() if number in KILLED else range(TURNS):
            with suppress(ZeroDivisionError), transaction.atomic():
                for part in range(parts(number, turn)):
                    thing = File(f"w{number}-{turn:03}-{part}")
                    log.record(Event.CASE_FILE_OPENED, by=WORKER, target=thing)
                if rolls_back(number, turn):
                    raise ZeroDivisionError
            if not rolls_back(number, turn):
                file.write(f"w{number}-{turn:03}\n".encode())


def sequence() -> None:
    while True:
        checkpoints.sequence_once(NOW)
        time.sleep(0.005)


def start(work: Callable[..., None], *given: object) -> BaseProcess:
    connections.close_all()
    process = processes.Process(target=work, args=given, daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_writers_and_sequencers_that_are_killed_lose_and_double_nothing(
    real_commits: RealCommits, tmp_path: Path
) -> None:
    actions.start_key(by=log.System("keys"), now=NOW)
    told = [tmp_path / str(number) for number in range(WRITERS)]
    sequencers = [start(sequence) for _ in range(2)]
    writers = [start(write, number, told[number]) for number in range(WRITERS)]

    # Three writers end in the middle of something, and a sequencer each time that one has.
    for number in KILLED:
        while said(told[number]) < 3 + number:
            time.sleep(0.002)
        kill(writers[number])
        kill(sequencers.pop(0))
        sequencers.append(start(sequence))
    for writer in writers[3:]:
        writer.join()
        assert writer.exitcode == 0
    for sequencer in sequencers:
        kill(sequencer)
    was_taken = Leaf.objects.count()
    assert was_taken > 0
    sequence_all()

    events = LoggedEvent.objects.filter(event="case_file.opened").order_by("id")
    subjects = [str(subject) for subject in events.values_list("subject", flat=True)]
    assert len(subjects) == len(set(subjects))
    committed = {subject[:-2] for subject in subjects}
    acknowledged = {line for path in told for line in path.read_text("ascii").split()}
    assert acknowledged <= committed
    # Of those that were killed one transaction each may have gone unsaid.
    unsaid = committed - acknowledged
    assert {each[:2] for each in unsaid} <= {"w0", "w1", "w2"}
    assert len(unsaid) <= 3
    for each in committed:
        number, turn = int(each[1]), int(each[3:])
        assert not rolls_back(number, turn)
        assert {s for s in subjects if s[:-2] == each} == {
            f"{each}-{part}" for part in range(parts(number, turn))
        }
    taken = list(Leaf.objects.order_by("event_id").values_list("event_id", flat=True))
    assert taken == list(LoggedEvent.objects.order_by("id").values_list("id", flat=True))
    assert verify().is_good
    assert all(notes.parse(row.note).verified(signers.known()) for row in Checkpoint.objects.all())


def said(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
