"""The ciphers and the key-check value."""

import pytest

from kpm.vault import ciphers
from kpm.vault.ciphers import Forged
from kpm.vault.errors import UnknownSuite

KEY = bytes(range(32))
NONCE = bytes(range(12))
SUITES = sorted(ciphers.SUITES)


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_opens_what_it_sealed(suite: int) -> None:
    made = ciphers.cipher(suite, KEY)
    sealed = made.encrypt(NONCE, b"content", b"context")
    assert len(sealed) == len(b"content") + ciphers.TAG_BYTES
    assert ciphers.cipher(suite, KEY).decrypt(NONCE, sealed, b"context") == b"content"


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("other", SUITES)
def test_no_suite_opens_what_another_sealed(suite: int, other: int) -> None:
    if suite != other:
        sealed = ciphers.cipher(suite, KEY).encrypt(NONCE, b"content", b"context")
        with pytest.raises(Forged):
            ciphers.cipher(other, KEY).decrypt(NONCE, sealed, b"context")


@pytest.mark.parametrize("suite", [0x00, 0x04, 0x11, 0xFF])
def test_a_suite_that_is_not_here_is_refused_loudly(suite: int) -> None:
    with pytest.raises(UnknownSuite, match=f"0x{suite:02x}"):
        ciphers.cipher(suite, KEY)


def test_a_short_key_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ciphers.cipher(ciphers.AES_GCM, KEY[:16])


def test_published_vectors_pass_through_our_door() -> None:
    # RFC 8452 C.2, AES-256-GCM-SIV, and RFC 8439 2.8.2; AES-256-GCM: McGrew and Viega, case 16.
    siv = ciphers.cipher(ciphers.AES_GCM_SIV, b"\x01" + bytes(31))
    assert siv.encrypt(b"\x03" + bytes(11), b"\x01" + bytes(7), None).hex() == (
        "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"
    )
    chacha = ciphers.cipher(ciphers.CHACHA20_POLY1305, bytes(range(0x80, 0xA0)))
    sealed = chacha.encrypt(
        bytes.fromhex("070000004041424344454647"),
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        b"future, sunscreen would be it.",
        bytes.fromhex("50515253c0c1c2c3c4c5c6c7"),
    )
    assert sealed[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"
    gcm = ciphers.cipher(
        ciphers.AES_GCM,
        bytes.fromhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
    )
    sealed = gcm.encrypt(
        bytes.fromhex("cafebabefacedbaddecaf888"),
        bytes.fromhex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ),
        bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    )
    assert sealed[-16:].hex() == "76fc6ece0f4e1768cddf8853bb2d551b"


def test_the_check_value_names_one_key_in_one_place() -> None:
    values = {
        ciphers.key_check(KEY, b"here"),
        ciphers.key_check(KEY, b"there"),
        ciphers.key_check(KEY[::-1], b"here"),
    }
    assert len(values) == 3
    assert {len(value) for value in values} == {ciphers.CHECK_BYTES}


def test_keys_and_nonces_are_fresh() -> None:
    assert len({ciphers.new_key() for _ in range(100)}) == 100
    assert len({ciphers.new_nonce() for _ in range(100)}) == 100
    assert len(ciphers.new_key()) == ciphers.KEY_BYTES
    assert len(ciphers.new_nonce()) == ciphers.NONCE_BYTES


def test_derived_keys_are_those_of_rfc_5869() -> None:
    """Its first test case, as long as our keys are."""
    derived = ciphers.derived_key(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)))
    assert derived.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
