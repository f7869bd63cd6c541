"""Shredding: the key row goes, the rows say so, their bytes go, history included.

Deleting a row is not enough: its bytes stay in logs, pages and backups of the database. So the keys
above it are changed afterwards, and with the last old bundle of keys the content is gone as well.
Every step can be taken again.
"""

from collections.abc import Collection, Iterator
from functools import cache
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db import connections, router

from kpm.database import sealed_columns
from kpm.database.commits import kept_at_once
from kpm.database.sealed_columns import SealedColumns
from kpm.vault.fields import SealedModel
from kpm.vault.groups import layout_of
from kpm.vault.keys import ring
from kpm.vault.models import DataKey

GONE: Final = 0


def fingerprints(owners: Collection[UUID]) -> list[str]:
    """What names the keys in a certificate, and says nothing about them."""
    rows = DataKey.objects.filter(owner__in=owners).order_by("owner", "generation")
    return [
        blake2b(bytes(row.check_value), digest_size=16, person=b"kpm destroyed").hexdigest()
        for row in rows
    ]


def destroy_keys(owners: Collection[UUID]) -> None:
    """Delete the key rows: from here on there is no way back."""
    with kept_at_once(router.db_for_write(DataKey)):
        DataKey.objects.filter(owner__in=owners).delete()
    ring.forget_data_keys()


def forget(owners: Collection[UUID]) -> int:
    """Say in every row under these keys that they are gone, and take the sealed bytes out.

    `key_gen` is looked at before any cache, so that every process refuses from this commit on.
    """
    connection = connections[router.db_for_write(SealedModel)]
    return sealed_columns.empty(connection, _columns(), owners, GONE)


@cache
def _columns() -> tuple[SealedColumns, ...]:
    """What each of these tables is called in the database, and its columns."""
    return tuple(
        SealedColumns(
            model._meta.db_table,
            model._meta.get_field(owner).column,
            model._meta.get_field("key_gen").column,
            tuple(model._meta.get_field(group).column for group in groups),
        )
        for model, owner, groups in sealed_tables()
    )


def sealed_models() -> Iterator[Any]:
    """Every model with sealed rows."""
    return (model for model in apps.get_models() if issubclass(model, SealedModel))


def sealed_tables() -> Iterator[tuple[Any, str, tuple[str, ...]]]:
    """Every table with sealed rows, past ones too: where the owner stands, and its groups."""
    for model in sealed_models():
        layout = layout_of(model)
        groups = tuple(layout.groups)
        yield model, layout.owner, groups
        if hasattr(model, "history"):
            yield model.history.model, layout.owner, groups
