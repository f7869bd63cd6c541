"""The tree of the log: its right edge while it grows, and its finished tiles (C2SP tlog-tiles)."""

from collections.abc import Sequence

from audit import merkle
from audit.models import Leaf, Tile

# A tile holds the 256 hashes of eight levels' worth of leaves.
WIDTH = 256
TileRow = tuple[int, int, bytes]


class Edge:
    """What is needed to let the tree grow: the hashes of every tile that is not full yet."""

    def __init__(self, size: int = 0, pending: list[list[bytes]] | None = None) -> None:
        self.size = size
        self._levels = [_Open(hashes) for hashes in pending or [[]]]
        self.root()

    def append(self, leaf: bytes) -> list[TileRow]:
        """Add a leaf; gives out the tiles that it completes, lowest first."""
        return self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> list[TileRow]:
        """Add several; gives out the tiles that they complete."""
        finished: list[TileRow] = []
        at = 0
        while at < len(leaves):
            some = leaves[at : at + self.room]
            at += len(some)
            self.size += len(some)
            self._grow(0, some, finished)
        return finished

    @property
    def room(self) -> int:
        """How many leaves the lowest tile takes until it is full."""
        return WIDTH - self.size % WIDTH

    def _grow(self, level: int, hashes: Sequence[bytes], finished: list[TileRow]) -> None:
        if level == len(self._levels):
            self._levels.append(_Open([]))
        tile = self._levels[level]
        tile.extend(hashes)
        if len(tile.hashes) == WIDTH:
            idx = (self.size >> 8 * (level + 1)) - 1
            finished.append((level, idx, b"".join(tile.hashes)))
            self._levels[level] = _Open([])
            self._grow(level + 1, tile.tree.roots, finished)

    def root(self) -> bytes:
        """The root of the tree so far."""
        roots = [root for tile in reversed(self._levels) for root in tile.tree.roots]
        return merkle.Range(self.size, roots).root()


class _Open:
    """A tile that is not full yet, and the tree over its hashes: nothing is hashed twice."""

    def __init__(self, hashes: list[bytes]) -> None:
        self.hashes: list[bytes] = []
        self.tree = merkle.Range()
        self.extend(hashes)

    def extend(self, hashes: Sequence[bytes]) -> None:
        self.hashes += hashes
        self.tree.extend(hashes)


def load_edge(using: str, size: int) -> Edge:
    """The edge at this size, from the leaves and tiles that the database holds."""
    leaves = Leaf.objects.using(using).filter(leaf_index__gte=size - size % WIDTH)
    below = leaves.filter(leaf_index__lt=size).order_by("leaf_index")
    pending = [[bytes(one) for one in below.values_list("hash", flat=True)]]
    level = 1
    while complete := size >> 8 * level:
        # Each hash of this level is the root of one full tile of the level below.
        start = complete - complete % WIDTH
        tiles = Tile.objects.using(using).filter(level=level - 1, idx__gte=start, idx__lt=complete)
        pending.append(
            [
                merkle.subtree(split(bytes(data)))
                for data in tiles.order_by("idx").values_list("data", flat=True)
            ]
        )
        level += 1
    return Edge(size, pending)


class Missing(LookupError):
    """A part of the tree is not on record."""


class Stored:
    """The tiles of a tree of one size, full and partial, as the database holds them."""

    def __init__(self, using: str, size: int) -> None:
        self._using = using
        self._size = size

    def width(self, level: int, idx: int) -> int:
        """How many hashes this tile has in a tree of this size."""
        return max(0, min(WIDTH, (self._size >> 8 * level) - idx * WIDTH))

    def tile(self, level: int, idx: int) -> list[bytes]:
        """The hashes of one tile."""
        width = self.width(level, idx)
        if width == WIDTH:
            rows = Tile.objects.using(self._using).filter(level=level, idx=idx)
            data = rows.values_list("data", flat=True).first()
            hashes = split(bytes(data)) if data is not None else []
        elif level == 0:
            start = idx * WIDTH
            leaves = Leaf.objects.using(self._using).order_by("leaf_index")
            rows_of = leaves.filter(leaf_index__gte=start, leaf_index__lt=start + width)
            hashes = [bytes(one) for one in rows_of.values_list("hash", flat=True)]
        else:
            below = range(idx * WIDTH, idx * WIDTH + width)
            hashes = [merkle.subtree(self.tile(level - 1, one)) for one in below]
        if len(hashes) != width:
            raise Missing(f"Tile {level}/{idx} is missing.")
        return hashes


def split(data: bytes) -> list[bytes]:
    """The hashes in a tile."""
    return [data[at : at + merkle.SIZE] for at in range(0, len(data), merkle.SIZE)]
