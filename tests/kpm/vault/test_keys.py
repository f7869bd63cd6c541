"""Keys: wrapped, checked, cached within bounds, gone when they are gone."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction

from kpm.ids import uuid7
from kpm.vault import envelope, keys
from kpm.vault.ciphers import AES_GCM, Forged
from kpm.vault.errors import Cause, KeyDestroyed, KeysUnavailable, Unreadable
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, ScopeKey, VaultKey
from kpm.vault.opening import open_groups
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Human
from tests.settings import TEST_DIR

pytestmark = pytest.mark.django_db
SCOPE = "district:321102"
ROOT_KEY_FILE = TEST_DIR / "root.key"


@pytest.fixture
def owner() -> UUID:
    made = uuid7()
    keys.create_data_keys([made])
    return made


def change(owner: UUID, **values: Any) -> None:
    DataKey.objects.filter(owner=owner).update(**values)
    ring.forget()


def cause(owner: UUID) -> Cause:
    with pytest.raises(Unreadable) as refused:
        ring.load([owner])
    assert refused.value.owner == owner
    return refused.value.cause


# --- what is stored


def test_a_data_key_is_stored_wrapped_with_its_check_value(owner: UUID) -> None:
    row = DataKey.objects.get(owner=owner)
    wrapped, check = bytes(row.wrapped), bytes(row.check_value)
    assert (row.generation, row.vault_key) == (1, 1)
    assert len(wrapped) == 64
    assert wrapped[:4] == b"\xc2\x01\x00\x01"
    assert len(check) == 32
    material = ring.load([owner])[owner.int][1].material
    assert material not in wrapped + check


def test_the_key_table_is_its_own_index_on_sqlite() -> None:
    connection = connections["keys"]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'vault_datakey'")
            assert cursor.fetchone()[0].endswith("WITHOUT ROWID")
    assert "vault_datakey" not in connections["default"].introspection.table_names()
    assert "vault_searchshard" not in connection.introspection.table_names()


def test_keys_of_many_owners_are_loaded_by_one_query(
    django_assert_num_queries: Callable[..., Any],
) -> None:
    owners = [uuid7() for _ in range(60)]
    keys.create_data_keys(owners)
    ring.forget_data_keys()
    with django_assert_num_queries(1, using="keys"):
        loaded = ring.load([*owners, uuid7()])
    assert loaded.keys() == {owner.int for owner in owners}
    with django_assert_num_queries(0, using="keys"):
        ring.load(owners)
    with django_assert_num_queries(1, using="keys"):
        ring.load(owners, fresh=True)


def test_the_same_keys_come_back_after_everything_was_forgotten(owner: UUID) -> None:
    before = ring.load([owner])[owner.int][1].material
    ring.forget()
    assert ring.load([owner])[owner.int][1].material == before


def test_making_keys_again_changes_none(owner: UUID) -> None:
    before = bytes(DataKey.objects.get(owner=owner).wrapped)
    other = uuid7()
    keys.create_data_keys([owner, other])
    ring.forget()
    made = ring.create([owner, other])
    assert bytes(DataKey.objects.get(owner=owner).wrapped) == before
    assert made.keys() == {owner.int, other.int}


def test_rows_that_were_tried_before_keep_the_key_they_got(owner: UUID) -> None:
    before = ring.load([owner])[owner.int][1].material
    ring.forget()
    assert ring.for_new_rows([owner])[owner.int][1].material == before
    assert ring.for_new_rows([owner])[owner.int][1].material == before


def test_a_key_is_never_made_inside_a_transaction_that_may_roll_back(
    real_commits: object,
) -> None:
    with transaction.atomic(using="keys"), pytest.raises(RuntimeError, match="durable"):
        keys.create_data_keys([uuid7()])


def test_a_rollback_of_the_rows_leaves_the_key(real_commits: object) -> None:
    made = Human(name="王秀英")

    def give_up() -> None:
        with transaction.atomic():
            made.save()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert not Human.objects.exists()
    assert DataKey.objects.filter(owner=made.pk).exists()
    ring.forget()
    made.save()
    open_groups([found := Human.objects.get()], "head", reading=Notes())
    assert found.name == "王秀英"


# --- what was changed


@pytest.mark.parametrize("at", [1, 4, 15, 16, 40, 63])
def test_a_changed_bit_of_a_wrapped_key_is_told(owner: UUID, at: int) -> None:
    wrapped = bytearray(DataKey.objects.get(owner=owner).wrapped)
    wrapped[at] ^= 2
    change(owner, wrapped=bytes(wrapped))
    assert cause(owner) is Cause.CHANGED


def test_a_wrapped_key_of_a_suite_that_is_not_here_is_told(owner: UUID) -> None:
    wrapped = bytearray(DataKey.objects.get(owner=owner).wrapped)
    wrapped[1] = 0x12
    change(owner, wrapped=bytes(wrapped))
    assert cause(owner) is Cause.SUITE


def test_a_wrapped_key_of_another_owner_is_refused(owner: UUID) -> None:
    other = uuid7()
    keys.create_data_keys([other])
    row = DataKey.objects.get(owner=other)
    change(owner, wrapped=bytes(row.wrapped), check_value=bytes(row.check_value))
    assert cause(owner) is Cause.CHANGED


def test_another_generation_in_the_row_is_refused(owner: UUID) -> None:
    change(owner, generation=2)
    assert cause(owner) is Cause.CHANGED


def test_a_key_that_does_not_match_its_check_value_is_the_wrong_key(owner: UUID) -> None:
    change(owner, check_value=bytes(32))
    assert cause(owner) is Cause.WRONG_KEY


@pytest.mark.parametrize("wrapped", [b"", b"\xc2", bytes(64), b"\xc1" + bytes(63)])
def test_the_wrong_shape_is_told(owner: UUID, wrapped: bytes) -> None:
    change(owner, wrapped=wrapped)
    assert cause(owner) is Cause.SHAPE


def test_a_key_under_a_vault_key_that_is_not_there_is_told(owner: UUID) -> None:
    wrapped = bytearray(DataKey.objects.get(owner=owner).wrapped)
    wrapped[3] = 9
    change(owner, wrapped=bytes(wrapped))
    with pytest.raises(KeysUnavailable, match="Vault key 9"):
        ring.load([owner])


# --- which key


def test_no_key_and_no_generation_are_refused_before_anything_is_opened(owner: UUID) -> None:
    kept = ring.load([owner])[owner.int]
    assert keys.owner_key(kept, 1, 1, 1, owner) is kept[1]
    with pytest.raises(KeyDestroyed) as refused:
        keys.owner_key(kept, 0, 1, 2, owner)
    assert (refused.value.model_code, refused.value.group) == (1, 2)
    assert refused.value.cause is Cause.DESTROYED
    with pytest.raises(KeyDestroyed) as refused:
        keys.owner_key(None, 1, 1, 2, owner)
    assert refused.value.cause is Cause.NO_KEY
    with pytest.raises(Unreadable) as unreadable:
        keys.owner_key(kept, 2, 1, 2, owner)
    assert unreadable.value.cause is Cause.GENERATION
    assert str(unreadable.value) == f"model 1, group 2, owner {owner}: {Cause.GENERATION}"


def test_the_newest_generation_is_the_one_to_seal_with(owner: UUID) -> None:
    kept = ring.load([owner])[owner.int]
    assert kept.current == 1
    kept.add(keys.OpenedKey(bytes(32), 3))
    kept.add(keys.OpenedKey(bytes(32), 2))
    assert kept.current == 3
    assert kept.keys() == {1, 2, 3}


def test_all_generations_of_an_owner_are_loaded(owner: UUID) -> None:
    above = ring.active_vault_key()
    material = bytes(range(32))
    context = envelope.data_key_context(2, owner.bytes)
    head = envelope.key_header(envelope.KEY, AES_GCM, 1)
    DataKey.objects.create(
        owner=owner,
        generation=2,
        vault_key=1,
        wrapped=envelope.seal(above[AES_GCM], head, context, material),
        check_value=keys.key_check(material, context),
    )
    ring.forget()
    kept = ring.load([owner])[owner.int]
    assert kept.keys() == {1, 2}
    assert kept.current == 2
    assert kept[2].material == material


# --- what stays in memory


def test_no_more_keys_stay_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KEPT", 5)
    owners = [uuid7() for _ in range(8)]
    made = ring.create(owners)
    assert len(made) == 8
    assert len(ring._owners) == 5
    # The one that was used last stays longest.
    ring.load([owners[3]])
    ring.create([uuid7()])
    assert owners[3].int in ring._owners
    assert owners[4].int not in ring._owners


def test_no_key_stays_longer_than_five_minutes(
    owner: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys.SECONDS <= 300
    now = keys.time.monotonic()
    ring.scope_key(SCOPE, "search")
    ring.load([owner])
    DataKey.objects.filter(owner=owner).delete()
    ScopeKey.objects.all().delete()
    assert ring.load([owner])
    monkeypatch.setattr(keys.time, "monotonic", lambda: now + keys.SECONDS + 1)
    assert not ring.load([owner])
    ring.scope_key(SCOPE, "search")
    assert ScopeKey.objects.count() == 1


def test_the_provider_is_asked_once_for_each_process(
    owner: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.forget()
    ring.load([owner])

    def asked(row: VaultKey) -> bytes:
        raise AssertionError("the provider was asked again")

    monkeypatch.setattr(keys.vault_keys, "opened", asked)
    ring.load([owner], fresh=True)
    keys.create_data_keys([uuid7()])


# --- keys of scopes


def test_scope_and_purpose_have_a_random_key_of_their_own() -> None:
    found = {
        ring.scope_key(SCOPE, "search").material,
        ring.scope_key(SCOPE, "blind_index").material,
        ring.scope_key("district:321183", "search").material,
    }
    assert len(found) == 3
    ring.forget()
    assert ring.scope_key(SCOPE, "search").material in found
    assert ring.scope_key(SCOPE, "search", generation=1).material in found


def test_a_key_of_a_scope_does_not_open_in_another_scope() -> None:
    ring.scope_key(SCOPE, "search")
    ScopeKey.objects.filter(scope=SCOPE).update(scope="district:999999")
    ring.forget()
    with pytest.raises(Unreadable) as refused:
        ring.scope_key("district:999999", "search")
    assert refused.value.cause is Cause.CHANGED


def test_a_generation_that_is_not_there_is_told_and_not_made() -> None:
    with pytest.raises(KeysUnavailable, match="search key"):
        ring.scope_key(SCOPE, "search", generation=4)
    assert not ScopeKey.objects.exists()


def test_the_key_of_the_quicker_process_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ring.scope_key(SCOPE, "search")
    ring.forget()
    looked = []
    real = keys._scope_key_row

    def nothing_at_first(scope: str, purpose: str, generation: int) -> ScopeKey | None:
        looked.append(scope)
        return None if len(looked) == 1 else real(scope, purpose, generation)

    monkeypatch.setattr(keys, "_scope_key_row", nothing_at_first)
    assert ring.scope_key(SCOPE, "search").material == first.material
    assert looked == [SCOPE, SCOPE]
    assert ScopeKey.objects.count() == 1


def test_the_number_of_kept_scope_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KEPT", 2)
    for number in range(3):
        ring.scope_key(f"district:{number}", "search")
    assert len(ring._scopes) <= 2


# --- vault keys and the root key


def test_nothing_is_made_twice() -> None:
    assert keys.create_missing() == []
    assert VaultKey.objects.count() == 1


def test_the_first_start_makes_both_keys(
    real_commits: object, settings: Any, tmp_path: Path
) -> None:
    VaultKey.objects.all().delete()
    ring.forget()
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    with pytest.raises(KeysUnavailable, match="create_keys"):
        ring.active_vault_key()
    told = StringIO()
    call_command("create_keys", stdout=told)
    made, told_others = told.getvalue().splitlines()
    assert made == "Made: root key, vault key 1, key of the log 1."
    assert told_others.startswith("Give this to whoever checks the log from outside: audit.")
    told = StringIO()
    call_command("create_keys", stdout=told)
    assert told.getvalue() == "All keys are there.\n"
    assert ring.active_vault_key().generation == 1
    row = VaultKey.objects.get()
    assert row.provider == "file"
    assert bytes(row.wrapped)[0] == envelope.VAULT_KEY


def test_a_lost_root_key_is_never_replaced(settings: Any, tmp_path: Path) -> None:
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    with pytest.raises(CommandError, match="its own backup"):
        call_command("create_keys")
    assert not (tmp_path / "root.key").exists()


def test_another_root_key_is_told_apart_from_changed_rows(settings: Any, tmp_path: Path) -> None:
    other = keys.providers.FileKeyProvider(tmp_path / "root.key")
    other.create()
    settings.KPM_ROOT_KEY_FILE = other.path
    ring.forget()
    with pytest.raises(KeysUnavailable, match="not the one"):
        ring.active_vault_key()


def test_a_changed_row_of_a_vault_key_is_told() -> None:
    row = VaultKey.objects.get()
    wrapped = bytearray(row.wrapped)
    wrapped[20] ^= 1
    VaultKey.objects.update(wrapped=bytes(wrapped))
    ring.forget()
    with pytest.raises(KeysUnavailable, match="was changed"):
        ring.active_vault_key()
    VaultKey.objects.update(wrapped=bytes(row.wrapped), check_value=bytes(32))
    with pytest.raises(KeysUnavailable, match="check value"):
        ring.active_vault_key()


def test_new_keys_go_under_the_newest_vault_key(owner: UUID) -> None:
    provider = keys.providers.configured()
    material = bytes(range(32))
    VaultKey.objects.create(
        version=2,
        provider=provider.name,
        wrapped=provider.wrap(material, 2, provider.check_value()),
        check_value=keys.key_check(material, b"vault"),
        root_check=provider.check_value(),
    )
    ring.forget()
    second = uuid7()
    keys.create_data_keys([second])
    row = DataKey.objects.get(owner=second)
    assert row.vault_key == 2
    assert bytes(row.wrapped)[:4] == b"\xc2\x01\x00\x02"
    # Old keys open with the one they were wrapped with.
    assert ring.load([owner, second]).keys() == {owner.int, second.int}
    with pytest.raises(Forged):
        envelope.unseal(
            ring.vault_key(1)[AES_GCM],
            bytes(row.wrapped),
            envelope.data_key_context(1, second.bytes),
        )


def test_a_process_learns_of_a_new_vault_key_when_it_makes_a_key(owner: UUID) -> None:
    assert ring.active_vault_key().generation == 1
    ring.scope_key(SCOPE, "search")
    # Another process adds one; this one remembers the old one for minutes.
    assert keys.vault_keys.add() == 2
    assert ring.active_vault_key().generation == 1
    second = uuid7()
    keys.create_data_keys([second])
    assert DataKey.objects.get(owner=second).vault_key == 2
    keys.vault_keys.add()
    ring.scope_key("district:2", "search")
    assert ScopeKey.objects.get(scope="district:2").vault_key == 3
    assert ring.load([owner, second]).keys() == {owner.int, second.int}


def test_a_vault_key_with_keys_under_it_is_never_deleted(owner: UUID) -> None:
    keys.vault_keys.add()
    with pytest.raises(IntegrityError, match="never_deleted"), transaction.atomic(using="keys"):
        VaultKey.objects.filter(version=1).delete()
    VaultKey.objects.filter(version=2).delete()


def test_what_was_destroyed_elsewhere_goes_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    ring.vault_key(1)
    keys.vault_keys.add()
    VaultKey.objects.filter(version=1).delete()
    now = keys.time.monotonic()
    monkeypatch.setattr(keys.time, "monotonic", lambda: now + keys.SECONDS + 1)
    assert ring.active_vault_key().generation == 2
    with pytest.raises(KeysUnavailable, match="Vault key 1"):
        ring.vault_key(1)


# --- another root key


def test_every_vault_key_goes_under_the_new_root_key(
    owner: UUID, settings: Any, tmp_path: Path
) -> None:
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    settings.KPM_ROOT_KEY_FILE.write_bytes((before := ROOT_KEY_FILE).read_bytes())
    settings.KPM_ROOT_KEY_FILE.chmod(0o400)
    keys.vault_keys.add()
    old = {row.version: bytes(row.wrapped) for row in VaultKey.objects.all()}
    assert "NOW" in keys.vault_keys.change_root()
    assert before.read_bytes() != settings.KPM_ROOT_KEY_FILE.read_bytes()
    ring.forget()
    assert ring.load([owner])
    rows = list(VaultKey.objects.order_by("version"))
    check = keys.providers.configured().check_value()
    assert {bytes(row.root_check) for row in rows} == {check}
    assert all(bytes(row.wrapped) != old[row.version] for row in rows)


@pytest.mark.parametrize("cut", ["prepared", "wrapped in part", "wrapped"])
def test_a_change_of_the_root_key_goes_on_where_it_was_cut_off(
    owner: UUID, settings: Any, tmp_path: Path, cut: str
) -> None:
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    settings.KPM_ROOT_KEY_FILE.write_bytes(ROOT_KEY_FILE.read_bytes())
    settings.KPM_ROOT_KEY_FILE.chmod(0o400)
    keys.vault_keys.add()
    provider = keys.providers.configured()
    check = provider.prepare()
    if cut != "prepared":
        for row in VaultKey.objects.order_by("version")[: 1 if "part" in cut else 2]:
            row.wrapped = provider.wrap(keys.vault_keys.opened(row), row.version, check)
            row.root_check = check
            row.save()
    # Everything opens meanwhile, and a new vault key goes under the root key of the newest.
    ring.forget()
    assert ring.load([owner])
    assert ring.vault_key(2).material
    keys.vault_keys.change_root()
    ring.forget()
    assert ring.load([owner])
    assert ring.vault_key(2).material
    assert keys.providers.configured().check_value() == check
    assert not (tmp_path / "root.key.next").exists()


@pytest.mark.parametrize("suite", [1, 2, 3, 0x11])
def test_a_site_seals_with_its_suite_and_opens_all(owner: UUID, suite: int, settings: Any) -> None:
    settings.KPM_VAULT_SUITE = suite
    second = uuid7()
    keys.create_data_keys([second])
    ring.forget()
    assert bytes(DataKey.objects.get(owner=second).wrapped)[1] == suite
    assert ring.load([owner, second]).keys() == {owner.int, second.int}


def test_rows_name_themselves_without_content(owner: UUID) -> None:
    ring.scope_key(SCOPE, "search")
    assert str(VaultKey.objects.get()) == "vault key 1"
    assert str(DataKey.objects.get(owner=owner)) == f"data key of {owner}"
    assert str(ScopeKey.objects.get()) == f"key of {SCOPE}"
