"""Turning events into leaves, looking at all of them again, and proving one."""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from audit import (
    actions,
    bodies,
    checkpoints,
    exports,
    log,
    merkle,
    notes,
    offline,
    proofs,
    tree_heads,
    verifications,
)
from audit.entries import build
from audit.events import Event, Outcome
from audit.models import LoggedEvent
from tests.audit.things import FILE, WORKER

T = TypeVar("T")
EVENTS = 100_000
PROVED = 200
# Events a second and processor; a share of what a bare chain of hashes does in the same time.
SEQUENCED, VERIFIED, BESIDE_CHAIN = 20_000, 250_000, 0.6
PROOF_WORDS, CHECK = 600, 1.0


def measure(*, quick: bool = False) -> Iterator[str]:
    """Rates by processor time, so that they say something about the code and not the machine."""
    vendor, count = connection.vendor, 300 if quick else EVENTS
    actions.start_missing_key(by=log.System("bench"), now=timezone.now())
    # What others appended in the same run is not what is measured.
    _sequence_all()
    texts = _texts(count)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("INSERT INTO audit_event (body) VALUES (%s)", [(t,) for t in texts])
    taken, work = _worked(_sequence_all)
    yield (
        f"{vendor}: {taken} events sequenced and signed, {taken / work:.0f} a second of processor "
        f"(target {SEQUENCED})"
    )
    chain = _worked(lambda: _chain(count))[1]
    result, verify = _worked(lambda: verifications.verify(newest=count))
    assert result.is_good
    yield (
        f"{vendor}: {result.checked} events verified, {result.checked / verify:.0f} a second of "
        f"processor (target {VERIFIED}); {chain / verify * result.checked / count:.2f} times as "
        f"fast as reading a chain of hashes (target {BESIDE_CHAIN})"
    )
    yield from _offline(vendor)
    yield from _proofs(vendor, texts[:: max(1, count // PROVED)])


def _texts(count: int) -> list[str]:
    return [
        text
        for _ in range(count)
        for text in build(
            Event.CASE_FILE_READ,
            by=WORKER,
            target=FILE,
            groups=("person.head",),
            outcome=Outcome.OK,
            origin=log.Origin(),
        ).texts
    ]


def _sequence_all() -> int:
    taken = 0
    while more := checkpoints.sequence_once(datetime.now(UTC)):
        taken += more
    return taken


def _chain(count: int) -> bytes:
    """The least that a log does that hashes each event together with the one before it."""
    digest = b""
    rows = LoggedEvent.objects.order_by("-id").values_list("body", flat=True)
    for body in rows[:count].iterator(chunk_size=1000):
        digest = hashlib.sha256(digest + body.encode()).digest()
    return digest


def _offline(vendor: str) -> Iterator[str]:
    """The same without our database and our packages, on what an outsider was handed."""
    with TemporaryDirectory() as made:
        place = Path(made) / "log"
        head = checkpoints.latest()
        assert head
        exports.export(place, head)
        key = offline.Key.parse((place / "vkey").read_text(encoding="utf-8"))
        words, verify = _worked(lambda: offline.check_log(place, ([key], [], 0), []))
    count = int(words.split()[0])
    yield (
        f"{vendor}: {count} events verified offline, {count / verify:.0f} a second of processor "
        f"(target {VERIFIED})"
    )


def _proofs(vendor: str, texts: list[str]) -> Iterator[str]:
    found = [proofs.of_event(UUID(bodies.parse(text)["ev"])) for text in texts]
    heads = [tree_heads.parse(notes.parse(proof.checkpoint).text) for _body, proof in found]
    longest = max(len(str(proof)) for _body, proof in found)
    start = time.process_time()
    for (body, proof), head in zip(found, heads, strict=True):
        leaf = merkle.leaf_hash(body.encode())
        merkle.verify_inclusion(proof.index, head.size, leaf, proof.hashes, head.root)
    each = (time.process_time() - start) / len(found) * 1000
    # A hash has 32 bytes, and 45 as a line of the proof.
    most = 45 * (heads[0].size - 1).bit_length() + PROOF_WORDS
    yield (
        f"{vendor}: a proof among {heads[0].size} events has {longest} bytes (target {most}), "
        f"and is checked in {each:.3f} ms (target {CHECK})"
    )


def _worked(act: Callable[[], T]) -> tuple[T, float]:
    """What it gives, and its seconds of processor."""
    start = time.process_time()
    found = act()
    return found, time.process_time() - start
