"""Nothing in the log can be changed, removed, replaced or emptied: not by us, not by hand."""

# ruff: noqa: S608 the names in the statements stand in this file

import subprocess
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from audit.actions import start_key
from audit.models import (
    Attestation,
    Checkpoint,
    Leaf,
    LoggedEvent,
    LogKey,
    Subject,
    Tile,
)
from tests.audit.attackers import raw
from tests.audit.things import NOW, WORKER, File, sequence_all, write_events
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL

TABLES = (
    "audit_event",
    "audit_subject",
    "audit_leaf",
    "audit_tile",
    "audit_checkpoint",
    "audit_key",
    "audit_attestation",
)
COLUMNS = {
    "audit_event": "body",
    "audit_subject": "subject",
    "audit_leaf": "hash",
    "audit_tile": "data",
    "audit_checkpoint": "root",
    "audit_key": "vkey",
    "audit_attestation": "evidence",
}
KEYS = {
    "audit_event": "id",
    "audit_subject": "subject, event_id",
    "audit_leaf": "event_id",
    "audit_tile": "level, idx",
    "audit_checkpoint": "size",
    "audit_key": "generation",
    "audit_attestation": "size, witness",
}


def statements(table: str) -> list[str]:
    """Every way that SQL knows to touch rows that are there."""
    column, key = COLUMNS[table], KEYS[table]
    everything = [
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE {table} RENAME TO elsewhere",
        f"WITH one AS (SELECT 1) DELETE FROM {table}",
    ]
    if IS_POSTGRESQL:
        copies = f"INSERT INTO {table} SELECT * FROM {table}"
        if table == "audit_event":
            copies = (
                "INSERT INTO audit_event (id, body) OVERRIDING SYSTEM VALUE "
                "SELECT id, body FROM audit_event"
            )
        return [
            *everything,
            f"TRUNCATE {table}",
            f"TRUNCATE {table} CASCADE",
            f"{copies} ON CONFLICT ({key}) DO UPDATE SET {column} = EXCLUDED.{column}",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TRIGGER {guard(table)} ON {table}",
            f"MERGE INTO {table} t USING {table} s ON true WHEN MATCHED THEN DELETE",
        ]
    rows = "id, body" if table == "audit_event" else "*"
    into = f"{table} (id, body)" if table == "audit_event" else table
    return [
        *everything,
        f"REPLACE INTO {into} SELECT {rows} FROM {table}",
        f"INSERT OR REPLACE INTO {into} SELECT {rows} FROM {table}",
        f"UPDATE OR REPLACE {table} SET {column} = {column}",
        f"INSERT INTO {into} SELECT {rows} FROM {table} WHERE true "
        f"ON CONFLICT ({key}) DO UPDATE SET {column} = excluded.{column}",
        f"DROP TRIGGER {guard(table)}",
    ]


def guard(table: str) -> str:
    """The guard against changes on this table."""
    noun = {
        "audit_event": "an_event",
        "audit_subject": "a_subject_of_an_event",
        "audit_leaf": "a_leaf",
        "audit_tile": "a_tile",
        "audit_checkpoint": "a_checkpoint",
        "audit_key": "a_key_of_the_log",
        "audit_attestation": "an_attestation",
    }[table]
    return f"{noun}_is_never_changed"


def contents() -> list[list[Any]]:
    """Every row of the log."""
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (LoggedEvent, Subject, Leaf, Tile, Checkpoint, LogKey, Attestation)
    ]


@pytest.fixture
def full_log(real_commits: RealCommits) -> RealCommits:
    """A log with a row in every table."""
    write_events(256)
    with transaction.atomic():
        from audit import log
        from audit.events import Event

        log.record(Event.CASE_FILE_LISTED, by=WORKER, targets=[File("a"), File("b")])
    start_key(by=WORKER, now=NOW)
    sequence_all()
    Attestation.objects.create(size=258, witness="copy", evidence="", at="")
    assert all(contents())
    return real_commits


def test_the_application_can_only_add(full_log: RealCommits) -> None:
    before = contents()
    for table in TABLES:
        for statement in statements(table):
            with (
                pytest.raises(DatabaseError),
                transaction.atomic(),
                connections["default"].cursor() as cursor,
            ):
                cursor.execute(statement)
    assert contents() == before


