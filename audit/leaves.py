"""Leaves of the tree with their events, read again to be looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

from django.db import connections
from django.utils.translation import gettext as _

from audit import merkle, retention
from audit.bodies import Body, NotLoggable, parse
from audit.models import Leaf, LoggedEvent
from kpm.database import log_rows

DATABASE = "auditor"
CHUNK = 2_000

# What the database reads from a body, and the key it reads.
FIELDS = {
    "event": "act",
    "at": "at",
    "actor": "a",
    "subject_type": "ot",
    "subject": "o",
    "purpose": "p",
    "outcome": "out",
    "request": "rq",
}


class Kind(Enum):
    """What is wrong; the number is what the command answers with."""

    ALTERED = 1
    UNREADABLE = 2
    UNGUARDED = 3


class Found(Exception):
    """The first bad place."""

    def __init__(self, kind: Kind, problem: str) -> None:
        super().__init__(problem)
        self.kind, self.problem = kind, problem


altered = partial(Found, Kind.ALTERED)


@dataclass(frozen=True)
class Read:
    """One leaf and its event, as they stand now; an archived event has no id."""

    index: int
    stored: bytes
    event_id: int | None
    # The body, then what the database reads from it (FIELDS).
    event: tuple[str | None, ...] | None


def read(start: int, size: int, floor: int) -> Iterator[Read]:
    """Leaves from `start` on, each with its event; in front of `floor` events may have left."""
    is_derived = log_rows.has_columns_of_bodies(connections["default"], FIELDS)
    columns = () if is_derived else FIELDS
    for at in range(start, size, CHUNK):
        end = min(at + CHUNK, size)
        # Plain tuples: a model for each row would cost more than all the hashing.
        leaves = list(
            Leaf.objects.using(DATABASE)
            .filter(leaf_index__gte=at, leaf_index__lt=end)
            .order_by("leaf_index")
            .values_list("leaf_index", "hash", "event_id")
        )
        rows = LoggedEvent.objects.using(DATABASE).filter(id__in=[leaf[-1] for leaf in leaves])
        events = {row[0]: row[1:] for row in rows.values_list("id", "body", *columns)}
        here = {
            index: Read(index, bytes(stored), event_id, events.get(event_id))
            for index, stored, event_id in leaves
        }
        for index, stored in enumerate(retention.hashes(at, min(end, floor)), at):
            here.setdefault(index, Read(index, stored, None, None))
        yield from map(here.__getitem__, sorted(here))


def checked(read: Read, expected: int) -> tuple[bytes, Body]:
    """The hash of an event and its body, if it is the one of its leaf and reads as it should."""
    place = {"event": read.event_id, "leaf": read.index}
    if read.index != expected:
        raise altered(_("Leaf %s is missing.") % expected)
    if read.event is None:
        raise altered(_("Event %(event)s (leaf %(leaf)s) is missing.") % place)
    text, *columns = read.event
    leaf = merkle.leaf_hash(str(text).encode())
    if leaf != read.stored:
        raise altered(_("Event %(event)s is not what leaf %(leaf)s was made of.") % place)
    try:
        body = parse(str(text))
    except NotLoggable as error:
        raise Found(Kind.UNREADABLE, _("Event %s is no event.") % read.event_id) from error
    if columns and columns != [body.get(key) for key in FIELDS.values()]:
        raise altered(_("The columns of event %s are not those of its body.") % read.event_id)
    return leaf, body
