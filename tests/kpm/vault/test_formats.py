"""The documented bytes: an independent program opens what we wrote, and we open the vectors."""

import base64
import json
import re
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from kpm.vault import ciphers, envelope
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, ScopeKey, SearchShard, VaultKey
from kpm.vault.providers import FILE_MARK, configured
from kpm.vault.registry import INDEX_KINDS, PAYLOADS, SCOPE_PURPOSES
from kpm.vault.search import Record, add
from tests.kpm.vault import plain_gcm
from tests.sealed.models import Human

DOCUMENT = Path(__file__).parents[3] / "kpm" / "docs" / "vault_formats.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    re.findall(r"```json\n(.*?)```", TEXT, flags=re.DOTALL)[0]
)
SEALED = {vector["name"]: vector for vector in VECTORS["sealed"]}


def raw(vector: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(vector[name])


@pytest.mark.parametrize("name", SEALED)
def test_we_open_every_vector(name: str) -> None:
    vector = SEALED[name]
    blob, aad = raw(vector, "blob"), raw(vector, "aad")
    cipher = ciphers.cipher(blob[1], raw(vector, "key"))
    assert aad[:4] == blob[:4]
    assert envelope.unseal(cipher, blob, aad[4:]) == raw(vector, "plain")


@pytest.mark.parametrize("name", [n for n, v in SEALED.items() if raw(v, "blob")[1] == 1])
def test_an_independent_program_opens_every_vector(name: str) -> None:
    vector = SEALED[name]
    blob = raw(vector, "blob")
    opened = plain_gcm.decrypt(raw(vector, "key"), blob[4:16], blob[16:], raw(vector, "aad"))
    assert opened == raw(vector, "plain")
    with pytest.raises(ValueError, match="tag"):
        plain_gcm.decrypt(raw(vector, "key"), blob[4:16], blob[16:], raw(vector, "aad") + b"\0")


def test_the_contexts_are_those_of_the_document() -> None:
    row = bytes.fromhex("019300000000700080000000000000b2")
    owner = bytes.fromhex("019300000000700080000000000000a1")
    shard = bytes.fromhex("019300000000700080000000000000c3")
    digest = raw(VECTORS["scopes"][0], "digest")
    contexts = {name: raw(vector, "aad")[4:] for name, vector in SEALED.items()}
    assert contexts == {
        "vault key 1 under the root key": b"vault",
        "data key, generation 1": b"dek\x01" + owner,
        "search key of district:321102, generation 1": b"scp\x01\x01" + digest,
        "group 1 of model 1, AES-256-GCM": b"\x00\x01\x01" + row,
        "group 1 of model 1, AES-256-GCM-SIV": b"\x00\x01\x01" + row,
        "group 1 of model 1, ChaCha20-Poly1305": b"\x00\x01\x01" + row,
        "payload ledger.rows": b"\x01" + owner + bytes.fromhex("019300000000700080000000000000d4"),
        "search shard, full, of district:321102": b"\x00" + shard + digest,
    }
    assert envelope.data_key_context(1, owner) == contexts["data key, generation 1"]
    assert envelope.scope_digest("district:321102") == digest
    assert envelope.group_context(1, 1) + row == contexts["group 1 of model 1, AES-256-GCM"]


@pytest.mark.parametrize("vector", VECTORS["checks"], ids=lambda v: v["name"])
def test_check_values_are_those_of_the_document(vector: dict[str, Any]) -> None:
    check = ciphers.key_check(raw(vector, "key"), raw(vector, "context"))
    assert check == raw(vector, "check")
    assert check == keyed(raw(vector, "context"), raw(vector, "key"), b"kpm key check", 32)


def test_blind_indexes_are_those_of_the_document() -> None:
    for vector in VECTORS["indexes"]:
        person = b"kpm index" + bytes((vector["kind"],))
        digest = keyed(vector["normalised"].encode(), raw(vector, "key"), person, 8)
        assert int.from_bytes(digest, signed=True) == vector["index"]


def keyed(data: bytes, key: bytes, person: bytes, size: int) -> bytes:
    return blake2b(data, digest_size=size, key=key, person=person.ljust(16, b"\0")).digest()


def test_a_registered_code_is_never_given_twice() -> None:
    for registry in (PAYLOADS, SCOPE_PURPOSES, INDEX_KINDS):
        assert len(set(registry.values())) == len(registry)


@pytest.mark.django_db
def test_an_independent_program_reads_a_row_from_the_root_key_down(
    human: Callable[..., Human],
) -> None:
    made = human(name="王秀英", sex="f")
    root = configured().path.read_text().strip().removeprefix(FILE_MARK)
    vault_row = VaultKey.objects.get()
    vault = opened(base64.urlsafe_b64decode(root), bytes(vault_row.wrapped), b"vault")
    key_row = DataKey.objects.get(owner=made.pk)
    key = opened(vault, bytes(key_row.wrapped), b"dek\x01" + made.pk.bytes)
    assert keyed(b"dek\x01" + made.pk.bytes, key, b"kpm key check", 32) == bytes(
        key_row.check_value
    )
    head = bytes(Human.objects.values_list("head", flat=True).get())
    plain = opened(key, head, b"\xf0\x01\x01" + made.pk.bytes)
    assert json.loads(plain) == ["王秀英", "f", "1941-02-03"]


@pytest.mark.django_db
def test_an_independent_program_reads_a_shard() -> None:
    owner = Human().pk
    add("district:321102", [Record.of(owner, name="李丽", phone="13800001234")])
    shard = SearchShard.objects.get()
    digest = raw(VECTORS["scopes"][0], "digest")
    above = ring.vault_key(1).material
    key = opened(above, bytes(ScopeKey.objects.get().wrapped), b"scp\x01\x01" + digest)
    plain = opened(key, bytes(shard.sealed), b"\x01" + shard.seal_id.bytes + digest)
    assert plain[:20] == b"\x00\x00\x00\x01" + owner.bytes
    assert plain[20:].rstrip(b" ").decode() == "李丽\tll\t\t1234\n"
    assert len(plain) == 256


def opened(key: bytes, blob: bytes, context: bytes) -> bytes:
    return plain_gcm.decrypt(key, blob[4:16], blob[16:], blob[:4] + context)
