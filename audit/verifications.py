"""Looking whether the log is what was written: events, leaves, tiles, roots, and the guards."""

import heapq
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from audit import attestations, details, leaves, merkle, notes, retention, signers
from audit.attestations import Standing, Verdict
from audit.bodies import Body
from audit.checkpoints import latest
from audit.events import Event
from audit.leaves import Found, Kind, altered
from audit.models import Checkpoint, Detail, Leaf, LoggedEvent, Tile
from audit.notes import VerifierKey
from audit.retention import Floor
from audit.sealed_rows import Bad, Rows
from audit.tree_heads import TreeHead
from audit.trees import WIDTH, Edge, TileRow, load_edge, split
from kpm.database import commit_orders, guards, log_rows
from kpm.database.commit_orders import Place
from kpm.database.log_rows import LeafRow

DATABASE = "auditor"
CHUNK = 2_000
# Finished tiles are compared this many at a time.
TILES = 64


@dataclass(frozen=True)
class Result:
    """How a verification went."""

    size: int = 0
    root: bytes = merkle.EMPTY
    checked: int = 0
    waiting: int = 0
    kind: Kind | None = None
    # In words: the first place that is not as it was written.
    problem: str = ""
    # Those who see the roots, and how they stand.
    standings: tuple[Standing, ...] = ()
    # Sealed groups that are those of their last events, and those of which no event speaks.
    compared: int = 0
    unnamed: int = 0
    # Details that are gone, as an event says.
    erased: int = 0
    # Events that left for an archive: known by their hashes, or read there as well.
    archived: int = 0

    @property
    def is_good(self) -> bool:
        """Whether everything that was looked at is as it was written."""
        return self.kind is None


# A size, the root of the tree that had it, and the note on record.
Root = tuple[int, bytes, str | None]
END: Root = (0, b"", None)


def verify(
    *,
    newest: int | None = None,
    pinned: dict[int, bytes] | None = None,
    archive: Path | None = None,
) -> Result:
    """Hash everything again, or only the newest events; stops at the first bad place.

    `pinned` are roots that were kept elsewhere: what was rewritten together with all its hashes
    shows only against those. What left the database is read in an `archive`, if there is one.
    """
    look = _Look(pinned or {}, archive)
    try:
        if missing := guards.missing(connections["default"]):
            raise Found(Kind.UNGUARDED, _("The guard %s is not in its place.") % missing[0])
        with log_rows.frozen(DATABASE):
            look.over(newest)
        look.over_attestations()
        if newest is None:
            look.over_rows()
    except Found as found:
        return look.result(found.kind, found.problem)
    except DatabaseError as error:
        words = _("The database cannot read the log: %s.") % type(error).__name__
        return look.result(Kind.UNREADABLE, words)
    return look.result()


