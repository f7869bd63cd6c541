"""Guards stand after every migration, are looked for, and each names its rule when it refuses."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from kpm.database import guards, migrations
from kpm.database.guards import Guard, append_only, every_guard, refuse
from tests.audit.attackers import as_owner, raw
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL


def test_a_guard_is_named_by_a_sentence():
    for name in ("", "A level", "x" * 64, "drop table; --"):
        with pytest.raises(ValueError, match="no name for a guard"):
            Guard(name=name, table="t")


def test_no_two_guards_have_one_name(monkeypatch):
    from kpm.database import log_guards

    every_guard.cache_clear()
    monkeypatch.setattr(log_guards, "GUARDS", [*log_guards.GUARDS, log_guards.GUARDS[0]])
    with pytest.raises(ValueError, match="an_event_is_never_changed"):
        every_guard()
    every_guard.cache_clear()


def test_conditions_are_the_same_on_both_engines_unless_said_otherwise():
    one = refuse("a_rule_of_ours", "t", before="UPDATE OF a, b", when="NEW.a > NEW.b")
    assert "NEW.a > NEW.b" in one.sqlite
    assert "NEW.a > NEW.b" in one.postgresql
    assert "RETURN NEW" in one.postgresql
    other = refuse("a_rule_of_ours", "t", before="DELETE", when="OLD.a", postgresql="OLD.a > 0")
    assert "OLD.a > 0" not in other.sqlite
    assert "OLD.a > 0" in other.postgresql
    assert "RETURN OLD" in other.postgresql


def test_only_tables_with_row_numbers_are_asked_for_them():
    with_numbers = append_only("t", "a_row", ("a", "b"))[2].sqlite
    assert 'k."rowid" = NEW."rowid"' in with_numbers
    assert 'k."a" = NEW."a" AND k."b" = NEW."b"' in with_numbers
    assert "rowid" not in append_only("t", "a_row", ("a",), has_rowid=False)[2].sqlite


@pytest.mark.django_db
def test_every_guard_of_a_table_that_is_there_stands():
    for alias in ("default", "keys"):
        assert guards.missing(connections[alias]) == []
    here = {
        guard.table for alias in ("default", "keys") for guard in guards.here(connections[alias])
    }
    # There is one table that only PostgreSQL needs.
    elsewhere = {guard.table for guard in every_guard()} - here
    assert elsewhere == (set() if IS_POSTGRESQL else {"audit_epoch"})


@pytest.mark.django_db
def test_every_history_only_grows():
    histories = {m._meta.db_table for m in apps.get_models() if hasattr(m, "instance_type")}
    assert histories
    assert histories <= guards.forbidden("UPDATE")
    assert histories <= guards.forbidden("DELETE")


def test_a_guard_that_is_gone_switched_off_or_rewritten_is_missed(real_commits: RealCommits):
    with raw(real_commits) as execute:
        if IS_POSTGRESQL:
            execute("DROP TRIGGER an_event_is_never_changed ON audit_event")
            execute("ALTER TABLE audit_event DISABLE TRIGGER an_event_is_never_deleted")
            execute("ALTER TABLE audit_leaf ENABLE TRIGGER a_leaf_is_never_deleted")
            execute(
                "CREATE OR REPLACE FUNCTION a_leaf_is_never_changed() RETURNS trigger "
                "LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RETURN NEW; END $$"
            )
            execute("ALTER FUNCTION a_tile_is_never_changed() RESET search_path")
        else:
            execute("DROP TRIGGER an_event_is_never_changed")
            execute("DROP TRIGGER an_event_is_never_deleted")
            execute("DROP TRIGGER a_leaf_is_never_deleted")
            execute("DROP TRIGGER a_leaf_is_never_changed")
            execute("DROP TRIGGER a_tile_is_never_changed")
            execute(
                "CREATE TRIGGER a_leaf_is_never_changed BEFORE UPDATE ON audit_leaf "
                "BEGIN SELECT 1; END"
            )
            execute(
                "CREATE TRIGGER a_tile_is_never_changed BEFORE UPDATE ON audit_leaf "
                "BEGIN SELECT 1; END"
            )
    assert set(guards.missing(connection)) == {
        "an_event_is_never_changed",
        "an_event_is_never_deleted",
        "a_leaf_is_never_deleted",
        "a_leaf_is_never_changed",
        "a_tile_is_never_changed",
    }
    with as_owner():
        call_command("migrate", verbosity=0)
        assert guards.missing(connection) == []
    assert guards.missing(connection) == []


# A guard that is there, switched on, with the body as written, and never says anything.
HOLLOWED = {
    "never": "BEFORE UPDATE ON audit_leaf FOR EACH ROW WHEN ({no})",
    "too late": "AFTER UPDATE ON audit_leaf FOR EACH ROW",
    "of another act": "BEFORE INSERT ON audit_leaf FOR EACH ROW WHEN ({no})",
    "of one column": "BEFORE UPDATE OF event_id ON audit_leaf FOR EACH ROW",
}


@pytest.mark.parametrize("moment", HOLLOWED.values(), ids=HOLLOWED)
def test_a_guard_that_is_asked_at_another_moment_is_missed(real_commits: RealCommits, moment: str):
    name = "a_leaf_is_never_changed"
    with raw(real_commits) as execute:
        execute(f"DROP TRIGGER {name}{' ON audit_leaf' if IS_POSTGRESQL else ''}")
        does = (
            f"EXECUTE FUNCTION {name}()"
            if IS_POSTGRESQL
            else f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        )
        moment = moment.format(no="false" if IS_POSTGRESQL else "0")
        execute(f"CREATE TRIGGER {name} {moment} {does}")
        if IS_POSTGRESQL:
            execute(f"ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER {name}")
    assert guards.missing(connection) == [name]


def test_guards_of_earlier_versions_go(real_commits: RealCommits):
    with raw(real_commits) as execute:
        if IS_POSTGRESQL:
            execute(
                "CREATE FUNCTION an_old_rule() RETURNS trigger LANGUAGE plpgsql "
                "AS $$ BEGIN RETURN NULL; END $$"
            )
            execute(
                "CREATE TRIGGER an_old_rule BEFORE INSERT ON audit_event "
                "FOR EACH ROW EXECUTE FUNCTION an_old_rule()"
            )
        else:
            execute(
                "CREATE TRIGGER an_old_rule BEFORE INSERT ON audit_event "
                "BEGIN SELECT RAISE(ABORT, 'old'); END"
            )
        with as_owner():
            call_command("migrate", verbosity=0)
        counted = "pg_trigger WHERE tgname" if IS_POSTGRESQL else "sqlite_master WHERE name"
        assert execute(f"SELECT count(*) FROM {counted} = 'an_old_rule'")[0][0] == 0  # noqa: S608 a name of ours


def test_guards_are_away_while_shapes_change_and_only_then(real_commits: RealCommits):
    with as_owner():
        migrations.before(using="default", plan=[])
        assert guards.missing(connection) == []
        migrations.before(using="default", plan=["something"])
        assert len(guards.missing(connection)) == len(guards.here(connection))
        migrations.after(using="default")
        assert guards.missing(connection) == []


def test_nothing_is_lifted_when_a_migration_is_over(real_commits: RealCommits):
    with as_owner():
        call_command("migrate", verbosity=0)
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DROP TABLE audit_event")
