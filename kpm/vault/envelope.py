"""The sealed bytes, field by field. The same, with vectors, in kpm/docs/vault_formats.md."""

import struct
from hashlib import blake2b
from typing import Final

from kpm.vault.ciphers import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Aead, Forged, new_nonce

GROUP: Final = 0xC1
KEY: Final = 0xC2
VAULT_KEY: Final = 0xC3
PAYLOAD: Final = 0xC4
SHARD: Final = 0xC5
WIDE_SHARD: Final = 0xC6

HEADER_BYTES: Final = 4
BODY_AT: Final = HEADER_BYTES + NONCE_BYTES
OVERHEAD: Final = BODY_AT + TAG_BYTES
KEY_ENVELOPE_BYTES: Final = OVERHEAD + KEY_BYTES

# From this generation on a byte does not hold it. Scopes get a new one with every destruction.
WIDE: Final = 256

_KEY_HEADER = struct.Struct(">BBH")
_GROUP_CONTEXT = struct.Struct(">HB")


def header(magic: int, suite: int, third: int, fourth: int) -> bytes:
    """Magic, suite and two bytes whose meaning the magic decides."""
    return bytes((magic, suite, third, fourth))


def key_header(magic: int, suite: int, version: int) -> bytes:
    """Magic, suite and the version (u16) of the key above."""
    return _KEY_HEADER.pack(magic, suite, version)


def group_context(model_code: int, group: int) -> bytes:
    """What a group blob is bound to besides its header and its row: model code, group."""
    return _GROUP_CONTEXT.pack(model_code, group)


def data_key_context(generation: int, owner: bytes) -> bytes:
    """What a wrapped data key is bound to besides its header."""
    return b"dek" + bytes((generation,)) + owner


def scope_key_context(generation: int, purpose: int, scope: str) -> bytes:
    """What the key of a scope is bound to besides its header."""
    if generation < WIDE:
        return b"scp" + bytes((generation, purpose)) + scope_digest(scope)
    return b"scw" + generation.to_bytes(2) + bytes((purpose,)) + scope_digest(scope)


def shard_header(suite: int, generation: int, layout: int) -> bytes:
    """Generation and layout, a byte each; where the generation needs both, the magic says so."""
    if generation < WIDE:
        return header(SHARD, suite, generation, layout)
    return key_header(WIDE_SHARD, suite, generation)


def scope_digest(scope: str) -> bytes:
    """A scope in 16 bytes of fixed width."""
    return blake2b(scope.encode(), digest_size=16, person=b"kpm scope\0\0\0\0\0\0\0").digest()


def seal(cipher: Aead, head: bytes, context: bytes, plain: bytes) -> bytes:
    """Header, nonce, ciphertext, tag."""
    nonce = new_nonce()
    return head + nonce + cipher.encrypt(nonce, plain, head + context)


def unseal(cipher: Aead, blob: bytes, context: bytes) -> bytes:
    """The plaintext; raises Forged when a byte or the context differs, or bytes are missing."""
    if len(blob) < OVERHEAD:
        raise Forged
    # Looked at where it lies: a shard of the search is large.
    body = memoryview(blob)[BODY_AT:]
    return cipher.decrypt(blob[HEADER_BYTES:BODY_AT], body, blob[:HEADER_BYTES] + context)


def padded(plain: bytes, block: int) -> bytes:
    """Blanks up to a multiple of the block, so that the length of a name does not show."""
    return plain + b" " * (-len(plain) % block)
