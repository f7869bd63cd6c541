"""Search shards read by hand: a search fetches all of a scope, and the ORM takes as long again."""

from typing import Final, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from kpm.database.driver_cursors import BINARY, driver_cursor

_SELECT: Final = (
    'SELECT id, seal_id, is_delta, sealed FROM "vault_searchshard" '
    "WHERE scope = %s ORDER BY is_delta, id"
)


class ShardRow(NamedTuple):
    """One shard as it lies there; the name it is sealed under as 16 bytes."""

    pk: int
    seal_id: bytes
    is_delta: bool
    sealed: bytes


def of_scope(
    connection: BaseDatabaseWrapper, scope: str, *, for_update: bool = False
) -> list[ShardRow]:
    """All of a scope: the full ones first, then the deltas in their order."""
    is_sqlite = connection.vendor == "sqlite"
    # SQLite has one writer, who has begun as one.
    lock = " FOR UPDATE" if for_update and not is_sqlite else ""
    with driver_cursor(connection, form=BINARY) as cursor:
        cursor.execute(_SELECT + lock, [scope])
        rows = cursor.fetchall()
    if is_sqlite:
        return [
            ShardRow(pk, bytes.fromhex(seal_id), bool(is_delta), sealed)
            for pk, seal_id, is_delta, sealed in rows
        ]
    return [
        ShardRow(pk, seal_id.bytes, is_delta, bytes(sealed))
        for pk, seal_id, is_delta, sealed in rows
    ]
