"""Whole payloads sealed under the data key of an owner: uploaded rows, documents."""

from uuid import UUID

from kpm.vault import envelope
from kpm.vault.ciphers import Forged, suite
from kpm.vault.errors import Cause, Sealed, Unreadable
from kpm.vault.keys import owner_key, ring
from kpm.vault.opening import Reading
from kpm.vault.registry import PAYLOADS

LAYOUT = 1


def seal_bytes(owner: UUID, purpose: str, payload: bytes) -> bytes:
    """Seal a payload; an owner that has no key yet gets one."""
    code = PAYLOADS[purpose]
    kept = ring.load([owner]).get(owner.int)
    if kept is None:
        kept = ring.create([owner])[owner.int]
    key = kept[kept.current]
    head = envelope.header(envelope.PAYLOAD, suite(), key.generation, LAYOUT)
    context = bytes((code,)) + owner.bytes
    return envelope.seal(key[head[1]], head, context, payload)


def open_bytes(owner: UUID, purpose: str, blob: bytes, reading: Reading) -> bytes:
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
        return envelope.unseal(key[blob[1]], blob, bytes((code,)) + owner.bytes)
    except Forged:
        raise Unreadable(0, code, owner, Cause.CHANGED) from None
