"""Vault keys: made, opened, put under another root key. The newest one wraps all new keys."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, router, transaction

from kpm.database.locks import hold_tables
from kpm.vault import providers
from kpm.vault.ciphers import Forged, key_check, new_key
from kpm.vault.errors import KeysUnavailable
from kpm.vault.models import VaultKey

CHECK_CONTEXT = b"vault"


def add() -> int:
    """A new vault key, which is the newest from the moment of its commit; returns its version."""
    provider = providers.configured()
    with held():
        newest = VaultKey.objects.order_by("-version").first()
        # While the root key is changed there are two: the one that the others lie under.
        check = bytes(newest.root_check) if newest is not None else provider.check_value()
        version = newest.version + 1 if newest is not None else 1
        row = VaultKey(version=version)
        _wrap(row, new_key(), provider, check)
        row.save(force_insert=True)
    return version


def opened(row: VaultKey) -> bytes:
    """The key in a row, after its envelope and its check value were found right."""
    try:
        key = providers.of_row(row.provider).unwrap(bytes(row.wrapped), bytes(row.root_check))
    except Forged:
        raise KeysUnavailable(f"The row of vault key {row.version} was changed.") from None
    if key_check(key, CHECK_CONTEXT, bytes(row.wrapped)[1]) != bytes(row.check_value):
        raise KeysUnavailable(f"The check value of vault key {row.version} does not match.")
    return key


def change_root() -> str:
    """Put every vault key under a new root key; says what is left for the operator to do.

    Cut off anywhere, it is taken up again by calling it again: until the new root key has taken
    its place both are there, and each row says which one it lies under.
    """
    provider = providers.configured()
    with held():
        check = provider.prepare()
        for row in VaultKey.objects.order_by("version"):
            if bytes(row.root_check) == check:
                continue
            _wrap(row, opened(row), provider, check)
            row.save()
    with held():
        # What is destroyed now must be what nothing lies under: somebody may have been quicker.
        if any(bytes(row.root_check) != check for row in VaultKey.objects.all()):
            raise KeysUnavailable("Somebody else is changing the root key: call again.")
        return provider.adopt(check)


def _wrap(row: VaultKey, key: bytes, provider: providers.KeyProvider, check: bytes) -> None:
    row.wrapped = wrapped = provider.wrap(key, row.version, check)
    # By the suite that it was wrapped with, which need not be the site's: `opened` asks it.
    row.check_value = key_check(key, CHECK_CONTEXT, wrapped[1])
    row.provider, row.root_check = provider.name, check


@contextmanager
def held() -> Iterator[None]:
    """Nobody else makes, re-wraps or destroys a vault key meanwhile."""
    alias = router.db_for_write(VaultKey)
    with transaction.atomic(using=alias):
        hold_tables(connections[alias], VaultKey._meta.db_table)
        yield
