"""The log as files for anybody: entries, tiles and the signed checkpoint (C2SP tlog-tiles)."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from audit import notes, retention, signers, tree_heads
from audit.models import Checkpoint, Leaf, LoggedEvent
from audit.proofs import stored, with_cosignatures
from audit.trees import WIDTH, Stored
from kpm.errors import Refused

DATABASE = "auditor"
CHECKPOINT = "checkpoint"


def export(directory: Path, checkpoint: Checkpoint) -> int:
    """Write what is not there yet; returns how many files that were.

    The checkpoint comes last, so that whoever reads meanwhile finds the old log whole. Finished
    files are never written again: a second export adds what has grown.
    """
    _refuse_another_log(directory, checkpoint)
    written = 0
    for path, data in _files(directory, checkpoint):
        written += _write(directory / path, data)
    written += _write(directory / CHECKPOINT, str(with_cosignatures(checkpoint)).encode())
    _drop_partial(directory, checkpoint.size)
    return written


def tile_path(level: int | str, idx: int, width: int = WIDTH) -> Path:
    """Where a tile (or a bundle of entries) stands: three digits to a folder."""
    digits = f"{idx:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    *above, last = parts
    last = last if width == WIDTH else f"{last}.p/{width}"
    return Path("tile", str(level), *(f"x{part}" for part in above), last)


def _refuse_another_log(directory: Path, checkpoint: Checkpoint) -> None:
    """What lies there must be the beginning of what comes: else somebody rewrote the log."""
    path = directory / CHECKPOINT
    if not path.exists():
        return
    ours = tree_heads.parse(notes.parse(checkpoint.note).text)
    try:
        theirs = tree_heads.parse(notes.parse(path.read_text(encoding="utf-8")).text)
    except ValueError:
        raise Refused(_("The directory holds a checkpoint that cannot be read.")) from None
    if theirs.origin != ours.origin:
        raise Refused(_("The directory holds another log."))
    if theirs.size > ours.size or stored(DATABASE, theirs.size).root() != theirs.root:
        raise Refused(
            _("The directory holds %(size)s events that are not the beginning of this log.")
            % {"size": theirs.size}
        )


def _files(directory: Path, checkpoint: Checkpoint) -> Iterator[tuple[Path, bytes]]:
    """Everything that is not in the directory yet."""
    keys = signers.rows(DATABASE)
    yield Path("vkey"), f"{keys[-1].vkey}\n".encode()
    for row in keys:
        yield Path("keys", str(row.generation)), row.note.encode()
    tree = Stored(DATABASE, checkpoint.size)
    for level, idx, width in tiles(checkpoint.size):
        path = tile_path(level, idx, width)
        if not (directory / path).exists():
            yield path, b"".join(tree.tile(level, idx))
        bundle = tile_path("entries", idx, width)
        if level == 0 and not (directory / bundle).exists():
            yield bundle, _bundle(idx * WIDTH, width)


def tiles(size: int) -> Iterator[tuple[int, int, int]]:
    """The tiles of a tree of this size: level, number, width."""
    level = 0
    while complete := size >> 8 * level:
        for idx in range(-(-complete // WIDTH)):
            yield level, idx, min(WIDTH, complete - idx * WIDTH)
        level += 1


def _bundle(start: int, width: int) -> bytes:
    """The entries from this leaf on, each with its length in front: tables take none too long."""
    leaves = Leaf.objects.using(DATABASE).filter(
        leaf_index__gte=start, leaf_index__lt=start + width
    )
    ids = list(leaves.order_by("leaf_index").values_list("event_id", flat=True))
    bodies = LoggedEvent.objects.using(DATABASE).in_bulk(ids)
    if start < retention.floor().size and len(bodies) != width:
        raise Refused(_("Older events lie in an archive: export into that directory, or a copy."))
    if len(bodies) != width:
        raise Refused(_("Events behind leaf %s are missing: verify the log.") % start)
    entries = [bodies[event_id].body.encode() for event_id in ids]
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def _write(place: Path, data: bytes) -> bool:
    """All of a file or nothing of it, on the disk before anything refers to it."""
    if place.exists() and place.read_bytes() == data:
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place)
    return True


def _drop_partial(directory: Path, size: int) -> None:
    """Partial tiles go once what they belong to is complete, or wider."""
    partial = [tile for tile in tiles(size) if tile[2] < WIDTH]
    wanted = {tile_path(*tile) for tile in partial}
    wanted |= {tile_path("entries", idx, width) for level, idx, width in partial if not level}
    for path in list(directory.glob("tile/**/*.p/*")):
        if path.relative_to(directory) not in wanted:
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
