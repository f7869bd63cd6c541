"""The embedded database: settings of a system of record, and a door for the auditor."""

import sqlite3
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from kpm.database.sqlite import base
from kpm.database.sqlite.base import READING, SETTINGS, DatabaseWrapper


@pytest.fixture
def made(django_db_blocker):
    """Connections of their own, closed at the end."""
    found: list[DatabaseWrapper] = []

    def make(name: object, **options: object) -> DatabaseWrapper:
        settings = connections.settings["keys"] | {"NAME": name, "OPTIONS": options}
        wrapper = DatabaseWrapper(settings | {"ENGINE": "kpm.database.sqlite"}, "keys")
        found.append(wrapper)
        return wrapper

    with django_db_blocker.unblock():
        yield make
    for wrapper in found:
        wrapper.set_lifted(True)
        wrapper.close()
        if wrapper.connection is not None:
            wrapper.connection.close()


@pytest.fixture
def place(tmp_path: Path, made) -> Path:
    """A file with a table of the log and a table of cases."""
    path = tmp_path / "a place with ? and #.sqlite3"
    wrapper = made(path)
    with wrapper.lifted(), wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE audit_event (id INTEGER PRIMARY KEY, body TEXT)")
        cursor.execute("CREATE TABLE casework_person (id INTEGER PRIMARY KEY, body TEXT)")
        cursor.execute("CREATE VIEW audit_trick AS SELECT body FROM casework_person")
    return path


def test_sqlite_is_the_mended_one():
    assert sqlite3.sqlite_version_info >= base.OLDEST


def test_an_old_sqlite_is_refused(tmp_path: Path, made, monkeypatch):
    monkeypatch.setattr(base, "OLDEST", (99, 0, 0))
    with pytest.raises(ImproperlyConfigured, match="may corrupt its files"):
        made(tmp_path / "x.sqlite3").cursor()


def test_every_connection_has_the_settings_of_a_system_of_record(place: Path, made):
    with made(place).cursor() as cursor:
        for name, _wanted, expected in SETTINGS:
            assert cursor.execute(f"PRAGMA {name}").fetchone()[0] == expected, name
        assert cursor.execute("PRAGMA busy_timeout").fetchone()[0] == base.TIMEOUT * 1000


def test_a_setting_that_does_not_hold_stops_the_start(place: Path, made, monkeypatch):
    monkeypatch.setattr(base, "SETTINGS", (("page_size", "512", 512),))
    with pytest.raises(ImproperlyConfigured, match="SQLite kept page_size at 4096"):
        made(place).cursor()


def test_a_database_in_memory_does_without_its_journal(made):
    with made(":memory:").cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "memory"


def test_writers_queue_from_the_start_of_their_transactions(place: Path, made):
    wrapper = made(place)
    wrapper.ensure_connection()
    assert wrapper.transaction_mode == "IMMEDIATE"


def test_shapes_change_only_while_that_is_lifted(place: Path, made):
    wrapper = made(place)
    with wrapper.cursor() as cursor:
        with pytest.raises(DatabaseError):
            cursor.execute("CREATE TABLE more (x)")
        with wrapper.lifted():
            cursor.execute("CREATE TABLE more (x)")
            with wrapper.lifted():
                cursor.execute("DROP TABLE more")
            cursor.execute("CREATE TABLE more (x)")
        # Not even a statement that was prepared while it was.
        for _ in range(2):
            with pytest.raises(DatabaseError):
                cursor.execute("DROP TABLE more")


def test_lifting_holds_for_a_connection_that_is_made_later(place: Path, made):
    wrapper = made(place)
    wrapper.set_lifted(True)
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE more (x)")


def test_looking_is_allowed(place: Path, made):
    with made(place).cursor() as cursor:
        cursor.execute("PRAGMA table_info(audit_event)")
        cursor.execute("PRAGMA foreign_key_check")
        cursor.execute("PRAGMA integrity_check")
        cursor.execute("SELECT name FROM sqlite_master")


def test_the_auditor_reads_the_log(place: Path, made):
    with made(place, read_only=True).cursor() as cursor:
        for name, _wanted, expected in READING:
            with pytest.raises(DatabaseError):
                cursor.execute(f"PRAGMA {name}")
            assert expected is not None
        assert cursor.execute("SELECT count(*) FROM audit_event").fetchone() == (0,)
        cursor.execute("SELECT e.id, one.value FROM audit_event e, json_each(e.body) AS one")
        cursor.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) "
            "SELECT * FROM n, audit_event"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT body FROM casework_person",
        "SELECT count(*) FROM casework_person",
        "SELECT 1 FROM casework_person",
        "SELECT * FROM audit_trick",
        "SELECT * FROM audit_event WHERE id IN (SELECT id FROM casework_person)",
        "SELECT name FROM sqlite_master",
        "SELECT name FROM pragma_table_list",
        "SELECT * FROM pragma_table_info('casework_person')",
        "SELECT * FROM dbstat",
        "INSERT INTO audit_event (body) VALUES ('{}')",
        "UPDATE audit_event SET body = ''",
        "DELETE FROM audit_event",
        "PRAGMA query_only = OFF",
        "PRAGMA table_info(casework_person)",
        "ATTACH DATABASE ':memory:' AS other",
        "VACUUM INTO 'copy.sqlite3'",
        "CREATE TEMP TABLE x (y)",
    ],
)
def test_the_auditor_reads_and_does_nothing_else(place: Path, made, statement: str):
    with made(place, read_only=True).cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute(statement)


def test_the_auditors_file_is_opened_for_reading_only(place: Path, made):
    """Even if nothing else refused: the file itself is."""
    wrapper = made(place, read_only=True)
    wrapper.ensure_connection()
    wrapper.connection.set_authorizer(None)
    wrapper.connection.execute("PRAGMA query_only = OFF")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        wrapper.connection.execute("INSERT INTO audit_event (body) VALUES ('{}')")


def test_the_auditor_can_look_into_a_database_in_memory(made):
    wrapper = made("file:for_the_auditor?mode=memory&cache=shared", read_only=True)
    with wrapper.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute("CREATE TABLE x (y)")
