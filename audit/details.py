"""What belongs to an event but can be erased: the event holds only a salted commitment to it."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit import models
from audit.bodies import NotLoggable, canonical
from kpm.vault.blobs import open_bytes, seal_bytes
from kpm.vault.opening import Reading

# Codes and addresses may lie open. Words are somebody's: they are sealed under the key of whom
# the event is about, so that they end with that key.
OPEN = frozenset({"address", "agent", "from", "to", "count", "filters", "attachment"})
WORDS = frozenset({"reason"})
LONGEST = 2_000
PURPOSE = "audit.detail"


@dataclass(frozen=True)
class Detail:
    """One detail, ready to be written beside its event."""

    owner: UUID | None
    salt: bytes
    body: bytes
    commitment: str


def commit(ev: UUID, detail: Mapping[str, str | int], owner: UUID | None) -> Detail:
    """Check the detail of an event, commit to it and seal it if it holds words."""
    for key, value in detail.items():
        if key not in OPEN | WORDS:
            raise NotLoggable(f"A detail has no key {key!r}.")
        if type(value) not in (str, int) or len(str(value)) > LONGEST:
            raise NotLoggable(f"A detail cannot hold this {key!r}.")
    has_words = not WORDS.isdisjoint(detail)
    if has_words and owner is None:
        raise NotLoggable("Words need a key: name the thing that they are about as target.")
    spelt = canonical(dict(detail)).encode()
    salt = os.urandom(32)
    body = seal_bytes(owner, PURPOSE, spelt, row=ev) if has_words and owner else spelt
    return Detail(owner if has_words else None, salt, body, commitment(salt, spelt))


def commitment(salt: bytes, spelt: bytes) -> str:
    """What the event says of its detail: nothing to whoever lacks the salt."""
    digest = hashlib.sha256(b"audit-detail-v1" + salt + spelt).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def opened(row: models.Detail, reading: Reading) -> dict[str, Any]:
    """What was written: as it lies, or opened with a reading of what it is about."""
    body = bytes(row.body)
    if row.owner is not None:
        body = open_bytes(row.owner, PURPOSE, body, reading, row=row.ev)
    told: dict[str, Any] = json.loads(body)
    return told


def write(ev: UUID, detail: Detail) -> None:
    """Write it in the transaction of its event."""
    models.Detail.objects.create(ev=ev, owner=detail.owner, salt=detail.salt, body=detail.body)