def test_the_orm_can_only_add(full_log: RealCommits) -> None:
    before = contents()
    event = LoggedEvent.objects.order_by("id").first()
    assert event is not None
    for change in (
        LoggedEvent.objects.all().delete,
        lambda: LoggedEvent.objects.update(body="{}"),
        lambda: LoggedEvent.objects.bulk_update([event], ["body"]),
        event.delete,
        lambda: event.save(update_fields=["body"]),
        lambda: Leaf.objects.bulk_create(
            [Leaf(leaf_index=0, event_id=1, hash=bytes(32))],
            update_conflicts=True,
            unique_fields=["leaf_index"],
            update_fields=["hash"],
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert contents() == before


def test_guards_hold_against_sql_by_hand(full_log: RealCommits) -> None:
    """Somebody with the bare file must take a guard away first; the owner too."""
    before = contents()
    by_guards = [
        statement
        for table in TABLES
        for statement in statements(table)
        if not statement.startswith(("DROP", "ALTER"))
    ]
    with raw(full_log) as execute:
        for statement in by_guards:
            with pytest.raises(Exception, match="_is_never_"):
                execute(statement)
    assert contents() == before


if IS_POSTGRESQL:

    def psql(commits: RealCommits, user: str, statement: str) -> subprocess.CompletedProcess[str]:
        place = connections.settings["default"]
        where = ["-h", place["HOST"], "-p", str(place["PORT"]), "-d", commits.names["default"]]
        return subprocess.run(
            ["psql", "-X", "-v", "ON_ERROR_STOP=1", *where, "-U", user, "-c", statement],
            capture_output=True,
            text=True,
            check=False,
        )

    @pytest.mark.parametrize("user", ["kpm_app", "kpm_auditor"])
    def test_psql_can_only_add(full_log: RealCommits, user: str) -> None:
        before = contents()
        for table in TABLES:
            for statement in statements(table):
                done = psql(full_log, user, statement)
                assert done.returncode != 0, statement
                assert "permission denied" in done.stderr or "must be owner" in done.stderr
        assert contents() == before

    ROUND_ABOUT = [
        "INSERT INTO audit_event (body, xid) VALUES ('{}', '1')",
        "INSERT INTO audit_event (body, epoch) VALUES ('{}', 7)",
        "INSERT INTO audit_event (id, body) OVERRIDING SYSTEM VALUE VALUES (1, '{}')",
        "INSERT INTO audit_subject VALUES ('x', 1)",
        "INSERT INTO audit_epoch (epoch, system_identifier, xid) VALUES (9, '1', '1')",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (x int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM django_migrations",
        "SELECT setval(pg_get_serial_sequence('audit_event', 'id'), 1)",
        "COPY audit_event TO PROGRAM 'cat'",
    ]

    def test_the_runtime_role_cannot_go_round(full_log: RealCommits) -> None:
        for statement in ROUND_ABOUT:
            assert psql(full_log, "kpm_app", statement).returncode != 0, statement

    def test_guards_also_hold_where_a_session_pretends_to_be_a_replica(
        full_log: RealCommits,
    ) -> None:
        with raw(full_log) as execute:
            rows = execute(
                "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'"
            )
        assert rows == []

else:
    ROUND_ABOUT = [
        "INSERT INTO audit_subject VALUES ('x', 1)",
        "PRAGMA writable_schema = ON",
        "PRAGMA writable_schema",
        "PRAGMA recursive_triggers = OFF",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA synchronous = OFF",
        "PRAGMA trusted_schema = ON",
        "PRAGMA user_version = 3",
        "UPDATE sqlite_sequence SET seq = 0",
        "DELETE FROM sqlite_sequence",
        "INSERT INTO sqlite_sequence VALUES ('audit_event', 0)",
        "DELETE FROM sqlite_master",
        "ATTACH DATABASE ':memory:' AS other",
        "VACUUM",
        "VACUUM INTO '/tmp/copy'",
        "REINDEX",
        "ANALYZE",
        "CREATE TABLE mine (x)",
        "CREATE TEMP TABLE audit_event (x)",
        "CREATE TEMP TRIGGER t AFTER INSERT ON audit_event BEGIN SELECT 1; END",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE INDEX mine ON audit_event (body)",
        "CREATE VIRTUAL TABLE mine USING fts5(x)",
        "DROP INDEX audit_event_at",
        "SELECT load_extension('x')",
    ]

    def test_the_application_cannot_go_round(full_log: RealCommits) -> None:
        with connections["default"].cursor() as cursor:
            for statement in ROUND_ABOUT:
                with pytest.raises(DatabaseError):
                    cursor.execute(statement)

    def test_a_replaced_key_elsewhere_in_the_row_is_refused_by_hand(
        full_log: RealCommits,
    ) -> None:
        with raw(full_log) as execute, pytest.raises(Exception, match="a_leaf_is_never_replaced"):
            execute("REPLACE INTO audit_leaf SELECT 9999, event_id, hash FROM audit_leaf LIMIT 1")
