"""Keys take over from keys while everything goes on: vault keys, search keys, index keys.

Each step commits by itself and can be cut off; whoever calls again goes on with what is left,
because the rows say which key they lie under.
"""

import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from django.db import connections, router, transaction
from django.db.models import Count

from kpm.database import key_rows
from kpm.database.key_rows import KeyRow
from kpm.database.locks import hold_tables
from kpm.vault import envelope, search, vault_keys
from kpm.vault.ciphers import NONCE_BYTES, key_check, suite
from kpm.vault.errors import KeysUnavailable, Unreadable
from kpm.vault.keys import ring, unwrap, wrap
from kpm.vault.models import DataKey, IndexScope, ScopeKey, SearchShard, VaultKey
from kpm.vault.registry import SCOPE_PURPOSES

BATCH: Final = 4000


class Progress(NamedTuple):
    """How far it is."""

    done: int
    total: int


# --- vault keys


def renew_vault_key() -> int:
    """A new vault key, or the one that a rotation which was cut off has made already."""
    newest = newest_version()
    if any(version != newest for version in keys_under()):
        return newest
    return vault_keys.add()


def newest_version() -> int:
    """The vault key that new keys go under."""
    return max(VaultKey.objects.values_list("version", flat=True), default=0)


def keys_under() -> dict[int, int]:
    """How many keys, of owners and of scopes, lie under each vault key."""
    counts = key_rows.count_under(connections[router.db_for_read(DataKey)])
    for row in ScopeKey.objects.values("vault_key").annotate(n=Count("id")):
        counts[row["vault_key"]] = counts.get(row["vault_key"], 0) + row["n"]
    return counts


def rewrap(batch: int = BATCH) -> Iterator[Progress]:
    """Put every key under the newest vault key; yields after each batch, which is then kept."""
    version = newest_version()
    counts = keys_under()
    total = sum(counts.values())
    done = counts.get(version, 0)
    connection = connections[router.db_for_write(DataKey)]
    after: KeyRow | None = None
    while rows := key_rows.older_than(connection, version, after, batch):
        after = rows[-1]
        wrapped = _rewrapped(rows, version)
        if wrapped:
            with transaction.atomic(using=connection.alias):
                key_rows.rewrite(connection, version, wrapped)
        done += len(wrapped)
        yield Progress(done, max(done, total))
    done += _rewrap_scopes(version)
    yield Progress(done, max(done, total))


def _rewrapped(rows: list[KeyRow], version: int) -> list[KeyRow]:
    """The same keys under another vault key; one that does not open stays where it is.

    In line what `unwrap` and `wrap` of kpm.vault.keys do: a hundred thousand times in a second.
    """
    code = suite()
    seal = ring.vault_key(version)[code].encrypt
    head = envelope.key_header(envelope.KEY, code, version)
    nonces = os.urandom(NONCE_BYTES * len(rows))
    found = []
    for number, (owner, generation, wrapped, check) in enumerate(rows):
        owner_bytes = bytes.fromhex(owner) if isinstance(owner, str) else owner.bytes
        context = envelope.data_key_context(generation, owner_bytes)
        blob = bytes(wrapped)
        try:
            material = unwrap(ring, blob, context, bytes(check), owner_bytes)
        except Unreadable:
            continue
        kept = check if blob[1] == code else key_check(material, context, code)
        nonce = nonces[NONCE_BYTES * number : NONCE_BYTES * (number + 1)]
        sealed = head + nonce + seal(nonce, material, head + context)
        found.append(KeyRow(owner, generation, sealed, kept))
    return found


def _rewrap_scopes(version: int) -> int:
    above = ring.vault_key(version)
    count = 0
    for row in ScopeKey.objects.exclude(vault_key=version):
        context = envelope.scope_key_context(row.generation, row.purpose, row.scope)
        material = unwrap(ring, bytes(row.wrapped), context, bytes(row.check_value), row.id.bytes)
        count += ScopeKey.objects.filter(pk=row.pk).update(
            vault_key=version,
            wrapped=wrap(above, material, context),
            check_value=key_check(material, context, suite()),
        )
    return count


