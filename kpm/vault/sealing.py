"""Sealing: the groups that changed get new bytes, all others keep theirs."""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from django.db import models

from kpm.vault import envelope
from kpm.vault.ciphers import suite
from kpm.vault.errors import Sealed
from kpm.vault.groups import GroupLayout, Layout, layout_of
from kpm.vault.keys import OpenedKey, OwnerKeys, owner_key, ring
from kpm.vault.opening import raw_values

_generation = attrgetter("key_gen")


def seal_rows(rows: Sequence[models.Model], groups: Collection[str] | None = None) -> None:
    """Put sealed bytes into the group columns of rows of one model that are about to be saved."""
    if not rows:
        return
    layout = layout_of(type(rows[0]))
    work = [
        (row, group, values)
        for row in rows
        for group in layout.groups.values()
        if groups is None or group.name in groups
        if (values := _pending(row, group)) is not None
    ]
    keys = _keys_for(rows, [row for row, _, _ in work], layout)
    for row, group, values in work:
        kept = keys.get(_owner(row, layout).int)
        key = owner_key(kept, _generation(row), group.model_code, group.code, row.pk)
        _seal(row, group, key, values)


def _keys_for(
    rows: Sequence[models.Model], sealed: Sequence[models.Model], layout: Layout
) -> dict[int, OwnerKeys]:
    """The keys to seal with; new rows take the generation that their owner has now."""
    new = [row for row in rows if row._state.adding]
    keys: dict[int, OwnerKeys] = {}
    if layout.owner == "id":
        keys = ring.for_new_rows([_owner(row, layout) for row in new])
    owners = {_owner(row, layout) for row in sealed}
    keys |= ring.load(owner for owner in owners if owner.int not in keys)
    for row in new:
        kept = keys.get(_owner(row, layout).int)
        if kept is not None and _generation(row):
            row.__dict__["key_gen"] = kept.current
    return keys


def _owner(row: models.Model, layout: Layout) -> UUID:
    owner = getattr(row, layout.owner)
    if not isinstance(owner, UUID):
        raise ValueError(f"a {layout.label} says whose key it is sealed under: {layout.owner}")
    return owner


def columns_of(layout: Layout, names: Iterable[str]) -> set[str]:
    """Field names with the sealed ones replaced by the columns of their groups."""
    return {layout.group_of[name].name if name in layout.group_of else name for name in names}


def _pending(row: models.Model, group: GroupLayout) -> list[Any] | None:
    """The values to seal, or nothing when no value of the group is in memory."""
    held = row.__dict__
    present = sum(name in held for name in group.names)
    is_new = row._state.adding and getattr(row, group.name) is None
    if present < group.size and not is_new:
        if present:
            raise Sealed(f"{group.label} must be opened before a part of it is changed")
        return None
    return [
        field.to_raw(held[name] if name in held else getattr(row, name))
        for name, field in zip(group.names, group.fields, strict=True)
    ]


def _seal(row: models.Model, group: GroupLayout, key: OpenedKey, values: list[Any]) -> None:
    plain = _dumps(values, group)
    blob = row.__dict__.get(group.name)
    if blob is not None and _dumps(raw_values(row, group, key), group) == plain:
        return
    code = suite()
    head = envelope.header(envelope.GROUP, code, key.generation, group.version)
    row.__dict__[group.name] = envelope.seal(
        key[code],
        head,
        group.context + row.pk.bytes,
        envelope.padded(plain, group.pad),
    )


def _dumps(values: list[Any], group: GroupLayout) -> bytes:
    try:
        return orjson.dumps(values)
    except orjson.JSONEncodeError:
        raise ValueError(f"{group.label} has a value that cannot be stored") from None
