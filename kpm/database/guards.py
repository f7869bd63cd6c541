"""Guards: triggers that hold a rule even against hand-written SQL, listed per area.

Django rebuilds SQLite tables when a migration alters them and loses their triggers on the way, so
guards are no migrations: they are dropped before migrating, created after it, and looked for
before the site serves anybody.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module

from django.db.backends.base.base import BaseDatabaseWrapper

from kpm.database.forgetting import forgettable, only_forgets

AREAS = (
    "state_guards",
    "log_guards",
    "account_guards",
    "level_guards",
    "objection_guards",
    "rule_set_guards",
    "casework_guards",
    "support_guards",
    "history_guards",
    "vault_guards",
)
NAME = re.compile(r"[a-z][a-z0-9_]{3,62}\Z")
# What a statement for PostgreSQL says: what the trigger does, and when.
PARTS = re.compile(r"\$\$(?P<body>.*)\$\$;(?P<trigger>CREATE TRIGGER .*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One trigger; its name is a sentence and is what a refusal says."""

    name: str
    table: str
    sqlite: str = ""
    postgresql: str = ""
    # The table only ever grows: the connection itself refuses these, before any trigger does.
    forbids: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise ValueError(f"{self.name!r} is no name for a guard: a sentence, 63 letters.")

    def sql(self, vendor: str) -> str:
        """The statement that creates it on this engine; empty where it needs none."""
        return self.sqlite if vendor == "sqlite" else self.postgresql


def refuse(
    name: str,
    table: str,
    *,
    before: str,
    when: str,
    postgresql: str | None = None,
    forbids: frozenset[str] = frozenset(),
) -> Guard:
    """A guard that refuses the row for which `when` holds.

    `before` is "INSERT", "DELETE", "UPDATE" or "UPDATE OF level, state". `when` may use NEW, OLD
    and sub-queries; `postgresql` is its wording there, if one wording does not serve both.
    """
    row = "OLD" if before.startswith("DELETE") else "NEW"
    return Guard(
        name=name,
        table=table,
        forbids=forbids,
        sqlite=(
            f'CREATE TRIGGER "{name}" BEFORE {before} ON "{table}" FOR EACH ROW '
            f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{name}'); END"
        ),
        postgresql=(
            f'CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
            f"IF ({when if postgresql is None else postgresql}) THEN "
            f"RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; "
            f"END IF; RETURN {row}; END $$;"
            f'CREATE TRIGGER "{name}" BEFORE {before} ON "{table}" '
            f'FOR EACH ROW EXECUTE FUNCTION "{name}"()'
        ),
    )


def queueing(guard: Guard, above: str, column: str, hold: str = "NO KEY UPDATE") -> Guard:
    """The same guard, asked one after the other about one row above.

    On PostgreSQL two that are written at the same moment do not see each other: they queue for that
    row. With `hold` UPDATE whatever else points to it waits as well.
    """
    first = f'AS $$ BEGIN PERFORM 1 FROM "{above}" WHERE id = NEW.{column} FOR {hold}; '
    return replace(guard, postgresql=guard.postgresql.replace("AS $$ BEGIN ", first))


def kept(name: str, table: str, *columns: str) -> Guard:
    """These columns are written once."""
    return refuse(name, table, before="UPDATE", when=changed(*columns))


def changed(*columns: str) -> str:
    """The condition that an update changes one of these columns."""
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


def never_deleted(table: str, noun: str) -> Guard:
    """Rows stay: what is over is ended, what is forgotten loses its key."""
    name = f"{noun}_is_never_deleted"
    return refuse(name, table, before="DELETE", when="TRUE", forbids=frozenset({"DELETE"}))


def never_changed(table: str, noun: str) -> list[Guard]:
    """Rows may come and go, but never change; sealed bytes whose key is gone may be taken out."""
    name = f"{noun}_is_never_changed"
    when = f"NOT ({only_forgets(table)})" if forgettable(table) else "TRUE"
    return [refuse(name, table, before="UPDATE", when=when, forbids=frozenset({"UPDATE"}))]


