"""Whether writers that wait get their turn: PostgreSQL queues them, SQLite lets them look again."""

from django.db.backends.base.base import BaseDatabaseWrapper


def are_given(connection: BaseDatabaseWrapper) -> bool:
    """Whether whoever waited longest writes next."""
    return connection.vendor != "sqlite"
