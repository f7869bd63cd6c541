"""Measure the work and not the disk, which every way of writing waits for alike; or with it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections
from psycopg import sql

from kpm.database.sqlite import base

# What tests/postgresql leaves out, since nothing there outlives the run.
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def do_not_wait() -> None:
    """From now on SQLite answers before the disk does; tests/postgresql does so anyway."""
    base.SETTINGS = tuple(
        ("synchronous", "NORMAL", 1) if each[0] == "synchronous" else each for each in base.SETTINGS
    )
    connections["default"].close()


@contextmanager
def waiting() -> Iterator[None]:
    """Meanwhile PostgreSQL answers when the disk has, as it does on a site."""
    _order([sql.SQL("ALTER SYSTEM SET {} = 'on'").format(sql.Identifier(each)) for each in DURABLE])
    try:
        yield
    finally:
        _order([sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(each)) for each in DURABLE])


def _order(orders: list[sql.Composed]) -> None:
    place = connections.settings["default"]
    with psycopg.connect(
        host=place["HOST"],
        port=place["PORT"],
        user="kpm_superuser",
        dbname="postgres",
        autocommit=True,
    ) as connection:
        for order in orders:
            connection.execute(order)
        connection.execute("SELECT pg_reload_conf()")
