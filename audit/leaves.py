"""Leaves of the tree with their events, read again to be looked at."""

from collections.abc import Iterable, Iterator
from enum import Enum
from functools import partial
from re import Match
from typing import NamedTuple

from django.db import connections
from django.utils.translation import gettext as _

from audit import merkle, retention
from audit.bodies import Body, NotLoggable, glance, parse
from kpm.database import log_rows
from kpm.database.log_rows import LeafRow

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


# Events say nothing of a detail or of sealed groups that lie beside them, as most do.
NOTHING = (None, None)


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


class Looked(NamedTuple):
    """Rows that are good: their leaves, and bodies that say something of what lies beside them."""

    hashes: list[bytes]
    beside: list[tuple[int, Body]]


def read(start: int, size: int, floor: int) -> Iterator[list[LeafRow]]:
    """Leaves from `start` on, each with its event; in front of `floor` events may have left."""
    is_derived = log_rows.has_columns_of_bodies(connections["default"], FIELDS)
    columns: tuple[str, ...] = () if is_derived else tuple(FIELDS)
    left = (None,) * (2 + len(columns))
    for at in range(start, size, CHUNK):
        end = min(at + CHUNK, size)
        rows = log_rows.leaves_with_events(connections[DATABASE], at, end, columns)
        if at < floor:
            here = {row[0]: row for row in rows}
            for index, stored in enumerate(retention.hashes(at, min(end, floor)), at):
                here.setdefault(index, (index, stored, *left))
            rows = [here[index] for index in sorted(here)]
        yield rows


def at_once(rows: list[LeafRow], expected: int) -> Looked | None:
    """What `checked` finds of each, all of them at once; nothing if one of them is not good.

    Also nothing where an event has left: those are looked at one by one.
    """
    if not rows:
        return None
    indices, stored, ids, texts, *columns = zip(*rows, strict=True)
    try:
        hashes = merkle.leaf_hashes(map(str.encode, texts))
    except TypeError:
        return None
    is_whole = indices == tuple(range(expected, expected + len(rows)))
    if not is_whole or hashes != list(stored):
        return None
    looks: Iterable[Match[str] | None] = map(glance, texts)
    try:
        if columns:
            looks = list(looks)
            if list(zip(*columns, strict=True)) != list(map(_columns, texts, looks)):
                return None
        beside = [
            (event_id, parse(text))
            for event_id, text, look in zip(ids, texts, looks, strict=True)
            if look is None or look.group("h", "t") != NOTHING
        ]
    except NotLoggable:
        return None
    return Looked(hashes, beside)


def _columns(text: str, look: Match[str] | None) -> tuple[str | None, ...]:
    """What the database should have read from a body."""
    keys = FIELDS.values()
    return look.group(*keys) if look else tuple(map(parse(text).get, keys))


def checked(row: LeafRow, expected: int) -> tuple[bytes, Body]:
    """The hash of an event and its body, if it is the one of its leaf and reads as it should."""
    index, stored, event_id, text, *columns = row
    place = {"event": event_id, "leaf": index}
    if index != expected:
        raise altered(_("Leaf %s is missing.") % expected)
    if text is None:
        raise altered(_("Event %(event)s (leaf %(leaf)s) is missing.") % place)
    leaf = merkle.leaf_hash(str(text).encode())
    if leaf != bytes(stored):
        raise altered(_("Event %(event)s is not what leaf %(leaf)s was made of.") % place)
    try:
        body = parse(str(text))
    except NotLoggable as error:
        raise Found(Kind.UNREADABLE, _("Event %s is no event.") % event_id) from error
    if columns and columns != [body.get(key) for key in FIELDS.values()]:
        raise altered(_("The columns of event %s are not those of its body.") % event_id)
    return leaf, body
