"""Locks that wait for whoever is writing: on SQLite an open transaction is one already."""

from django.db.backends.base.base import BaseDatabaseWrapper


def hold_tables(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Until the transaction ends nobody else writes these tables; who was writing has ended."""
    if connection.vendor == "sqlite":
        return
    names = ", ".join(connection.ops.quote_name(table) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
