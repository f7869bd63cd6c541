"""The site refuses to start on a database that is not fit to serve, and says why."""

import importlib
import os

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper as Plain

from kpm.database import readiness, roles
from kpm.management.commands import work
from tests.audit.attackers import as_owner, raw
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL

# Throwaway servers do not reach the disk, and a copied database forgets who may do what.
TOLERATED = ("fsync is off", "full_page_writes is off", "synchronous_commit is off", "temporary")


def problems() -> list[str]:
    return [one for one in readiness.problems() if not any(word in one for word in TOLERATED)]


def test_a_migrated_database_with_its_guards_is_fit(real_commits: RealCommits):
    assert problems() == []


def test_a_missing_guard_stops_the_start(real_commits: RealCommits):
    with raw(real_commits) as execute:
        table = " ON audit_event" if IS_POSTGRESQL else ""
        execute(f"DROP TRIGGER an_event_is_never_deleted{table}")
    (problem,) = problems()
    assert problem.startswith("default: Guards are not in their places: an_event_is_never_deleted")
    with pytest.raises(ImproperlyConfigured, match="an_event_is_never_deleted"):
        readiness.refuse_unless_ready()


def test_the_server_does_not_start_either(real_commits: RealCommits, monkeypatch):
    monkeypatch.setattr(readiness, "problems", list)
    wsgi = importlib.import_module("kpm.wsgi")
    monkeypatch.setattr(readiness, "problems", lambda: ["it is raining"])
    with pytest.raises(ImproperlyConfigured, match="it is raining"):
        importlib.reload(wsgi)


def test_waiting_migrations_stop_the_start(real_commits: RealCommits):
    with as_owner(), connection.cursor() as cursor:
        if not IS_POSTGRESQL:
            connection.set_lifted(True)
        cursor.execute("DELETE FROM django_migrations WHERE app = 'audit'")
        if not IS_POSTGRESQL:
            connection.set_lifted(False)
    (problem,) = problems()
    assert "Migrations wait: audit.0001_initial" in problem
    assert "manage.py migrate --database default" in problem


def test_another_engine_stops_the_start(monkeypatch):
    plain = Plain(connections.settings["default"] | {"ENGINE": "django.db.backends.sqlite3"})
    (problem,) = readiness._problems_of(plain)
    assert problem.startswith("The ENGINE must be kpm.database.sqlite")


def test_without_a_door_for_the_sequencer_nothing_sequences_and_no_key_is_made(
    real_commits: RealCommits, monkeypatch
):
    monkeypatch.setattr(work, "refuse_unless_ready", lambda: None)
    with monkeypatch.context() as without:
        without.delitem(connections.settings, "sequencer")
        with pytest.raises(ImproperlyConfigured, match="KPM_SEQUENCER_DATABASE is not set"):
            call_command("work", "--once")
        with pytest.raises(CommandError, match="KPM_SEQUENCER_DATABASE is not set"):
            call_command("create_keys")


if IS_POSTGRESQL:

    def test_a_site_that_may_write_the_tree_stops_the_start(real_commits: RealCommits):
        with raw(real_commits) as execute:
            execute("GRANT INSERT ON audit_leaf TO kpm_app")
        assert any("the sequencer of the log alone" in problem for problem in problems())

    def test_a_connection_as_the_owner_stops_the_start(real_commits: RealCommits):
        with as_owner():
            assert any("connected as the owner" in problem for problem in problems())

    def test_lax_settings_stop_the_start(real_commits: RealCommits, monkeypatch):
        monkeypatch.setattr(
            readiness, "SETTINGS", {"synchronous_commit": ("remote_apply", "it rains")}
        )
        monkeypatch.setattr(readiness, "OLDEST_POSTGRESQL", 99_00_00)
        found = "\n".join(readiness.problems())
        assert "PostgreSQL 15 is the oldest" in found
        assert "not remote_apply: it rains." in found

    def test_temporary_tables_are_refused_once_migrated_in_place(real_commits: RealCommits):
        with raw(real_commits) as execute:
            # As a restored database gives it to everybody.
            execute(f'GRANT TEMPORARY ON DATABASE "{real_commits.names["default"]}" TO PUBLIC')
        assert any("temporary tables" in problem for problem in readiness.problems())
        with as_owner():
            for alias in ("default", "keys"):
                roles.grant(connections[alias])
        assert not any("temporary tables" in problem for problem in readiness.problems())
        with (
            raw(real_commits, user="kpm_app") as execute,
            pytest.raises(Exception, match="permission denied"),
        ):
            execute("CREATE TEMPORARY TABLE audit_event (x int)")


def test_whoever_serves_keeps_a_restore_away_and_the_other_way_round(
    settings, tmp_path, monkeypatch
):
    settings.DATA_DIR = tmp_path / "data"
    monkeypatch.setattr(readiness, "_held", [])
    monkeypatch.setattr(readiness, "problems", list)
    alone = readiness.hold(alone=True)
    assert alone is not None
    with pytest.raises(ImproperlyConfigured, match="A restore is at work"):
        readiness.refuse_unless_ready()
    os.close(alone)
    readiness.refuse_unless_ready()
    readiness.refuse_unless_ready()
    assert len(readiness._held) == 1
    assert readiness.hold(alone=True) is None
    # Others may serve beside it.
    other = readiness.hold(alone=False)
    assert other is not None
    for lock in (other, *readiness._held):
        os.close(lock)


def test_a_half_restored_site_does_not_start(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    readiness.half_restored().touch()
    assert readiness.problems() == [
        "A restore has begun and not ended. Run manage.py restore again, as before."
    ]
    with pytest.raises(ImproperlyConfigured, match="not ended"):
        readiness.refuse_unless_ready()


def test_where_nothing_can_be_written_down_that_ends_nobody_starts(
    real_commits: RealCommits, monkeypatch
):
    monkeypatch.setattr(readiness.replay_log, "is_writable", lambda: False)
    assert problems() == ["The replay log cannot be written."]
