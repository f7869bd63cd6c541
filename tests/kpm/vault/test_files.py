"""Sealed files: streams that come back whole or not at all, on a disk that may stop at any time."""

import hmac
import io
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from kpm.vault import files, storage
from kpm.vault.ciphers import TAG_BYTES
from kpm.vault.errors import Cause, KeyDestroyed, Sealed, UnknownSuite, Unreadable
from kpm.vault.files import CHUNK, HEADER_BYTES, Draft, Header, SealedFile, Sealer
from kpm.vault.keys import OpenedKey, OwnerKeys, ring
from kpm.vault.models import DataKey
from kpm.vault.registry import PAYLOADS
from tests.kpm.vault import plain_gcm
from tests.kpm.vault.conftest import Notes
from tests.kpm.vault.test_formats import VECTORS, raw
from tests.sealed.models import Human

CODE = PAYLOADS["attachment.file"]
KEY = OpenedKey(bytes(range(32)), 1)
FILE = UUID("01930000-0000-7000-8000-0000000000f1")
Make = Callable[..., Human]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    """A directory of one's own."""
    settings.KPM_FILES_DIR = tmp_path / "files"
    return tmp_path / "files"


def sealed(plain: bytes, *, key: OpenedKey = KEY, log2: int = 6, pieces: int = 1000) -> bytes:
    target = io.BytesIO()
    sealer = Sealer(target, key, FILE, log2_chunk=log2)
    for start in range(0, len(plain), pieces):
        sealer.write(plain[start : start + pieces])
    sealer.finish()
    assert sealer.size == len(plain)
    return target.getvalue()


def opened(blob: bytes, *, key: OpenedKey = KEY) -> SealedFile:
    header = Header.parsed(blob[:HEADER_BYTES])
    assert header is not None
    return SealedFile(io.BytesIO(blob), key, header, CODE)


def refusal(blob: bytes, *, key: OpenedKey = KEY) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        opened(blob, key=key).readall()
    return refused.value


# --- the format


def independently(blob: bytes, key: bytes) -> bytes:
    """What another program reads from the description of the format alone."""
    head = blob[:64]
    assert head[:4] == b"CVF1"
    assert (head[4], head[7], head[63]) == (1, 0, 0)
    secret = hmac.digest(head[24:56], key, sha256)
    file_key = hmac.digest(secret, head + b"\x01", sha256)
    step = (1 << head[5]) + 16
    chunks = [blob[at : at + step] for at in range(64, len(blob), step)]
    return b"".join(
        plain_gcm.decrypt(
            file_key,
            head[56:63] + number.to_bytes(4) + bytes([number == len(chunks) - 1]),
            chunk,
            head,
        )
        for number, chunk in enumerate(chunks)
    )


@pytest.mark.parametrize("vector", VECTORS["files"], ids=lambda vector: vector["name"])
def test_vectors_open_here_and_elsewhere(vector: dict[str, Any]) -> None:
    blob, key, plain = (raw(vector, name) for name in ("sealed", "key", "plain"))
    assert opened(blob, key=OpenedKey(key, 1)).readall() == plain
    assert independently(blob, key) == plain


@pytest.mark.parametrize("size", [0, 64, 65])
def test_an_independent_program_opens_what_we_write(size: int) -> None:
    plain = os.urandom(size)
    assert independently(sealed(plain), KEY.material) == plain


def test_the_header_is_that_of_the_document() -> None:
    head = sealed(b"")[:64]
    parsed = Header.parsed(head)
    assert parsed is not None
    assert (parsed.suite, parsed.log2_chunk, parsed.generation) == (1, 6, 1)
    assert (parsed.file_id, parsed.salt, parsed.prefix) == (FILE.bytes, head[24:56], head[56:63])
    assert sealed(b"")[24:63] != head[24:63]


