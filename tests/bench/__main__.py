"""Measure KPM beside its peers, in one run:  python -m tests.bench [--quick] [NAME…]

The ratios count, the times depend on the machine. On PostgreSQL the same behind tests/postgresql.
With --quick everything is done a few times only, which shows that it can be done.
"""

import os
import sys
from importlib import import_module

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

# Each has a `measure(quick=False)` that yields its figures, a line each.
NAMES = (
    "list_page",
    "long_list",
    "inserts",
    # It counts every data key there is, and the search makes as many again.
    "rotation",
    "search",
    "shredding",
    "attachments",
    "appending",
    "tree",
    "audited_page",
    "matching",
)


def main(names: list[str], *, quick: bool) -> None:
    """Make the databases of a test run, measure, and take them away."""
    import django

    django.setup()
    from tests import databases

    templates = databases.make()
    try:
        for name in names or NAMES:
            for line in import_module(f"tests.bench.{name}").measure(quick=quick):
                print(line, flush=True)  # noqa: T201 the figures are what it is run for
    finally:
        databases.remove(templates)


if __name__ == "__main__":
    words = sys.argv[1:]
    main([word for word in words if word != "--quick"], quick="--quick" in words)
