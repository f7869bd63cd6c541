"""Those who see the roots of the log: a directory elsewhere, and witnesses (C2SP tlog-witness)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audit import notes, proofs, tree_heads
from audit.notes import Malformed, Note, NotSigned, Signature, VerifierKey
from audit.posts import Unwilling, post
from audit.tree_heads import TreeHead

DATABASE = "auditor"
# The name under which a copy in the directory goes on record.
COPY = "copy"
NAME = re.compile(r"checkpoint\.(0|[1-9][0-9]{0,19})", re.ASCII)
WORKS, UNKNOWN_SIZE, NOT_CONSISTENT = 200, 409, 422


class Contradicted(Exception):
    """Somebody has seen a log that this one does not go on from."""


@dataclass(frozen=True)
class Witness:
    """Where a witness is asked, and the key by which its answer is known."""

    address: str
    key: VerifierKey


def configured() -> list[Witness]:
    """The witnesses of this site, from pairs of address and vkey."""
    words: list[str] = settings.KPM_WITNESSES
    try:
        return [
            Witness(address.rstrip("/"), _witness_key(vkey))
            for address, vkey in zip(words[::2], words[1::2], strict=True)
        ]
    except ValueError as error:
        raise ImproperlyConfigured(f"KPM_WITNESSES: {error}") from None


def _witness_key(vkey: str) -> VerifierKey:
    key = VerifierKey.parse(vkey)
    if key.kind != notes.COSIGNATURE:
        raise Malformed("a witness has a key of kind 04.")
    return key


def keep_copy(directory: Path, note: Note) -> None:
    """Put a copy beside those from before, after looking that the log goes on from the newest.

    Nothing there is ever written again, so it may be a place that takes each file only once.
    """
    head = tree_heads.parse(note.text)
    sizes = copies(directory)
    if sizes:
        kept = copy_of(directory, max(sizes))
        _compare(tree_heads.parse(notes.parse(kept).text), head)
    if head.size not in sizes:
        with (directory / f"checkpoint.{head.size}").open("x", encoding="utf-8") as file:
            file.write(str(note))


def copies(directory: Path) -> frozenset[int]:
    """The sizes of which a directory has copies."""
    found = (NAME.fullmatch(path.name) for path in directory.iterdir())
    return frozenset(int(each[1]) for each in found if each)


def copy_of(directory: Path, size: int) -> str:
    """One copy."""
    return (directory / f"checkpoint.{size}").read_text(encoding="utf-8")


def _compare(kept: TreeHead, head: TreeHead) -> None:
    if kept.origin != head.origin:
        raise Contradicted("The copies in the directory are those of another log.")
    if kept.size > head.size or proofs.stored(DATABASE, kept.size).root() != kept.root:
        raise Contradicted(f"{kept.size} events have been seen that this log does not begin with.")


def ask(witness: Witness, note: Note, *, seen: int) -> Signature:
    """Have a witness cosign a checkpoint; `seen` is what it has cosigned as far as we know."""
    head = tree_heads.parse(note.text)
    status, answer = _post(witness, _request(note, head, seen))
    if status == UNKNOWN_SIZE and (other := _size(answer)) != seen:
        # It says what it has seen: more or less than we remember.
        if other > head.size:
            raise Contradicted(f"{witness.key.name} has seen {other} events, more than there are.")
        seen = other
        status, answer = _post(witness, _request(note, head, seen))
    if status == NOT_CONSISTENT or (status == UNKNOWN_SIZE and _size(answer) == seen):
        raise Contradicted(f"{witness.key.name} has seen another log.")
    if status != WORKS:
        raise Unwilling(f"{witness.key.name} answers {status}.")
    return _cosignature(note.text, notes.parse_signatures(answer), witness.key)


def _size(answer: str) -> int:
    return tree_heads.parse_size(answer.removesuffix("\n"))


def _request(note: Note, head: TreeHead, seen: int) -> bytes:
    """What a witness is told: the size it has seen, the way from there, and the checkpoint."""
    tree = proofs.stored(DATABASE, head.size)
    proof: Iterable[bytes] = tree.consistency(seen) if 0 < seen < head.size else ()
    lines = [f"old {seen}", *map(notes.encoded, proof), "", str(note)]
    return "\n".join(lines).encode()


def _cosignature(text: str, lines: list[Signature], key: VerifierKey) -> Signature:
    for line in lines:
        if (line.name, line.id) == (key.name, key.id) and key.vouches(text, line.signature):
            return line
    raise NotSigned(f"{key.name} did not sign what it was asked to.")


def _post(witness: Witness, body: bytes) -> tuple[int, str]:
    status, answer = post(f"{witness.address}/add-checkpoint", body, "text/plain")
    return status, answer.decode()
