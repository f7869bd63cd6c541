"""The page of a case file as it is served, beside the same page without its events in the log."""

import statistics
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from unittest import mock

from django.db import connection

from tests import factories
from tests.bench.disks import do_not_wait

ROUNDS = 120
# At least this share of the unaudited pages in the same time, and at most so much more work.
SPEED = {"sqlite": 0.85, "postgresql": 0.65}
PROCESSOR = 1.25


def measure(*, quick: bool = False) -> Iterator[str]:
    """Medians of one page with and without its events, taken in turn."""
    do_not_wait()
    worker = factories.make_user()
    case_file = factories.make_case_file(lead=worker)
    client = factories.client_for(worker)
    address = case_file.get_absolute_url()

    def page(is_audited: bool) -> tuple[float, float]:
        unwritten: Any = mock.patch.multiple("audit.log", _write=_nothing, _write_apart=_nothing)
        start, work = time.perf_counter(), time.process_time()
        with nullcontext() if is_audited else unwritten:
            assert client.get(address).status_code == 200
        return time.perf_counter() - start, time.process_time() - work

    page(is_audited=True)
    taken: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for _ in range(2 if quick else ROUNDS):
        for is_audited, found in taken.items():
            found.append(page(is_audited))
    whole = {each: statistics.median(one for one, _ in found) for each, found in taken.items()}
    work = {each: statistics.median(one for _, one in found) for each, found in taken.items()}
    yield (
        f"{connection.vendor}: a page of a case file, {whole[False] * 1000:.1f} ms without its "
        f"event; audited {whole[False] / whole[True]:.2f} times as fast "
        f"(target {SPEED[connection.vendor]}), {work[True] / work[False]:.2f} times the work "
        f"(target {PROCESSOR})"
    )


def _nothing(_entries: object) -> None:
    """Keep nothing."""
