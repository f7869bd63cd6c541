"""Keys of backups, and the streams under them."""

import io
from pathlib import Path
from uuid import UUID

import pytest

from kpm.ids import uuid7
from kpm.vault import archives
from kpm.vault.errors import Cause, KeysUnavailable, Unreadable
from kpm.vault.keys import ring
from kpm.vault.models import ScopeKey
from kpm.vault.providers import read
from kpm.vault.rotations import search_scopes
from tests.kpm.vault import plain_gcm
from tests.settings import TEST_DIR

pytestmark = pytest.mark.django_db
ONE, OTHER = uuid7(), uuid7()


def sealed(plain: bytes, backup_id: UUID = ONE) -> bytes:
    target = io.BytesIO()
    sealer = archives.sealer(target, archives.key_of_data(backup_id), backup_id)
    sealer.write(plain)
    sealer.finish()
    return target.getvalue()


def opened(blob: bytes, backup_id: UUID = ONE) -> bytes:
    key = archives.given(archives.keys_of_data()[backup_id])
    with archives.opened(io.BytesIO(blob), key, backup_id, archives.DATA) as source:
        return source.read()


def test_the_key_of_a_backup_is_one_key_in_the_keys_database() -> None:
    key = archives.key_of_data(ONE)
    assert archives.keys_of_data() == {ONE: key.material}
    assert archives.key_of_data(OTHER).material != key.material
    ring.forget()
    assert archives.key_of_data(ONE).material == key.material
    assert set(archives.keys_of_data()) == {ONE, OTHER}
    # No change of search keys takes one of them.
    assert search_scopes() == []
    archives.forget_key_of_data(ONE)
    assert set(archives.keys_of_data()) == {OTHER}
    assert ScopeKey.objects.filter(purpose=4).count() == 1
    assert archives.key_of_data(ONE).material != key.material


def test_what_was_sealed_opens_under_its_own_name_only() -> None:
    blob = sealed(b"tar" * 1000)
    assert opened(blob) == b"tar" * 1000
    archives.key_of_data(OTHER)
    for wrong, backup_id, cause in (
        (blob, OTHER, Cause.CHANGED),
        (b"CVF2" + blob[4:], ONE, Cause.SHAPE),
        (blob[:40], ONE, Cause.SHAPE),
        (blob[:-1], ONE, Cause.CHANGED),
    ):
        with pytest.raises(Unreadable) as refused:
            opened(wrong, backup_id)
        assert (refused.value.cause, refused.value.owner) == (cause, backup_id)


def test_the_key_of_a_bundle_lies_under_the_root_key_and_is_no_vault_key() -> None:
    key, wrapped = archives.key_of_bundle()
    assert archives.opened_key_of_bundle(wrapped).material == key.material
    assert wrapped.key[:4] == b"\xc3\x01\x00\x00"
    root = read((Path(TEST_DIR) / "root.key").read_text("ascii"), "it")
    nonce, rest = wrapped.key[4:16], wrapped.key[16:]
    assert plain_gcm.decrypt(root, nonce, rest, wrapped.key[:4] + b"vault") == key.material
    changed = wrapped._replace(key=wrapped.key[:-1] + bytes((wrapped.key[-1] ^ 1,)))
    with pytest.raises(KeysUnavailable, match="was changed"):
        archives.opened_key_of_bundle(changed)
    with pytest.raises(KeysUnavailable, match="not the one"):
        archives.opened_key_of_bundle(wrapped._replace(root_check=bytes(32)))
