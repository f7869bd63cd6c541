"""Wrapped data keys in bulk, by hand: the ORM would cost more than unwrapping and wrapping."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from kpm.database.commits import kept_at_once

TABLE = "vault_datakey"
_INSERT: Final = (
    f'INSERT INTO "{TABLE}" (owner, generation, vault_key, wrapped, check_value) '
    "VALUES (%s, %s, %s, %s, %s)"
)


class KeyRow(NamedTuple):
    """One wrapped data key; the owner as the database spells it."""

    owner: UUID | str
    generation: int
    wrapped: bytes
    check: bytes


def insert(connection: BaseDatabaseWrapper, version: int, rows: Sequence[KeyRow]) -> None:
    """New keys under a vault key: whoever saves a person waits for this, so it is by hand.

    All or none of them, whatever happens, and kept when this returns.
    """
    with kept_at_once(connection.alias), connection.cursor() as cursor:
        if len(rows) == 1:
            owner, generation, wrapped, check = rows[0]
            cursor.execute(_INSERT, [owner, generation, version, wrapped, check])
        elif connection.vendor == "sqlite":
            # Several statements: a transaction around them, where there is none yet.
            is_inside = connection.in_atomic_block
            with nullcontext() if is_inside else transaction.atomic(using=connection.alias):
                cursor.executemany(
                    _INSERT,
                    [(row.owner, row.generation, version, row.wrapped, row.check) for row in rows],
                )
        else:
            cursor.execute(
                f'INSERT INTO "{TABLE}" (owner, generation, vault_key, wrapped, check_value) '
                "SELECT o, g, %s, w, c "
                "FROM unnest(%s::uuid[], %s::smallint[], %s::bytea[], %s::bytea[]) "
                "AS n(o, g, w, c)",
                [version, *map(list, zip(*rows, strict=True))],
            )


def older_than(
    connection: BaseDatabaseWrapper, version: int, after: KeyRow | None, limit: int
) -> list[KeyRow]:
    """The next keys, by owner and generation, that do not lie under this vault key."""
    nobody = UUID(int=0)
    first = nobody if connection.features.has_native_uuid_field else nobody.hex
    place: list[Any] = [first, -1] if after is None else [after.owner, after.generation]
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT owner, generation, wrapped, check_value FROM "{TABLE}" '
            "WHERE (owner, generation) > (%s, %s) AND vault_key <> %s "
            "ORDER BY owner, generation LIMIT %s",
            [*place, version, limit],
        )
        return list(map(KeyRow._make, cursor.fetchall()))


def rewrite(connection: BaseDatabaseWrapper, version: int, rows: Sequence[KeyRow]) -> None:
    """Keep these under another vault key; what was destroyed meanwhile does not come back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(
                f'UPDATE "{TABLE}" SET vault_key = %s, wrapped = %s, check_value = %s '
                "WHERE owner = %s AND generation = %s AND vault_key <> %s",
                [
                    (version, wrapped, check, owner, generation, version)
                    for owner, generation, wrapped, check in rows
                ],
            )
            return
        cursor.execute(
            f'UPDATE "{TABLE}" AS k SET vault_key = %s, wrapped = n.w, check_value = n.c '
            "FROM unnest(%s::uuid[], %s::smallint[], %s::bytea[], %s::bytea[]) AS n(o, g, w, c) "
            "WHERE k.owner = n.o AND k.generation = n.g AND k.vault_key <> %s",
            [version, *map(list, zip(*rows, strict=True)), version],
        )


def count_under(connection: BaseDatabaseWrapper) -> dict[int, int]:
    """How many data keys lie under each vault key."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT vault_key, COUNT(*) FROM "{TABLE}" GROUP BY vault_key')
        return dict(cursor.fetchall())