@pytest.mark.parametrize("suite", [1, 2, 3])
@pytest.mark.parametrize("pieces", [1, 7, 64, 1000])
def test_files_come_back_in_every_suite_and_however_they_arrive(
    settings: Any, suite: int, pieces: int
) -> None:
    settings.KPM_VAULT_SUITE = suite
    for size in (0, 1, 63, 64, 65, 127, 128, 300):
        plain = os.urandom(size)
        blob = sealed(plain, pieces=pieces)
        assert blob[4] == suite
        assert len(blob) == HEADER_BYTES + size + TAG_BYTES * max(1, -(-size // 64))
        assert opened(blob).readall() == plain


def test_a_file_is_read_from_anywhere() -> None:
    plain = os.urandom(300)
    file = io.BufferedReader(opened(sealed(plain)), 64)
    assert file.seekable()
    assert file.read(10) == plain[:10]
    assert file.seek(-50, os.SEEK_END) == 250
    assert file.read() == plain[250:]
    assert file.read(1) == b""
    assert file.seek(70) == 70
    assert (file.read(60), file.tell()) == (plain[70:130], 130)
    assert file.raw.seek(-999, os.SEEK_CUR) == 0
    file.close()
    assert file.raw.closed


# --- what is refused


def test_every_flipped_bit_is_found() -> None:
    blob = sealed(os.urandom(150))
    for place in range(len(blob)):
        flipped = bytearray(blob)
        flipped[place] ^= 1 << place % 8
        header = Header.parsed(bytes(flipped[:HEADER_BYTES]))
        if header is None:
            assert place in (0, 1, 2, 3, 5, 7, 63)
            continue
        with pytest.raises((Unreadable, UnknownSuite)):
            SealedFile(io.BytesIO(bytes(flipped)), KEY, header, CODE).readall()


def test_every_cut_is_found_before_anything_is_read() -> None:
    blob = sealed(os.urandom(200))
    for end in range(HEADER_BYTES, len(blob)):
        with pytest.raises(Unreadable) as refused:
            opened(blob[:end])
        assert refused.value.cause in (Cause.LENGTH, Cause.CHANGED)


def test_what_goes_on_after_its_end_is_found() -> None:
    whole = sealed(os.urandom(128))
    for more in (b"x", bytes(16), bytes(17), whole[HEADER_BYTES : HEADER_BYTES + 80]):
        with pytest.raises(Unreadable):
            opened(whole + more)


@pytest.mark.parametrize("chunks", [1, 2])
def test_what_is_left_over_is_too_short_for_a_chunk_or_is_none_of_ours(chunks: int) -> None:
    """Also the tag of a chunk without anything in it, which only an empty file has."""
    whole = sealed(os.urandom(64 * chunks))
    for more in range(1, TAG_BYTES + 1):
        assert refusal(whole + bytes(more)).cause is Cause.LENGTH
    assert refusal(whole + bytes(TAG_BYTES + 1)).cause is Cause.CHANGED


def test_a_closed_file_has_forgotten_what_was_read() -> None:
    file = opened(sealed(b"nobody reads this"))
    assert bytes(file._plain) == b"nobody reads this"
    file.close()
    assert bytes(file._plain) == b""


def test_chunks_keep_their_order_and_their_file() -> None:
    plain = os.urandom(256)
    blob, other = sealed(plain), sealed(plain)
    head, chunks = blob[:64], [blob[at : at + 80] for at in range(64, len(blob), 80)]
    theirs = [other[at : at + 80] for at in range(64, len(other), 80)]
    wrong = {
        "swapped": [chunks[1], chunks[0], *chunks[2:]],
        "doubled": [chunks[0], chunks[0], *chunks[2:]],
        "left out": [chunks[0], *chunks[2:]],
        "the end early": [*chunks[:2], chunks[3]],
        "the end moved": [chunks[3], *chunks[:3]],
        "of another file": [theirs[0], *chunks[1:]],
    }
    for name, parts in wrong.items():
        assert refusal(head + b"".join(parts)).cause is Cause.CHANGED, name
    assert refusal(other[:64] + blob[64:]).cause is Cause.CHANGED
    assert refusal(blob, key=OpenedKey(bytes(32), 1)).cause is Cause.CHANGED


def test_a_refusal_names_the_file_and_nothing_else() -> None:
    blob = bytearray(sealed(b"nobody reads this"))
    blob[70] ^= 1
    refused = refusal(bytes(blob))
    assert str(refused) == f"model 0, group {CODE}, owner {FILE}: {Cause.CHANGED}"
    assert refused.__cause__ is None


def test_a_header_does_not_ask_for_more_memory_than_we_give() -> None:
    head = bytearray(sealed(b"")[:64])
    for log2 in (0, 5, 21, 63):
        head[5] = log2
        assert Header.parsed(bytes(head)) is None
    for log2 in (6, 20):
        head[5] = log2
        assert Header.parsed(bytes(head)) is not None
    assert Header.parsed(b"CVF1") is None


# --- files of owners


@pytest.fixture
def owner(human: Make) -> UUID:
    return human().pk


def keep(owner: UUID, plain: bytes) -> UUID:
    file_id = uuid4()
    assert files.seal_file(owner, file_id, io.BytesIO(plain)) == len(plain)
    return file_id


def unreadable(owner: UUID, file_id: UUID, size: int) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        files.open_file(owner, file_id, size=size, reading=Notes())
    refusal = refused.value
    # Said of the file, whose name says nothing of its owner.
    assert (refusal.model_code, refusal.group, refusal.owner) == (0, CODE, file_id)
    return refusal


@pytest.mark.parametrize("size", [0, 5, CHUNK, CHUNK + 1])
def test_a_file_is_kept_for_its_owner(owner: UUID, reading: Notes, place: Path, size: int) -> None:
    plain = os.urandom(size)
    file_id = keep(owner, plain)
    stored = (place / f"{file_id.hex}.cvf").read_bytes()
    assert stored[:6] == b"CVF1\x01\x12"
    assert size == 0 or plain not in stored
    with files.open_file(owner, file_id, size=size, reading=reading) as file:
        assert file.read() == plain
    assert reading.opened == [("attachment.file", owner)]


def test_an_independent_program_opens_the_file_of_an_owner(owner: UUID, place: Path) -> None:
    file_id = keep(owner, "鉴定书".encode())
    (key,) = ring.load([owner])[owner.int].values()
    assert independently(storage.path_of(file_id).read_bytes(), key.material) == "鉴定书".encode()


def test_no_file_opens_without_a_reading_or_against_its_word(owner: UUID, reading: Notes) -> None:
    file_id = keep(owner, b"x")
    nobody: Any = None
    with pytest.raises(Sealed, match=r"^nothing is opened without a reading context$"):
        files.open_file(owner, file_id, size=1, reading=nobody)
    reading.refusing = True
    with pytest.raises(PermissionError):
        files.open_file(owner, file_id, size=1, reading=reading)


def test_a_file_that_belongs_elsewhere_is_refused(owner: UUID, human: Make) -> None:
    mine, second, theirs = keep(owner, b"x"), keep(owner, b"x"), keep(human().pk, b"x")
    for other in (second, theirs):
        storage.path_of(other).replace(storage.path_of(mine))
        assert unreadable(owner, mine, 1).cause is Cause.CHANGED
    # Even with the name of the one inside the other.
    forged = bytearray(storage.path_of(mine).read_bytes())
    forged[8:24] = mine.bytes
    storage.path_of(mine).write_bytes(forged)
    assert unreadable(owner, mine, 1).cause is Cause.CHANGED


def test_what_is_not_there_cut_or_no_file_of_ours_is_told_apart(owner: UUID) -> None:
    assert unreadable(owner, uuid4(), 1).cause is Cause.MISSING
    file_id = keep(owner, b"x")
    assert unreadable(owner, file_id, 2).cause is Cause.LENGTH
    path = storage.path_of(file_id)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert unreadable(owner, file_id, 1).cause is Cause.CHANGED
    path.write_bytes(whole[:64])
    assert unreadable(owner, file_id, 1).cause is Cause.LENGTH
    path.write_bytes(whole[:63])
    assert unreadable(owner, file_id, 1).cause is Cause.SHAPE
    path.write_bytes(b"%PDF" + whole[4:])
    assert unreadable(owner, file_id, 1).cause is Cause.SHAPE


def test_another_generation_and_another_suite_are_refused(owner: UUID) -> None:
    file_id = keep(owner, b"x")
    whole = bytearray(storage.path_of(file_id).read_bytes())
    for place, value, cause in ((6, 0, Cause.GENERATION), (6, 2, Cause.GENERATION)):
        changed = whole[:]
        changed[place] = value
        storage.path_of(file_id).write_bytes(changed)
        assert unreadable(owner, file_id, 1).cause is cause
    whole[4] = 0x12
    storage.path_of(file_id).write_bytes(whole)
    with pytest.raises(UnknownSuite):
        files.open_file(owner, file_id, size=1, reading=Notes())


def test_a_destroyed_key_closes_its_files_at_once(owner: UUID) -> None:
    file_id = keep(owner, b"x")
    DataKey.objects.filter(owner=owner).delete()
    assert isinstance(unreadable(owner, file_id, 1), KeyDestroyed)
    ring.forget()
    kept = uuid4()
    with pytest.raises(KeyDestroyed) as refused:
        files.seal_file(owner, kept, io.BytesIO(b"y"))
    assert (refused.value.model_code, refused.value.group, refused.value.owner) == (0, CODE, kept)


def test_a_file_is_sealed_under_the_newest_key_of_its_owner(
    owner: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = OwnerKeys(expires=float("inf"))
    both.add(KEY)
    both.add(OpenedKey(bytes(32), 2))
    monkeypatch.setattr(ring, "load", lambda _owners, **_how: {owner.int: both})
    file_id = keep(owner, b"x")
    assert storage.path_of(file_id).read_bytes()[6] == 2
    with files.open_file(owner, file_id, size=1, reading=Notes()) as file:
        assert file.read() == b"x"
    damaged = bytearray(storage.path_of(file_id).read_bytes())
    damaged[-1] ^= 1
    storage.path_of(file_id).write_bytes(damaged)
    assert unreadable(owner, file_id, 1).cause is Cause.CHANGED


def test_a_chunk_is_fetched_at_once_and_only_once_in_memory(owner: UUID) -> None:
    file_id = keep(owner, bytes(2 * CHUNK))
    with files.open_file(owner, file_id, size=2 * CHUNK, reading=Notes()) as file:
        assert len(file.peek(1)) == CHUNK
        raw: Any = file.raw
        assert isinstance(raw._source, io.FileIO)
    draft = Draft()
    assert isinstance(draft._file, io.FileIO)
    draft.write(bytes(2 * CHUNK))
    with draft.finished() as file:
        assert len(file.peek(1)) == CHUNK


# --- on the disk


def test_the_files_are_for_nobody_else(owner: UUID, place: Path) -> None:
    file_id = keep(owner, b"x")
    assert place.stat().st_mode & 0o777 == 0o700
    assert storage.path_of(file_id).stat().st_mode & 0o777 == 0o600
    assert storage.check_place() == []
    place.chmod(0o750)
    assert [found.id for found in storage.check_place()] == ["vault.E003"]
    place.rename(place.with_name("elsewhere"))
    assert storage.check_place() == []


def test_what_fails_on_the_way_leaves_nothing(owner: UUID, place: Path) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        files.seal_file(owner, uuid4(), Torn())
    assert list(place.iterdir()) == []


def test_a_name_is_given_once(owner: UUID) -> None:
    file_id = uuid4()
    storage.path_of(file_id).with_suffix(".part").touch()
    with pytest.raises(FileExistsError):
        files.seal_file(owner, file_id, io.BytesIO(b"x"))


KILLED = """
import sys, os, signal
from uuid import UUID
import django
django.setup()
from django.conf import settings
settings.KPM_FILES_DIR = sys.argv[2]
from kpm.vault import storage
with storage.written(UUID(sys.argv[1])) as file:
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_no_file_and_what_it_leaves_is_swept(place: Path) -> None:
    file_id = uuid4()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(file_id), str(place)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        check=False,
    )
    assert done.returncode == -9
    assert not storage.path_of(file_id).exists()
    assert [each.suffix for each in place.iterdir()] == [".part"]
    assert list(storage.settled(timezone.now() - timedelta(days=1))) == []
    assert len(list(place.iterdir())) == 1
    assert list(storage.settled(later())) == []
    assert list(place.iterdir()) == []


def later() -> datetime:
    return timezone.now() + timedelta(seconds=5)


def test_settled_files_are_named_in_parts(
    owner: UUID, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "BATCH", 2)
    kept = {keep(owner, b"x") for _ in range(3)}
    (place / "lost+found").mkdir()
    batches = list(storage.settled(later()))
    assert [len(batch) for batch in batches] == [2, 1]
    assert set().union(*batches) == kept
    for file_id in kept:
        storage.remove(file_id)
        storage.remove(file_id)
    assert list(storage.settled(later())) == []


def test_a_file_that_goes_while_we_look_is_not_settled(
    owner: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(owner, b"x")

    class Gone:
        name = "x.cvf"

        def stat(self) -> Any:
            raise FileNotFoundError

    def scanned(place: Path) -> Iterator[Any]:
        yield Gone()

    monkeypatch.setattr(storage.os, "scandir", scanned)
    assert list(storage.settled(later())) == []


# --- on their way in


def test_a_draft_has_no_name_and_nothing_in_clear(place: Path) -> None:
    draft = Draft()
    secret = "身份证复印件".encode() * 40_000
    draft.write(secret)
    assert list(place.iterdir()) == []
    on_disk = draft._file
    on_disk.seek(0)
    stored = on_disk.read()
    assert stored.startswith(b"CVF1")
    assert len(stored) > CHUNK
    assert secret[:18] not in stored
    with draft.finished() as file:
        assert file.read() == secret
    assert on_disk.closed
    other = Draft()
    # On the same disk as the files, where there is room for them.
    assert Path(os.readlink(f"/proc/self/fd/{other._file.fileno()}")).parent == place
    other.close()


def test_a_draft_that_was_changed_is_refused_as_an_upload() -> None:
    draft = Draft()
    draft.write(bytes(CHUNK + 1))
    file_id = UUID(bytes=draft._sealer.header.file_id)
    draft._file.seek(HEADER_BYTES)
    draft._file.write(b"changed")
    draft._file.seek(0, os.SEEK_END)
    with draft.finished() as file, pytest.raises(Unreadable) as refused:
        file.read()
    found = refused.value
    assert (found.model_code, found.group, found.owner) == (0, PAYLOADS["upload.file"], file_id)
    assert found.cause is Cause.CHANGED


def test_a_large_file_takes_little_memory(owner: UUID) -> None:
    size = 40 * CHUNK

    class Source:
        left = size

        def read(self, wanted: int, /) -> bytes:
            self.left -= (given := min(wanted, self.left))
            return bytes(given)

    ring.load([owner])
    tracemalloc.start()
    try:
        file_id = uuid4()
        files.seal_file(owner, file_id, Source())
        with files.open_file(owner, file_id, size=size, reading=Notes()) as file:
            read = sum(len(piece) for piece in iter(lambda: file.read(CHUNK), b""))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == size
    assert peak < 8 * CHUNK
