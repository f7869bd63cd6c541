"""A list of 50 sealed rows beside the same list on a plaintext copy: python -m tests.bench.list_page.

Query and template, interleaved in one run, medians; ratios count, times depend on the machine.
"""

import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection
from django.template import Context, Engine
from django.test.runner import DiscoverRunner

from kpm.vault.keys import create_missing, ring
from kpm.vault.opening import Reading
from tests.sealed.models import Human, Plain

PAGE = 50
ROWS = 2_000
ROUNDS = 300
WARM_TARGET = 1.05
COLD_TARGET = 1.15
FIELDS = ("name", "sex", "birth_on", "phone", "notes", "lives_alone", "children", "nickname")

TEMPLATE = Engine().from_string(
    "<table>{% for row in rows %}<tr><td>{{ row.name }}</td><td>{{ row.sex }}</td>"
    "<td>{{ row.birth_on|date:'Y-m-d' }}</td><td>{{ row.village }}</td><td>{{ row.phone }}</td>"
    "<td>{% if row.lives_alone %}yes{% else %}no{% endif %}</td><td>{{ row.notes }}</td>"
    "<td>{{ row.children|default_if_none:'' }}</td></tr>{% endfor %}</table>"
)


class Notes:
    """A reading that keeps what was opened, as the access log does."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, UUID]] = []

    def note(self, *, group: str, owner: UUID) -> None:
        self.opened.append((group, owner))


def fill() -> None:
    """The same invented people in both tables."""
    sealed, plain = [], []
    for number in range(ROWS):
        values = {
            "village": f"village {number % 40}",
            "name": "".join(secrets.choice("王李张刘陈杨伟芳娜秀英敏静") for _ in range(3)),
            "sex": "f" if number % 2 else "m",
            "birth_on": date(1940, 1, 1) + timedelta(days=number),
            "phone": f"1{secrets.randbelow(10**10):010d}",
            "notes": "上次走访情绪平稳，血压偏高，需要送药上门。" * 2,
            "children": number % 4,
            "lives_alone": number % 3 == 0,
            "details": {"meals": "delivered", "key_with": "neighbour"},
            "nickname": "none",
        }
        sealed.append(Human(**values))
        plain.append(Plain(**values))
    Human.objects.bulk_create(sealed, batch_size=500)
    Plain.objects.bulk_create(plain, batch_size=500)


def plain_page(start: int) -> str:
    rows = Plain.objects.order_by("id")[start : start + PAGE]
    return TEMPLATE.render(Context({"rows": rows}))


def sealed_page(start: int) -> str:
    reading: Reading = Notes()
    rows = Human.objects.order_by("id")[start : start + PAGE]
    return TEMPLATE.render(Context({"rows": rows.opened("head", "body", reading=reading)}))


def timed(page: Callable[[int], str], start: int) -> float:
    before = time.perf_counter()
    page(start)
    return time.perf_counter() - before


def measure() -> tuple[float, float, float]:
    """Medians in seconds: plaintext, sealed with warm keys, sealed with cold keys."""
    plain, warm, cold = [], [], []
    for number in range(ROUNDS):
        start = number * 7 % (ROWS - PAGE)
        plain.append(timed(plain_page, start))
        ring.forget_data_keys()
        cold.append(timed(sealed_page, start))
        warm.append(timed(sealed_page, start))
    return statistics.median(plain), statistics.median(warm), statistics.median(cold)


def main() -> int:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        create_missing()
        fill()
        if "".join(plain_page(0).split()) != "".join(sealed_page(0).split()):
            sys.exit("The two lists differ.")
        plain, warm, cold = measure()
    finally:
        runner.teardown_databases(databases)
    lines = [
        f"{connection.vendor}: {PAGE} rows, {ROUNDS} rounds",
        f"plaintext {plain * 1000:7.3f} ms",
        f"warm      {warm * 1000:7.3f} ms  ratio {warm / plain:.3f}  target {WARM_TARGET}",
        f"cold      {cold * 1000:7.3f} ms  ratio {cold / plain:.3f}  target {COLD_TARGET}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(warm / plain > WARM_TARGET or cold / plain > COLD_TARGET)


if __name__ == "__main__":
    sys.exit(main())
