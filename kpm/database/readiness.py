"""Whether the databases are fit to serve: looked at before the site answers anybody."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from kpm import replay_log
from kpm.database import guards
from kpm.database.sqlite.base import DatabaseWrapper as SQLite

SERVED = ("default", "keys")
SEQUENCER = "sequencer"
OLDEST_POSTGRESQL = 15_00_00

# What PostgreSQL must be set to, and what goes wrong otherwise.
SETTINGS = {
    "fsync": ("on", "a power cut would destroy the database"),
    "full_page_writes": ("on", "a power cut could destroy pages"),
    "synchronous_commit": ("on", "a power cut would lose what was confirmed"),
    "data_checksums": ("on", "a dying disk would go unnoticed; enable it with pg_checksums"),
    "session_replication_role": ("origin", "ordinary triggers would not run"),
}


# While it is there, the databases are not: a restore writes it first and takes it away last.
UNFINISHED = "restore.unfinished"


# Held by every process that serves, and alone by a restore: a server between two requests has no
# connection by which it would be seen.
SERVING = "serving.lock"
_held: list[int] = []


def refuse_unless_ready() -> None:
    """Stop the start, in words, if anything is not as it must be."""
    found = problems()
    if not found and not _held and (lock := hold(alone=False)) is not None:
        _held.append(lock)
    if not (found or _held):
        found = ["A restore is at work."]
    if found:
        raise ImproperlyConfigured("The databases are not fit to serve:\n- " + "\n- ".join(found))


def refuse_without_sequencer() -> None:
    """Stop, in words, where the tree of the log cannot grow."""
    if SEQUENCER not in connections.settings:
        raise ImproperlyConfigured(
            "KPM_SEQUENCER_DATABASE is not set: the connection through which alone the log is "
            "sequenced and its keys are made. See deploy/env.example."
        )


def hold(*, alone: bool) -> int | None:
    """Serve, with others, or keep everybody from it; nothing if that is not possible now.

    The system lets go of it when the process ends, however it ends.
    """
    place = Path(settings.DATA_DIR)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(place / SERVING, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def problems() -> list[str]:
    """Everything that is wrong, over all databases."""
    if is_half_restored():
        return ["A restore has begun and not ended. Run manage.py restore again, as before."]
    found = [] if replay_log.is_writable() else ["The replay log cannot be written."]
    return found + [
        f"{alias}: {problem}" for alias in SERVED for problem in _problems_of(connections[alias])
    ]


def half_restored() -> Path:
    """The mark of a restore that has not ended."""
    return Path(settings.DATA_DIR) / UNFINISHED


def is_half_restored() -> bool:
    """Whether a restore has not ended, or was cut off."""
    return half_restored().exists()


def _problems_of(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if connection.vendor == "postgresql":
        yield from _postgresql(connection)
    elif not isinstance(connection, SQLite):
        yield "The ENGINE must be kpm.database.sqlite or django.db.backends.postgresql."
        return
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting := [str(migration) for migration, _backwards in plan]:
        yield (
            f"Migrations wait: {', '.join(waiting)}. "
            f"Run: manage.py migrate --database {connection.alias}"
        )
        return
    if missing := guards.missing(connection):
        yield (
            f"Guards are not in their places: {', '.join(missing)}. Find out who took them "
            f"away, verify the log, then run: manage.py migrate --database {connection.alias}"
        )


def _postgresql(connection: BaseDatabaseWrapper) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        if cursor.fetchone()[0] < OLDEST_POSTGRESQL:
            yield "PostgreSQL 15 is the oldest that serves."
        for name, (wanted, why) in SETTINGS.items():
            cursor.execute("SELECT current_setting(%s)", [name])
            (found,) = cursor.fetchone()
            if found != wanted:
                yield f"{name} is {found}, not {wanted}: {why}."
        cursor.execute(
            "SELECT rolsuper OR pg_has_role(current_user, datdba, 'MEMBER') "
            "FROM pg_roles, pg_database WHERE rolname = current_user "
            "AND datname = current_database()"
        )
        if cursor.fetchone()[0]:
            yield "The site is connected as the owner or a superuser, whom no guard binds."
        cursor.execute("SELECT has_table_privilege(to_regclass('audit_leaf'), 'INSERT')")
        if cursor.fetchone()[0]:
            yield (
                "The site may write what the sequencer of the log alone writes; migrate again as "
                "the owner."
            )
        cursor.execute("SELECT has_database_privilege(current_database(), 'TEMPORARY')")
        if cursor.fetchone()[0]:
            yield (
                "The site may make temporary tables, which would stand before the real ones. "
                "A restored database forgets this; migrate again as its owner."
            )
