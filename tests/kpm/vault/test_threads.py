"""Several threads at once: one key for one owner, whoever was first; nothing mixed up."""

from uuid import UUID

import pytest

from kpm.ids import uuid7
from kpm.vault import keys, search
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, ScopeKey, SearchShard
from kpm.vault.search import Record
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Human
from tests.threads import at_once

THREADS = 6
SCOPE = "district:321102"


def test_one_owner_gets_one_key_from_many_threads(real_commits: object) -> None:
    owner = uuid7()

    def make(_turn: int) -> bytes:
        return ring.create([owner])[owner.int][1].material

    assert len(set(at_once(THREADS, make))) == 1
    assert DataKey.objects.count() == 1
    ring.forget()
    assert ring.load([owner])[owner.int][1].material == make(0)


def test_one_scope_gets_one_key_from_many_threads(real_commits: object) -> None:
    def make(_turn: int) -> bytes:
        return ring.scope_key(SCOPE, "search").material

    assert len(set(at_once(THREADS, make))) == 1
    assert ScopeKey.objects.count() == 1


def test_a_cache_under_pressure_never_gives_the_wrong_key(
    real_commits: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KEPT", 7)
    Human.objects.bulk_create([Human(name=f"名{number}") for number in range(40)])
    rows = list(Human.objects.order_by("id"))
    wanted = {row.pk: f"名{number}" for number, row in enumerate(rows)}

    def read(turn: int) -> bool:
        for start in range(turn, 40, THREADS):
            page = Human.objects.filter(pk__in=[row.pk for row in rows[start : start + 10]])
            for row in page.opened("head", reading=Notes()):
                if row.name != wanted[row.pk]:
                    return False
        return True

    assert at_once(THREADS, read) == [True] * THREADS
    assert len(ring._owners) <= 7


def test_adding_and_folding_at_once_loses_nobody(real_commits: object) -> None:
    people = [Record.of(uuid7(), name=f"名{number}") for number in range(THREADS * 5)]
    search.add(SCOPE, [Record.of(uuid7(), name="王秀英")])

    def work(turn: int) -> None:
        for number in range(turn * 5, turn * 5 + 5):
            search.add(SCOPE, [people[number]])
            if turn % 2:
                search.fold(SCOPE)

    assert at_once(THREADS, work) == [None] * THREADS
    assert set(search.find(SCOPE, "名")) == {person.owner for person in people}
    search.fold(SCOPE)
    assert set(search.find(SCOPE, "名")) == {person.owner for person in people}
    assert SearchShard.objects.count() == 1
    assert all(isinstance(hit, UUID) for hit in search.find(SCOPE, "wxy"))
