"""Inserting one key owner, beside a plaintext copy with the same history and commits."""

import statistics
import time
from collections.abc import Iterator

from django.db import connection

from tests.sealed.models import Human, Plain

ROUNDS = 300
TARGET = 1.6
VALUES = {
    "name": "王秀英",
    "sex": "f",
    "phone": "13800001234",
    "notes": "上次走访情绪平稳，血压偏高，需要送药上门。" * 2,
    "children": 2,
    "lives_alone": True,
    "details": {"meals": "delivered"},
    "nickname": "none",
}


def timed(model: type[Human] | type[Plain]) -> float:
    start = time.perf_counter()
    model(**VALUES).save()
    return time.perf_counter() - start


def many(model: type[Human] | type[Plain], count: int) -> float:
    start = time.perf_counter()
    model.objects.bulk_create([model(**VALUES) for _ in range(count)])
    return time.perf_counter() - start


def measure(*, quick: bool = False) -> Iterator[str]:
    """Medians of single saves taken in turn; then a thousand at once."""
    rounds = 2 if quick else ROUNDS
    plain, sealed = [], []
    for _ in range(rounds):
        plain.append(timed(Plain))
        sealed.append(timed(Human))
    one, other = statistics.median(plain), statistics.median(sealed)
    yield (
        f"{connection.vendor}: one insert; plaintext {one * 1000:.2f} ms, "
        f"sealed {other / one:.2f} times that (target {TARGET})"
    )
    count = 5 if quick else 1000
    plain, sealed = [], []
    for _ in range(1 if quick else 5):
        plain.append(many(Plain, count))
        sealed.append(many(Human, count))
    one, other = statistics.median(plain), statistics.median(sealed)
    yield (
        f"{connection.vendor}: {count} inserts at once; plaintext {one * 1000:.0f} ms, "
        f"sealed {other / one:.2f} times that"
    )
