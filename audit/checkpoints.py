"""The sequencer: committed events become leaves, leaves tiles, and the root goes on record."""

from datetime import datetime

from django.db import connections, transaction

from audit import merkle, signers
from audit.bodies import moment
from audit.models import Checkpoint
from audit.trees import Edge, TileRow, load_edge
from kpm.database import commit_orders
from kpm.database.commit_orders import Place

DATABASE = "sequencer"
BATCH = 5_000

# The edge of the last round by its root, which says everything about the tree.
_kept: dict[bytes, Edge] = {}


def latest(using: str = DATABASE) -> Checkpoint | None:
    """The root on record for the largest tree."""
    return Checkpoint.objects.using(using).order_by("-size").first()


def sequence_once(now: datetime) -> int:
    """Take the next committed events into the tree; how many there were.

    Everything is read, hashed and signed first. Only then the transaction opens, in which one
    sequencer at a time writes, and only if nobody has extended the tree meanwhile.
    """
    last = latest()
    size = last.size if last else 0
    place = Place(last.epoch, last.xid, last.event_id) if last else Place()
    connection = connections[DATABASE]
    batch = commit_orders.after(connection, place, BATCH)
    if not batch.events:
        return 0
    edge = _edge(last)
    ids, texts = zip(*batch.events, strict=True)
    hashes = merkle.leaf_hashes(text.encode() for text in texts)
    places = range(size, size + len(hashes))
    leaves = list(zip(places, ids, hashes, strict=True))
    tiles = edge.extend(hashes)
    note = signers.note(edge.size, edge.root(), last.note if last else "", using=DATABASE)
    with transaction.atomic(using=DATABASE):
        if not commit_orders.is_leader(connection) or _has_grown(size):
            return 0
        _write(leaves, tiles)
        Checkpoint.objects.using(DATABASE).create(
            size=edge.size,
            root=edge.root(),
            at=moment(now),
            epoch=batch.place.epoch,
            xid=batch.place.xid,
            event_id=batch.place.event_id,
            note=note,
        )
    _kept.clear()
    _kept[edge.root()] = edge
    return len(leaves)


def _edge(last: Checkpoint | None) -> Edge:
    """The edge to go on from: kept from the round before, or read back."""
    if last is None:
        return Edge()
    edge = _kept.pop(bytes(last.root), None)
    return edge if edge is not None and edge.size == last.size else load_edge(DATABASE, last.size)


def _has_grown(size: int) -> bool:
    last = latest()
    return (last.size if last else 0) != size


def _write(leaves: list[tuple[int, int, bytes]], tiles: list[TileRow]) -> None:
    with connections[DATABASE].cursor() as cursor:
        cursor.executemany(
            "INSERT INTO audit_leaf (leaf_index, event_id, hash) VALUES (%s, %s, %s)", leaves
        )
        if tiles:
            cursor.executemany(
                "INSERT INTO audit_tile (level, idx, data) VALUES (%s, %s, %s)", tiles
            )
