"""Sealed files: written and read as streams, with one chunk of them in memory at a time."""

import io
import os
import struct
import tempfile
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, cast
from uuid import UUID, uuid4

from kpm.vault import storage
from kpm.vault.ciphers import TAG_BYTES, Aead, Forged, Octets, cipher, derived_key, new_key, suite
from kpm.vault.errors import Cause, Sealed, Unreadable
from kpm.vault.keys import FIRST_GENERATION, OpenedKey, owner_key, ring
from kpm.vault.opening import Reading
from kpm.vault.registry import PAYLOADS

ATTACHMENT: Final = "attachment.file"
UPLOAD: Final = "upload.file"

MAGIC: Final = b"CVF1"
HEADER_BYTES: Final = 64
SALT_BYTES: Final = 32
PREFIX_BYTES: Final = 7
# What this program writes, and what it reads: a header cannot ask for more memory than that.
LOG2_CHUNK: Final = 18
SMALLEST, LARGEST = 6, 20
CHUNK: Final = 1 << LOG2_CHUNK

_HEADER = struct.Struct(f">4sBBBx16s{SALT_BYTES}s{PREFIX_BYTES}sx")


class Source(Protocol):
    """What is read from: a file, or something uploaded."""

    def read(self, size: int, /) -> bytes: ...


class Header(NamedTuple):
    """The first 64 bytes: bound into every chunk, and the key is made from them."""

    suite: int
    log2_chunk: int
    generation: int
    file_id: bytes
    salt: bytes
    prefix: bytes

    def packed(self) -> bytes:
        """The bytes."""
        return _HEADER.pack(MAGIC, *self)

    @classmethod
    def parsed(cls, head: bytes) -> "Header | None":
        """The header in these bytes; nothing when they are none."""
        if len(head) != HEADER_BYTES:
            return None
        found = cls(*_HEADER.unpack(head)[1:])
        is_ours = found.packed() == head and SMALLEST <= found.log2_chunk <= LARGEST
        return found if is_ours else None

    def cipher(self, key: OpenedKey) -> Aead:
        """The cipher of this one file: another salt, another key."""
        return cipher(self.suite, derived_key(key.material, self.salt, self.packed()))

    def nonce(self, counter: int, *, is_last: bool) -> bytes:
        """Where a chunk stands, and whether it is the end: what is moved or cut does not open."""
        return self.prefix + counter.to_bytes(4) + bytes((is_last,))


