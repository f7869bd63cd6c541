"""Questions to the log that each engine answers in its own words."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

SUBJECTS = {
    "sqlite": "SELECT value FROM json_each(e.body, '$.os') AS one",
    "postgresql": "SELECT value FROM json_array_elements_text(e.body::json -> 'os') AS one(value)",
}


@contextmanager
def frozen(using: str) -> Iterator[None]:
    """Everything read inside is of one moment, and nobody waits for it."""
    with transaction.atomic(using=using, durable=True):
        connection = connections[using]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


# Index, hash, event; the body, and columns that were asked for. No event: it left, or was taken.
LeafRow = tuple[Any, ...]


def leaves_with_events(
    connection: BaseDatabaseWrapper, start: int, end: int, columns: Iterable[str]
) -> list[LeafRow]:
    """Leaves in their order, each with its event, as plain rows: there are millions."""
    wanted = "".join(f", e.{name}" for name in ("body", *columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT l.leaf_index, l.hash, l.event_id{wanted} FROM audit_leaf l "
            "LEFT JOIN audit_event e ON e.id = l.event_id "
            "WHERE l.leaf_index >= %s AND l.leaf_index < %s ORDER BY l.leaf_index",
            [start, end],
        )
        rows: list[LeafRow] = cursor.fetchall()
    return rows


def has_columns_of_bodies(connection: BaseDatabaseWrapper, columns: Mapping[str, str]) -> bool:
    """Whether columns of an event cannot be anything but what its body says under these keys.

    So it is on SQLite while the table is as it was made: it has no such values, it reads them.
    """
    if connection.vendor != "sqlite":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'audit_event'")
        (made,) = cursor.fetchone()
    return all(
        f"{name} TEXT GENERATED ALWAYS AS (json_extract(body, '$.{key}')) VIRTUAL" in made
        for name, key in columns.items()
    )


def event_with_other_subjects(connection: BaseDatabaseWrapper, first_id: int) -> int | None:
    """The first event whose rows in audit_subject are not exactly those that its body names."""
    named = SUBJECTS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(e.id) FROM audit_event e WHERE e.id >= %s AND EXISTS ("
            f"SELECT 1 FROM ({named}) AS named WHERE NOT EXISTS (SELECT 1 FROM audit_subject s "
            "WHERE s.subject = named.value AND s.event_id = e.id))",
            [first_id],
        )
        unnamed: int | None = cursor.fetchone()[0]
        cursor.execute(
            "SELECT min(s.event_id) FROM audit_subject s WHERE s.event_id >= %s AND NOT EXISTS ("
            "SELECT 1 FROM audit_event e WHERE e.id = s.event_id "
            f"AND s.subject IN ({named}))",
            [first_id],
        )
        extra: int | None = cursor.fetchone()[0]
    return min((found for found in (unnamed, extra) if found is not None), default=None)
