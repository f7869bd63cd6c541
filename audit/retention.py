"""Old events leave for an archive: which may, what the log says of it, and what proves them there.

The tiles of the tree stay, so every proof and every root of former times stays good. Events are
kept for three years at least: that long 个人信息保护法 §56 wants records of processing kept, and
they are how somebody learns who opened their file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from audit.bodies import moment, parse
from audit.events import Event
from audit.merkle import leaf_hashes
from audit.models import Leaf, LoggedEvent, Tile
from audit.offline import entries as bundled
from audit.sealed_rows import Rows
from audit.trees import WIDTH, split
from kpm.ages import years_after
from kpm.database import log_volumes
from kpm.errors import Refused

DATABASE = "auditor"
LEAST_YEARS = 3


@dataclass(frozen=True)
class Floor:
    """In front of this leaf, events may be gone: the log says that they were archived."""

    size: int = 0
    # The event that says so, and when it was written.
    event_id: int = 0
    at: str = ""


@dataclass(frozen=True)
class Leaving:
    """What may leave: the events in front of an id, and the size of the tree up to there."""

    bound: int
    size: int


def floor() -> Floor:
    """How far events may be gone, as the log says."""
    in_tree = Leaf.objects.using(DATABASE).filter(event_id=OuterRef("id"))
    said = LoggedEvent.objects.using(DATABASE).filter(Exists(in_tree), event=Event.LOG_ARCHIVED)
    newest = said.order_by("-id").first()
    return Floor(parse(newest.body).get("n", 0), newest.id, newest.at) if newest else Floor()


def problem(found: Floor) -> str:
    """What is wrong with a floor; nothing where it is good.

    Whoever can write an event could write this one: what it lets go must have been old by then.
    """
    if not found.size:
        return ""
    first = _event_at(found.size)
    latest = moment(_years_before(_at(found.at)))
    if found.size % WIDTH or first is None or first.id > found.event_id or first.at > latest:
        return _("Event %s lets others go that have to stay.") % found.event_id
    return ""


def leaving(before: datetime, now: datetime, connection: BaseDatabaseWrapper) -> Leaving | None:
    """What may leave of the events from before a moment."""
    bound = log_volumes.last_bound(connection, _first_after(before))
    behind = Leaf.objects.using(DATABASE).filter(event_id__lt=bound).order_by("-leaf_index").first()
    if behind is None:
        return None
    size = behind.leaf_index // WIDTH * WIDTH
    if log_volumes.cuts_anywhere(connection):
        first = _event_at(size)
        return Leaving(first.id, size) if first and size else None
    # A volume leaves as it is. The tree is cut behind its last event; others that stand in front
    # of that place stay, and are looked at as before.
    size += WIDTH
    first = _event_at(size)
    return Leaving(bound, size) if first and first.at <= moment(_years_before(now)) else None


def carried(bound: int) -> list[str]:
    """What the events in front of an id wrote last, and no later one wrote again."""
    rows = Rows()
    events = LoggedEvent.objects.using(DATABASE).filter(body__contains='"t":[').order_by("id")
    for event_id, text in events.values_list("id", "body").iterator():
        rows.take(event_id, parse(text))
    return rows.tags_before(bound)


def kept_since() -> datetime | None:
    """When the oldest event came that is here, once older ones have left."""
    if not floor().size:
        return None
    first = LoggedEvent.objects.using(DATABASE).order_by("id").values_list("at", flat=True).first()
    return _at(first) if first else None


def hashes(start: int, end: int) -> Iterator[bytes]:
    """The leaves of archived events, out of the tiles; stops where one is missing."""
    for idx in range(start // WIDTH, -(-end // WIDTH)):
        data = Tile.objects.using(DATABASE).filter(level=0, idx=idx).values_list("data", flat=True)
        found = data.first()
        if found is None:
            return
        from_leaf = max(0, start - idx * WIDTH)
        yield from split(bytes(found))[from_leaf : end - idx * WIDTH]


def is_archived(directory: Path, leaf_index: int, leaf: bytes) -> bool:
    """Whether an archive holds the entry of which a leaf was made."""
    idx, number = divmod(leaf_index, WIDTH)
    return _bundle(directory, idx)[number] == leaf


@lru_cache(maxsize=2)
def _bundle(directory: Path, idx: int) -> list[bytes]:
    return leaf_hashes(bundled(directory, idx, WIDTH)[0])


def refuse_too_young(before: datetime, now: datetime) -> None:
    """Only what is older than three years may leave."""
    if before > _years_before(now):
        raise Refused(_("Events stay for three years at least: choose an earlier day."))


def _first_after(before: datetime) -> int:
    """The id of the first event that came at a moment or later; 0 where there is none."""
    rows = LoggedEvent.objects.using(DATABASE).filter(at__gte=moment(before)).order_by("id")
    return rows.values_list("id", flat=True).first() or 0


def _event_at(leaf_index: int) -> LoggedEvent | None:
    leaf = Leaf.objects.using(DATABASE).filter(leaf_index=leaf_index).first()
    if leaf is None:
        return None
    return LoggedEvent.objects.using(DATABASE).filter(id=leaf.event_id).first()


def _years_before(at: datetime) -> datetime:
    return datetime.combine(years_after(at.date(), -LEAST_YEARS), at.timetz())


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
