"""The benchmarks still run, and what they compare still gives the same answer."""

import os
import subprocess
import sys

import pytest

from tests.bench.__main__ import NAMES


# What is measured is measured without counting lines, which other tests reach.
@pytest.mark.engine
@pytest.mark.no_cover
def test_benchmarks_give_figures() -> None:
    # Databases of its own: the peers have tables that the site does not know.
    environment = {name: value for name, value in os.environ.items() if name != "KPM_TEST_DIR"}
    asked = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    lines = asked.stdout.splitlines()
    assert len(lines) > len(NAMES)
    assert all(any(sign.isdigit() for sign in line) for line in lines)