class _Look:
    """One pass over the log, in the order in which the tree grew."""

    def __init__(self, pinned: dict[int, bytes], archive: Path | None = None) -> None:
        self._pinned, self._archive = pinned, archive
        self._floor = Floor()
        self._size = self._start = self._waiting = 0
        self._edge = Edge()
        self._tiles: list[TileRow] = []
        # Roots to meet on the way, and the next of them.
        self._roots: Iterator[Root] = iter(())
        self._next = END
        # What events commit to, by the event that the detail lies beside.
        self._promised: dict[UUID, tuple[str, int]] = {}
        self._keys: list[VerifierKey] = []
        self._is_signed = False
        self._standings: tuple[Standing, ...] = ()
        self._rows = Rows()
        # The events whose details were erased, as other events say.
        self._erasures: frozenset[str] = frozenset()
        self._erased = self._archived = 0

    def result(self, kind: Kind | None = None, problem: str = "") -> Result:
        """How far it came."""
        return Result(
            size=self._size,
            root=self._edge.root(),
            checked=self._edge.size - self._start,
            waiting=self._waiting,
            kind=kind,
            problem=problem,
            standings=self._standings,
            compared=self._rows.compared,
            unnamed=self._rows.unnamed,
            erased=self._erased,
            archived=self._archived,
        )

    def over_attestations(self) -> None:
        """What others said of the roots that were just compared."""
        self._standings = tuple(attestations.look(self._start))
        for standing in self._standings:
            for size in standing.having(Verdict.BAD)[:1]:
                words = _("%(witness)s: what it has of %(size)s events is not what this log says.")
                raise altered(words % {"witness": standing.name, "size": size})

    def over_rows(self) -> None:
        """What the events say that they wrote, and what stands there."""
        bad = self._rows.look(self._size)
        if bad is not None:
            raise altered(_row_words(bad))

    def over(self, newest: int | None) -> None:
        """Everything, or the newest events with everything to their left taken for granted."""
        last = latest(DATABASE)
        self._size = last.size if last else 0
        self._keys = _keys()
        self._erasures = _erasures()
        self._floor = retention.floor()
        if words := retention.problem(self._floor):
            raise altered(words)
        if newest is not None:
            self._begin_at(max(0, self._size - newest))
        first_id = self._grow()
        self._nothing_beside()
        if last is not None:
            _nothing_passed_over(last)
        event_id = log_rows.event_with_other_subjects(connections[DATABASE], first_id)
        if event_id is not None:
            raise altered(_("Event %s names others than the index says.") % event_id)
        in_tree = Leaf.objects.using(DATABASE).count()
        self._waiting = LoggedEvent.objects.using(DATABASE).count() - in_tree

    def _begin_at(self, start: int) -> None:
        start -= start % WIDTH
        try:
            self._edge = load_edge(DATABASE, start)
        except ValueError as error:
            raise altered(_("A tile before leaf %s is missing.") % start) from error
        self._start = start

    def _grow(self) -> int:
        """Build the tree again and compare on the way; the id of the first event."""
        first_id = 0
        with closing(self._roots_on_the_way()) as self._roots:
            self._next = next(self._roots, END)
            for rows in leaves.read(self._start, self._size, self._floor.size):
                first_id = first_id or next((row[2] for row in rows if row[2] is not None), 0)
                looked = leaves.at_once(rows, self._edge.size)
                if looked is None:
                    self._one_by_one(rows)
                    continue
                self._append(looked.hashes)
                for event_id, body in looked.beside:
                    self._take(event_id, body)
        self._compare_tiles()
        self._compare_details()
        if self._edge.size < max(self._next[0], self._size):
            raise altered(_("Leaf %s is missing.") % self._edge.size)
        return first_id

    def _one_by_one(self, rows: list[LeafRow]) -> None:
        """Rows of which one is bad, to say which, or of events that left."""
        for row in rows:
            if row[2] is None:
                self._append([self._archived_leaf(*row[:2])])
            else:
                leaf, body = leaves.checked(row, self._edge.size)
                self._take(row[2], body)
                self._append([leaf])

    def _append(self, hashes: list[bytes]) -> None:
        """Let the tree grow, no further at a time than to the next root or the end of a tile."""
        at = 0
        while at < len(hashes):
            size = self._edge.size
            until_root = self._next[0] - size if self._next[0] > size else len(hashes)
            some = hashes[at : at + min(self._edge.room, until_root)]
            at += len(some)
            self._tiles.extend(self._edge.extend(some))
            if len(self._tiles) >= TILES:
                self._compare_tiles()
            while self._next[0] == self._edge.size:
                self._compare_root(self._next[1])
                self._look_at_note(*self._next[1:])
                self._next = next(self._roots, END)

    def _archived_leaf(self, index: int, leaf: bytes) -> bytes:
        """The hash of an event that left; what the archive has of it must be that event."""
        if index != self._edge.size:
            raise altered(_("Leaf %s is missing.") % self._edge.size)
        self._archived += 1
        if self._archive is not None and not retention.is_archived(self._archive, index, leaf):
            raise altered(_("The archive holds another entry %s.") % index)
        return leaf

    def _take(self, event_id: int, body: Body) -> None:
        """Remember what an event says of what lies beside it."""
        self._promise(body, event_id)
        self._rows.take(event_id, body)

    def _promise(self, body: Body, event_id: int) -> None:
        if commitment := body.get("h"):
            self._promised[UUID(body["ev"])] = (commitment, event_id)
        if len(self._promised) >= CHUNK:
            self._compare_details()

    def _compare_details(self) -> None:
        """What lies open beside an event is what it commits to; what is gone was erased.

        Sealed words say for themselves whether they were changed, to whoever may open them.
        """
        for row in Detail.objects.using(DATABASE).filter(ev__in=list(self._promised)):
            wanted, event_id = self._promised.pop(row.ev)
            is_open = row.owner is None
            if is_open and details.commitment(bytes(row.salt), bytes(row.body)) != wanted:
                raise altered(_("The detail of event %s is another one.") % event_id)
        for ev, (_commitment, event_id) in self._promised.items():
            if str(ev) not in self._erasures:
                words = _("The detail of event %s is gone, and no event says that it was erased.")
                raise altered(words % event_id)
        self._erased += len(self._promised)
        self._promised.clear()

    def _roots_on_the_way(self) -> Generator[Root]:
        """Roots to meet on the way: on record here with their notes, or kept elsewhere."""
        rows = Checkpoint.objects.using(DATABASE).filter(size__gt=self._start).order_by("size")
        on_record = ((row.size, bytes(row.root), row.note) for row in rows.iterator())
        kept = ((size, root, None) for size, root in sorted(self._pinned.items()))
        pins = (pin for pin in kept if pin[0] > self._start)
        yield from heapq.merge(on_record, pins, key=lambda root: root[0])

    def _look_at_note(self, root: bytes, note: str | None) -> None:
        """Look whether a note on record says the same as its row, under a key of this log."""
        if note is None or not (note or self._is_signed):
            return  # kept elsewhere, or from before the log had a key
        self._is_signed = True
        try:
            parsed = notes.parse(note)
            key = parsed.verified(self._keys)[0]
            is_same = parsed.text == str(TreeHead(key.name, self._edge.size, root))
        except (notes.Malformed, notes.NotSigned):
            is_same = False
        if not is_same:
            words = _("The checkpoint of %s events is not signed as it was.")
            raise altered(words % self._edge.size)

    def _compare_root(self, root: bytes) -> None:
        if self._edge.root() != root:
            # A finished tile says more exactly where.
            self._compare_tiles()
            raise altered(_("The root on record for %s events is another one.") % self._edge.size)

    def _compare_tiles(self) -> None:
        """Compare the tiles that were finished since the last time with those on record."""
        for level in sorted({level for level, _idx, _data in self._tiles}):
            wanted = {idx: data for at, idx, data in self._tiles if at == level}
            rows = Tile.objects.using(DATABASE).filter(level=level, idx__in=list(wanted))
            stored = dict(rows.values_list("idx", "data"))
            for idx, data in wanted.items():
                if idx not in stored:
                    raise altered(
                        _("Tile %(level)s/%(tile)s is missing.") % {"level": level, "tile": idx}
                    )
                if bytes(stored[idx]) != data:
                    raise altered(_tile_words(level, idx, data, bytes(stored[idx])))
        self._tiles.clear()

    def _nothing_beside(self) -> None:
        """No row that the tree does not account for."""
        if Leaf.objects.using(DATABASE).filter(leaf_index__gte=self._size).exists():
            raise altered(_("There are leaves behind the end, which is %s.") % self._size)
        level = 0
        while complete := self._size >> 8 * (level + 1):
            if Tile.objects.using(DATABASE).filter(level=level, idx__gte=complete).exists():
                raise altered(_("There are tiles of level %s behind the end.") % level)
            level += 1
        if Tile.objects.using(DATABASE).filter(level__gte=level).exists():
            raise altered(_("There are tiles of level %s behind the end.") % level)


