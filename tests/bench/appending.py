"""One event in the log, beside an ordinary row, a chain under a lock, and two packages' records.

Each by itself, as pages that are read write it, or in a transaction, as acts do.
One writer waits for no disk (tests/bench/disks.py); several of them do, and do not.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from uuid import uuid4

from django.db import transaction

from tests.bench.disks import do_not_wait, waiting

# So many of a kind, then the next kind; and so many times around.
SLICE, ROUNDS = 40, 25
# What each of several writers appends, and how long its transaction is busy with something else.
EACH, WORK = 150, 0.005
WRITERS = (4, 8)
LISTED = 50
Around = Callable[[], AbstractContextManager[object]]
# At least so many times as fast as the peer.
ROW, SEQUENCED, CHAIN, CREATED, LIST = 1.0, 0.9, 2.5, 1.4, 2.5
ACCESS, ACCESS_OF_SEVERAL = 2.0, 1.5
VERSION = {"sqlite": 3.0, "postgresql": 1.8}
PERSON: Final = {"name": "某人", "village": "village 7", "notes": "上次走访情绪平稳。"}
# The text of an event, and what the log's table reads from it.
BODY: Final = (
    '{"a":"u:AAAAAAAAAAAAAAAAAAAAAA","act":"case_file.read","at":"2026-11-24T08:00:00.000000Z",'
    '"ch":"cli","ev":"019ab8d2-0000-7000-8000-%012x","f":["person.head"],"n":1,'
    '"o":"7K3MQ-9TX2A","ot":"case_file","out":"ok","p":"service","role":"social_worker","v":1}'
)
COLUMNS: Final = {
    "event": "case_file.read",
    "at": "2026-11-24T08:00:00.000000Z",
    "actor": "u:AAAAAAAAAAAAAAAAAAAAAA",
    "subject_type": "case_file",
    "subject": "7K3MQ-9TX2A",
    "purpose": "service",
    "outcome": "ok",
    "request": "019ab8d2-0000-7000-8000-000000000000",
}


class Ways:
    """One method for each way to keep an event."""

    def __init__(self) -> None:
        from tests.audit.things import File
        from tests.bench.peers.models import Audited, Versioned

        # No event is in the log twice.
        self.numbers = count()
        owners = [uuid4() for _ in range(LISTED)]
        self.files = [
            File(log_reference=f"7K3MQ-9TX{number:02}", log_owners=(owner,))
            for number, owner in enumerate(owners)
        ]
        self.audited = Audited.objects.create(**PERSON)
        self.versioned = Versioned.objects.create(**PERSON)

    def row(self) -> None:
        """The same text, columns and indexes as an ordinary row of Django."""
        from tests.bench.peers.models import PlainEvent

        PlainEvent.objects.create(body=BODY % next(self.numbers), **COLUMNS)

    def same(self) -> None:
        """The same row of the same table, by Django."""
        from tests.bench.peers.models import SameEvent

        SameEvent.objects.create(body=BODY % next(self.numbers))

    def read(self) -> None:
        """A page opens one group of a file: outside of any transaction."""
        from audit import log
        from audit.events import Event, Purpose
        from tests.audit.things import WORKER

        file = self.files[0]
        with log.reading(
            WORKER, event=Event.CASE_FILE_READ, purpose=Purpose.SERVICE, about=[file]
        ) as reading:
            reading.note(group="person.head", owner=file.log_owners[0])

    def event(self, *files: Any) -> None:
        """The same, recorded inside an open transaction."""
        from audit import log
        from audit.events import Event, Purpose
        from tests.audit.things import WORKER

        targets = files or self.files[:1]
        log.record(
            Event.CASE_FILE_READ,
            by=WORKER,
            target=targets[0] if len(targets) == 1 else None,
            targets=targets if len(targets) > 1 else (),
            groups=("person.head",),
            purpose=Purpose.SERVICE,
            count=len(targets),
        )

    def chain(self) -> None:
        """Hash the event together with the one before; one writer at a time."""
        from django.db import connection

        from tests.bench.peers.models import ChainedEvent

        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(1)")
        # On SQLite an open transaction is that lock.
        last = ChainedEvent.objects.order_by("-id").values_list("digest", flat=True).first()
        body = BODY % next(self.numbers)
        digest = hashlib.sha256(bytes(last or b"") + body.encode()).digest()
        ChainedEvent.objects.create(body=body, digest=digest, **COLUMNS)

    def access(self) -> None:
        """django-auditlog notes that a row was looked at."""
        from auditlog.receivers import log_access

        log_access(type(self.audited), self.audited)

    def version(self) -> None:
        """django-simple-history keeps a version of a row."""
        from tests.bench.peers.models import RECORDS

        RECORDS.create_historical_record(self.versioned, "~")

    def created(self) -> None:
        """A new row, and its event."""
        from tests.bench.peers.models import Unwatched

        Unwatched.objects.create(**PERSON)
        self.event()

    def created_audited(self) -> None:
        """A new row of the same kind, and what django-auditlog writes about it."""
        from tests.bench.peers.models import Audited

        Audited.objects.create(**PERSON)

    def page(self) -> None:
        """A list of fifty."""
        self.event(*self.files)

    def one_by_one(self) -> None:
        """The same as fifty events."""
        for each in self.files:
            self.event(each)


def measure(*, quick: bool = False) -> Iterator[str]:
    """One writer, alone and beside the sequencer; on PostgreSQL also several writers at once."""
    from django.db import connection

    do_not_wait()
    ways, vendor = Ways(), connection.vendor
    peers = ("row", "same", "access", "version")
    alone = _in_turn(ways, ("read", *peers), quick=quick, around=nullcontext)
    yield f"{vendor}: one event by itself {_beside(alone, 'read', vendor)}"
    names = ("event", *peers, "chain", "created", "created_audited")
    inside = _in_turn(ways, names, quick=quick)
    yield (
        f"{vendor}: one event in a transaction {_beside(inside, 'event', vendor)}, "
        f"{inside['event'] / inside['chain']:.2f} times as fast as a chain under a lock"
    )
    yield (
        f"{vendor}: a row created with its event "
        f"{inside['created'] / inside['created_audited']:.2f} times as fast as with "
        f"django-auditlog's (target {CREATED})"
    )
    with _child("sequence"):
        beside = _in_turn(ways, ("same", "read"), quick=quick, around=nullcontext)
    yield (
        f"{vendor}: by itself with the sequencer at work {beside['read'] / beside['same']:.2f} "
        f"times as fast as the same row by Django (target {SEQUENCED})"
    )
    lists = _in_turn(ways, ("page", "one_by_one"), quick=quick, size=4)
    yield (
        f"{vendor}: a list of {LISTED} as one event {lists['page'] / lists['one_by_one']:.1f} "
        f"times as fast as {LISTED} events (target {LIST})"
    )
    if vendor == "postgresql":
        yield from _several(quick=quick)
        with waiting():
            yield from _several(quick=quick, disk=", waiting for the disk")


def _beside(speeds: dict[str, float], event: str, vendor: str) -> str:
    """How an event compares with its peers, in words."""
    rate = {name: speeds[event] / speed for name, speed in speeds.items()}
    return (
        f"({speeds[event]:.0f} a second): {rate['same']:.2f} times as fast as the same row by "
        f"Django (target {ROW}), {rate['row']:.2f} as an ordinary row, {rate['access']:.2f} as "
        f"django-auditlog (target {ACCESS}), {rate['version']:.2f} as django-simple-history "
        f"(target {VERSION[vendor]})"
    )


def _in_turn(
    ways: Ways,
    names: tuple[str, ...],
    *,
    quick: bool,
    size: int = SLICE,
    around: Around = transaction.atomic,
) -> dict[str, float]:
    """How many a second of each: the median of slices taken in turn."""
    size, rounds = (2, 2) if quick else (size, ROUNDS)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            taken[name].append(_repeat(getattr(ways, name), size, around=around))
    return {name: size / statistics.median(times) for name, times in taken.items()}


def _repeat(
    act: Callable[[], object], times: int, work: float = 0, around: Around = transaction.atomic
) -> float:
    start = time.perf_counter()
    for _ in range(times):
        with around():
            act()
            if work:
                time.sleep(work)
    return time.perf_counter() - start


def _several(*, quick: bool, disk: str = "") -> Iterator[str]:
    """Events beside the chain and beside django-auditlog, by several processes at once."""
    each = 2 if quick else EACH
    for writers in WRITERS[: 1 if quick else None]:
        for work in (0.0, WORK):
            names = ("event", "chain", "access")
            event, chain, access = (_together(name, writers, each, work) for name in names)
            busy = f", each transaction busy for {work * 1000:.0f} ms" if work else ""
            yield (
                f"postgresql: {writers} writers{disk}{busy}: events {chain / event:.2f} times as "
                f"fast as the chain (target {CHAIN}), {access / event:.2f} as django-auditlog "
                f"(target {ACCESS_OF_SEVERAL})"
            )


def _together(name: str, writers: int, each: int, work: float) -> float:
    """Seconds from the first to the last of several writers that start at once."""
    children = [_start("append", name, str(each), str(work)) for _ in range(writers)]
    for child in children:
        assert child.stdout
        child.stdout.readline()
    start = time.perf_counter()
    for child in children:
        assert child.stdin
        child.stdin.close()
    for child in children:
        if child.wait():
            raise RuntimeError(f"A writer of {name} failed.")
    return time.perf_counter() - start


@contextmanager
def _child(*arguments: str) -> Iterator[None]:
    child = _start(*arguments)
    assert child.stdin
    assert child.stdout
    try:
        child.stdout.readline()
        yield
    finally:
        child.stdin.close()
        child.wait()


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    """A process of this module on the same databases; says a line when it is ready."""
    from django.conf import settings

    names = {
        f"KPM_TEST_NAME_{alias.upper()}": str(settings.DATABASES[alias]["NAME"])
        for alias in ("default", "keys")
    }
    return subprocess.Popen(
        [sys.executable, "-m", __spec__.name, *arguments],
        env={**os.environ, **names},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _append(name: str, times: str, work: str) -> None:
    ways = Ways()
    print(flush=True)  # noqa: T201 the other side waits for it
    sys.stdin.read()
    _repeat(getattr(ways, name), int(times), float(work))


def _sequence() -> None:
    """Take events into the tree as the site does: what there is, then wait a second."""
    import select

    from audit import checkpoints

    print(flush=True)  # noqa: T201 the other side waits for it
    while not select.select([sys.stdin], [], [], 1)[0]:
        while checkpoints.sequence_once(datetime.now(UTC)):
            pass


if __name__ == "__main__":
    import django

    django.setup()
    do_not_wait()
    {"append": _append, "sequence": _sequence}[sys.argv[1]](*sys.argv[2:])
