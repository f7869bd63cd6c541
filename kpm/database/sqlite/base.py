"""Django's SQLite backend with the settings of a system of record, and refusals built in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.sqlite3 import base

from kpm.database.sqlite import authorizers

# Older ones can corrupt a database that is written ahead (fixed in 3.51.3).
OLDEST = (3, 51, 3)
TIMEOUT = 20

# Name, what is set, what must come back. FULL: a confirmed row survives a power cut.
SETTINGS: tuple[tuple[str, str, object], ...] = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("recursive_triggers", "ON", 1),
    ("secure_delete", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("mmap_size", "0", 0),
    ("temp_store", "MEMORY", 2),
    ("cell_size_check", "ON", 1),
)
READING: tuple[tuple[str, str, object], ...] = (
    ("query_only", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("mmap_size", "0", 0),
    ("temp_store", "MEMORY", 2),
)


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection; OPTIONS make it the auditor's (`read_only`) or the `sequencer`'s."""

    # Set while migrating: shapes may change and nothing is append-only.
    is_lifted = False
    is_read_only = False
    is_sequencer = False
    # An old copy is read as a whole; the auditor reads the log only.
    is_copy = False

    def get_connection_params(self) -> dict[str, Any]:
        """Take what is ours out of OPTIONS, and start every transaction as a writer."""
        params = super().get_connection_params()
        self.is_copy = bool(params.pop("copy", False))
        self.is_sequencer = bool(params.pop("sequencer", False))
        self.is_read_only = self.is_copy or bool(params.pop("read_only", False))
        self.transaction_mode = "DEFERRED" if self.is_read_only else "IMMEDIATE"
        params.setdefault("timeout", TIMEOUT)
        params.setdefault("cached_statements", 512)
        if self.is_read_only and not self.is_in_memory_db():
            params["database"] = f"file:{quote(str(Path(params['database']).resolve()))}?mode=ro"
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, set everything, look whether it holds, then close the door."""
        if self.Database.sqlite_version_info < OLDEST:
            raise ImproperlyConfigured(
                f"SQLite {self.Database.sqlite_version} may corrupt its files. "
                "Install the requirements again: they bring a mended one."
            )
        connection = super().get_new_connection(conn_params)
        for name, wanted, expected in READING if self.is_read_only else SETTINGS:
            connection.execute(f"PRAGMA {name} = {wanted}")
            ((found,),) = connection.execute(f"PRAGMA {name}").fetchall() or [(expected,)]
            if found != expected and not (name == "journal_mode" and self.is_in_memory_db()):
                raise ImproperlyConfigured(
                    f"SQLite kept {name} at {found} instead of {expected} for "
                    f"'{self.alias}'. Look whether its directory is a local, writable disk."
                )
        self._authorize(connection)
        return connection

    def _authorize(self, connection: Any) -> None:
        # Setting one also expires the statements prepared under the one before.
        if self.is_copy:
            connection.set_authorizer(None)
        elif self.is_read_only:
            connection.set_authorizer(authorizers.auditor())
        elif self.is_sequencer:
            connection.set_authorizer(authorizers.sequencer())
        else:
            connection.set_authorizer(None if self.is_lifted else authorizers.application())

    def set_lifted(self, lifted: bool) -> None:
        """Let shapes change (migrations only), or stop it again."""
        self.is_lifted = lifted
        if self.connection is not None:
            self._authorize(self.connection)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Shapes may change inside."""
        before = self.is_lifted
        self.set_lifted(True)
        try:
            yield
        finally:
            self.set_lifted(before)
