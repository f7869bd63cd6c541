"""Rights on PostgreSQL: who may do what after a migration, and who is refused as a role."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from kpm.database import guards, roles
from kpm.database.log_tables import SEQUENCED
from tests.audit.attackers import as_owner, raw
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL, OWNER


def test_rights_follow_from_the_guards():
    assert roles._rights("django_migrations") == "SELECT"
    assert roles._rights("audit_subject") == "SELECT"
    assert roles._rights("audit_event") == "SELECT, INSERT (body)"
    assert roles._rights("audit_leaf") == roles._rights("audit_epoch") == "SELECT"
    assert roles._rights("audit_detail") == "SELECT, INSERT, DELETE"
    assert roles._rights("accounts_session") == "SELECT, INSERT, UPDATE, DELETE"


def test_the_sequencer_adds_to_the_tree_and_sees_the_log_alone():
    rights = roles._rights_of_the_sequencer
    assert rights("audit_leaf") == rights("audit_attestation") == "SELECT, INSERT"
    assert rights("audit_epoch") == "SELECT, INSERT (epoch, system_identifier)"
    assert rights("audit_event") == "SELECT"
    assert rights("audit_detail") == rights("accounts_session") == ""


if IS_POSTGRESQL:

    def test_the_runtime_role_has_no_right_that_a_guard_forbids(real_commits: RealCommits):
        with raw(real_commits) as execute:
            granted = set(
                execute(
                    "SELECT table_name, privilege_type FROM information_schema.table_privileges "
                    "WHERE grantee = 'kpm_app'"
                )
            )
        for action in ("UPDATE", "DELETE"):
            for table in guards.forbidden(action):
                assert (table, action) not in granted
        assert {right for _table, right in granted} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
        assert ("audit_event", "INSERT") not in granted

    def test_the_auditor_sees_the_log_and_nothing_else(real_commits: RealCommits):
        with raw(real_commits) as execute:
            tables = {
                name
                for (name,) in execute(
                    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
                    "AND relnamespace = 'public'::regnamespace AND NOT relispartition"
                )
            }
            granted = set(
                execute(
                    "SELECT table_name, privilege_type FROM information_schema.table_privileges "
                    "WHERE grantee = 'kpm_auditor'"
                )
            )
        assert granted == {(name, "SELECT") for name in tables if name.startswith("audit_")}
        with raw(real_commits, user="kpm_auditor") as execute:
            for table in sorted(tables):
                if table.startswith("audit_"):
                    execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 names from the database itself
                else:
                    with pytest.raises(Exception, match="permission denied"):
                        execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 names from the database itself

    def test_the_sequencer_has_no_right_outside_the_log(real_commits: RealCommits):
        with raw(real_commits) as execute:
            granted = set(
                execute(
                    "SELECT table_name, privilege_type FROM information_schema.table_privileges "
                    "WHERE grantee = 'kpm_sequencer'"
                )
            )
        assert {right for _table, right in granted} == {"SELECT", "INSERT"}
        assert {table for table, _right in granted} == SEQUENCED | {"audit_event"}
        assert {t for t, right in granted if right == "INSERT"} == SEQUENCED - {"audit_epoch"}

    @pytest.mark.parametrize(
        ("name", "words"),
        [("kpm_nobody", "has no role kpm_nobody"), (OWNER, "no guard binds it")],
    )
    def test_a_role_that_no_guard_binds_ends_the_migration(
        real_commits: RealCommits, settings, name: str, words: str
    ):
        settings.KPM_RUNTIME_ROLE = name
        with as_owner(), pytest.raises(ImproperlyConfigured, match=words):
            roles.grant(connection)
