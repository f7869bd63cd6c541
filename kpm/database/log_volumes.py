"""The volumes of the log: old events leave the database as a whole, once they lie in an archive.

PostgreSQL keeps events in partitions by id: only the last one takes new events, and a closed one
goes at once. SQLite has one table, from which old events go in pieces, so that nobody waits long.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from kpm.database import dumps, guards
from kpm.database.sqlite.base import DatabaseWrapper as SQLite

# So many ids make a volume worth closing.
VOLUME = 5_000_000
# So many ids go in one transaction on SQLite.
PIECE = 50_000
# What is kept in volumes, and the column that says in which; the second follows the first.
TABLES = {"audit_event": "id", "audit_subject": "event_id"}
RANGE = re.compile(r"FROM \('?(?P<start>\w+)'?\) TO \('?(?P<bound>\w+)'?\)")
DETAILS = {
    "sqlite": (
        "DELETE FROM audit_detail WHERE ev IN (SELECT replace(json_extract(body, '$.ev'), '-', '') "
        "FROM audit_event WHERE id < %s AND json_extract(body, '$.h') IS NOT NULL)"
    ),
    "postgresql": (
        "DELETE FROM audit_detail d USING audit_event e WHERE e.id < %s "
        "AND e.body::json ->> 'h' IS NOT NULL AND d.ev = (e.body::json ->> 'ev')::uuid"
    ),
}


@dataclass(frozen=True)
class Volume:
    """One partition of the events; the running one has no bound."""

    name: str
    # Its first id, as the database writes it.
    start: str
    # The first id behind it.
    bound: int | None


@contextmanager
def as_owner() -> Iterator[BaseDatabaseWrapper]:
    """A connection that may take volumes away."""
    with dumps.as_owner():
        connection = connections["default"]
        with connection.lifted() if isinstance(connection, SQLite) else nullcontext():
            yield connection


def close_full(connection: BaseDatabaseWrapper) -> bool:
    """Begin a new volume once the running one is full; whether one was begun."""
    if connection.vendor == "sqlite":
        return False
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # Whoever writes has written, and whoever would write waits: no id is in between.
        cursor.execute(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
        running = _volumes(connection)[-1]
        cursor.execute(f"SELECT min(id), max(id) FROM {running.name}")
        first, last = cursor.fetchone()
        if first is None or last - first + 1 < VOLUME:
            return False
        number = _number(running)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_{number}")
            cursor.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {table}_{number} "
                f"FOR VALUES FROM ({running.start}) TO ({last + 1})"
            )
            cursor.execute(
                f"CREATE TABLE {table}_{number + 1} PARTITION OF {table} "
                f"FOR VALUES FROM ({last + 1}) TO (MAXVALUE)"
            )
        guards.create_on_volumes(connection, *TABLES)
    return True


def cuts_anywhere(connection: BaseDatabaseWrapper) -> bool:
    """Whether events can leave in front of any id, or only with their whole volume."""
    return connection.vendor == "sqlite"


def last_bound(connection: BaseDatabaseWrapper, event_id: int) -> int:
    """The highest id, up to this one, in front of which everything can go; 0 for none."""
    if connection.vendor == "sqlite":
        return event_id
    bounds = [volume.bound for volume in _volumes(connection) if volume.bound is not None]
    return max((bound for bound in bounds if bound <= event_id), default=0)


def take_away(connection: BaseDatabaseWrapper, bound: int) -> int:
    """Take every event in front of an id out of the database; how many there were.

    Cut off and begun again, it goes on. The tiles stay: they prove what is in the archive.
    """
    if connection.vendor == "sqlite":
        return _in_pieces(connection, bound)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        gone = [each for each in _volumes(connection) if each.bound and each.bound <= bound]
        if not gone:
            return 0
        cursor.execute("SELECT count(*) FROM audit_event WHERE id < %s", [bound])
        (count,) = cursor.fetchone()
        cursor.execute(DETAILS[connection.vendor], [bound])
        with guards.away(connection, "a_leaf_is_never_deleted"):
            cursor.execute("DELETE FROM audit_leaf WHERE event_id < %s", [bound])
        for volume in gone:
            for table in TABLES:
                cursor.execute(f"DROP TABLE {table}_{_number(volume)}")
    return int(count)


def _number(volume: Volume) -> int:
    """Volumes are counted from 1 and never counted anew."""
    return int(volume.name.rpartition("_")[2])


def _in_pieces(connection: BaseDatabaseWrapper, bound: int) -> int:
    count = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM audit_event")
        first = cursor.fetchone()[0] or bound
    for end in (*range(first + PIECE, bound, PIECE), bound):
        with (
            transaction.atomic(using=connection.alias),
            guards.away(
                connection,
                *("an_event_is_never_deleted", "a_leaf_is_never_deleted"),
                "a_subject_of_an_event_is_never_deleted",
            ),
            connection.cursor() as cursor,
        ):
            cursor.execute(DETAILS[connection.vendor], [end])
            cursor.execute("DELETE FROM audit_subject WHERE event_id < %s", [end])
            cursor.execute("DELETE FROM audit_leaf WHERE event_id < %s", [end])
            cursor.execute("DELETE FROM audit_event WHERE id < %s", [end])
            count += cursor.rowcount
    return count


def _volumes(connection: BaseDatabaseWrapper) -> list[Volume]:
    """The volumes of events, the running one last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i "
            "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'audit_event'::regclass"
        )
        rows = cursor.fetchall()
    found = [(name, *RANGE.findall(words)[0]) for name, words in rows]
    volumes = [
        Volume(name, start, int(bound) if bound.isdecimal() else None)
        for name, start, bound in found
    ]
    return sorted(volumes, key=_number)
