"""The only door to `cryptography`: authenticated ciphers by suite code, and key-check values."""

import hashlib
import os
from collections.abc import Callable
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag as Forged
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV, ChaCha20Poly1305
from django.conf import settings

from kpm.vault.errors import UnknownSuite

__all__ = [
    "AES_GCM",
    "AES_GCM_SIV",
    "CHACHA20_POLY1305",
    "CHECK_BYTES",
    "KEY_BYTES",
    "NONCE_BYTES",
    "SUITES",
    "SUITE_NAMES",
    "TAG_BYTES",
    "Aead",
    "Forged",
    "cipher",
    "key_check",
    "new_key",
    "new_nonce",
    "suite",
]

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
CHECK_BYTES: Final = 32

AES_GCM: Final = 0x01
AES_GCM_SIV: Final = 0x02
CHACHA20_POLY1305: Final = 0x03


class Aead(Protocol):
    """Authenticated encryption with associated data: 12-byte nonce, 16-byte tag at the end."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


# A closed list. The code 0x11 is kept for SM4-GCM with HMAC-SM3 and refused until it is here.
SUITES: Final[dict[int, Callable[[bytes], Aead]]] = {
    AES_GCM: AESGCM,
    AES_GCM_SIV: AESGCMSIV,
    CHACHA20_POLY1305: ChaCha20Poly1305,
}


SUITE_NAMES: Final[dict[int, str]] = {
    AES_GCM: "AES-256-GCM",
    AES_GCM_SIV: "AES-256-GCM-SIV",
    CHACHA20_POLY1305: "ChaCha20-Poly1305",
}


def suite() -> int:
    """The suite that this site seals with; what is there already opens with its own."""
    return int(getattr(settings, "KPM_VAULT_SUITE", AES_GCM))


def cipher(code: int, key: bytes) -> Aead:
    """The cipher of a suite under a 256-bit key."""
    if code not in SUITES:
        raise UnknownSuite(f"cipher suite 0x{code:02x} is not in this program")
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return SUITES[code](key)


def new_key() -> bytes:
    """A fresh 256-bit key from the operating system."""
    return os.urandom(KEY_BYTES)


def new_nonce() -> bytes:
    """A random 96-bit nonce: far inside the bounds of GCM under a key of one file."""
    return os.urandom(NONCE_BYTES)


def key_check(key: bytes, context: bytes) -> bytes:
    """A commitment to a key: tells a wrong key from changed bytes and shows nothing of the key.

    GCM alone does not commit: one ciphertext can open under two chosen keys.
    """
    return hashlib.blake2b(
        context, digest_size=CHECK_BYTES, key=key, person=b"kpm key check\0\0\0"
    ).digest()
