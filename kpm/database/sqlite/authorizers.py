"""What a SQLite connection may do: SQLite has no users, so the connection itself refuses."""

from collections.abc import Callable
from typing import Final

from kpm.database.forgetting import forgettable
from kpm.database.guards import forbidden
from kpm.database.log_tables import SEEN_BY_SEQUENCER, SEQUENCED

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]

ALLOW: Final = 0
DENY: Final = 1

# SQLite's action codes (sqlite3.h); Python's module does not name the newer ones.
DELETE, INSERT, PRAGMA, READ, SELECT, TRANSACTION, UPDATE = 9, 18, 19, 20, 21, 22, 23
FUNCTION, SAVEPOINT, RECURSIVE = 31, 32, 33
# Making, dropping or altering anything, attaching files, rebuilding indexes.
SHAPES: Final = frozenset({*range(1, 9), *range(10, 18), *range(24, 31)})

# With an argument these only look; every other pragma may be read, but not set.
LOOKING: Final = frozenset(
    {
        "table_info",
        "table_xinfo",
        "index_list",
        "index_info",
        "index_xinfo",
        "foreign_key_list",
        "foreign_key_check",
        "integrity_check",
        "quick_check",
        "wal_checkpoint",
    }
)
# Written by a trigger out of the event's body, never by hand.
BY_TRIGGER_ONLY: Final = frozenset({"audit_subject"})
LOG: Final = "audit_"
# A function that reads like a table: it takes apart what a column of the log holds.
PARSERS: Final = frozenset({"json_each"})


def application() -> Authorizer:
    """Everything the application does: no new shapes, and what is append-only only grows."""
    frozen = {UPDATE: forbidden("UPDATE"), DELETE: forbidden("DELETE")}

    def decide(
        action: int,
        one: str | None,
        two: str | None,
        _db: str | None,
        source: str | None,
    ) -> int:
        if action in SHAPES:
            return DENY
        if action in (UPDATE, DELETE, INSERT):
            table = one or ""
            if table.startswith("sqlite_"):
                return DENY
            if table in frozen.get(action, ()):
                # Whose key is destroyed may be forgotten; a guard looks at the values.
                forgets = action == UPDATE and two in forgettable(table)
                return ALLOW if forgets else DENY
            if action == INSERT and table in SEQUENCED:
                return DENY
            return DENY if table in BY_TRIGGER_ONLY and source is None else ALLOW
        if action == PRAGMA:
            return _pragma(one, two)
        return ALLOW

    return decide


def sequencer() -> Authorizer:
    """Reading events, and adding to the tree and to what is said of it."""
    reading = auditor()

    def decide(
        action: int,
        one: str | None,
        two: str | None,
        db: str | None,
        source: str | None,
    ) -> int:
        if action == INSERT:
            return ALLOW if one in SEQUENCED else DENY
        if action == READ and one not in SEEN_BY_SEQUENCER:
            return DENY
        return reading(action, one, two, db, source)

    return decide


def auditor() -> Authorizer:
    """Reading the log, and nothing else in the same file."""

    def decide(
        action: int,
        one: str | None,
        _two: str | None,
        _db: str | None,
        _source: str | None,
    ) -> int:
        if action == READ:
            return ALLOW if (one or "").startswith(LOG) or one in PARSERS else DENY
        return ALLOW if action in (SELECT, FUNCTION, TRANSACTION, SAVEPOINT, RECURSIVE) else DENY

    return decide


def _pragma(name: str | None, argument: str | None) -> int:
    looking = (name or "").lower()
    if looking == "writable_schema":
        return DENY
    return ALLOW if argument is None or looking in LOOKING else DENY
