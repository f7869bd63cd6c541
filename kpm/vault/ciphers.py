"""The only door to `cryptography`: authenticated ciphers by suite code, and key-check values."""

import hashlib
import os
from collections.abc import Callable
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag as Forged
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.checks import CheckMessage, Error

from kpm.vault.errors import UnknownSuite

__all__ = [
    "AES_GCM",
    "AES_GCM_SIV",
    "CHACHA20_POLY1305",
    "CHECK_BYTES",
    "KEY_BYTES",
    "NONCE_BYTES",
    "SM4_GCM",
    "SUITES",
    "SUITE_NAMES",
    "TAG_BYTES",
    "Aead",
    "Forged",
    "Octets",
    "check_suite",
    "cipher",
    "derived_key",
    "hmac_sm3",
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
SM4_GCM: Final = 0x11

Octets = bytes | bytearray | memoryview


class Aead(Protocol):
    """Authenticated encryption with associated data: 12-byte nonce, 16-byte tag at the end."""

    def encrypt(self, nonce: bytes, data: Octets, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: Octets, associated_data: bytes | None) -> bytes: ...


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """HMAC with SM3 (GB/T 32905): 32 bytes."""
    made = hmac.HMAC(key, hashes.SM3())
    made.update(data)
    return made.finalize()


class SM4GCM:
    """SM4 in GCM (RFC 8998)."""

    def __init__(self, key: bytes) -> None:
        self._key = SM4(key)

    def encrypt(self, nonce: bytes, data: Octets, associated_data: bytes | None) -> bytes:
        """Ciphertext, then the tag."""
        made = Cipher(self._key, modes.GCM(nonce)).encryptor()
        made.authenticate_additional_data(associated_data or b"")
        return made.update(data) + made.finalize() + made.tag

    def decrypt(self, nonce: bytes, data: Octets, associated_data: bytes | None) -> bytes:
        """The plaintext; raises Forged, and gives out nothing, when a bit differs."""
        if len(data) < TAG_BYTES:
            raise Forged
        made = Cipher(self._key, modes.GCM(nonce, bytes(data[-TAG_BYTES:]))).decryptor()
        made.authenticate_additional_data(associated_data or b"")
        return made.update(data[:-TAG_BYTES]) + made.finalize()


def sm4_gcm(key: bytes) -> SM4GCM:
    """SM4 takes 128 bits: they are derived from our 256 by HMAC-SM3."""
    return SM4GCM(hmac_sm3(key, b"kpm sm4-gcm")[:16])


# A closed list.
SUITES: Final[dict[int, Callable[[bytes], Aead]]] = {
    AES_GCM: AESGCM,
    AES_GCM_SIV: AESGCMSIV,
    CHACHA20_POLY1305: ChaCha20Poly1305,
    SM4_GCM: sm4_gcm,
}


SUITE_NAMES: Final[dict[int, str]] = {
    AES_GCM: "AES-256-GCM",
    AES_GCM_SIV: "AES-256-GCM-SIV",
    CHACHA20_POLY1305: "ChaCha20-Poly1305",
    SM4_GCM: "SM4-GCM, HMAC-SM3",
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


def derived_key(key: bytes, salt: bytes, context: bytes) -> bytes:
    """A key for one purpose from a key for many: HKDF with SHA-256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=context).derive(key)


def key_check(key: bytes, context: bytes, code: int = AES_GCM) -> bytes:
    """A commitment to a key: tells a wrong key from changed bytes and shows nothing of the key.

    GCM alone does not commit: one ciphertext can open under two chosen keys. The suite of the
    envelope beside it says which hash it is made with.
    """
    if code == SM4_GCM:
        return hmac_sm3(key, b"kpm key check" + context)
    return hashlib.blake2b(
        context, digest_size=CHECK_BYTES, key=key, person=b"kpm key check\0\0\0"
    ).digest()


def check_suite(**_options: Any) -> list[CheckMessage]:
    """Seal and open once with the suite of the site: some builds of OpenSSL leave ciphers out."""
    code = suite()
    if code not in SUITES:
        return [Error(f"KPM_VAULT_SUITE 0x{code:02x} is not in this program.", id="vault.E004")]
    try:
        made = cipher(code, bytes(KEY_BYTES))
        sealed = made.encrypt(bytes(NONCE_BYTES), b"probe", b"")
        works = made.decrypt(bytes(NONCE_BYTES), sealed, b"") == b"probe"
    except UnsupportedAlgorithm:
        works = False
    if works:
        return []
    return [
        Error(
            f"{SUITE_NAMES[code]} is not in the OpenSSL of this Python. Install `cryptography` "
            "from its wheel, which brings its own, as requirements.txt does.",
            id="vault.E004",
        )
    ]