def never_replaced(table: str, noun: str, *keys: Sequence[str]) -> Guard:
    """No row takes the place of another one.

    SQLite fires no DELETE trigger for the rows that REPLACE pushes out unless the connection asks
    for it, so a row with a key that exists is refused before it is written.
    """
    name = f"{noun}_is_never_replaced"
    same = " OR ".join(
        f'EXISTS (SELECT 1 FROM "{table}" AS k WHERE '
        + " AND ".join(f'k."{column}" = NEW."{column}"' for column in key)
        + ")"
        for key in keys
    )
    return Guard(
        name=name,
        table=table,
        sqlite=(
            f'CREATE TRIGGER "{name}" BEFORE INSERT ON "{table}" FOR EACH ROW '
            f"WHEN {same} BEGIN SELECT RAISE(ABORT, '{name}'); END"
        ),
    )


def in_district(table: str, noun: str, above: str, column: str) -> Guard:
    """A row says the district of what it belongs to, so that every index can begin with it."""
    return refuse(
        f"{noun}_lies_in_the_district_of_its_{column.removesuffix('_id')}",
        table,
        before="INSERT",
        when=(
            f'NOT EXISTS (SELECT 1 FROM "{above}" AS o WHERE o.id = NEW."{column}" '
            "AND o.district = NEW.district)"
        ),
    )


def append_only(
    table: str, noun: str, *unique: Sequence[str], has_rowid: bool = True
) -> list[Guard]:
    """Rows come and stay. `unique` lists the unique keys, which REPLACE would overwrite."""
    keys = [("rowid",), *unique] if has_rowid else unique
    return [
        *never_changed(table, noun),
        never_deleted(table, noun),
        never_replaced(table, noun, *keys),
        never_emptied(table, f"{noun}_is_never_emptied"),
    ]


def never_emptied(table: str, name: str) -> Guard:
    """PostgreSQL empties a table without asking its row triggers."""
    return Guard(
        name=name,
        table=table,
        postgresql=(
            f'CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
            f"RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$;"
            f'CREATE TRIGGER "{name}" BEFORE TRUNCATE ON "{table}" '
            f'FOR EACH STATEMENT EXECUTE FUNCTION "{name}"()'
        ),
    )


@cache
def every_guard() -> list[Guard]:
    """All guards of all areas, in a fixed order."""
    guards = [guard for area in AREAS for guard in import_module(f"kpm.database.{area}").GUARDS]
    names = [guard.name for guard in guards]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Two guards have one name: {', '.join(sorted(twice))}")
    return guards


def forbidden(action: str) -> frozenset[str]:
    """The tables on which nobody may UPDATE (or DELETE)."""
    return frozenset(guard.table for guard in every_guard() if action in guard.forbids)


def here(connection: BaseDatabaseWrapper) -> list[Guard]:
    """The guards of the tables that this database holds."""
    tables = set(connection.introspection.table_names())
    return [g for g in every_guard() if g.table in tables and g.sql(connection.vendor)]


