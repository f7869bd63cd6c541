"""Whole payloads sealed under the data key of an owner: uploaded rows, documents, words."""

import struct
from uuid import UUID

from kpm.vault import envelope
from kpm.vault.ciphers import Forged
from kpm.vault.errors import Cause, Sealed, UnknownSuite, Unreadable
from kpm.vault.keys import owner_key, ring, suite
from kpm.vault.opening import Reading
from kpm.vault.registry import PAYLOADS

LAYOUT = 1
PAD = 64
_LENGTH = struct.Struct(">I")


def seal_bytes(owner: UUID, purpose: str, payload: bytes, *, row: UUID) -> bytes:
    """Seal a payload for one row; an owner that has no key yet gets one."""
    code = PAYLOADS[purpose]
    kept = ring.load([owner]).get(owner.int)
    if kept is None:
        kept = ring.create([owner])[owner.int]
    key = kept[kept.current]
    head = envelope.header(envelope.PAYLOAD, suite(), key.generation, LAYOUT)
    plain = envelope.padded(_LENGTH.pack(len(payload)) + payload, PAD)
    return envelope.seal(key[head[1]], head, _context(code, owner, row), plain)


def open_bytes(owner: UUID, purpose: str, blob: bytes, reading: Reading, *, row: UUID) -> bytes:
    """Open a payload. Its key is asked for each time: a destroyed one stays destroyed."""
    if reading is None:
        raise Sealed("nothing is opened without a reading context")
    code = PAYLOADS[purpose]
    blob = bytes(blob)
    if len(blob) < envelope.OVERHEAD or blob[0] != envelope.PAYLOAD or blob[3] != LAYOUT:
        raise Unreadable(0, code, owner, Cause.SHAPE)
    reading.note(group=purpose, owner=owner)
    kept = ring.load([owner], fresh=True).get(owner.int)
    key = owner_key(kept, blob[2] or 256, 0, code, owner)
    try:
        plain = envelope.unseal(key[blob[1]], blob, _context(code, owner, row))
    except Forged:
        raise Unreadable(0, code, owner, Cause.CHANGED) from None
    except UnknownSuite:
        raise Unreadable(0, code, owner, Cause.SUITE) from None
    (length,) = _LENGTH.unpack_from(plain)
    return plain[_LENGTH.size : _LENGTH.size + length]


def _context(code: int, owner: UUID, row: UUID) -> bytes:
    return bytes((code,)) + owner.bytes + row.bytes