def retire_vault_keys() -> list[int]:
    """Destroy every vault key but the newest; refuses while a key lies under one of them."""
    alias = router.db_for_write(VaultKey)
    with transaction.atomic(using=alias):
        # Whoever was adding a key has ended; whoever adds one now is told by the guard.
        hold_tables(connections[alias], *(m._meta.db_table for m in (VaultKey, DataKey, ScopeKey)))
        newest = newest_version()
        left = sum(count for version, count in keys_under().items() if version != newest)
        if left:
            raise KeysUnavailable(f"{left} keys still lie under an older vault key.")
        old = VaultKey.objects.filter(version__lt=newest)
        versions = sorted(old.values_list("version", flat=True))
        old.delete()
    ring.forget()
    return versions


# --- search keys


def reseal(scope: str, *, always_new: bool = True) -> int:
    """Seal the search of a scope under a new key and destroy the old ones.

    Without `always_new` a rotation that was cut off goes on with the key it has made.
    """
    if always_new or _generations(scope, "search") < 2:
        ring.renew_scope_key(scope, "search")
    ring.forget_scope(scope, "search")
    alias = router.db_for_write(SearchShard)
    # Durable: inside another transaction the old key would go before the new shards are kept.
    with transaction.atomic(using=alias, durable=True):
        hold_tables(connections[alias], SearchShard._meta.db_table)
        count = search.fold(scope)
    # Only now: if the new shards had not been kept, the old ones would be all there is.
    newest = ring.scope_key(scope, "search").generation
    older = SearchShard.objects.filter(scope=scope, generation__lt=newest)
    if older.exists():
        raise KeysUnavailable(f"The search of {scope} still has older shards.")
    _retire(scope, "search", newest)
    return count


def search_scopes() -> list[str]:
    """Scopes that can be searched by part of a name."""
    code = SCOPE_PURPOSES["search"]
    rows = ScopeKey.objects.filter(purpose=code).values_list("scope", flat=True)
    return sorted(set(rows))


def _generations(scope: str, purpose: str) -> int:
    return ScopeKey.objects.filter(scope=scope, purpose=SCOPE_PURPOSES[purpose]).count()


def _retire(scope: str, purpose: str, newest: int) -> None:
    code = SCOPE_PURPOSES[purpose]
    ScopeKey.objects.filter(scope=scope, purpose=code, generation__lt=newest).delete()


# --- index keys


def begin_index(scope: str) -> None:
    """From now on whoever writes an index of this scope fills both columns."""
    if IndexScope.objects.filter(scope=scope, next_generation__isnull=False).exists():
        return
    generation = ring.renew_scope_key(scope, "blind_index")
    # On PostgreSQL this waits for whoever writes with one column only.
    IndexScope.objects.filter(scope=scope, next_generation__isnull=True).update(
        next_generation=generation, next_suite=suite()
    )


def finish_index(scope: str) -> None:
    """The second columns have taken their place in the open transaction: search by the new key."""
    row = IndexScope.objects.select_for_update().get(scope=scope)
    if row.next_generation is None or row.next_suite is None:
        raise KeysUnavailable(f"The index of {scope} has no second key.")
    row.generation, row.suite = row.next_generation, row.next_suite
    row.next_generation = row.next_suite = None
    row.save()


def retire_index_keys(scope: str) -> None:
    """Destroy the index keys from before the one in use."""
    _retire(scope, "blind_index", IndexScope.objects.get(scope=scope).generation)


def lacks_index_key(scope: str) -> bool:
    """Whether the index of a scope lies under a key that is not there."""
    row = IndexScope.objects.filter(scope=scope).first()
    if row is None:
        return False
    used = {row.generation, row.next_generation or row.generation}
    return bool(used - ring.generations(scope, "blind_index"))


def replace_index_key(scope: str) -> None:
    """Index under the newest key that is there; whoever calls indexes everybody anew."""
    ring.forget_scope(scope, "blind_index")
    newest = ring.scope_key(scope, "blind_index").generation
    IndexScope.objects.filter(scope=scope).update(
        generation=newest, suite=suite(), next_generation=None, next_suite=None
    )


def index_scopes() -> list[str]:
    """Scopes that have blind indexes."""
    return list(IndexScope.objects.order_by("scope").values_list("scope", flat=True))
