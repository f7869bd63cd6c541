"""In which order events were committed: by id on SQLite, by transaction on PostgreSQL.

SQLite has one writer at a time, so ids follow commits. On PostgreSQL a smaller id may be committed
later; an event is taken only when every transaction that began before its own has ended, so that
nothing can appear in front of what was taken.
"""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

# Any fixed number: the sequencers of one database meet at it.
LEADER = 4_846_021_711


@dataclass(frozen=True)
class Place:
    """How far the order was followed."""

    epoch: int = 1
    xid: int = 0
    event_id: int = 0


@dataclass(frozen=True)
class Batch:
    """The next events with their bodies, and the place behind them."""

    events: list[tuple[int, str]]
    place: Place


def is_leader(connection: BaseDatabaseWrapper) -> bool:
    """Whether this transaction may extend the tree; there is one at a time."""
    if connection.vendor == "sqlite":
        return True  # the transaction itself is the only writer
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LEADER])
        return bool(cursor.fetchone()[0])


def after(connection: BaseDatabaseWrapper, place: Place, limit: int) -> Batch:
    """The events that were committed after this place, oldest first."""
    if connection.vendor == "sqlite":
        return _by_id(connection, place, limit)
    return _by_transaction(connection, place, limit)


def left_out(connection: BaseDatabaseWrapper, place: Place) -> int | None:
    """The first event at or before this place that has no leaf."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            before, values = "e.id <= %s", [str(place.event_id)]
        elif _epoch(connection)[0] > place.epoch:
            return None  # what a restore brought is still being taken in
        else:
            before, values = (
                "(e.epoch, e.xid, e.id) <= (%s, %s::xid8, %s)",
                [str(place.epoch), str(place.xid), str(place.event_id)],
            )
        cursor.execute(
            f"SELECT min(e.id) FROM audit_event e WHERE {before} AND NOT EXISTS "
            "(SELECT 1 FROM audit_leaf l WHERE l.event_id = e.id)",
            values,
        )
        found: int | None = cursor.fetchone()[0]
    return found


def begin_epoch(connection: BaseDatabaseWrapper) -> None:
    """Count transactions anew: what was restored may have higher numbers than what comes."""
    if connection.vendor == "postgresql":
        _begin_epoch(connection, _epoch(connection)[0])


def _by_id(connection: BaseDatabaseWrapper, place: Place, limit: int) -> Batch:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, body FROM audit_event WHERE id > %s ORDER BY id LIMIT %s",
            [place.event_id, limit],
        )
        events = [(event_id, body) for event_id, body in cursor.fetchall()]
    return Batch(events, Place(event_id=events[-1][0]) if events else place)


def _by_transaction(connection: BaseDatabaseWrapper, place: Place, limit: int) -> Batch:
    epoch, began = _epoch(connection)
    if _is_another_cluster(connection, place):
        _begin_epoch(connection, epoch)
        return Batch([], place)
    with connection.cursor() as cursor:
        if place.epoch < epoch:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) <= %s::xid8", [began])
            if cursor.fetchone()[0]:
                return Batch([], place)  # somebody may still write under the old epoch
            cursor.execute(
                "SELECT e.id, e.body FROM audit_event e WHERE e.epoch < %s AND NOT EXISTS "
                "(SELECT 1 FROM audit_leaf l WHERE l.event_id = e.id) ORDER BY e.id LIMIT %s",
                [epoch, limit],
            )
            if rest := [(event_id, body) for event_id, body in cursor.fetchall()]:
                return Batch(rest, place)
            place = Place(epoch=epoch)
        # The number gets a name of its own: sorted as text, 10 would come before 9.
        cursor.execute(
            "SELECT e.id, e.body, e.epoch, e.xid::text AS number FROM audit_event e "
            "WHERE (e.epoch, e.xid, e.id) > (%s, %s::xid8, %s) "
            "AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) "
            "ORDER BY e.epoch, e.xid, e.id LIMIT %s",
            [place.epoch, str(place.xid), place.event_id, limit],
        )
        rows = cursor.fetchall()
    if rows:
        place = Place(epoch=rows[-1][2], xid=int(rows[-1][3]), event_id=rows[-1][0])
    return Batch([(row[0], row[1]) for row in rows], place)


def _epoch(connection: BaseDatabaseWrapper) -> tuple[int, str]:
    """The current epoch and the transaction that began it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch, xid::text FROM audit_epoch ORDER BY epoch DESC LIMIT 1")
        epoch, began = cursor.fetchone()
    return epoch, began


def _is_another_cluster(connection: BaseDatabaseWrapper, place: Place) -> bool:
    """Whether transaction numbers began again: the log was restored somewhere else."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier <> (SELECT system_identifier::text FROM pg_control_system())"
            " OR (epoch = %s AND pg_snapshot_xmax(pg_current_snapshot()) <= %s::xid8) "
            "FROM audit_epoch ORDER BY epoch DESC LIMIT 1",
            [place.epoch, str(place.xid)],
        )
        return bool(cursor.fetchone()[0])


def _begin_epoch(connection: BaseDatabaseWrapper, epoch: int) -> None:
    with connection.cursor() as cursor:
        # Two sequencers may see it at once: the key lets one of them through.
        cursor.execute(
            "INSERT INTO audit_epoch (epoch, system_identifier) "
            "SELECT %s, system_identifier::text FROM pg_control_system() "
            "ON CONFLICT (epoch) DO NOTHING",
            [epoch + 1],
        )
