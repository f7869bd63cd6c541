"""Vectors made to break implementations, through our door to the ciphers."""

import json
from pathlib import Path

import pytest

from kpm.vault import ciphers
from kpm.vault.ciphers import Forged

VECTORS = Path(__file__).parent / "vectors"
SUITES = {
    "aes_gcm": ciphers.AES_GCM,
    "aes_gcm_siv": ciphers.AES_GCM_SIV,
    "chacha20_poly1305": ciphers.CHACHA20_POLY1305,
}
COUNTS = {"aes_gcm": 105, "aes_gcm_siv": 103, "chacha20_poly1305": 325}
AEAD: dict[str, list[tuple[int, str, str, str, str, str, str]]] = json.loads(
    (VECTORS / "aead.json").read_text(encoding="utf-8")
)


def vectors(name: str) -> list[tuple[int, bytes, bytes, bytes, bytes, bytes, str]]:
    return [
        (number, *map(bytes.fromhex, (key, nonce, about, content, sealed)), result)
        for number, key, nonce, about, content, sealed, result in AEAD[name]
    ]


@pytest.mark.parametrize("name", SUITES)
def test_every_vector_is_there(name: str) -> None:
    assert len(AEAD[name]) == COUNTS[name]


@pytest.mark.parametrize("name", SUITES)
def test_what_is_valid_is_sealed_and_opened_and_what_is_not_is_forged(name: str) -> None:
    for number, key, nonce, about, content, sealed, result in vectors(name):
        if len(nonce) != ciphers.NONCE_BYTES:
            continue
        door = ciphers.cipher(SUITES[name], key)
        if result == "valid":
            assert door.encrypt(nonce, content, about) == sealed, number
            assert door.decrypt(nonce, sealed, about) == content, number
        else:
            with pytest.raises(Forged):
                door.decrypt(nonce, sealed, about)


@pytest.mark.parametrize("name", SUITES)
def test_a_nonce_of_another_length_never_gives_something_wrong(name: str) -> None:
    """Nothing of ours has one; it is refused, or GCM reads it as its standard says."""
    for number, key, nonce, about, content, sealed, result in vectors(name):
        if len(nonce) == ciphers.NONCE_BYTES:
            continue
        try:
            opened = ciphers.cipher(SUITES[name], key).decrypt(nonce, sealed, about)
        except (ValueError, Forged):
            continue
        assert (name, result, opened) == ("aes_gcm", "valid", content), number


def test_derived_keys_are_those_of_rfc_5869() -> None:
    """The first 32 bytes do not depend on how many are asked for."""
    rows = json.loads((VECTORS / "hkdf_sha256.json").read_text(encoding="utf-8"))
    assert len(rows) > 80
    for number, key, salt, info, wanted in rows:
        made = ciphers.derived_key(*map(bytes.fromhex, (key, salt, info)))
        assert made.hex().startswith(wanted), number
