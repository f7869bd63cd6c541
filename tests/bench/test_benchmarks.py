"""The benchmarks still run, and what they compare still gives the same answer."""

import re
from importlib import import_module

import pytest

from tests.bench.__main__ import NAMES


@pytest.mark.no_cover
@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_gives_figures(name: str) -> None:
    lines = list(import_module(f"tests.bench.{name}").measure(quick=True))
    assert lines
    assert all(re.search(r"\d", line) for line in lines)
