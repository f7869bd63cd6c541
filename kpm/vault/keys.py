"""Opened keys of this process: vault keys, data keys in a bounded cache, keys of scopes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connections, router

from kpm.database import key_rows
from kpm.database.commits import kept_at_once
from kpm.database.key_rows import KeyRow
from kpm.vault import envelope, providers, vault_keys
from kpm.vault.ciphers import Aead, Forged, cipher, key_check, new_key, suite
from kpm.vault.envelope import BODY_AT, HEADER_BYTES
from kpm.vault.errors import Cause, KeyDestroyed, KeysUnavailable, UnknownSuite, Unreadable
from kpm.vault.models import DataKey, ScopeKey, VaultKey
from kpm.vault.registry import SCOPE_PURPOSES

KEPT: Final = 4096
SECONDS: Final = 240.0
BATCH: Final = 500
FIRST_GENERATION: Final = 1
_SELECT: Final = "SELECT owner, generation, wrapped, check_value FROM vault_datakey WHERE owner IN"


class OpenedKey(dict[int, Aead]):
    """One key in memory: its ciphers by suite, each made at its first use."""

    __slots__ = ("generation", "material")

    def __init__(self, material: bytes, generation: int) -> None:
        self.material = material
        self.generation = generation

    def __missing__(self, code: int) -> Aead:
        made = self[code] = cipher(code, self.material)
        return made


class OwnerKeys(dict[int, OpenedKey]):
    """The data keys of one owner by generation; `current` is the one to seal with."""

    __slots__ = ("current", "expires")

    def __init__(self, expires: float) -> None:
        self.current = 0
        self.expires = expires

    def add(self, key: OpenedKey) -> None:
        self[key.generation] = key
        if key.generation > self.current:
            self.current = key.generation


class KeyRing:
    """What this process has opened so far. Bounded in number and in time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Drop every opened key."""
        with self._lock:
            self._vault: dict[int, OpenedKey] = {}
            self._active = (0, 0.0)
            self._owners: OrderedDict[int, OwnerKeys] = OrderedDict()
            self._scopes: dict[tuple[str, str, int], tuple[OpenedKey, float]] = {}

    def forget_data_keys(self) -> None:
        """Drop the keys of people and files; the vault keys stay open."""
        with self._lock:
            self._owners.clear()

    # --- vault keys

    def vault_key(self, version: int) -> OpenedKey:
        """The vault key of a version: one call of the provider for each process."""
        found = self._vault.get(version)
        if found is None:
            row = VaultKey.objects.filter(version=version).first()
            if row is None:
                raise KeysUnavailable(f"Vault key {version} is not in the keys database.")
            found = self._vault[version] = OpenedKey(vault_keys.opened(row), version)
        return found

    def active_vault_key(self) -> OpenedKey:
        """The newest vault key; new keys are wrapped under it."""
        version, expires = self._active
        now = time.monotonic()
        if expires < now:
            there = set(VaultKey.objects.values_list("version", flat=True))
            if not there:
                raise KeysUnavailable("There is no vault key yet: run manage.py create_keys")
            version = max(there)
            # What was destroyed elsewhere goes from the memory of this process, too.
            self._vault = {kept: key for kept, key in self._vault.items() if kept in there}
            self._active = (version, now + SECONDS)
        return self.vault_key(version)

    # --- data keys

    def load(self, owners: Iterable[UUID], *, fresh: bool = False) -> dict[int, OwnerKeys]:
        """The keys of these owners by `owner.int`; who has none is left out. One query for all."""
        found: dict[int, OwnerKeys] = {}
        missing: dict[int, UUID] = {}
        now = time.monotonic()
        with self._lock:
            cache = self._owners
            for owner in owners:
                number = owner.int
                kept = None if fresh else cache.get(number)
                if kept is None or kept.expires < now:
                    missing[number] = owner
                else:
                    cache.move_to_end(number)
                    found[number] = kept
        if missing:
            opened = _open_data_keys(list(missing.values()), self, now + SECONDS)
            found.update(opened)
            self._keep(opened)
        return found

    def _keep(self, opened: dict[int, OwnerKeys]) -> None:
        with self._lock:
            self._owners.update(opened)
            while len(self._owners) > KEPT:
                self._owners.popitem(last=False)

    def for_new_rows(self, owners: Collection[UUID]) -> dict[int, OwnerKeys]:
        """Keys of rows that are about to be inserted, made where this process knows of none."""
        with self._lock:
            kept = {o.int: self._owners[o.int] for o in owners if o.int in self._owners}
        return kept | self.create([owner for owner in owners if owner.int not in kept])

    def create(self, owners: Collection[UUID]) -> dict[int, OwnerKeys]:
        """First data keys; the rows are there before the owners' rows, or instead of them."""
        try:
            return self._insert(owners)
        except IntegrityError:
            # There is a newer vault key, or some exist: a row was tried before and rolled back
            # on the other database.
            self._active = (0, 0.0)
            kept = self.load(owners, fresh=True)
            return kept | self._insert([owner for owner in owners if owner.int not in kept])

    def _insert(self, owners: Collection[UUID]) -> dict[int, OwnerKeys]:
        opened: dict[int, OwnerKeys] = {}
        if not owners:
            return opened
        above = self.active_vault_key()
        code = suite()
        expires = time.monotonic() + SECONDS
        connection = connections[router.db_for_write(DataKey)]
        native = connection.features.has_native_uuid_field
        rows = []
        for owner in owners:
            key = OpenedKey(new_key(), FIRST_GENERATION)
            context = envelope.data_key_context(FIRST_GENERATION, owner.bytes)
            wrapped = wrap(above, key.material, context)
            check = key_check(key.material, context, code)
            stored = owner if native else owner.hex
            rows.append(KeyRow(stored, FIRST_GENERATION, wrapped, check))
            entry = opened[owner.int] = OwnerKeys(expires)
            entry.add(key)
        # At once: a key that a later rollback takes away would leave its file closed for ever.
        key_rows.insert(connection, above.generation, rows)
        self._keep(opened)
        return opened

    # --- keys of scopes

    def scope_key(self, scope: str, purpose: str, *, generation: int = 0) -> OpenedKey:
        """The key of a scope and purpose, of one generation or the newest; made at first use."""
        now = time.monotonic()
        name = (scope, purpose, generation)
        kept = self._scopes.get(name)
        if kept is not None and kept[1] >= now:
            return kept[0]
        row = _scope_key_row(scope, purpose, generation)
        if row is None:
            if generation:
                raise KeysUnavailable(f"A {purpose} key of {scope} is not in the keys database.")
            row = self._insert_scope_key(scope, purpose, FIRST_GENERATION)
        opened = _open_scope_key(row, self)
        with self._lock:
            if len(self._scopes) >= KEPT:
                self._scopes.clear()
            self._scopes[name] = (opened, now + SECONDS)
        return opened

    def make_scope_key(self, scope: str, purpose: str, generation: int) -> OpenedKey:
        """A generation of the key of a scope; what is there already is not made again."""
        row = _scope_key_row(scope, purpose, generation)
        return _open_scope_key(row or self._insert_scope_key(scope, purpose, generation), self)

    def generations(self, scope: str, purpose: str) -> set[int]:
        """The generations of the key of a scope that are there."""
        rows = ScopeKey.objects.filter(scope=scope, purpose=SCOPE_PURPOSES[purpose])
        return set(rows.values_list("generation", flat=True))

    def forget_scope(self, scope: str, purpose: str) -> None:
        """Ask for the newest key of a scope the next time."""
        with self._lock:
            self._scopes.pop((scope, purpose, 0), None)

    def renew_scope_key(self, scope: str, purpose: str) -> int:
        """A key of the next generation; the old one stays until everything under it has moved."""
        newest = _scope_key_row(scope, purpose, 0)
        generation = newest.generation + 1 if newest is not None else FIRST_GENERATION
        made = self._insert_scope_key(scope, purpose, generation).generation
        self.forget_scope(scope, purpose)
        return made

    def _insert_scope_key(self, scope: str, purpose: str, generation: int) -> ScopeKey:
        try:
            return self._new_scope_key(scope, SCOPE_PURPOSES[purpose], generation)
        except IntegrityError:
            # There is a newer vault key, or another process was quicker: its key is the one.
            self._active = (0, 0.0)
            row = _scope_key_row(scope, purpose, generation)
            return row or self._new_scope_key(scope, SCOPE_PURPOSES[purpose], generation)

    def _new_scope_key(self, scope: str, code: int, generation: int) -> ScopeKey:
        above = self.active_vault_key()
        context = envelope.scope_key_context(generation, code, scope)
        material = new_key()
        row = ScopeKey(
            scope=scope,
            purpose=code,
            generation=generation,
            vault_key=above.generation,
            wrapped=wrap(above, material, context),
            check_value=key_check(material, context, suite()),
        )
        with kept_at_once(router.db_for_write(ScopeKey)):
            row.save(force_insert=True)
        return row