class Sealer:
    """Takes pieces of any length and writes sealed chunks; `finish` writes the end."""

    def __init__(
        self, target: BinaryIO, key: OpenedKey, file_id: UUID, *, log2_chunk: int = LOG2_CHUNK
    ) -> None:
        salt, prefix = os.urandom(SALT_BYTES), os.urandom(PREFIX_BYTES)
        self.header = Header(suite(), log2_chunk, key.generation, file_id.bytes, salt, prefix)
        self.size = 0
        self._target = target
        self._aead = self.header.cipher(key)
        self._associated = self.header.packed()
        self._chunk = memoryview(bytearray(1 << log2_chunk))
        self._filled = 0
        self._counter = 0
        target.write(self._associated)

    def write(self, piece: Octets) -> None:
        """The next bytes of the file."""
        rest = memoryview(piece)
        self.size += len(rest)
        while rest:
            if self._filled == len(self._chunk):
                # Only now is it known that this chunk is not the last.
                self._seal(is_last=False)
            taken = rest[: len(self._chunk) - self._filled]
            self._chunk[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            rest = rest[len(taken) :]

    def finish(self) -> None:
        """The file ends here; an empty one is one empty chunk."""
        self._seal(is_last=True)

    def _seal(self, *, is_last: bool) -> None:
        nonce = self.header.nonce(self._counter, is_last=is_last)
        plain = self._chunk[: self._filled]
        self._target.write(self._aead.encrypt(nonce, plain, self._associated))
        self._counter += 1
        self._filled = 0


class SealedFile(io.RawIOBase):
    """A sealed file, read like any other: each chunk is verified before a byte of it is given out.

    The end is verified at once, so a file that was cut is refused before anything is read.
    """

    def __init__(self, source: BinaryIO, key: OpenedKey, header: Header, code: int) -> None:
        self._source = source
        self._header = header
        self._code = code
        self._associated = header.packed()
        self._aead = header.cipher(key)
        self._chunk = 1 << header.log2_chunk
        body = source.seek(0, os.SEEK_END) - HEADER_BYTES
        # Whole chunks and what is left; an empty file has one chunk with nothing in it.
        self._count = -(-body // (self._chunk + TAG_BYTES))
        self.size = body - self._count * TAG_BYTES
        self._position = 0
        least = (self._count - 1) * self._chunk + 1 if self._count > 1 else 0
        if self._count < 1 or self.size < least:
            raise self._unreadable(Cause.LENGTH)
        self._open(self._count - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        if self._position >= self.size:
            return 0
        number, start = divmod(self._position, self._chunk)
        if number != self._opened:
            self._open(number)
        part = self._plain[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        self._plain = memoryview(b"")
        self._source.close()
        super().close()

    def _open(self, number: int) -> None:
        sealed_chunk = self._chunk + TAG_BYTES
        self._source.seek(HEADER_BYTES + number * sealed_chunk)
        nonce = self._header.nonce(number, is_last=number == self._count - 1)
        try:
            plain = self._aead.decrypt(nonce, self._source.read(sealed_chunk), self._associated)
        except Forged:
            raise self._unreadable(Cause.CHANGED) from None
        self._opened, self._plain = number, memoryview(plain)

    def _unreadable(self, cause: Cause) -> Unreadable:
        return Unreadable(0, self._code, UUID(bytes=self._header.file_id), cause)


def seal_file(owner: UUID, file_id: UUID, source: Source) -> int:
    """Keep a file, sealed under the key of its owner, who must have one; says how long it was."""
    kept = ring.load([owner]).get(owner.int)
    generation = kept.current if kept else FIRST_GENERATION
    key = owner_key(kept, generation, 0, PAYLOADS[ATTACHMENT], file_id)
    with storage.written(file_id) as target:
        sealer = Sealer(target, key, file_id)
        while piece := source.read(CHUNK):
            sealer.write(piece)
        sealer.finish()
    return sealer.size


def open_file(owner: UUID, file_id: UUID, *, size: int, reading: Reading) -> io.BufferedReader:
    """Open a file that is known to be so long.

    Its key is asked for each time: a destroyed one stays destroyed.
    """
    if reading is None:
        raise Sealed("nothing is opened without a reading context")
    code = PAYLOADS[ATTACHMENT]
    reading.note(group=ATTACHMENT, owner=owner)
    try:
        source = storage.path_of(file_id).open("rb", buffering=0)
    except FileNotFoundError:
        raise Unreadable(0, code, file_id, Cause.MISSING) from None
    try:
        header = Header.parsed(source.read(HEADER_BYTES))
        if header is None:
            raise Unreadable(0, code, file_id, Cause.SHAPE)
        if header.file_id != file_id.bytes:
            raise Unreadable(0, code, file_id, Cause.CHANGED)
        kept = ring.load([owner], fresh=True).get(owner.int)
        # No key has the generation 0, which means destroyed where rows say it.
        key = owner_key(kept, header.generation or 256, 0, code, file_id)
        opened = SealedFile(source, key, header, code)
        if opened.size != size:
            raise Unreadable(0, code, file_id, Cause.LENGTH)
    except BaseException:
        source.close()
        raise
    return io.BufferedReader(opened, CHUNK)


class Draft:
    """A file on its way in: without a name, under a key that only this object has.

    The system forgets the file when the process ends, however it ends, and the key with it.
    """

    def __init__(self) -> None:
        self._key = OpenedKey(new_key(), FIRST_GENERATION)
        place = storage.directory()
        nameless = tempfile.TemporaryFile(buffering=0, dir=place, suffix=".part")  # noqa: SIM115 whoever asked closes it
        self._file = cast(BinaryIO, nameless)
        self._sealer = Sealer(self._file, self._key, uuid4())

    def write(self, piece: Octets) -> None:
        """The next bytes."""
        self._sealer.write(piece)

    def finished(self) -> io.BufferedReader:
        """The whole of it, to be read; closing it forgets it."""
        self._sealer.finish()
        header, code = self._sealer.header, PAYLOADS[UPLOAD]
        return io.BufferedReader(SealedFile(self._file, self._key, header, code), CHUNK)

    def close(self) -> None:
        """Forget it."""
        self._file.close()
