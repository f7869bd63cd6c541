"""Locks that wait for whoever is writing: on SQLite an open transaction is one already."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def hold_tables(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Until the transaction ends nobody else writes these tables; who was writing has ended."""
    if connection.vendor == "sqlite":
        return
    names = ", ".join(connection.ops.quote_name(table) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def shared_row(
    connection: BaseDatabaseWrapper, table: str, columns: Sequence[str], key: str, value: str
) -> tuple[Any, ...] | None:
    """A row that nobody changes until the transaction ends, if one is open; others may read it."""
    quote = connection.ops.quote_name
    sql = f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)} WHERE {quote(key)} = %s"
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        sql += " FOR SHARE"
    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
