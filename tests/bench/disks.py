"""Measure the work and not the disk, which every way of writing waits for alike."""

from django.db import connections

from kpm.database.sqlite import base


def do_not_wait() -> None:
    """From now on SQLite answers before the disk does; tests/postgresql does so anyway."""
    base.SETTINGS = tuple(
        ("synchronous", "NORMAL", 1) if each[0] == "synchronous" else each for each in base.SETTINGS
    )
    connections["default"].close()
