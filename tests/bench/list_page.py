"""The 50-row list beside the same list on a plaintext copy of the table: query and template."""

import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.template import Context, Template

from kpm.vault.keys import ring
from tests.sealed.models import Human, Plain

PAGE = 50
ROWS = 600
ROUNDS = 200
WARM, COLD = 1.05, 1.15

# A row as the pages of this site have it: masked name and phone, age band, level, days.
ROW = """{% load kpm %}<table>{% for row in rows %}<tr role="row">
{% cell label="Name" %}<a href="/files/7K3MQ-9TX2A/">{{ row.name|masked:"name" }}</a>{% endcell %}
{% cell label="Age" %}{{ row.birth_on|age_band|default:"–" }}{% endcell %}
{% cell label="Phone" %}{{ row.phone|masked:"phone" }}{% endcell %}
{% cell label="Village" %}{{ row.village }}{% endcell %}
{% cell label="Alone" %}{% if row.lives_alone %}yes{% else %}no{% endif %}{% endcell %}
{% cell label="Level" %}{% level_badge "green" "empty_nest_elder" %}{% endcell %}
{% cell label="Born" %}<time datetime="{{ row.birth_on|date:'Y-m-d' }}">
{{ row.birth_on|date:"Y-m-d" }}</time>{% endcell %}
</tr>{% endfor %}</table>"""


class Notes:
    """A reading that keeps what was opened, as the access log does."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, UUID]] = []

    def note(self, *, group: str, owner: UUID) -> None:
        self.opened.append((group, owner))


class Medians(NamedTuple):
    plain: float
    warm: float
    cold: float

    def __str__(self) -> str:
        return (
            f"{connection.vendor}: {PAGE} rows, two groups; plaintext {self.plain * 1000:.2f} ms, "
            f"warm {self.warm / self.plain:.3f} (target {WARM}), "
            f"cold {self.cold / self.plain:.3f} (target {COLD})"
        )


def fill() -> None:
    """The same invented people in both tables, and nobody else."""
    Human.objects.all().delete()
    Plain.objects.all().delete()
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
    Human.objects.bulk_create(sealed, batch_size=200)
    Plain.objects.bulk_create(plain, batch_size=200)


def measured(template: Template, rounds: int) -> Medians:
    """Medians in seconds of the three lists, taken in turn."""

    def plain_page(start: int) -> str:
        rows = Plain.objects.order_by("id")[start : start + PAGE]
        return template.render(Context({"rows": rows}))

    def sealed_page(start: int) -> str:
        rows = Human.objects.order_by("id").opened("head", "body", reading=Notes())
        return template.render(Context({"rows": rows[start : start + PAGE]}))

    assert plain_page(3) == sealed_page(3)
    plain, warm, cold = [], [], []
    for number in range(rounds):
        start = number * 7 % (ROWS - PAGE)
        plain.append(timed(plain_page, start))
        ring.forget_data_keys()
        cold.append(timed(sealed_page, start))
        warm.append(timed(sealed_page, start))
    return Medians(statistics.median(plain), statistics.median(warm), statistics.median(cold))


def timed(page: Callable[[int], str], start: int) -> float:
    before = time.perf_counter()
    page(start)
    return time.perf_counter() - before


def measure(*, quick: bool = False) -> Iterator[str]:
    """Plaintext, keys cached, keys cold."""
    fill()
    yield str(measured(Template(ROW), 2 if quick else ROUNDS))
