"""Whether sealed rows are those that their last events wrote, and not older ones put back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from audit.bodies import Body, NotLoggable, parse
from audit.events import Event
from audit.models import Leaf, LoggedEvent
from audit.tags import tag, untagged
from kpm.vault.groups import GroupLayout, layout_of
from kpm.vault.models import DataKey
from kpm.vault.shredding import GONE, sealed_models
from kpm.vault.written import Sealed, place_of, version_of

# Events through the auditor's door, rows through the site's.
LOG, ROWS = "auditor", "default"
CHUNK = 2_000


class Last(NamedTuple):
    """The last event that wrote a group, or that carried on what an archived one had written."""

    event_id: int
    version: bytes
    is_carried: bool = False


@dataclass(frozen=True)
class Bad:
    """A group that is not the one that an event wrote."""

    event_id: int
    # Which group of which row; nothing where the row is gone.
    label: str = ""
    row: UUID | None = None
    # Its bytes were taken out although its key is there.
    is_emptied: bool = False


class Group(NamedTuple):
    """One group of a row as it stands now."""

    layout: GroupLayout
    row: UUID
    owner: UUID
    generation: int
    blob: bytes | None

    @property
    def place(self) -> bytes:
        """Which one it is, as the log says it."""
        return place_of(self.layout, self.row)

    @property
    def version(self) -> bytes:
        """Which version, as the log says it."""
        return version_of(self.layout, self.row, self.blob or b"")


class Rows:
    """What the log says of sealed groups, and what stands there."""

    def __init__(self) -> None:
        self._last: dict[bytes, Last] = {}
        # Groups that are as the log says, and those of which it says nothing.
        self.compared = self.unnamed = 0

    def take(self, event_id: int, body: Body) -> None:
        """Read what an event wrote. Of one row the later event has the higher id: it is locked.

        What is carried on is older than whatever wrote the row meanwhile.
        """
        is_carried = body.get("act") == Event.LOG_ARCHIVED
        for text in body.get("t", ()):
            sealed = untagged(text)
            last = self._last.get(sealed.place)
            if last is None or _order(last) < (not is_carried, event_id):
                self._last[sealed.place] = Last(event_id, sealed.version, is_carried)

    def tags_before(self, bound: int) -> list[str]:
        """What only events in front of an id say."""
        return sorted(
            tag(Sealed(place, last.version))
            for place, last in self._last.items()
            if last.event_id < bound
        )

    def look(self, size: int) -> Bad | None:
        """The first group that is another one than the log of this size, or what came since, says.

        Rows are read before the events that came since: what a row says by then was written by the
        last event in the tree or by one after it.
        """
        doubtful: list[tuple[Group, Last | None]] = []
        emptied: dict[UUID, Bad] = {}
        for group in _groups():
            last = self._last.pop(group.place, None)
            if group.blob is None:
                if last is not None:
                    bad = Bad(last.event_id, group.layout.label, group.row, is_emptied=True)
                    if group.generation != GONE:
                        return bad
                    emptied.setdefault(group.owner, bad)
            elif last is not None and last.version == group.version:
                self.compared += 1
            else:
                doubtful.append((group, last))
        return self._judge(doubtful, size) or _with_a_key(emptied) or self._missing()

    def _judge(self, doubtful: list[tuple[Group, Last | None]], size: int) -> Bad | None:
        since = _since(size) if doubtful else {}
        for group, last in doubtful:
            newer = since.get(group.place, [])
            if any(each.version == group.version for each in newer):
                self.compared += 1
            elif last is None and not newer:
                self.unnamed += 1
            else:
                event_id = last.event_id if last else newer[0].event_id
                return Bad(event_id, group.layout.label, group.row)
        return None

    def _missing(self) -> Bad | None:
        """Nothing that is named in the log is ever deleted."""
        left = min((last.event_id for last in self._last.values()), default=None)
        return None if left is None else Bad(left)


def _groups() -> Iterator[Group]:
    """Every group that is named in the log, as it stands now, a page at a time."""
    for model in sealed_models():
        if not model.is_named_in_the_log:
            continue
        layout = layout_of(model)
        groups = list(layout.groups.values())
        columns = ("id", layout.owner, "key_gen", *layout.groups)
        rows: QuerySet[Any] = QuerySet(model, using=ROWS).order_by("id")
        page = list(rows.values_list(*columns)[:CHUNK])
        while page:
            for row, owner, generation, *blobs in page:
                for group, blob in zip(groups, blobs, strict=True):
                    kept = None if blob is None else bytes(blob)
                    yield Group(group, row, owner, generation, kept)
            page = list(rows.filter(id__gt=page[-1][0]).values_list(*columns)[:CHUNK])


def _order(last: Last) -> tuple[bool, int]:
    return (not last.is_carried, last.event_id)


def _since(size: int) -> dict[bytes, list[Last]]:
    """What was written by events that are not in the tree of this size."""
    found: dict[bytes, list[Last]] = {}
    in_tree = Leaf.objects.using(LOG).filter(event_id=OuterRef("id"), leaf_index__lt=size)
    events = LoggedEvent.objects.using(LOG).filter(~Exists(in_tree)).order_by("id")
    events = events.exclude(event=Event.LOG_ARCHIVED)
    for event_id, text in events.values_list("id", "body").iterator():
        try:
            tags = parse(text).get("t", ())
        except NotLoggable:
            continue  # found when it is in the tree
        for each in map(untagged, tags):
            found.setdefault(each.place, []).append(Last(event_id, each.version))
    return found


def _with_a_key(emptied: dict[UUID, Bad]) -> Bad | None:
    """Bytes go when their key is gone; whose key is there was emptied by somebody else."""
    owners = list(emptied)
    for start in range(0, len(owners), CHUNK):
        some = owners[start : start + CHUNK]
        for owner in DataKey.objects.filter(owner__in=some).values_list("owner", flat=True)[:1]:
            return emptied[owner]
    return None