ring = KeyRing()


def create_missing() -> list[str]:
    """Make the root key and the first vault key where they are missing; says what it made."""
    provider = providers.configured()
    made = []
    has_vault_key = VaultKey.objects.exists()
    if not provider.exists():
        if has_vault_key:
            raise KeysUnavailable(
                "The root key is gone but there are keys under it: put it back from its own "
                "backup. A new one would open nothing."
            )
        provider.create()
        made.append("root key")
    if not has_vault_key:
        made.append(f"vault key {vault_keys.add()}")
        ring.forget()
    return made


def create_data_keys(owners: Collection[UUID]) -> None:
    """Data keys for owners whose own rows come later in the same action."""
    kept = ring.load(owners)
    ring.create([owner for owner in owners if owner.int not in kept])


def wrap(above: OpenedKey, material: bytes, context: bytes) -> bytes:
    """A key in its envelope under a vault key."""
    code = suite()
    head = envelope.key_header(envelope.KEY, code, above.generation)
    return envelope.seal(above[code], head, context, material)


def unwrap(ring: KeyRing, wrapped: bytes, context: bytes, check: bytes, owner: bytes) -> bytes:
    """The key inside, after its envelope and its check value were found right."""
    if len(wrapped) != envelope.KEY_ENVELOPE_BYTES or wrapped[0] != envelope.KEY:
        raise Unreadable(0, 0, UUID(bytes=owner), Cause.SHAPE)
    above = ring.vault_key(wrapped[2] << 8 | wrapped[3])
    try:
        material = above[wrapped[1]].decrypt(
            wrapped[HEADER_BYTES:BODY_AT], wrapped[BODY_AT:], wrapped[:HEADER_BYTES] + context
        )
    except Forged:
        raise Unreadable(0, 0, UUID(bytes=owner), Cause.CHANGED) from None
    except UnknownSuite:
        raise Unreadable(0, 0, UUID(bytes=owner), Cause.SUITE) from None
    if key_check(material, context, wrapped[1]) != check:
        raise Unreadable(0, 0, UUID(bytes=owner), Cause.WRONG_KEY)
    return material


