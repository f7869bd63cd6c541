"""The ciphers and the key-check value."""

import hmac
import subprocess
from typing import Any

import pytest
from django.core.checks import Error

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


@pytest.mark.parametrize("suite", [0x00, 0x04, 0x10, 0x12, 0xFF])
def test_a_suite_that_is_not_here_is_refused_loudly(suite: int) -> None:
    with pytest.raises(UnknownSuite, match=f"0x{suite:02x}"):
        ciphers.cipher(suite, KEY)


def test_a_short_key_is_no_key() -> None:
    with pytest.raises(ValueError, match=r"^a key has 32 bytes$"):
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


def test_published_vectors_of_sm4_and_sm3_pass() -> None:
    # RFC 8998 A.1: SM4-GCM.
    made = ciphers.SM4GCM(bytes.fromhex("0123456789abcdeffedcba9876543210"))
    nonce = bytes.fromhex("00001234567800000000abcd")
    context = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = b"".join(bytes((byte,)) * 8 for byte in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    sealed = made.encrypt(nonce, plain, context)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert made.decrypt(nonce, sealed, context) == plain
    # GB/T 32907 A.1: SM4, one block.
    encryptor = ciphers.Cipher(made._key, ciphers.modes.ECB()).encryptor()
    assert encryptor.update(bytes.fromhex("0123456789abcdeffedcba9876543210")).hex() == (
        "681edf34d206965e86b3e94f536e4246"
    )
    # GB/T 32905 A.1 and A.2 (GM/T 0004): SM3.
    for message, digest in (
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ):
        made_hash = ciphers.hashes.Hash(ciphers.hashes.SM3())
        made_hash.update(message)
        assert made_hash.finalize().hex() == digest


def test_another_library_agrees_on_hmac_sm3() -> None:
    for key in (KEY, b"k" * 100):
        assert ciphers.hmac_sm3(key, b"content") == hmac.new(key, b"content", "sm3").digest()


def test_another_program_agrees_on_sm4() -> None:
    """GCM is counter mode from the nonce and 2: what openssl makes of it, without the tag."""
    sealed = ciphers.cipher(ciphers.SM4_GCM, KEY).encrypt(NONCE, b"content", b"context")
    derived = ciphers.hmac_sm3(KEY, b"kpm sm4-gcm")[:16]
    arguments = ("-sm4-ctr", "-K", derived.hex(), "-iv", (NONCE + b"\0\0\0\2").hex())
    told = subprocess.run(
        ["openssl", "enc", *arguments], input=b"content", capture_output=True, check=True
    )
    assert sealed[: -ciphers.TAG_BYTES] == told.stdout


@pytest.mark.parametrize("at", range(len(b"content") + 16))
def test_sm4_gives_out_nothing_that_was_changed(at: int) -> None:
    made = ciphers.cipher(ciphers.SM4_GCM, KEY)
    sealed = bytearray(made.encrypt(NONCE, b"content", None))
    assert made.decrypt(NONCE, bytes(sealed), None) == b"content"
    sealed[at] ^= 1
    with pytest.raises(Forged):
        made.decrypt(NONCE, bytes(sealed), None)
    with pytest.raises(Forged):
        made.decrypt(NONCE, bytes(sealed[:15]), None)


def test_a_suite_that_this_openssl_lacks_is_told_at_the_start(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in SUITES:
        settings.KPM_VAULT_SUITE = code
        assert ciphers.check_suite() == []
    settings.KPM_VAULT_SUITE = 0x12
    (unknown,) = ciphers.check_suite()
    assert unknown == Error("KPM_VAULT_SUITE 0x12 is not in this program.", id="vault.E004")

    def lacking(key: bytes) -> object:
        raise ciphers.UnsupportedAlgorithm("no")

    settings.KPM_VAULT_SUITE = ciphers.SM4_GCM
    monkeypatch.setitem(ciphers.SUITES, ciphers.SM4_GCM, lacking)
    (missing,) = ciphers.check_suite()
    assert missing == Error(
        "SM4-GCM, HMAC-SM3 is not in the OpenSSL of this Python. Install `cryptography` from its "
        "wheel, which brings its own, as requirements.txt does.",
        id="vault.E004",
    )


def test_a_suite_that_gives_back_something_else_is_told_at_the_start(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
            return data

        def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
            return data + nonce

    settings.KPM_VAULT_SUITE = ciphers.AES_GCM
    monkeypatch.setitem(ciphers.SUITES, ciphers.AES_GCM, lambda _key: Broken())
    assert [error.id for error in ciphers.check_suite()] == ["vault.E004"]


def test_the_check_value_names_one_key_in_one_place() -> None:
    values = {
        ciphers.key_check(KEY, b"here"),
        ciphers.key_check(KEY, b"here", ciphers.SM4_GCM),
        ciphers.key_check(KEY, b"there"),
        ciphers.key_check(KEY[::-1], b"here"),
    }
    assert len(values) == 4
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


def test_a_site_that_says_nothing_seals_with_aes(settings: Any) -> None:
    del settings.KPM_VAULT_SUITE
    assert ciphers.suite() == ciphers.AES_GCM
