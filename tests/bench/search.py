"""Finding people, beside LIKE and an index over the same people in clear."""

import statistics
import time
from collections.abc import Callable, Iterator

from django.db import connection

from kpm.ids import uuid7
from kpm.vault import search
from kpm.vault.blind_index import index_keys
from kpm.vault.models import SearchShard
from kpm.vault.search import Record
from tests.sealed.models import Human, Plain

PEOPLE = 100_000
ROUNDS = 60
SCOPE = "district:321102"
FIRST, GIVEN = "王李张刘陈杨赵黄周吴", "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞"


def name_of(number: int) -> str:
    return FIRST[number % 10] + GIVEN[number // 10 % 20] + GIVEN[number // 200 % 20]


def phone_of(number: int) -> str:
    return f"138{number:08d}"


def median(act: Callable[[int], object], rounds: int) -> float:
    taken = []
    for turn in range(rounds):
        start = time.perf_counter()
        act(turn)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure(*, quick: bool = False) -> Iterator[str]:
    """Part of a name, then an exact phone number; the answers are compared first."""
    people, rounds = (300, 2) if quick else (PEOPLE, ROUNDS)
    # Others measured before in the same run.
    Plain.objects.all().delete()
    keys = index_keys(SCOPE)
    records = []
    for start in range(0, people, 5000):
        numbers = range(start, min(start + 5000, people))
        ids = [uuid7() for _ in numbers]
        records += [
            Record(each, name_of(number), "wxy", "1234", phone_of(number)[-4:])
            for each, number in zip(ids, numbers, strict=True)
        ]
        Plain.objects.bulk_create(
            Plain(
                id=each,
                name=name_of(number),
                phone=phone_of(number),
                phone_index=number,
                lives_alone=False,
                details={},
            )
            for each, number in zip(ids, numbers, strict=True)
        )
        Human.objects.bulk_create(
            Human(id=each, name="x", phone_index=keys.of("phone", phone_of(number)))
            for each, number in zip(ids, numbers, strict=True)
        )
    search.add(SCOPE, records)
    yield from _part(rounds, people)
    yield from _exact(rounds, people)


def _part(rounds: int, people: int) -> Iterator[str]:
    def like(turn: int) -> list[object]:
        part = name_of(turn * 7)[1:]
        return list(Plain.objects.filter(name__contains=part).values_list("id", flat=True))

    def shards(turn: int) -> list[object]:
        return list(search.find(SCOPE, name_of(turn * 7)[1:]))

    assert sorted(map(str, like(3))) == sorted(map(str, shards(3)))
    one, other = median(like, rounds), median(shards, rounds)
    yield (
        f"{connection.vendor}: part of a name among {people}; LIKE {one * 1000:.2f} ms, "
        f"sealed shards {other / one:.2f} times that (target 0.5); tokens stored: 0, "
        f"shards: {SearchShard.objects.count()}"
    )


def _exact(rounds: int, people: int) -> Iterator[str]:
    keys = index_keys(SCOPE)

    def plain(turn: int) -> list[object]:
        return list(Plain.objects.filter(phone_index=turn * 31).values_list("id", flat=True))

    def sealed(turn: int) -> list[object]:
        # The key is asked for each time, as the site does.
        index = index_keys(SCOPE).of("phone", phone_of(turn * 31))
        return list(Human.objects.filter(phone_index=index).values_list("id", flat=True))

    assert plain(1) == sealed(1)
    assert len(Human.objects.filter(phone_index=keys.of("phone", phone_of(5)))) == 1
    one, other = median(plain, rounds), median(sealed, rounds)
    yield (
        f"{connection.vendor}: one phone number among {people}; in clear {one * 1000:.2f} ms, "
        f"blind index {other / one:.2f} times that (target 2.5)"
    )
