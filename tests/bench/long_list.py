"""Opening a list of a thousand people, beside clear text and two other ways to seal fields."""

import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from django.db import connection, models

from kpm.vault.keys import ring
from tests.bench.list_page import Notes
from tests.bench.peers.models import FernetHuman, TinkHuman
from tests.sealed.models import Human, Plain

ROWS = 1000
ROUNDS = 15
WARM, COLD = 1.15, 1.5
BEFORE_TINK, BEFORE_FERNET = 1.9, 4.0
FIELDS = ("name", "sex", "birth_on", "phone", "notes", "lives_alone", "details", "nickname")


def somebody(number: int) -> dict[str, object]:
    """The same invented person for every table, without numbers.

    django-tink-fields cannot store those in PostgreSQL.
    """
    return {
        "village": f"village {number % 40}",
        "name": "".join(secrets.choice("王李张刘陈杨伟芳娜秀英敏静") for _ in range(3)),
        "sex": "f" if number % 2 else "m",
        "birth_on": date(1940, 1, 1) + timedelta(days=number),
        "phone": f"1{secrets.randbelow(10**10):010d}",
        "notes": "上次走访情绪平稳，血压偏高，需要送药上门。" * 2,
        # No False: one of the others stores that as nothing.
        "lives_alone": True,
        "details": {"meals": "delivered", "key_with": "neighbour"},
        "nickname": "none",
    }


def fill(rows: int) -> None:
    """The same people in all four tables, and nobody else."""
    people = [somebody(number) for number in range(rows)]
    for model in (Plain, Human, TinkHuman, FernetHuman):
        model.objects.all().delete()
        model.objects.bulk_create([model(**person) for person in people], batch_size=100)


def read(rows: models.QuerySet[models.Model]) -> list[list[object]]:
    """Every field of every row, as a page asks for them."""
    return [[getattr(row, name) for name in FIELDS] for row in rows]


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure(*, quick: bool = False) -> Iterator[str]:
    """Medians taken in turn: clear text, sealed with keys at hand and without, the two others."""
    fill(20 if quick else ROWS)

    def sealed() -> list[list[object]]:
        return read(Human.objects.order_by("id").opened("head", "body", reading=Notes()))

    lists = {
        "plain": lambda: read(Plain.objects.order_by("id")),
        "cold": sealed,
        "warm": sealed,
        "tink": lambda: read(TinkHuman.objects.order_by("id")),
        "fernet": lambda: read(FernetHuman.objects.order_by("id")),
    }
    answers = [act() for act in lists.values()]
    assert all(answer == answers[0] for answer in answers)
    taken: dict[str, list[float]] = {name: [] for name in lists}
    for _ in range(2 if quick else ROUNDS):
        for name, act in lists.items():
            if name == "cold":
                ring.forget_data_keys()
            taken[name].append(timed(act))
    found = {name: statistics.median(times) for name, times in taken.items()}
    plain, warm = found["plain"], found["warm"]
    yield (
        f"{connection.vendor}: {len(answers[0])} rows, eight fields; clear text "
        f"{plain * 1000:.1f} ms, sealed {warm / plain:.2f} times that with keys at hand "
        f"(target {WARM}), {found['cold'] / plain:.2f} without (target {COLD})"
    )
    yield (
        f"{connection.vendor}: the same under django-tink-fields {found['tink'] / plain:.2f} times "
        f"clear text, {found['tink'] / warm:.2f} times ours (target {BEFORE_TINK}); under "
        f"django-fernet-encrypted-fields {found['fernet'] / plain:.1f} times clear text, "
        f"{found['fernet'] / warm:.1f} times ours (target {BEFORE_FERNET})"
    )
