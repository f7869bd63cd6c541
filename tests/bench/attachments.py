"""Attachments in streams beside one message of the whole file and beside hashing it: rate, memory.

Peers do the same work on the same bytes in the same run: AES-256-GCM over the whole file at once,
which is what a field of a row would take, and SHA-256, which is what reading every byte costs.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from kpm.vault.ciphers import AES_GCM, cipher, new_nonce
from kpm.vault.files import CHUNK, HEADER_BYTES, Header, SealedFile, Sealer
from kpm.vault.keys import OpenedKey

MEGABYTE = 1 << 20
SIZE = 64 * MEGABYTE
ROUNDS = 7
RATE, MEMORY = 700, 8
CHILD = """
import sys, django
django.setup()
from tests.bench import attachments
attachments.tell_peak(*sys.argv[1:])
"""
KEY = OpenedKey(bytes(range(32)), 1)


def pieces(source: BinaryIO) -> Iterator[bytes]:
    """A file in chunks."""
    source.seek(0)
    while piece := source.read(CHUNK):
        yield piece


def seal(source: BinaryIO, target: BinaryIO) -> None:
    """As an attachment is sealed."""
    sealer = Sealer(target, KEY, uuid4())
    for piece in pieces(source):
        sealer.write(piece)
    sealer.finish()


def open_all(path: Path) -> int:
    """As an attachment is read."""
    source = path.open("rb", buffering=0)
    header = Header.parsed(source.read(HEADER_BYTES))
    assert header is not None
    buffer = bytearray(CHUNK)
    with SealedFile(source, KEY, header, 0) as file:
        return sum(iter(lambda: file.readinto(buffer), 0))


def seal_at_once(source: BinaryIO, target: BinaryIO) -> None:
    """As one message."""
    source.seek(0)
    target.write(cipher(AES_GCM, KEY.material).encrypt(new_nonce(), source.read(), None))


def hash_all(source: BinaryIO, _target: BinaryIO) -> None:
    """Reading every byte and doing something with it."""
    digest = hashlib.sha256()
    for piece in pieces(source):
        digest.update(piece)


def rate(work: Callable[[], object], size: int, rounds: int) -> float:
    """Megabytes a second, the median of so many rounds."""
    taken = []
    for _round in range(rounds):
        before = time.perf_counter()
        work()
        taken.append(time.perf_counter() - before)
    return size / 1_000_000 / statistics.median(taken)


def peak(work: str, path: Path) -> float:
    """Megabytes that a fresh process has at its peak beyond what it had before this work."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, work, str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout)


def measure(*, quick: bool = False) -> Iterator[str]:
    """Sealing and opening, each beside its peers, then memory."""
    size, rounds = (MEGABYTE, 1) if quick else (SIZE, ROUNDS)
    # In memory where there is such a place: a disk would measure itself.
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 memory, so that no disk is measured
    with tempfile.TemporaryDirectory(dir=place) as directory:
        plain_path, sealed_path = Path(directory) / "plain", Path(directory) / "sealed"
        plain_path.write_bytes(os.urandom(MEGABYTE) * (size // MEGABYTE))
        with plain_path.open("rb") as plain, sealed_path.open("w+b", buffering=0) as target:

            def again(work: Callable[[BinaryIO, BinaryIO], None]) -> Callable[[], None]:
                def once() -> None:
                    target.seek(0)
                    work(plain, target)

                return once

            whole = rate(again(seal_at_once), size, rounds)
            hashed = rate(again(hash_all), size, rounds)
            target.truncate(0)
            sealed = rate(again(seal), size, rounds)
            opened = rate(lambda: open_all(sealed_path), size, rounds)
        yield (
            f"{size // MEGABYTE} MB sealed at {sealed:.0f} MB/s, opened at {opened:.0f} MB/s "
            f"(target {RATE}); beside one message {sealed / whole:.2f}, "
            f"beside SHA-256 {sealed / hashed:.2f}"
        )
        works = (
            ("sealing", "seal", plain_path),
            ("opening", "open", sealed_path),
            ("one message", "whole", plain_path),
        )
        figures = ", ".join(f"{name} {peak(work, path):.1f} MB" for name, work, path in works)
        yield f"memory at the peak: {figures} (target {MEMORY} for the first two)"


def tell_peak(work: str, path: str) -> None:
    """Do one thing, in a process of its own, and say how far its memory rose."""
    does = {"seal": seal, "whole": seal_at_once, "open": lambda *_files: open_all(Path(path))}
    with Path(path).open("rb") as plain, Path(f"{path}.target").open("wb", buffering=0) as target:
        # What imports and the first call took is not what a file takes.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = memory("VmRSS")
        does[work](plain, target)
        print(memory("VmHWM") - before)  # noqa: T201 read by the process that asked


def memory(name: str) -> float:
    """Megabytes of this process, as the system counts them."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)
