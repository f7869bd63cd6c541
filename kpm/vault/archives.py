"""Keys of backups, and the streams that backups are: files of format CVF1, read to their end.

The data of a backup lies under a key of its own, which is a key among the others in the keys
database: so every later bundle of keys opens it, and an earlier one does not. A bundle lies under
a key that only the root key opens, because the vault keys are inside.
"""

import io
from typing import BinaryIO, Final, NamedTuple
from uuid import UUID

from kpm.vault import providers
from kpm.vault.ciphers import Forged, new_key
from kpm.vault.errors import Cause, KeysUnavailable, Unreadable
from kpm.vault.files import CHUNK, HEADER_BYTES, Header, SealedFile, Sealer
from kpm.vault.keys import FIRST_GENERATION, OpenedKey, ring
from kpm.vault.models import ScopeKey
from kpm.vault.registry import PAYLOADS, SCOPE_PURPOSES

DATA: Final = "backup.data"
BUNDLE: Final = "backup.key"
PURPOSE: Final = "backup"
SCOPE: Final = "backup:"
# No vault key has this number: what wraps a bundle never passes for one.
NO_VERSION: Final = 0


class Wrapped(NamedTuple):
    """The key of a bundle as it lies beside it, and which root key it lies under."""

    key: bytes
    root_check: bytes


def key_of_data(backup_id: UUID) -> OpenedKey:
    """The key of one backup of the data; made at its first use."""
    return ring.scope_key(SCOPE + backup_id.hex, PURPOSE)


def forget_key_of_data(backup_id: UUID) -> None:
    """There will be no such backup."""
    ScopeKey.objects.filter(scope=SCOPE + backup_id.hex, purpose=SCOPE_PURPOSES[PURPOSE]).delete()
    ring.forget_scope(SCOPE + backup_id.hex, PURPOSE)


def keys_of_data() -> dict[UUID, bytes]:
    """The keys of every backup of the data so far: they go into each bundle."""
    scopes = ScopeKey.objects.filter(purpose=SCOPE_PURPOSES[PURPOSE]).order_by("id")
    return {
        UUID(scope.removeprefix(SCOPE)): ring.scope_key(scope, PURPOSE).material
        for scope in scopes.values_list("scope", flat=True)
    }


def given(material: bytes) -> OpenedKey:
    """The key of a backup that came in a bundle."""
    return OpenedKey(material, FIRST_GENERATION)


def key_of_bundle() -> tuple[OpenedKey, Wrapped]:
    """A new key for one bundle, and the same under the root key."""
    provider = providers.configured()
    key = new_key()
    check = provider.check_value()
    return given(key), Wrapped(provider.wrap(key, NO_VERSION, check), check)


def opened_key_of_bundle(wrapped: Wrapped) -> OpenedKey:
    """The key of a bundle, opened by the root key."""
    try:
        key = providers.configured().unwrap(wrapped.key, wrapped.root_check)
    except Forged:
        raise KeysUnavailable("The key of the bundle was changed.") from None
    return given(key)


def sealer(target: BinaryIO, key: OpenedKey, backup_id: UUID) -> Sealer:
    """Seals what is written into it."""
    return Sealer(target, key, backup_id)


def opened(source: BinaryIO, key: OpenedKey, backup_id: UUID, purpose: str) -> io.BufferedReader:
    """What was sealed: each piece is verified before it is given out, the end before all."""
    code = PAYLOADS[purpose]
    header = Header.parsed(source.read(HEADER_BYTES))
    if header is None:
        raise Unreadable(0, code, backup_id, Cause.SHAPE)
    if header.file_id != backup_id.bytes:
        raise Unreadable(0, code, backup_id, Cause.CHANGED)
    return io.BufferedReader(SealedFile(source, key, header, code), CHUNK)
