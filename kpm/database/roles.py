"""PostgreSQL roles: the owner migrates, the runtime role serves, two more keep and read the log."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from kpm.database.forgetting import forgettable
from kpm.database.guards import forbidden
from kpm.database.log_tables import SEEN_BY_SEQUENCER, SEQUENCED

LOG = "audit_"
# Tables of the log in which only these columns may be inserted: everything else in the row is the
# database's own word (the transaction number above all).
COLUMNS = {"audit_event": "body", "audit_epoch": "epoch, system_identifier"}
# Written by triggers and migrations alone.
READ_ONLY = frozenset({"audit_subject", "django_migrations"}) | SEQUENCED


def grant(connection: BaseDatabaseWrapper) -> None:
    """Give each role what it needs, and take the rest away."""
    quote = connection.ops.quote_name
    runtime = settings.KPM_RUNTIME_ROLE
    names = (runtime, settings.KPM_SEQUENCER_ROLE, settings.KPM_AUDITOR_ROLE)
    with connection.cursor() as cursor:
        _look_for(connection, *names)
        tables = connection.introspection.table_names(cursor)
        database = quote(str(connection.settings_dict["NAME"]))
        # A temporary table would be found before the real one by the guards.
        cursor.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        cursor.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        cursor.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC")
        for name in map(quote, names):
            cursor.execute(f"GRANT CONNECT ON DATABASE {database} TO {name}")
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
            cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quote(runtime)}")
        for table in tables:
            each = (_rights(table), _rights_of_the_sequencer(table), _rights_of_the_auditor(table))
            for rights, name in zip(each, map(quote, names), strict=True):
                if rights:
                    cursor.execute(f"GRANT {rights} ON {quote(table)} TO {name}")


def _rights_of_the_sequencer(table: str) -> str:
    if table not in SEQUENCED:
        return "SELECT" if table in SEEN_BY_SEQUENCER else ""
    return f"SELECT, INSERT ({COLUMNS[table]})" if table in COLUMNS else "SELECT, INSERT"


def _rights_of_the_auditor(table: str) -> str:
    return "SELECT" if table.startswith(LOG) else ""


def _rights(table: str) -> str:
    if table in READ_ONLY:
        return "SELECT"
    if table in COLUMNS:
        return f"SELECT, INSERT ({COLUMNS[table]})"
    allowed = [act for act in ("UPDATE", "DELETE") if table not in forbidden(act)]
    if "UPDATE" not in allowed and (columns := forgettable(table)):
        # Only to take out what was sealed under a key that was destroyed.
        allowed.append(f"UPDATE ({', '.join(sorted(columns))})")
    return ", ".join(["SELECT", "INSERT", *allowed])


def _look_for(connection: BaseDatabaseWrapper, *names: str) -> None:
    """Refuse in words to leave a database that nobody but its owner can use."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (owner,) = cursor.fetchone()
        for name in names:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [name])
            row = cursor.fetchone()
            if row is None:
                raise ImproperlyConfigured(
                    f"The database has no role {name}. Make it as deploy/postgres.sql shows, "
                    "then migrate again."
                )
            if row[0] or name == owner:
                raise ImproperlyConfigured(
                    f"The role {name} owns the database or is a superuser: no guard binds it. "
                    "Serve with a role of its own, as deploy/postgres.sql shows."
                )
