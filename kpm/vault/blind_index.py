"""Blind indexes: equality of ID numbers and phones without storing either."""

import re
import unicodedata
from hashlib import blake2b
from typing import Any, NamedTuple

from django.db import connections, models, router

from kpm.database.locks import shared_row
from kpm.vault.ciphers import SM4_GCM, hmac_sm3, suite
from kpm.vault.keys import ring
from kpm.vault.models import IndexScope
from kpm.vault.registry import INDEX_KINDS


class BlindIndexField(models.BigIntegerField):  # type: ignore[type-arg]  # generic in the stubs only
    """64 bits of a keyed hash. What it finds is verified after opening. Stays out of history."""

    stays_out_of_history = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"null": True, "editable": False}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, "django.db.models.BigIntegerField", args, kwargs


class IndexKey(NamedTuple):
    """The key of one generation, as a function of values."""

    scope: str
    generation: int
    suite: int

    def of(self, kind: str, normalised: str) -> int | None:
        """The index of a value; nothing for an empty one."""
        if not normalised:
            return None
        key = ring.scope_key(self.scope, "blind_index", generation=self.generation)
        person = b"kpm index" + bytes((INDEX_KINDS[kind],))
        value = normalised.encode()
        if self.suite == SM4_GCM:
            digest = hmac_sm3(key.material, person + value)[:8]
        else:
            digest = blake2b(value, digest_size=8, key=key.material, person=person).digest()
        return int.from_bytes(digest, signed=True)


class IndexKeys(NamedTuple):
    """The key that a scope is searched with, and the one that second columns are filled with."""

    current: IndexKey
    next: IndexKey | None

    def of(self, kind: str, normalised: str) -> int | None:
        """The index to search with and to store."""
        return self.current.of(kind, normalised)

    def next_of(self, kind: str, normalised: str) -> int | None:
        """The index for the second column; nothing unless the key is being changed."""
        return self.next.of(kind, normalised) if self.next else None


def index_keys(scope: str) -> IndexKeys:
    """The index keys of a scope such as "district:321102".

    Asked for in each transaction and never remembered: until it ends they are not changed.
    """
    connection = connections[router.db_for_read(IndexScope)]
    columns = ("generation", "suite", "next_generation", "next_suite")
    row = shared_row(connection, IndexScope._meta.db_table, columns, "scope", scope)
    if row is None:
        first = ring.scope_key(scope, "blind_index").generation
        IndexScope.objects.get_or_create(
            scope=scope, defaults={"generation": first, "suite": suite()}
        )
        row = shared_row(connection, IndexScope._meta.db_table, columns, "scope", scope)
        assert row is not None  # noqa: S101 it was made a line ago
    generation, code, next_generation, next_code = row
    return IndexKeys(
        IndexKey(scope, generation, code),
        IndexKey(scope, next_generation, next_code) if next_generation else None,
    )


def blind_index(scope: str, kind: str, normalised: str) -> int | None:
    """The index of one value in a scope; nothing for an empty value."""
    return index_keys(scope).of(kind, normalised)


def normalised(kind: str, text: str) -> str:
    """One spelling for one value: full-width digits, blanks, dashes, a small x, +86."""
    if kind not in INDEX_KINDS:
        raise KeyError(kind)
    plain = re.sub(r"[^0-9A-Z+]", "", unicodedata.normalize("NFKC", text).upper())
    return re.sub(r"^(\+86|0086)(?=1\d{10}$)", "", plain) if kind == "phone" else plain
