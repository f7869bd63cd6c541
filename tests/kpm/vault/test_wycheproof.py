"""Vectors made to break implementations, through our door to the ciphers."""

import json
from pathlib import Path

import pytest

from kpm.vault import ciphers, envelope
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


def enveloped(nonce: bytes, about: bytes, sealed: bytes) -> tuple[bytes, bytes]:
    """A vector as an envelope, whose header is the beginning of what it is bound to; the rest."""
    header, rest = about[: envelope.HEADER_BYTES], about[envelope.HEADER_BYTES :]
    return header + nonce + sealed, rest


@pytest.mark.parametrize(
    ("name", "valid", "forged"),
    [
        ("aes_gcm", 17, 0),
        ("aes_gcm_siv", 31, 34),
        ("chacha20_poly1305", 208, 0),
    ],
)
def test_envelopes_hold_what_is_valid_and_refuse_what_is_not(
    name: str, valid: int, forged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"valid": 0, "invalid": 0}
    for number, key, nonce, about, content, sealed, result in vectors(name):
        if len(nonce) != ciphers.NONCE_BYTES or len(about) < envelope.HEADER_BYTES:
            continue
        found[result] += 1
        door = ciphers.cipher(SUITES[name], key)
        blob, rest = enveloped(nonce, about, sealed)
        if result == "valid":
            assert envelope.unseal(door, blob, rest) == content, number
            monkeypatch.setattr(envelope, "new_nonce", lambda nonce=nonce: nonce)
            head = about[: envelope.HEADER_BYTES]
            assert envelope.seal(door, head, rest, content) == blob, number
        else:
            with pytest.raises(Forged):
                envelope.unseal(door, blob, rest)
    assert found == {"valid": valid, "invalid": forged}


@pytest.mark.parametrize("name", ["aes_gcm", "chacha20_poly1305"])
def test_an_envelope_has_room_for_96_bits_of_nonce_and_refuses_all_others(name: str) -> None:
    """Whatever the vector says of them: a nonce in an envelope has twelve bytes.

    The vectors of AES-GCM-SIV have no others.
    """
    others = 0
    for _number, key, nonce, about, _content, sealed, _result in vectors(name):
        if len(nonce) == ciphers.NONCE_BYTES:
            continue
        others += 1
        blob, rest = enveloped(nonce, about.ljust(envelope.HEADER_BYTES, b"\0"), sealed)
        with pytest.raises(Forged):
            envelope.unseal(ciphers.cipher(SUITES[name], key), blob, rest)
    assert others == {"aes_gcm": 39, "chacha20_poly1305": 9}[name]


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
