"""Proofs out of tiles: an event is in the log, and one tree begins with all of another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from audit import merkle, notes
from audit.bodies import moment
from audit.models import Attestation, Checkpoint, Leaf, LoggedEvent
from audit.notes import Malformed, Note, decoded, encoded
from audit.tree_heads import parse_size
from audit.trees import Stored

DATABASE = "auditor"
FORMAT = "c2sp.org/tlog-proof@v1"
# How many tiles are kept while proofs are made of one tree.
KEPT = 1024
# How far the two clocks in an event may lie apart: that of its name and that of its moment.
APART = timedelta(seconds=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Behind it datetime ends; nothing in the log is as late as that.
LATEST = 250_000_000_000_000


class NothingToProve(LookupError):
    """There is no such event, or it is not in a signed tree yet."""


@dataclass(frozen=True)
class Proof:
    """Where an event stands, the way from there to the root, and the signed root (tlog-proof)."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __str__(self) -> str:
        extra = [] if self.extra is None else [f"extra {encoded(self.extra)}"]
        hashes = map(encoded, self.hashes)
        lines = (FORMAT, *extra, f"index {self.index}", *hashes, "", self.checkpoint)
        return "\n".join(lines)


def parse(text: str) -> Proof:
    """Read a proof; whether it proves anything is another question."""
    head, gap, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines.pop(0) != FORMAT:
        raise Malformed("That is no proof of this format.")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decoded(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise Malformed("A proof says which event it is about.")
    index = parse_size(lines.pop(0).removeprefix("index "))
    hashes = tuple(decoded(line) for line in lines)
    if any(len(one) != merkle.SIZE for one in hashes):
        raise Malformed("A hash has 32 bytes.")
    return Proof(index, hashes, checkpoint, extra)


class Tree:
    """A tree of one size, read from tiles as far as it is asked for."""

    def __init__(self, size: int, tile: Callable[[int, int], Sequence[bytes]]) -> None:
        self.size = size
        self._tile = lru_cache(KEPT)(tile)

    def inclusion(self, index: int) -> list[bytes]:
        """The way from a leaf to the root."""
        if not 0 <= index < self.size:
            raise NothingToProve("There is no such leaf in a tree of this size.")
        proof, start, end = [], 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, size: int) -> list[bytes]:
        """What shows that this tree begins with the whole tree of that size."""
        if not 0 < size <= self.size:
            raise NothingToProve("A proof leads from a tree that is not empty to one not smaller.")
        proof, start, end = [], 0, self.size
        while size != end:
            middle = start + _split(end - start)
            if size <= middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        # The root of the old tree itself is known to whoever asks; of a part of it, it is not.
        return [*([self._root(start, end)] if start else []), *proof[::-1]]

    def root(self) -> bytes:
        """The root over all of it."""
        return self._root(0, self.size) if self.size else merkle.EMPTY

    def _root(self, start: int, end: int) -> bytes:
        """The root over some leaves; `start` is a multiple of the power of two that fits."""
        width = end - start
        if width & (width - 1):
            middle = start + _split(width)
            return merkle.node_hash(self._root(start, middle), self._root(middle, end))
        level, height = divmod(width.bit_length() - 1, 8)
        first = start >> 8 * level
        hashes = self._tile(level, first // 256)
        return merkle.subtree(hashes[first % 256 : first % 256 + (1 << height)])


def _split(width: int) -> int:
    """Where RFC 6962 divides a tree: at the largest power of two below its width."""
    return 1 << (width - 1).bit_length() - 1


def stored(using: str, size: int) -> Tree:
    """The tree of this size that a database holds."""
    return Tree(size, Stored(using, size).tile)


def with_cosignatures(checkpoint: Checkpoint) -> Note:
    """The note of a checkpoint with the lines of every witness that saw it."""
    note = notes.parse(checkpoint.note)
    seen = Attestation.objects.using(DATABASE).filter(size=checkpoint.size).order_by("witness")
    lines = [row.evidence for row in seen if row.evidence.startswith(notes.DASH)]
    return notes.parse(str(note) + "".join(lines))


def signed_checkpoint(index: int, *, witnessed: bool) -> Checkpoint:
    """The newest signed checkpoint with this leaf in it, or the newest that a witness saw."""
    covering = Checkpoint.objects.using(DATABASE).filter(size__gt=index).exclude(note="")
    if witnessed:
        seen = Attestation.objects.using(DATABASE).filter(evidence__startswith=notes.DASH)
        covering = covering.filter(size__in=seen.values("size"))
    found = covering.order_by("-size").first()
    if found is None:
        raise NothingToProve("No such signed checkpoint is there yet.")
    return found


def of_event(ev: UUID) -> tuple[str, Proof]:
    """One event as it was written, and the proof that it is in the log."""
    event = _event(ev)
    if event is None:
        raise NothingToProve("The log holds no such event.")
    leaf = Leaf.objects.using(DATABASE).filter(event_id=event.id).first()
    if leaf is None:
        raise NothingToProve("The event is not in the tree yet.")
    try:
        checkpoint = signed_checkpoint(leaf.leaf_index, witnessed=True)
    except NothingToProve:
        checkpoint = signed_checkpoint(leaf.leaf_index, witnessed=False)
    tree = stored(DATABASE, checkpoint.size)
    hashes = tuple(tree.inclusion(leaf.leaf_index))
    return event.body, Proof(leaf.leaf_index, hashes, str(with_cosignatures(checkpoint)))


def _event(ev: UUID) -> LoggedEvent | None:
    """Its name begins with a moment, so few rows have to be looked at."""
    made = EPOCH + timedelta(milliseconds=min(ev.int >> 80, LATEST))
    near = (moment(made - APART), moment(made + APART))
    events = LoggedEvent.objects.using(DATABASE).filter(at__range=near)
    return events.filter(body__contains=f'"ev":"{ev}"').first()
