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
    Detail,
    Leaf,
    LoggedEvent,
    LogKey,
    Subject,
    Tile,
)
from kpm.database.log_tables import SEEN_BY_SEQUENCER
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
EVERYTHING = (*TABLES, "audit_detail", *(["audit_epoch"] if IS_POSTGRESQL else []))
COLUMNS = {
    "audit_event": "body",
    "audit_subject": "subject",
    "audit_leaf": "hash",
    "audit_tile": "data",
    "audit_checkpoint": "root",
    "audit_key": "vkey",
    "audit_attestation": "evidence",
    "audit_detail": "salt",
    "audit_epoch": "system_identifier",
}
KEYS = {
    "audit_event": "id",
    "audit_subject": "subject, event_id",
    "audit_leaf": "event_id",
    "audit_tile": "level, idx",
    "audit_checkpoint": "size",
    "audit_key": "generation",
    "audit_attestation": "size, witness",
    "audit_detail": "ev",
    "audit_epoch": "epoch",
}
EV = "01999999-9999-7999-8999-999999999999"
NEEDED = '{"a":"s:x","act":"x","at":"x","out":"ok"}'
# A row that would be new; its values are none that a table refuses by itself.
NEW = {
    "audit_event": f"(body) VALUES ('{NEEDED}')",
    "audit_subject": "(subject, event_id) VALUES ('x', 1)",
    "audit_leaf": "(leaf_index, event_id, hash) VALUES (9999, 9999, {hash})",
    "audit_tile": "(level, idx, data) VALUES (7, 0, {tile})",
    "audit_checkpoint": "(size, root, at, epoch, xid, event_id, note) "
    "VALUES (9999, {hash}, '', 1, 1, 1, '')",
    "audit_key": "(generation, vkey, note, at) VALUES (9, 'x', '', '')",
    "audit_attestation": "(size, witness, evidence, at) VALUES (9999, 'x', '', '')",
    "audit_detail": f"(ev, salt, body) VALUES ('{EV}', {{hash}}, {{hash}})",
    "audit_epoch": "(epoch, system_identifier) VALUES (9, 'x')",
}
# Who may add which rows. Whoever serves may also take a detail away: it is what can be erased.
MEANT = {
    "default": {"audit_event", "audit_detail"},
    "sequencer": {
        *("audit_leaf", "audit_tile", "audit_checkpoint", "audit_key", "audit_attestation"),
        *(["audit_epoch"] if IS_POSTGRESQL else []),
    },
    "auditor": set(),
}
ROLE = {"default": "kpm_app", "sequencer": "kpm_sequencer", "auditor": "kpm_auditor"}


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


def new_row(table: str) -> str:
    """Add a row that is not there yet."""
    hashed, tile = "ab" * 32, "cd" * 8192
    form = "decode('{}', 'hex')" if IS_POSTGRESQL else "x'{}'"
    return f"INSERT INTO {table} {NEW[table]}".replace("{hash}", form.format(hashed)).replace(
        "{tile}", form.format(tile)
    )


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
        "audit_detail": "a_detail",
        "audit_epoch": "an_epoch",
    }[table]
    return f"{noun}_is_never_changed"


def contents() -> list[list[Any]]:
    """Every row of the log."""
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (LoggedEvent, Subject, Leaf, Tile, Checkpoint, LogKey, Attestation, Detail)
    ]


@pytest.fixture
def full_log(real_commits: RealCommits) -> RealCommits:
    """A log with a row in every table."""
    write_events(256)
    with transaction.atomic():
        from audit import log
        from audit.events import Event

        log.record(
            Event.CASE_FILE_LISTED,
            by=WORKER,
            targets=[File("a"), File("b")],
            detail={"count": 2},
        )
    start_key(by=WORKER, now=NOW)
    sequence_all()
    rows = Attestation.objects.using("sequencer")
    rows.create(size=258, witness="copy", evidence="", at="")
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


class Undone(Exception):
    """It was let through, and is not kept."""


