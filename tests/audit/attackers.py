"""Somebody with the bare file (SQLite) or the owner's password (PostgreSQL), past our code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg
import pysqlite3
from django.db import connections

from tests import databases
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL, OWNER


class Execute(Protocol):
    """Run one statement and give its rows."""

    def __call__(self, statement: str, *values: Any) -> list[Any]: ...


@contextmanager
def raw(commits: RealCommits, user: str = OWNER) -> Iterator[Execute]:
    """A connection of our own making, with none of our settings; guards stand."""
    if IS_POSTGRESQL:
        place = connections.settings["default"]
        server = psycopg.connect(
            host=place["HOST"],
            port=place["PORT"],
            user=user,
            dbname=commits.names["default"],
            autocommit=True,
        )
    else:
        server = pysqlite3.connect(commits.names["default"], isolation_level=None)

    def execute(statement: str, *values: Any) -> list[Any]:
        if IS_POSTGRESQL:
            cursor = server.execute(statement.replace("?", "%s"), values or None)
        else:
            cursor = server.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []

    try:
        yield execute
    finally:
        server.close()


@contextmanager
def as_owner() -> Iterator[None]:
    """Our own code, connected as whoever may migrate."""
    connections.close_all()
    with databases._as_owner():
        yield


@contextmanager
def unguarded(commits: RealCommits) -> Iterator[Execute]:
    """Guards are taken away, and put back so that nobody notices."""
    with raw(commits) as execute:
        if IS_POSTGRESQL:
            found = execute(
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
            )
            for table, name in found:
                execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            yield execute
            for table, name in found:
                execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        else:
            found = execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            for name, _sql in found:
                execute(f'DROP TRIGGER "{name}"')
            yield execute
            for _name, sql in found:
                execute(sql)