def drop(connection: BaseDatabaseWrapper) -> None:
    """Take every guard away, those of earlier versions too."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
            return
        cursor.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p "
            "WHERE p.prorettype = 'trigger'::regtype "
            "AND p.pronamespace = current_schema()::regnamespace AND NOT EXISTS "
            "(SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {function} CASCADE")


def create(connection: BaseDatabaseWrapper) -> None:
    """Put every guard in its place."""
    mine = here(connection)
    with connection.cursor() as cursor:
        for guard in mine:
            cursor.execute(guard.sql(connection.vendor))
            if connection.vendor == "postgresql":
                # A temporary table of the same name must not be asked instead of the real one.
                cursor.execute(f'ALTER FUNCTION "{guard.name}"() SET search_path = public, pg_temp')
                # Also where a session pretends to be a replica.
                cursor.execute(f'ALTER TABLE "{guard.table}" ENABLE ALWAYS TRIGGER "{guard.name}"')
    if connection.vendor == "postgresql":
        create_on_volumes(connection, *{guard.table for guard in mine})


def create_on_volumes(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Guard each partition like its table: triggers on emptying are not handed down."""
    volumes = _volumes(connection)
    with connection.cursor() as cursor:
        for guard in here(connection):
            for volume in volumes.get(guard.table, ()) if guard.table in tables else ():
                if "BEFORE TRUNCATE" in guard.postgresql:
                    cursor.execute(
                        f'CREATE OR REPLACE TRIGGER "{guard.name}" BEFORE TRUNCATE ON "{volume}" '
                        f'FOR EACH STATEMENT EXECUTE FUNCTION "{guard.name}"()'
                    )
                cursor.execute(f'ALTER TABLE "{volume}" ENABLE ALWAYS TRIGGER "{guard.name}"')


@contextmanager
def away(connection: BaseDatabaseWrapper, *names: str) -> Iterator[None]:
    """These guards are away inside; nobody else sees it, for it ends with the open transaction."""
    mine = [guard for guard in here(connection) if guard.name in names]
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        for guard in mine:
            cursor.execute(
                f'DROP TRIGGER "{guard.name}"'
                if is_sqlite
                else f'ALTER TABLE "{guard.table}" DISABLE TRIGGER "{guard.name}"'
            )
        yield
        for guard in mine:
            cursor.execute(
                guard.sqlite
                if is_sqlite
                else f'ALTER TABLE "{guard.table}" ENABLE ALWAYS TRIGGER "{guard.name}"'
            )


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of guards that are absent, switched off or not as written here."""
    standing = _standing(connection)
    volumes = _volumes(connection)
    return [
        guard.name
        for guard in here(connection)
        if any(
            standing.get((table, guard.name)) != _gist(guard, connection.vendor, table)
            for table in (guard.table, *volumes.get(guard.table, ()))
        )
    ]


def _volumes(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """The partitions of each table that has any."""
    if connection.vendor == "sqlite":
        return {}
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.relname, v.relname FROM pg_inherits i JOIN pg_class t ON t.oid = i.inhparent "
            "JOIN pg_class v ON v.oid = i.inhrelid WHERE t.relkind = 'p' "
            "AND t.relnamespace = current_schema()::regnamespace ORDER BY v.oid"
        )
        for table, volume in cursor.fetchall():
            found.setdefault(table, []).append(volume)
    return found


def _gist(guard: Guard, vendor: str, table: str) -> tuple[str, ...]:
    """What the database keeps of a guard's statement, on its table or a partition of it."""
    sql = guard.sql(vendor)
    if vendor == "sqlite":
        return (sql,)
    found = PARTS.search(sql)
    # PostgreSQL leaves quotes out where it needs none.
    if found is None:
        return (sql,)
    trigger = found["trigger"].replace('"', "").replace(f" ON {guard.table} ", f" ON {table} ")
    return (found["body"], trigger)


def _standing(connection: BaseDatabaseWrapper) -> dict[tuple[str, str], tuple[str, ...]]:
    """The guards in the database now: (table, name) and its statement."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
        else:
            # The function may be whole and the trigger never call it: WHEN (false), another moment.
            cursor.execute(
                "SELECT c.relname, t.tgname, p.prosrc, replace(pg_get_triggerdef(t.oid, true), "
                "'\"', '') FROM pg_trigger t "
                "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
                "WHERE t.tgenabled = 'A' AND NOT t.tgisinternal "
                "AND p.proconfig = ARRAY['search_path=public, pg_temp'] "
                "AND c.relnamespace = current_schema()::regnamespace"
            )
        rows: Iterable[tuple[str, ...]] = cursor.fetchall()
    return {(table, name): tuple(parts) for table, name, *parts in rows}
