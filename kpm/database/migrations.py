"""What happens around a migration: guards go, shapes change, guards and rights come back."""

from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate

from kpm.database import guards, roles
from kpm.database.sqlite.base import DatabaseWrapper as SQLite


def listen(app: AppConfig) -> None:
    """Hear once per migration of one database, through one app."""
    pre_migrate.connect(before, sender=app, dispatch_uid="kpm.database.before")
    post_migrate.connect(after, sender=app, dispatch_uid="kpm.database.after")


def before(*, using: str, plan: list[Any], **_: Any) -> None:
    """Take the guards away if anything is about to change."""
    connection = connections[using]
    _lift(connection, lifted=True)
    if plan:
        with transaction.atomic(using=using):
            guards.drop(connection)


def after(*, using: str, **_: Any) -> None:
    """Put every guard back, and on PostgreSQL every right."""
    connection = connections[using]
    _lift(connection, lifted=True)
    try:
        with transaction.atomic(using=using):
            guards.drop(connection)
            guards.create(connection)
            if connection.vendor == "postgresql":
                roles.grant(connection)
    finally:
        _lift(connection, lifted=False)


def _lift(connection: BaseDatabaseWrapper, *, lifted: bool) -> None:
    if isinstance(connection, SQLite):
        connection.set_lifted(lifted)
