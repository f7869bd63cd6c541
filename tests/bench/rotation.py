"""Changing the vault key over 100,000 data keys, beside saving sealed rows one by one."""

import time
from collections.abc import Callable, Iterator

from django.db import connections

from kpm.ids import uuid7
from kpm.vault import keys, rotations
from kpm.vault.models import DataKey
from tests.bench.list_page import Notes
from tests.sealed.models import Human

KEYS = 100_000
TARGETS = {"sqlite": 1.5, "postgresql": 4.0}
# Rows that the peer saves; it is then counted up to the number of keys.
SAVED = 200


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def plain_update() -> None:
    """The least that a database can do: the same rows written once by one statement."""
    connection = connections["keys"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE vault_datakey SET generation = generation")


def saves(rows: list[Human]) -> None:
    """What libraries do that seal each row under one key: every row saved, with its history."""
    for row in rows:
        row.phone = row.phone + "1"
        row.save()


def measure(*, quick: bool = False) -> Iterator[str]:
    """Seconds, and how many times as long as one UPDATE; rows of history before and after."""
    count, saved = (50, 2) if quick else (KEYS, SAVED)
    Human.objects.bulk_create([Human(name=f"名{number}") for number in range(saved)])
    reading = Notes()
    rows = list(Human.objects.opened("head", "body", reading=reading)[:saved])
    loop = timed(lambda: saves(rows)) * count / len(rows)
    for start in range(0, count, 10_000):
        keys.create_data_keys([uuid7() for _ in range(min(10_000, count - start))])
    total = DataKey.objects.count()
    history = Human.history.count()
    update = timed(plain_update)
    rotations.renew_vault_key()
    processor = time.process_time()
    rewrap = timed(lambda: list(rotations.rewrap()))
    processor = time.process_time() - processor
    retire = timed(rotations.retire_vault_keys)
    vendor = connections["keys"].vendor
    yield (
        f"{vendor}: {total} data keys under a new vault key in {rewrap:.2f} s, "
        f"{processor:.2f} s of them in this process (target {TARGETS[vendor]}), old one destroyed "
        f"in {retire * 1000:.0f} ms; "
        f"{rewrap / update:.1f} times one UPDATE of the same rows; saving the rows one by one "
        f"would take {loop:.0f} s, {loop / rewrap:.0f} times as long"
    )
    yield f"{vendor}: rows of history touched: {Human.history.count() - history}"
