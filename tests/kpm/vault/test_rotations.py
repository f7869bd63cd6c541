"""Rotation: everything opens before, in the middle and after; what was cut off goes on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, connections, transaction

from kpm.database import key_rows, locks, shard_rows
from kpm.ids import uuid7
from kpm.vault import blind_index, envelope, keys, rotations, search
from kpm.vault.ciphers import hmac_sm3
from kpm.vault.errors import KeysUnavailable
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, IndexScope, ScopeKey, SearchShard, VaultKey
from kpm.vault.search import Record
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Human

pytestmark = pytest.mark.django_db
SCOPE = "district:321102"


@pytest.fixture
def owners() -> list[UUID]:
    made = [uuid7() for _ in range(25)]
    keys.create_data_keys(made)
    ring.scope_key(SCOPE, "search")
    return made


def materials(owners: list[UUID]) -> dict[int, bytes]:
    ring.forget()
    return {number: kept[1].material for number, kept in ring.load(owners).items()}


# --- vault keys


def test_every_key_moves_and_stays_what_it_was(owners: list[UUID]) -> None:
    before = materials(owners)
    search_key = ring.scope_key(SCOPE, "search").material
    assert rotations.renew_vault_key() == 2
    steps = list(rotations.rewrap(batch=10))
    assert steps == [(10, 26), (20, 26), (25, 26), (26, 26)]
    assert rotations.keys_under() == {2: 26}
    assert rotations.retire_vault_keys() == [1]
    assert list(VaultKey.objects.values_list("version", flat=True)) == [2]
    assert materials(owners) == before
    assert ring.scope_key(SCOPE, "search").material == search_key
    assert {bytes(row.wrapped)[:4] for row in DataKey.objects.all()} == {b"\xc2\x01\x00\x02"}
    # Nothing to do any more: a second run changes nothing.
    assert rotations.retire_vault_keys() == []
    assert list(rotations.rewrap()) == [(26, 26)]


def test_what_was_cut_off_goes_on_with_the_same_vault_key(owners: list[UUID]) -> None:
    before = materials(owners)
    rotations.renew_vault_key()
    next(steps := rotations.rewrap(batch=10))
    steps.close()
    assert rotations.keys_under() == {1: 16, 2: 10}
    assert materials(owners) == before
    with pytest.raises(KeysUnavailable, match="16 keys still lie"):
        rotations.retire_vault_keys()
    assert VaultKey.objects.count() == 2
    assert rotations.renew_vault_key() == 2
    assert list(rotations.rewrap(batch=10))[-1] == (26, 26)
    assert rotations.retire_vault_keys() == [1]
    assert materials(owners) == before


def test_a_key_that_was_destroyed_meanwhile_does_not_come_back(
    owners: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    rotations.renew_vault_key()
    real = key_rows.rewrite

    def destroyed_first(connection: Any, version: int, rows: Any) -> None:
        DataKey.objects.filter(owner=owners[3]).delete()
        real(connection, version, rows)

    monkeypatch.setattr(key_rows, "rewrite", destroyed_first)
    list(rotations.rewrap())
    assert not DataKey.objects.filter(owner=owners[3]).exists()
    assert rotations.retire_vault_keys() == [1]


def test_a_key_that_does_not_open_keeps_its_vault_key(owners: list[UUID]) -> None:
    DataKey.objects.filter(owner=owners[0]).update(check_value=bytes(32))
    rotations.renew_vault_key()
    list(rotations.rewrap(batch=1))
    assert rotations.keys_under() == {1: 1, 2: 25}
    with pytest.raises(KeysUnavailable, match="1 keys"):
        rotations.retire_vault_keys()


def test_a_row_that_was_read_before_the_rotation_is_read_again(
    owners: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.forget()
    real = keys._data_key_rows
    stale = list(real(owners[:3]))
    rotations.renew_vault_key()
    list(rotations.rewrap())
    rotations.retire_vault_keys()
    answers = [stale]
    monkeypatch.setattr(
        keys, "_data_key_rows", lambda wanted: answers.pop() if answers else real(wanted)
    )
    assert ring.load(owners[:3]).keys() == {owner.int for owner in owners[:3]}


def test_rotation_touches_no_row_but_keys(human: Callable[..., Human]) -> None:
    made = human()
    before = list(Human.objects.values()), list(Human.history.values())
    rotations.renew_vault_key()
    list(rotations.rewrap())
    rotations.retire_vault_keys()
    assert (list(Human.objects.values()), list(Human.history.values())) == before
    row = Human.objects.opened("head", reading=Notes()).get(pk=made.pk)
    assert row.name == "王秀英"


@pytest.mark.parametrize("code", [3, 0x11])
def test_another_suite_comes_with_the_next_vault_key(
    owners: list[UUID], settings: Any, code: int
) -> None:
    before = materials(owners)
    settings.KPM_VAULT_SUITE = code
    rotations.renew_vault_key()
    list(rotations.rewrap())
    rotations.retire_vault_keys()
    assert {bytes(row.wrapped)[1] for row in DataKey.objects.all()} == {code}
    assert bytes(VaultKey.objects.get().wrapped)[1] == code
    assert materials(owners) == before


# --- search keys


def people(count: int = 3) -> list[Record]:
    return [Record.of(uuid7(), name=f"名{number}") for number in range(count)]


def found() -> set[UUID]:
    return set(search.find(SCOPE, "名"))


def test_a_scope_is_sealed_under_a_new_key_and_the_old_one_is_gone() -> None:
    records = people()
    search.add(SCOPE, records)
    old = ring.scope_key(SCOPE, "search").material
    assert rotations.reseal(SCOPE) == 3
    assert found() == {record.owner for record in records}
    assert ScopeKey.objects.get().generation == 2
    assert SearchShard.objects.get().generation == 2
    assert bytes(SearchShard.objects.get().sealed)[2] == 2
    assert ring.scope_key(SCOPE, "search").material != old
    assert rotations.search_scopes() == [SCOPE]


def test_a_process_with_the_old_key_is_told_and_seals_with_the_new_one() -> None:
    first, second = people(2)
    search.add(SCOPE, [first])
    stale = dict(ring._scopes)
    rotations.reseal(SCOPE)
    ring._scopes = stale
    search.add(SCOPE, [second])
    assert set(SearchShard.objects.values_list("generation", flat=True)) == {2}
    assert found() == {first.owner, second.owner}
    with pytest.raises(IntegrityError, match="newest_key"), transaction.atomic():
        SearchShard.objects.create(scope=SCOPE, is_delta=True, generation=1, sealed=b"x")


def test_an_empty_scope_still_says_which_key_it_uses() -> None:
    (record,) = people(1)
    search.add(SCOPE, [record])
    stale = dict(ring._scopes)
    search.remove(SCOPE, [record.owner])
    assert rotations.reseal(SCOPE) == 0
    ring._scopes = stale
    search.add(SCOPE, [record])
    assert found() == {record.owner}


def test_a_resealing_that_was_cut_off_goes_on_with_its_key() -> None:
    records = people()
    search.add(SCOPE, records)
    ring.renew_scope_key(SCOPE, "search")
    assert found() == {record.owner for record in records}
    rotations.reseal(SCOPE, always_new=False)
    assert ScopeKey.objects.get().generation == 2
    # Cut off before the old one was destroyed: it goes the next time.
    rotations.reseal(SCOPE, always_new=False)
    assert ScopeKey.objects.get().generation == 3
    assert found() == {record.owner for record in records}


def test_old_keys_stay_while_an_older_shard_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    search.add(SCOPE, people())
    monkeypatch.setattr(search, "fold", lambda scope: 0)
    with pytest.raises(KeysUnavailable, match="older shards"):
        rotations.reseal(SCOPE)
    assert ScopeKey.objects.count() == 2


def test_resealing_inside_another_transaction_is_refused(real_commits: object) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        rotations.reseal(SCOPE)


def test_shards_that_were_read_before_a_resealing_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = people()
    search.add(SCOPE, records)
    real = shard_rows.of_scope
    stale = [real(connection, SCOPE)]
    rotations.reseal(SCOPE)
    ring.forget()
    monkeypatch.setattr(
        shard_rows,
        "of_scope",
        lambda *args, **options: stale.pop() if stale else real(*args, **options),
    )
    assert found() == {record.owner for record in records}


def test_a_scope_may_have_more_generations_than_a_byte_holds() -> None:
    records = people()
    search.add(SCOPE, records)
    SearchShard.objects.all().delete()
    ScopeKey.objects.all().delete()
    ring.forget()
    ring._insert_scope_key(SCOPE, "search", 255)
    ring.forget()
    search.add(SCOPE, records)
    assert bytes(SearchShard.objects.get().sealed)[:1] == b"\xc5"
    rotations.reseal(SCOPE)
    ring.forget()
    assert found() == {record.owner for record in records}
    blob = bytes(SearchShard.objects.get().sealed)
    assert blob[0] == envelope.WIDE_SHARD
    assert blob[2:4] == b"\x01\x00"
    assert envelope.scope_key_context(256, 1, SCOPE)[:6] == b"scw\x01\x00\x01"


# --- index keys


def test_an_index_key_takes_over_in_two_columns() -> None:
    first = blind_index.index_keys(SCOPE)
    assert first.next is None
    assert first.next_of("phone", "13800001234") is None
    old = first.of("phone", "13800001234")
    rotations.begin_index(SCOPE)
    rotations.begin_index(SCOPE)
    during = blind_index.index_keys(SCOPE)
    assert during.of("phone", "13800001234") == old
    new = during.next_of("phone", "13800001234")
    assert new not in (None, old)
    with transaction.atomic():
        rotations.finish_index(SCOPE)
    assert blind_index.blind_index(SCOPE, "phone", "13800001234") == new
    rotations.retire_index_keys(SCOPE)
    assert ScopeKey.objects.get().generation == 2
    assert rotations.index_scopes() == [SCOPE]
    assert str(IndexScope.objects.get()) == f"index of {SCOPE}"
    with pytest.raises(KeysUnavailable, match="no second key"), transaction.atomic():
        rotations.finish_index(SCOPE)


def test_another_suite_makes_other_indexes_from_the_next_key_on(settings: Any) -> None:
    old = blind_index.blind_index(SCOPE, "phone", "13800001234")
    settings.KPM_VAULT_SUITE = 0x11
    ring.forget()
    assert blind_index.blind_index(SCOPE, "phone", "13800001234") == old
    rotations.begin_index(SCOPE)
    keys_now = blind_index.index_keys(SCOPE)
    assert keys_now.next is not None
    assert (keys_now.current.suite, keys_now.next.suite) == (1, 0x11)
    material = ring.scope_key(SCOPE, "blind_index", generation=2).material
    digest = hmac_sm3(material, b"kpm index\x0213800001234")[:8]
    assert keys_now.next_of("phone", "13800001234") == int.from_bytes(digest, signed=True)


def test_index_keys_are_not_changed_under_an_open_transaction() -> None:
    if connections["default"].vendor != "postgresql":
        # There an open transaction is the only one that writes.
        return
    blind_index.index_keys(SCOPE)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE mode = 'RowShareLock'")
        assert cursor.fetchone()[0]


def test_tables_are_held_where_there_are_several_writers() -> None:
    connection = connections["keys"]
    with transaction.atomic(using="keys"):
        locks.hold_tables(connection, "vault_datakey")
        keys_held = 0
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' "
                    "AND relation = 'vault_datakey'::regclass"
                )
                keys_held = cursor.fetchone()[0]
    assert keys_held == (1 if connection.vendor == "postgresql" else 0)


def test_an_index_whose_key_is_not_there_takes_the_newest_that_is() -> None:
    assert not rotations.lacks_index_key(SCOPE)
    blind_index.index_keys(SCOPE)
    assert not rotations.lacks_index_key(SCOPE)
    rotations.begin_index(SCOPE)
    assert not rotations.lacks_index_key(SCOPE)
    ScopeKey.objects.filter(scope=SCOPE, generation=2).delete()
    assert rotations.lacks_index_key(SCOPE)
    rotations.replace_index_key(SCOPE)
    row = IndexScope.objects.get(scope=SCOPE)
    assert (row.generation, row.next_generation, row.next_suite) == (1, None, None)
    assert not rotations.lacks_index_key(SCOPE)
