"""Opening sealed groups: one query for the keys of a page, and nothing without a reading."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Protocol, cast
from uuid import UUID

import orjson
from django.core.exceptions import FieldError
from django.db import models

from kpm.vault.ciphers import Forged
from kpm.vault.envelope import BODY_AT, GROUP, HEADER_BYTES, OVERHEAD
from kpm.vault.errors import Cause, KeyDestroyed, Sealed, UnknownSuite, Unreadable
from kpm.vault.groups import GroupLayout, layout_of
from kpm.vault.keys import OpenedKey, OwnerKeys, owner_key, ring

_loads = orjson.loads
_generation = attrgetter("key_gen")


class Reading(Protocol):
    """Who reads, and why: given out by the access log. `note` may refuse by raising."""

    def note(self, *, group: str, owner: UUID) -> None: ...


def open_groups(rows: Iterable[models.Model], *groups: str, reading: Reading) -> None:
    """Open groups of these rows: "head", or "person__head" through a loaded relation."""
    if reading is None:
        raise Sealed("nothing is opened without a reading context")
    if not groups:
        raise FieldError("name the groups to open")
    rows = list(rows)
    _open([item for path in groups for item in _noted(rows, path, reading)])


def open_all_groups(rows: Iterable[models.Model], *, reading: Reading) -> None:
    """Open every group of these rows, of one model or several: still one query for the keys."""
    if reading is None:
        raise Sealed("nothing is opened without a reading context")
    _open(
        [
            item
            for row in rows
            for name in layout_of(type(row)).groups
            for item in _noted([row], name, reading)
        ]
    )


Work = tuple[models.Model, GroupLayout, UUID]


def _open(work: list[Work]) -> None:
    keys = _keys_for(work)
    for row, group, owner in work:
        held = row.__dict__
        kept = keys.get(owner.int)
        # The common case in line: a list opens a hundred groups.
        key = None if kept is None else kept.get(held["key_gen"])
        if key is None:
            key = owner_key(kept, held["key_gen"], group.model_code, group.code, held["id"])
        values = raw_values(row, group, key)
        for position, from_raw in group.converters:
            values[position] = from_raw(values[position])
        if held.keys().isdisjoint(group.names):
            held.update(zip(group.names, values))  # noqa: B905 - the lengths were compared
        else:
            # What was assigned since and is not saved yet stays.
            for name, value in zip(group.names, values, strict=True):
                held.setdefault(name, value)


def _noted(rows: Sequence[models.Model], path: str, reading: Reading) -> list[Work]:
    """Each blob that is to be opened, noted in the reading before any plaintext exists."""
    *relations, name = path.split("__")
    for relation in relations:
        rows = [other for row in rows if (other := getattr(row, relation)) is not None]
    work: list[Work] = []
    note = reading.note
    for row in rows:
        layout = layout_of(type(row))
        group = layout.groups.get(name)
        if group is None:
            raise FieldError(f"{layout.label} has no sealed group {name}")
        held = row.__dict__
        if not _generation(row):
            # Looked at before any cache of keys.
            raise KeyDestroyed(group.model_code, group.code, held["id"])
        if row._state.adding and getattr(row, name) is None:
            # A new row has nothing sealed yet: what was set is there, the rest are defaults.
            continue
        owner: UUID = getattr(row, layout.owner)
        note(group=group.label, owner=owner)
        work.append((row, group, owner))
    return work


def _keys_for(work: list[Work]) -> dict[int, OwnerKeys]:
    past = [owner for row, _, owner in work if "_history" in row.__dict__]
    if not past:
        return ring.load(owner for _, _, owner in work)
    # An old version does not know that its key was destroyed since: ask the database.
    keys = ring.load(owner for row, _, owner in work if "_history" not in row.__dict__)
    keys.update(ring.load(past, fresh=True))
    return keys


def raw_values(row: models.Model, group: GroupLayout, key: OpenedKey) -> list[Any]:
    """The values of one group in their JSON form; for the vault itself."""
    blob = getattr(row, group.name)
    if type(blob) is not bytes:
        blob = _as_bytes(row, group, blob)
    owner = cast("UUID", row.__dict__["id"])
    if len(blob) < OVERHEAD or blob[0] != GROUP:
        raise Unreadable(group.model_code, group.code, owner, Cause.SHAPE)
    if blob[2] != key.generation:
        raise Unreadable(group.model_code, group.code, owner, Cause.GENERATION)
    context = blob[:HEADER_BYTES] + group.context + owner.int.to_bytes(16)
    try:
        plain = key[blob[1]].decrypt(blob[HEADER_BYTES:BODY_AT], blob[BODY_AT:], context)
    except Forged:
        # The key itself matched its check value when it was opened, so the bytes are wrong.
        raise Unreadable(group.model_code, group.code, owner, Cause.CHANGED) from None
    except UnknownSuite:
        raise Unreadable(group.model_code, group.code, owner, Cause.SUITE) from None
    values: list[Any] = _loads(plain)
    if blob[3] != group.version or len(values) != group.size:
        _extend(values, blob[3], group, owner)
    return values


def _as_bytes(row: models.Model, group: GroupLayout, blob: Any) -> bytes:
    if blob is None:
        raise Unreadable(group.model_code, group.code, row.__dict__["id"], Cause.MISSING)
    return bytes(blob)


def _extend(values: list[Any], version: int, group: GroupLayout, owner: UUID) -> None:
    """An older version of a group has fewer values; the others take their defaults."""
    if version > group.version:
        raise Unreadable(group.model_code, group.code, owner, Cause.VERSION)
    if len(values) != group.sizes.get(version):
        raise Unreadable(group.model_code, group.code, owner, Cause.SHAPE)
    values.extend(field.to_raw(field.get_default()) for field in group.fields[len(values) :])
