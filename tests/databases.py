"""Makes the databases of a test run, and copies of them for tests that really commit."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from kpm.database.routers import DOORS, KEYS_MODELS
from kpm.vault import keys
from tests.settings import ALIASES, IS_POSTGRESQL, OWNER, ROLES

numbers = count(1)


def make() -> dict[str, str]:
    """Migrated databases with a vault key; returns the names of their untouched templates."""
    names = _names()
    templates = {alias: _beside(name, "template") for alias, name in names.items()}
    for name in names.values():
        create(name)
    with _as_owner():
        call_command("migrate", database="default", run_syncdb=True, verbosity=0)
        # The steps of apps without a table there would only imagine every model once more.
        for app in sorted({label.partition(".")[0] for label in KEYS_MODELS}):
            call_command("migrate", app, database="keys", verbosity=0)
        call_command("migrate", database="keys", fake=True, run_syncdb=True, verbosity=0)
    keys.create_missing()
    connections.close_all()
    for alias in ALIASES:
        create(templates[alias], template=names[alias])
    return templates


def remove(templates: dict[str, str]) -> None:
    """Take the databases of this run away."""
    connections.close_all()
    for name in (*_names().values(), *templates.values()):
        drop(name)


@contextmanager
def copied(templates: dict[str, str]) -> Iterator[dict[str, str]]:
    """Every thread works on fresh copies of the templates, in which commits are real.

    The connections from before, which may be inside a transaction, wait aside.
    """
    number = next(numbers)
    copies = {alias: _beside(name, f"copy{number}") for alias, name in templates.items()}
    for alias, name in copies.items():
        create(name, template=templates[alias])
    aside = {alias: connections[alias] for alias in connections}
    before = {alias: connections.settings[alias]["NAME"] for alias in connections}
    _point(copies | dict.fromkeys(DOORS, copies["default"]))
    for alias in aside:
        del connections[alias]
    keys.ring.forget()
    try:
        yield copies
    finally:
        connections.close_all()
        _point(before)
        for alias, connection in aside.items():
            connections[alias] = connection
        keys.ring.forget()
        for name in copies.values():
            drop(name)


def create(name: str, *, template: str = "") -> None:
    """One database, empty or a copy of another to which nobody is connected."""
    if IS_POSTGRESQL:
        order = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        execute(order.format(sql.Identifier(name), sql.Identifier(template or "template0")))
        # A copy keeps the rights of its tables, but not those of the database itself.
        execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        for role in sorted(set(ROLES.values())):
            grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
            execute(grant.format(sql.Identifier(name), sql.Identifier(role)))
    elif template:
        shutil.copyfile(template, name)


def drop(name: str) -> None:
    """Take a database away, whoever is still connected."""
    if IS_POSTGRESQL:
        execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        return
    for ending in ("", "-wal", "-shm"):
        Path(name + ending).unlink(missing_ok=True)


def execute(statement: sql.Composable) -> None:
    """Say something to the server as the owner, outside of any transaction."""
    place = connections.settings["default"]
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=OWNER, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement)


@contextmanager
def _as_owner() -> Iterator[None]:
    """Migrate as the owner; serve as the runtime role afterwards."""
    users = {alias: connections.settings[alias]["USER"] for alias in ALIASES}
    _set("USER", dict.fromkeys(ALIASES, OWNER) if IS_POSTGRESQL else users)
    try:
        yield
    finally:
        connections.close_all()
        _set("USER", users)


def _names() -> dict[str, str]:
    return {alias: str(connections.settings[alias]["NAME"]) for alias in ALIASES}


def _beside(name: str, word: str) -> str:
    if IS_POSTGRESQL:
        return f"{name}_{word}"
    path = Path(name)
    return str(path.with_name(f"{path.stem}-{word}{path.suffix}"))


def _point(names: dict[str, Any]) -> None:
    _set("NAME", names)
    # What reads the settings sees the same dictionaries.
    for alias, name in names.items():
        settings.DATABASES[alias]["NAME"] = name


def _set(key: str, values: dict[str, Any]) -> None:
    # Connections of every thread share these dictionaries with the settings.
    for alias, value in values.items():
        connections.settings[alias][key] = value
