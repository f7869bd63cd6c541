"""Whole databases as streams of bytes, taken while they are used, and put back into empty ones.

SQLite: the backup API under one read transaction, into a file beside the database that loses its
name before anything is read from it. PostgreSQL: pg_dump and pg_restore as the owner.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Final
from urllib.parse import quote

import pysqlite3
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from psycopg.conninfo import conninfo_to_dict, make_conninfo

PIECE: Final = 8 * 1024 * 1024
PAGES: Final = 4096
PART: Final = "kpm-backup-"
ENDINGS: Final = ("", "-wal", "-shm", "-journal")
# So many seconds PostgreSQL may take to notice that somebody has left.
LEAVING: Final = 2.0

Heard = Callable[[int], None]


class Failed(Exception):
    """A database could not be copied or put back; the words are for the operator."""


def engine() -> str:
    """The engine underneath: a dump is put back into the one that it was taken from."""
    return str(connections["default"].vendor)


def taken(alias: str, heard: Heard) -> Iterator[bytes]:
    """A database as it is at one moment, in pieces; `heard` is told how many bytes there were."""
    source = _taken_by_pg_dump if engine() == "postgresql" else _taken_by_copying
    count = 0
    with closing(source(alias)) as pieces:
        for piece in pieces:
            yield piece
            count += len(piece)
            heard(count)


def put_back(alias: str, pieces: Iterable[bytes]) -> None:
    """Fill an empty database."""
    if engine() == "postgresql":
        _put_back_by_pg_restore(alias, pieces)
    else:
        _put_back_by_copying(alias, pieces)


def is_empty(alias: str) -> bool:
    """Whether there is nothing that a restore would overwrite."""
    if engine() == "postgresql":
        with connections[alias].cursor() as cursor:
            return not connections[alias].introspection.table_names(cursor)
    return not _file(alias).exists()


def _are_others_connected(alias: str) -> bool:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
        )
        return bool(cursor.fetchone()[0])


def is_used(alias: str) -> bool:
    """Whether another process has the database open."""
    if engine() == "postgresql":
        end = time.monotonic() + LEAVING
        while is_connected := _are_others_connected(alias):
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        return is_connected
    if not _file(alias).exists():
        return False
    with closing(pysqlite3.connect(_file(alias), timeout=0)) as connection:
        try:
            # Only who is alone may leave writing ahead.
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        except pysqlite3.DatabaseError as error:
            # Anything else is wrong with a file that is about to go.
            return "locked" in str(error)
    return False


def clear(alias: str) -> None:
    """Take away what is there."""
    if engine() == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
        return
    for ending in ENDINGS:
        _file(alias).with_name(_file(alias).name + ending).unlink(missing_ok=True)


@contextmanager
def as_owner() -> Iterator[None]:
    """The databases as their owner, who may change shapes; elsewhere nobody serves as owner."""
    if engine() == "sqlite":
        forget_connections()
        yield
        return
    before = {alias: connections.settings[alias] for alias in ("default", "keys")}
    owners = {alias: _owners_settings(alias) for alias in before}
    forget_connections()
    connections.settings.update(owners)
    try:
        yield
    finally:
        forget_connections()
        connections.settings.update(before)


def forget_connections() -> None:
    """Close every connection of this process, those that wait in a pool too."""
    for alias in connections:
        connection: Any = connections[alias]
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()
        del connections[alias]


def remove_leftovers() -> None:
    """Take away what a backup left that was cut off."""
    for alias in ("default", "keys"):
        if engine() == "sqlite":
            for path in _file(alias).parent.glob(f"{PART}*"):
                path.unlink(missing_ok=True)


# --- SQLite


def _file(alias: str) -> Path:
    return Path(str(connections.settings[alias]["NAME"]))


def _taken_by_copying(alias: str) -> Generator[bytes, None, None]:
    with _copied(_file(alias)) as copy:
        while piece := copy.read(PIECE):
            yield piece


@contextmanager
def _copied(path: Path) -> Iterator[BinaryIO]:
    """A copy without a name: the system forgets it when this process ends, however it ends."""
    descriptor, name = tempfile.mkstemp(prefix=PART, dir=path.parent)
    os.close(descriptor)
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=ro"
        with (
            closing(pysqlite3.connect(address, uri=True, isolation_level=None)) as source,
            closing(pysqlite3.connect(name)) as target,
        ):
            target.execute("PRAGMA journal_mode = OFF")
            target.execute("PRAGMA synchronous = OFF")
            # One moment for all steps, however much is written meanwhile.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target, pages=PAGES)
        copy = Path(name).open("rb")  # noqa: SIM115 closed below, after its name is gone
    except pysqlite3.Error as error:
        raise Failed(f"{path.name} could not be copied: {error}.") from None
    finally:
        os.unlink(name)
    with copy:
        yield copy


def _put_back_by_copying(alias: str, pieces: Iterable[bytes]) -> None:
    path = _file(alias)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    with closing(pysqlite3.connect(path)) as connection:
        try:
            ((found,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
        except pysqlite3.DatabaseError as error:
            found = error
    if found != "ok":
        raise Failed(f"{path.name} is not whole: {found}.")


# --- PostgreSQL


def _owners_words(alias: str) -> dict[str, Any]:
    name = "KPM_OWNER_DATABASE" if alias == "default" else "KPM_OWNER_KEYS_DATABASE"
    words = getattr(settings, name)
    if not words:
        raise ImproperlyConfigured(
            f"{name} is not set: how the owner connects to the database. See deploy/env.example."
        )
    return conninfo_to_dict(words)


def _owners_settings(alias: str) -> dict[str, Any]:
    parts = _owners_words(alias)
    names = {"dbname": "NAME"} | {
        name: name.upper() for name in ("user", "password", "host", "port")
    }
    ours = {setting: str(parts.pop(name, "")) for name, setting in names.items()}
    return {**connections.settings[alias], **ours, "OPTIONS": parts}


def _started(program: str, alias: str, arguments: list[str], **streams: Any) -> Any:
    """A program of PostgreSQL as the owner; its password is no argument, which all could read."""
    found = shutil.which(program)
    if found is None:
        raise Failed(f"{program} is not installed: apt-get install postgresql-client.")
    parts = _owners_words(alias)
    password = parts.pop("password", None)
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("KPM_")}
    if password is not None:
        surroundings["PGPASSWORD"] = str(password)
    return subprocess.Popen(  # noqa: S603 a program of PostgreSQL, arguments of our own
        [found, "--no-password", f"--dbname={make_conninfo(**parts)}", *arguments],
        env=surroundings,
        **streams,
    )


def _check(program: str, process: Any, told: IO[bytes]) -> None:
    if process.wait():
        told.seek(0)
        words = told.read().decode(errors="replace").strip()
        raise Failed(f"{program} ended with {process.returncode}: {words}")


def _taken_by_pg_dump(alias: str) -> Generator[bytes, None, None]:
    with tempfile.TemporaryFile() as told:
        process = _started(
            "pg_dump", alias, ["--format=custom"], stdout=subprocess.PIPE, stderr=told
        )
        try:
            while piece := process.stdout.read(PIECE):
                yield piece
            _check("pg_dump", process, told)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _put_back_by_pg_restore(alias: str, pieces: Iterable[bytes]) -> None:
    """In one transaction; rights are given by the migration that follows."""
    arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    with tempfile.TemporaryFile() as told:
        process = _started("pg_restore", alias, arguments, stdin=subprocess.PIPE, stderr=told)
        try:
            # When it ends early, its own words say why.
            with suppress(BrokenPipeError):
                for piece in pieces:
                    process.stdin.write(piece)
            with suppress(BrokenPipeError):
                process.stdin.close()
            _check("pg_restore", process, told)
        finally:
            process.kill()
            process.wait()
