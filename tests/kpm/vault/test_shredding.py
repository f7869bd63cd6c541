"""Shredding: rows say so before any cache, histories are emptied, nothing else changes in them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from kpm.ids import uuid7
from kpm.vault import blobs, shredding
from kpm.vault.errors import KeyDestroyed
from kpm.vault.keys import ring
from kpm.vault.models import DataKey
from kpm.vault.opening import open_groups
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Diary, Human

pytestmark = pytest.mark.django_db
HISTORY = "sealed_historicalhuman"


def shred(human: Human) -> int:
    shredding.destroy_keys([human.pk])
    return shredding.forget([human.pk])


def test_rows_and_histories_say_that_their_key_is_gone(human: Callable[..., Human]) -> None:
    made, other = human(), human()
    made.name = "王秀兰"
    made.save()
    Diary.objects.create(key_owner=made.pk, human=made, text="上次走访")
    assert shred(made) == 4
    assert not DataKey.objects.filter(owner=made.pk).exists()
    for row in [
        Human.objects.get(pk=made.pk),
        *(past.instance for past in Human.history.filter(id=made.pk)),
    ]:
        assert (row.key_gen, row.head, row.body) == (0, None, None)
        with pytest.raises(KeyDestroyed):
            open_groups([row], "head", reading=Notes())
    assert Diary.objects.values_list("key_gen", "head").get() == (0, None)
    assert Human.objects.opened("head", reading=Notes()).get(pk=other.pk).name == "王秀英"
    # Again: as after a worker that was killed in between.
    assert shred(made) == 4


def test_it_stays_closed_where_the_key_is_still_in_memory(human: Callable[..., Human]) -> None:
    made = human()
    kept = ring.load([made.pk])
    shred(made)
    # Another process has not heard of it.
    ring._keep(kept)
    with pytest.raises(KeyDestroyed):
        Human.objects.opened("head", reading=Notes()).get(pk=made.pk)
    with pytest.raises(KeyDestroyed):
        open_groups(
            [row.instance for row in Human.history.filter(id=made.pk)], "head", reading=Notes()
        )


def test_a_payload_of_a_destroyed_owner_stays_closed() -> None:
    owner = uuid7()
    sealed = blobs.seal_bytes(owner, "audit.detail", b"x", row=owner)
    kept = ring.load([owner])
    shredding.destroy_keys([owner])
    ring._keep(kept)
    with pytest.raises(KeyDestroyed):
        blobs.open_bytes(owner, "audit.detail", sealed, Notes(), row=owner)


def test_a_fingerprint_names_a_key_and_nothing_of_it(human: Callable[..., Human]) -> None:
    made = human()
    (first,) = shredding.fingerprints([made.pk])
    assert len(first) == 32
    assert first not in bytes(DataKey.objects.get(owner=made.pk).check_value).hex()
    assert shredding.fingerprints([uuid7()]) == []


def test_a_key_is_not_destroyed_inside_a_transaction(real_commits: object) -> None:
    with transaction.atomic(using="keys"), pytest.raises(RuntimeError, match="durable"):
        shredding.destroy_keys([uuid7()])


FORGET = "key_gen = 0, head = NULL, body = NULL"


@pytest.mark.parametrize(
    "change",
    [
        "village = 'x'",
        "key_gen = 0",
        "head = NULL, body = NULL",
        "key_gen = 0, head = NULL",
        "key_gen = 2, head = NULL, body = NULL",
        f"{FORGET}, village = 'x'",
        f"{FORGET}, history_change_reason = 'x'",
        f"{FORGET}, history_user_id = NULL, history_type = '-'",
        "head = body",
    ],
)
def test_a_history_changes_by_being_forgotten_and_not_otherwise(
    human: Callable[..., Human], change: str
) -> None:
    human()
    before = list(Human.history.values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {HISTORY} SET {change}")  # noqa: S608 our own words
    assert list(Human.history.values()) == before
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {HISTORY} SET {FORGET}")  # noqa: S608 our own words
    (after,) = Human.history.values()
    assert after == {**before[0], "key_gen": 0, "head": None, "body": None}


def test_the_guard_holds_what_the_connection_would_let_through(
    human: Callable[..., Human],
) -> None:
    """Without the authorizer of SQLite, the trigger alone refuses."""
    human()
    lifted: Any = getattr(connection, "lifted", None)
    if lifted is None:
        return
    sql = f"UPDATE {HISTORY} SET {FORGET}, village = 'x'"  # noqa: S608 our own words
    with (
        lifted(),
        pytest.raises(DatabaseError, match="never_changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_every_sealed_table_is_emptied() -> None:
    names = {model._meta.label for model, _, _ in shredding.sealed_tables()}
    assert {"sealed.Human", "sealed.HistoricalHuman", "sealed.Diary"} <= names
    assert {"casework.Person", "casework.HistoricalPerson", "risk_levels.Decision"} <= names
