"""The envelope: what changes by one bit does not open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpm.vault import ciphers, envelope

KEY = bytes(range(32))
HEAD = envelope.header(envelope.GROUP, ciphers.AES_GCM, 1, 1)
CIPHERS = {suite: ciphers.cipher(suite, KEY) for suite in ciphers.SUITES}

suites = st.sampled_from(sorted(ciphers.SUITES))


@given(suites, st.binary(max_size=600), st.binary(max_size=40))
def test_what_was_sealed_opens(suite: int, plain: bytes, context: bytes) -> None:
    head = envelope.header(envelope.GROUP, suite, 7, 3)
    blob = envelope.seal(CIPHERS[suite], head, context, plain)
    assert blob[:4] == bytes((0xC1, suite, 7, 3))
    assert len(blob) == envelope.OVERHEAD + len(plain)
    assert envelope.unseal(CIPHERS[suite], blob, context) == plain


@given(suites, st.binary(max_size=100), st.data())
def test_one_flipped_bit_closes_it(suite: int, plain: bytes, data: st.DataObject) -> None:
    head = envelope.header(envelope.GROUP, suite, 1, 1)
    blob = bytearray(envelope.seal(CIPHERS[suite], head, b"here", plain))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ciphers.Forged):
        envelope.unseal(CIPHERS[suite], bytes(blob), b"here")


@pytest.mark.parametrize("suite", sorted(ciphers.SUITES))
def test_a_truncated_one_does_not_open(suite: int) -> None:
    """However little is left, it is forged, and no other error."""
    blob = envelope.seal(CIPHERS[suite], HEAD, b"here", b"x" * 40)
    for length in range(len(blob)):
        with pytest.raises(ciphers.Forged):
            envelope.unseal(CIPHERS[suite], blob[:length], b"here")
    empty = envelope.seal(CIPHERS[suite], HEAD, b"here", b"")
    assert envelope.unseal(CIPHERS[suite], empty, b"here") == b""


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_another_context_does_not_open_it(context: bytes, other: bytes) -> None:
    blob = envelope.seal(CIPHERS[ciphers.AES_GCM], HEAD, context, b"content")
    if context == other:
        assert envelope.unseal(CIPHERS[ciphers.AES_GCM], blob, other) == b"content"
    else:
        with pytest.raises(ciphers.Forged):
            envelope.unseal(CIPHERS[ciphers.AES_GCM], blob, other)


@given(st.binary(max_size=700), st.sampled_from([64, 256]))
def test_padding_hides_the_length_and_only_adds_blanks(plain: bytes, block: int) -> None:
    padded = envelope.padded(plain, block)
    assert len(padded) % block == 0
    assert len(padded) - len(plain) < block
    assert padded.startswith(plain)
    assert not padded[len(plain) :].strip(b" ")


def test_contexts_have_fixed_widths_and_never_meet() -> None:
    owner = bytes(16)
    contexts = {
        envelope.group_context(1, 1) + owner,
        envelope.group_context(0x0101, 0) + owner,
        envelope.data_key_context(1, owner),
        envelope.scope_key_context(1, 1, "district:321102"),
        envelope.scope_key_context(1, 2, "district:321102"),
        envelope.scope_key_context(1, 1, "district:321103"),
    }
    assert len(contexts) == 6
    assert len(envelope.group_context(65_535, 255)) == 3
    assert len(envelope.data_key_context(255, owner)) == 20
    assert len(envelope.scope_key_context(255, 2, "x" * 60)) == 21


def test_the_version_of_the_key_above_takes_two_bytes() -> None:
    assert envelope.key_header(envelope.KEY, 1, 0x0203) == b"\xc2\x01\x02\x03"
