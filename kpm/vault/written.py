"""What was sealed in the open transaction: whoever writes its events asks, and says so in one.

The authentication tag of sealed bytes says nothing about them, and no other bytes have it. A tag in
the log therefore shows a row that was put back to an older state, which would open as ever.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from django.db import connections, models, router, transaction

from kpm.vault.ciphers import TAG_BYTES
from kpm.vault.groups import GroupLayout, layout_of

# Nine bytes tell the groups of all rows apart; whoever has not the row learns nothing of it.
PLACE_BYTES: Final = 9
# Twelve tell versions of one group apart.
VERSION_BYTES: Final = 12


@dataclass(frozen=True)
class Sealed:
    """One group of one row, and which version of it was written; neither says what it is of."""

    place: bytes
    version: bytes


class Written:
    """Sealed groups that wait to be named; gone with the savepoint that is rolled back."""

    def __init__(self, found: Sequence[Sealed]) -> None:
        self.found = found

    def __call__(self) -> None:
        """Committed: the event that names them is as well."""


class Named:
    """Everything before it has been named; gone with the savepoint that is rolled back."""

    def __call__(self) -> None:
        """Committed."""


def place_of(group: GroupLayout, row: UUID) -> bytes:
    """Which group of which row."""
    return blake2b(
        group.context + row.bytes, digest_size=PLACE_BYTES, person=b"kpm sealed place"
    ).digest()


def version_of(group: GroupLayout, row: UUID, blob: bytes) -> bytes:
    """Which version of it."""
    return blake2b(
        group.context + row.bytes + blob[-TAG_BYTES:],
        digest_size=VERSION_BYTES,
        person=b"kpm sealed tag\0\0",
    ).digest()


def remember(rows: Sequence[models.Model], columns: Collection[str] | None = None) -> None:
    """These rows of one model were written, with all of their groups or those in these columns."""
    found = [each for row in rows for each in _groups(row, columns)]
    if found:
        transaction.on_commit(Written(found), using=router.db_for_write(type(rows[0])))


def _groups(row: Any, columns: Collection[str] | None) -> Iterator[Sealed]:
    if not row.is_named_in_the_log:
        return
    model: type[models.Model] = type(row)
    for group in layout_of(model).groups.values():
        if columns is None or group.name in columns:
            blob = row.__dict__.get(group.name)
            # Nothing is left of what was destroyed.
            if blob is not None:
                yield Sealed(place_of(group, row.pk), version_of(group, row.pk, bytes(blob)))


def name_all(using: str) -> list[Sealed]:
    """What the open transaction has sealed since this was last asked; the newest of each."""
    found: dict[bytes, Sealed] = {}
    for entry in reversed(connections[using].run_on_commit):
        waiting: object = entry[1]
        if isinstance(waiting, Named):
            break
        if isinstance(waiting, Written):
            for each in reversed(waiting.found):
                found.setdefault(each.place, each)
    if found:
        transaction.on_commit(Named(), using=using)
    return list(found.values())