def _erasures() -> frozenset[str]:
    """The events whose details were erased."""
    said = LoggedEvent.objects.using(DATABASE).filter(event=Event.EVENT_DETAIL_ERASED)
    return frozenset(str(ev) for ev in said.values_list("subject", flat=True))


def _keys() -> list[VerifierKey]:
    """The keys on record, if each is vouched for by itself and by the one before it."""
    keys: list[VerifierKey] = []
    for row in signers.rows(DATABASE):
        try:
            key = VerifierKey.parse(row.vkey)
            note = notes.parse(row.note)
            good = note.verified([*keys[-1:], key])
        except (notes.Malformed, notes.NotSigned):
            good = []
        if len(good) != len(keys[-1:]) + 1 or note.text != signers.key_text(key, len(keys) + 1):
            raise altered(_("Key %s of the log is not the one that was started.") % row.generation)
        keys.append(key)
    return keys


def _nothing_passed_over(last: Checkpoint) -> None:
    """Every event up to the last one in the tree is in the tree."""
    place = Place(last.epoch, last.xid, last.event_id)
    event_id = commit_orders.left_out(connections[DATABASE], place)
    if event_id is not None:
        raise altered(_("Event %s was passed over.") % event_id)


def _row_words(bad: Bad) -> str:
    told = {"event": bad.event_id, "group": bad.label, "row": bad.row}
    if bad.row is None:
        return _("A sealed row that event %(event)s wrote is missing.") % told
    if bad.is_emptied:
        return _("%(group)s of %(row)s, which event %(event)s wrote, was emptied.") % told
    return _("%(group)s of %(row)s is older than event %(event)s, which wrote it.") % told


def _tile_words(level: int, idx: int, data: bytes, stored: bytes) -> str:
    pairs = zip(split(data), split(stored), strict=True)
    first = next(n for n, (one, other) in enumerate(pairs) if one != other)
    leaf = (idx * WIDTH + first) << 8 * level
    return _("Tile %(level)s/%(tile)s differs from leaf %(leaf)s on.") % {
        "level": level,
        "tile": idx,
        "leaf": leaf,
    }