def is_accepted(alias: str, statement: str) -> bool:
    """Whether this door lets a statement through; it is undone."""
    try:
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(statement)
            raise Undone
    except Undone:
        return True
    except DatabaseError:
        return False


@pytest.mark.parametrize("alias", MEANT)
def test_each_door_adds_what_it_is_meant_to_and_changes_nothing(
    full_log: RealCommits, alias: str
) -> None:
    before = contents()
    assert {table for table in EVERYTHING if is_accepted(alias, new_row(table))} == MEANT[alias]
    accepted = {
        statement
        for table in EVERYTHING
        for statement in statements(table)
        if is_accepted(alias, statement)
    }
    if alias == "default":
        assert {statement for statement in accepted if "DELETE" not in statement} == set()
        assert {statement for statement in accepted if "audit_detail" not in statement} == set()
    else:
        assert accepted == set()
    assert contents() == before


@pytest.mark.parametrize("alias", ["sequencer", "auditor"])
def test_no_other_door_shows_a_case(full_log: RealCommits, alias: str) -> None:
    tables = set(connections["default"].introspection.table_names())
    seen = {table for table in tables if is_accepted(alias, f"SELECT * FROM {table}")}
    meant = {table for table in tables if table.startswith("audit_")}
    assert seen == (meant & SEEN_BY_SEQUENCER if alias == "sequencer" else meant)


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

    @pytest.mark.parametrize("user", ROLE.values())
    def test_psql_can_only_add(full_log: RealCommits, user: str) -> None:
        before = contents()
        for table in TABLES:
            for statement in statements(table):
                done = psql(full_log, user, statement)
                assert done.returncode != 0, statement
                assert "permission denied" in done.stderr or "must be owner" in done.stderr
        assert contents() == before

    @pytest.mark.parametrize("alias", MEANT)
    def test_psql_adds_only_what_the_role_is_meant_to(full_log: RealCommits, alias: str) -> None:
        done = {
            table: psql(full_log, ROLE[alias], f"BEGIN; {new_row(table)}; ROLLBACK").returncode
            for table in EVERYTHING
        }
        assert {table for table, code in done.items() if code == 0} == MEANT[alias]

    ROUND_ABOUT = [
        "INSERT INTO audit_event (body, xid) VALUES ('{}', '1')",
        "INSERT INTO audit_event (body, epoch) VALUES ('{}', 7)",
        "INSERT INTO audit_event (id, body) OVERRIDING SYSTEM VALUE VALUES (1, '{}')",
        "INSERT INTO audit_subject VALUES ('x', 1)",
        "INSERT INTO audit_epoch (epoch, system_identifier, xid) VALUES (9, '1', '1')",
        "SET ROLE kpm_owner",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (x int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM django_migrations",
        "SELECT setval(pg_get_serial_sequence('audit_event', 'id'), 1)",
        "COPY audit_event TO PROGRAM 'cat'",
    ]

    def test_no_role_can_go_round(full_log: RealCommits) -> None:
        for statement in ROUND_ABOUT:
            for user in ROLE.values():
                assert psql(full_log, user, statement).returncode != 0, (user, statement)

    def test_nobody_becomes_another_role(full_log: RealCommits) -> None:
        for user in ROLE.values():
            for other in {*ROLE.values()} - {user}:
                assert psql(full_log, user, f"SET ROLE {other}").returncode != 0

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
        for alias in MEANT:
            with connections[alias].cursor() as cursor:
                for statement in ROUND_ABOUT:
                    with pytest.raises(DatabaseError):
                        cursor.execute(statement)

    def test_a_replaced_key_elsewhere_in_the_row_is_refused_by_hand(
        full_log: RealCommits,
    ) -> None:
        with raw(full_log) as execute, pytest.raises(Exception, match="a_leaf_is_never_replaced"):
            execute("REPLACE INTO audit_leaf SELECT 9999, event_id, hash FROM audit_leaf LIMIT 1")
