"""Cursors of the database's own driver, where Django's would cost more than the work itself.

Django has the values of a statement put into its text: PostgreSQL reads, plans and spells bytes as
hex digits anew each time. Whatever Django does around a statement is done with these as well.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# The numbers that PostgreSQL has for how values are sent.
TEXT, BINARY = 0, 1


def driver_cursor(connection: BaseDatabaseWrapper, *, form: int = TEXT) -> Any:
    """One that PostgreSQL plans a statement for once in a connection; on SQLite Django's own.

    A pool between site and database that gives each transaction another connection would have to
    know about prepared statements.
    """
    if connection.vendor == "sqlite":
        return connection.cursor()
    connection.ensure_connection()
    backend: Any = connection
    # Read by such cursors only: Django's send no statement apart from its values.
    backend.connection.prepare_threshold = 0
    cursor = backend.Database.Cursor(backend.connection)
    cursor.format = form
    return backend._prepare_cursor(cursor)