def _open_data_keys(owners: list[UUID], ring: KeyRing, expires: float) -> dict[int, OwnerKeys]:
    opened: dict[int, OwnerKeys] = {}
    for start in range(0, len(owners), BATCH):
        part = owners[start : start + BATCH]
        try:
            opened.update(_opened_part(part, ring, expires))
        except KeysUnavailable:
            # Between the two queries these were put under another vault key: once more.
            opened.update(_opened_part(part, ring, expires))
    return opened


def _opened_part(owners: list[UUID], ring: KeyRing, expires: float) -> dict[int, OwnerKeys]:
    opened: dict[int, OwnerKeys] = {}
    for owner, generation, wrapped, check in _data_key_rows(owners):
        number = owner.int
        owner_bytes = number.to_bytes(16)
        context = envelope.data_key_context(generation, owner_bytes)
        material = unwrap(ring, wrapped, context, check, owner_bytes)
        entry = opened.get(number)
        if entry is None:
            entry = opened[number] = OwnerKeys(expires)
        entry.add(OpenedKey(material, generation))
    return opened


def _data_key_rows(owners: list[UUID]) -> Iterator[tuple[UUID, int, bytes, bytes]]:
    """By hand: for a page of cold keys the ORM would cost more than all unwrapping."""
    connection = connections[router.db_for_read(DataKey)]
    native = connection.features.has_native_uuid_field
    stored: dict[str | UUID, UUID] = {owner if native else owner.hex: owner for owner in owners}
    marks = ",".join(["%s"] * len(stored))
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} ({marks})", list(stored))
        for owner, generation, wrapped, check in cursor.fetchall():
            yield stored[owner], generation, bytes(wrapped), bytes(check)


def _scope_key_row(scope: str, purpose: str, generation: int) -> ScopeKey | None:
    rows = ScopeKey.objects.filter(scope=scope, purpose=SCOPE_PURPOSES[purpose])
    if generation:
        rows = rows.filter(generation=generation)
    return rows.order_by("-generation").first()


def _open_scope_key(row: ScopeKey, ring: KeyRing) -> OpenedKey:
    context = envelope.scope_key_context(row.generation, row.purpose, row.scope)
    material = unwrap(ring, bytes(row.wrapped), context, bytes(row.check_value), row.id.bytes)
    return OpenedKey(material, row.generation)


def owner_key(
    kept: OwnerKeys | None, generation: int, model_code: int, group: int, owner: UUID
) -> OpenedKey:
    """The key of a generation, or a loud refusal: destroyed, missing, or another generation."""
    if generation == 0:
        raise KeyDestroyed(model_code, group, owner)
    if kept is None:
        raise KeyDestroyed(model_code, group, owner, Cause.NO_KEY)
    key = kept.get(generation)
    if key is None:
        raise Unreadable(model_code, group, owner, Cause.GENERATION)
    return key
