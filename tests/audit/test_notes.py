"""Signed notes and checkpoints against the vectors of other implementations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle, notes, tree_heads
from audit.notes import COSIGNATURE, Malformed, Note, NotSigned, Signature, VerifierKey
from kpm.vault import signatures
from tests.audit.known import unpacked, vectors

NOTES = vectors("signed_note/signed_note")
SEED = bytes(range(32))
KEY = VerifierKey("log.example.org/1", signatures.public_key(SEED))
TEXT = "log.example.org/1\n7\n" + notes.encoded(bytes(32)) + "\n"


def opened(note: bytes, vkeys: list[str]) -> list[str]:
    """The names that vouch for it, in the order of their lines."""
    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    return [key.name for key in notes.parse(note.decode()).verified(keys)]


def test_there_are_as_many_vectors_as_there_should_be() -> None:
    assert [len(NOTES[kind]) for kind in ("verifier_keys", "open", "sign")] == [87, 14, 1]
    assert len(vectors("checkpoint/checkpoints")["cases"]) == 27
    assert len(vectors("ed25519/ed25519")) == 151


@pytest.mark.parametrize("case", NOTES["verifier_keys"], ids=lambda case: case["vkey"][:30])
def test_keys_are_read_exactly_where_they_should(case: dict[str, str]) -> None:
    if case["expect"] == "ok":
        assert str(VerifierKey.parse(case["vkey"])) == case["vkey"]
    else:
        with pytest.raises(Malformed):
            VerifierKey.parse(case["vkey"])


def test_a_key_of_another_length_is_refused_though_its_id_is_right() -> None:
    for public in (bytes(31), bytes(33), b""):
        with pytest.raises(Malformed, match="32 bytes"):
            VerifierKey.parse(str(VerifierKey("a", public)))


@pytest.mark.parametrize("case", NOTES["open"], ids=lambda case: case["name"])
def test_notes_open_exactly_where_they_should(case: dict[str, Any]) -> None:
    note = unpacked(case["note_b64"])
    if case["expect"] == "ok":
        assert opened(note, case["known_vkeys"]) == case["verified"]
        assert str(notes.parse(note.decode())).encode() == note
    else:
        with pytest.raises(ValueError, match=r"."):
            opened(note, case["known_vkeys"])


def test_a_note_is_signed_byte_for_byte_like_elsewhere() -> None:
    (case,) = NOTES["sign"]
    _, _, name, _, key = case["skey"].split("+", 4)
    text = unpacked(case["text_b64"]).decode()
    assert str(notes.sign(text, name, unpacked(key)[1:])).encode() == unpacked(
        case["want_note_b64"]
    )


@pytest.mark.parametrize(
    "case", vectors("checkpoint/checkpoints")["cases"], ids=lambda case: case["name"]
)
def test_checkpoints_are_read_exactly_where_they_should(case: dict[str, Any]) -> None:
    text = unpacked(case["data_b64"]).decode()
    if case["kind"] == "note":
        note = notes.parse(text)
        assert note.verified([VerifierKey.parse(vkey) for vkey in case["known_vkeys"]])
        text = note.text
    if case["expect"] == "reject":
        with pytest.raises(Malformed):
            tree_heads.parse(text, root_bytes=None)
        return
    if case["expect"] == "ok-format-only":
        if len(unpacked(case.get("hash_b64"))) != merkle.SIZE:
            with pytest.raises(Malformed, match="32 bytes"):
                tree_heads.parse(text)
        head = tree_heads.parse(text, root_bytes=None)
    else:
        head = tree_heads.parse(text)
    assert (head.origin, head.size, str(head)) == (case["origin"], case["size"], text)
    if "hash_b64" in case:
        assert head.root == unpacked(case["hash_b64"])


@pytest.mark.parametrize("case", vectors("ed25519/ed25519"), ids=lambda case: str(case["id"]))
def test_signatures_are_good_exactly_where_they_should_be(case: dict[str, str]) -> None:
    public, message, signature = (bytes.fromhex(case[key]) for key in ("public", "msg", "sig"))
    good = signatures.is_signed(public, signature, message)
    assert good == (case["result"] == "valid")


def test_a_public_key_of_another_length_signs_nothing() -> None:
    assert not signatures.is_signed(b"short", signatures.sign(SEED, b"x"), b"x")


@pytest.mark.parametrize(
    "line",
    [
        "— name",
        "— na+me AAAAAAAA",
        "—  AAAAAAAA",
        "- name AAAAAAAA",
        "— name AAAA",  # shorter than the id and one byte
        "— name AAAAAAB=",  # bits that no byte uses
        "— name AAAAAAA",
        "— name AAAA AAAA",
        "— name AAAAAAAA\r",
    ],
)
def test_a_line_of_another_spelling_is_refused(line: str) -> None:
    with pytest.raises(Malformed):
        notes.parse(f"{TEXT}\n{line}\n")


@pytest.mark.parametrize("size", ["", "01", "+1", "1 ", "١", "1.0", "1e3", str(2**64)])
def test_a_size_of_another_spelling_is_refused(size: str) -> None:
    with pytest.raises(Malformed):
        tree_heads.parse_size(size)


def test_sizes_are_counted_in_64_bits() -> None:
    assert tree_heads.parse_size(str(2**64 - 1)) == 2**64 - 1
    assert tree_heads.parse_size("0") == 0


def test_a_hundred_lines_are_read_and_no_more() -> None:
    line = str(Signature("other", bytes(4), b"x"))
    assert len(notes.parse_signatures(line * 100)) == 100
    with pytest.raises(Malformed, match="Too many"):
        notes.parse_signatures(line * 101)


def cosigned(seconds: int = 1679315147) -> tuple[VerifierKey, Signature]:
    key = VerifierKey("witness.example.org", signatures.public_key(SEED), COSIGNATURE)
    stamped = seconds.to_bytes(8) + signatures.sign(SEED, notes.cosigned(TEXT, seconds))
    return key, Signature(key.name, key.id, stamped)


def test_a_cosignature_vouches_for_the_text_and_the_moment() -> None:
    key, line = cosigned()
    assert VerifierKey.parse(str(key)) == key
    assert Note(TEXT, (line,)).verified([key]) == [key]
    later = (1679315148).to_bytes(8) + line.signature[8:]
    for changed in (later, line.signature[8:], b"1234567"):
        with pytest.raises(NotSigned):
            Note(TEXT, (Signature(key.name, key.id, changed),)).verified([key])
    # The same key under the other kind is another key.
    with pytest.raises(NotSigned, match="No known key"):
        Note(TEXT, (line,)).verified([VerifierKey(key.name, key.public)])


def test_lines_of_strangers_do_no_harm_in_any_order() -> None:
    witness, line = cosigned()
    (own,) = notes.sign(TEXT, KEY.name, SEED).signatures
    strange = Signature("strange", b"abcd", b"anything")
    for lines in ((own, line, strange), (strange, line, own), (line, strange, own)):
        assert set(Note(TEXT, lines).verified([KEY, witness])) == {KEY, witness}
        assert Note(TEXT, lines).verified([KEY]) == [KEY]


@given(st.integers(0, 2_000))
def test_no_flipped_bit_of_a_note_passes(position: int) -> None:
    note = str(notes.sign(TEXT, KEY.name, SEED)).encode()
    at, bit = divmod(position % (8 * len(note)), 8)
    flipped = bytearray(note)
    flipped[at] ^= 1 << bit
    with pytest.raises(ValueError, match=r"."):
        notes.parse(bytes(flipped).decode()).verified([KEY])
