"""Sealed columns taken out of many tables at once, by hand: PostgreSQL hears of all in one go."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper


class SealedColumns(NamedTuple):
    """The columns of one table: whose key a row is under, which generation, what is sealed."""

    table: str
    owner: str
    generation: str
    sealed: tuple[str, ...]


def empty(
    connection: BaseDatabaseWrapper,
    tables: Sequence[SealedColumns],
    owners: Collection[UUID],
    generation: int,
) -> int:
    """Take the sealed bytes of these owners out of every table; how many rows say so.

    Each statement is one of its own, with its guards, whether or not it is sent with the others.
    """
    is_sqlite = connection.vendor == "sqlite"
    marks = f"IN ({','.join(['%s'] * len(owners))})" if is_sqlite else "= ANY(%s)"
    statements = [_statement(connection, each, marks) for each in tables]
    # PostgreSQL has arrays, so that the text is always the same.
    own = [owner.hex for owner in owners] if is_sqlite else [list(owners)]
    count: int = 0
    with connection.cursor() as cursor:
        if is_sqlite:
            for statement in statements:
                cursor.execute(statement, [generation, *own])
                count += int(cursor.rowcount)
            return count
        cursor.execute(";".join(statements), [generation, *own] * len(statements))
        count = int(cursor.rowcount)
        while cursor.nextset():
            count += int(cursor.rowcount)
    return count


def _statement(connection: BaseDatabaseWrapper, columns: SealedColumns, marks: str) -> str:
    quoted = connection.ops.quote_name
    nothing = "".join(f", {quoted(name)} = NULL" for name in columns.sealed)
    return (
        f"UPDATE {quoted(columns.table)} SET {quoted(columns.generation)} = %s{nothing} "
        f"WHERE {quoted(columns.owner)} {marks}"
    )
