"""Tries whether anything in an old copy of the data opens with the keys of today."""

from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import models

from kpm.vault import envelope
from kpm.vault.ciphers import Forged
from kpm.vault.groups import layout_of
from kpm.vault.keys import OpenedKey, ring
from kpm.vault.models import DataKey, ScopeKey, SearchShard
from kpm.vault.registry import SCOPE_PURPOSES
from kpm.vault.shredding import sealed_tables

BATCH: Final = 500
CONTROLS: Final = 20


class Rehearsal(NamedTuple):
    """What was tried and what opened."""

    blobs: int
    shards: int
    keys: int
    scope_keys: int
    opened: int
    shards_opened: int
    control: int

    @property
    def is_good(self) -> bool:
        """There was something to open, other files open, and this one does not."""
        return bool(self.blobs and self.control) and not (self.opened or self.shards_opened)


class _Blob(NamedTuple):
    owner: UUID
    sealed: bytes
    context: bytes


def rehearse(alias: str, owners: Collection[UUID], scope: str) -> Rehearsal:
    """Every data key on every value of these owners, every search key on the shards of a scope.

    Sealed values name no key, so nothing less than all keys proves it. Other files of the same
    copy are opened with their own keys: they show that the copy and the way of trying are right.
    """
    blobs = list(_blobs(alias, owners))
    shards = list(
        SearchShard.objects.using(alias)
        .filter(scope=scope)
        .values_list("seal_id", "is_delta", "sealed")
    )
    keys = opened = 0
    for key in _data_keys():
        keys += 1
        opened += sum(_opens(key, blob.sealed, blob.context) for blob in blobs)
    scope_keys, shards_opened = 0, 0
    for scope_key in _search_keys():
        scope_keys += 1
        for seal_id, is_delta, sealed in shards:
            context = bytes((is_delta,)) + seal_id.bytes + envelope.scope_digest(scope)
            shards_opened += _opens(scope_key, bytes(sealed), context)
    control = _control(alias, owners)
    return Rehearsal(len(blobs), len(shards), keys, scope_keys, opened, shards_opened, control)


def sample(alias: str, most: int) -> tuple[int, int]:
    """Some values of every sealed table with the keys that are theirs: how many, how many opened.

    Nothing is handed out. What has no key any more is not asked for.
    """
    tables = list(sealed_tables())
    tried = opened = 0
    for model, owner, groups in tables:
        rows: models.QuerySet[Any] = models.QuerySet(model, using=alias)
        some = rows.exclude(key_gen=0).order_by("-pk")[: most // len(tables) + 1]
        blobs = list(_blobs_of(model, owner, groups, some))
        kept = ring.load({blob.owner for blob in blobs})
        for blob in blobs:
            if (keys := kept.get(blob.owner.int)) is None:
                continue
            tried += 1
            key = keys.get(blob.sealed[2])
            opened += key is not None and _opens(key, blob.sealed, blob.context)
    return tried, opened


def _opens(key: OpenedKey, sealed: bytes, context: bytes) -> bool:
    try:
        envelope.unseal(key[sealed[1]], sealed, context)
    except Forged:
        return False
    return True


def _blobs(alias: str, owners: Collection[UUID]) -> Iterator[_Blob]:
    for model, owner, groups in sealed_tables():
        rows: models.QuerySet[Any] = models.QuerySet(model, using=alias)
        yield from _blobs_of(model, owner, groups, rows.filter(**{f"{owner}__in": owners}))


def _blobs_of(
    model: Any, owner: str, groups: tuple[str, ...], rows: models.QuerySet[Any]
) -> Iterator[_Blob]:
    layout = layout_of(getattr(model, "instance_type", model))
    for row in rows.values_list(owner, "id", *groups):
        yield from (
            _Blob(row[0], bytes(sealed), layout.groups[name].context + row[1].bytes)
            for name, sealed in zip(groups, row[2:], strict=True)
            if sealed is not None
        )


def _data_keys() -> Iterator[OpenedKey]:
    """Every data key of today, some at a time."""
    last = UUID(int=0)
    while owners := list(
        DataKey.objects.filter(owner__gt=last)
        .order_by("owner")
        .values_list("owner", flat=True)[:BATCH]
    ):
        last = owners[-1]
        for kept in ring.load(owners, fresh=True).values():
            yield from kept.values()


def _search_keys() -> Iterator[OpenedKey]:
    for row in ScopeKey.objects.filter(purpose=SCOPE_PURPOSES["search"]):
        yield ring.scope_key(row.scope, "search", generation=row.generation)


def _control(alias: str, owners: Collection[UUID]) -> int:
    """How many values of some other files open with the keys that are theirs."""
    others = DataKey.objects.exclude(owner__in=owners).values_list("owner", flat=True)[:CONTROLS]
    kept = ring.load(others)
    return sum(
        blob.owner.int in kept
        and _opens(kept[blob.owner.int][blob.sealed[2]], blob.sealed, blob.context)
        for blob in _blobs(alias, list(others))
    )
