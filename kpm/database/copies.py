"""An old copy of the data beside the one in use, opened for reading only."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections
from psycopg.conninfo import conninfo_to_dict

ALIAS = "old_copy"


@contextmanager
def opened_copy(place: str) -> Iterator[str]:
    """A connection to a SQLite file or a PostgreSQL database; its alias."""
    settings = dict(connections.settings["default"])
    if Path(place).is_file():
        settings |= {"ENGINE": "kpm.database.sqlite", "NAME": place}
        settings["OPTIONS"] = {"copy": True}
    else:
        parts = conninfo_to_dict(place)
        settings |= {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.get("dbname", ""),
            **{name.upper(): str(parts.get(name, "")) for name in ("user", "password", "host")},
            "PORT": str(parts.get("port", "")),
            "OPTIONS": {"options": "-c default_transaction_read_only=on"},
        }
    connections.settings[ALIAS] = settings
    try:
        yield ALIAS
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]
