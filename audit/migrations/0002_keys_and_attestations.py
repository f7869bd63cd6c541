"""The public keys of the log, and who else has seen its roots."""

from typing import Any

from django.db import migrations, models

SQLITE = """
CREATE TABLE audit_key (
    generation INTEGER PRIMARY KEY CHECK (generation > 0),
    vkey TEXT NOT NULL UNIQUE,
    note TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE audit_attestation (
    size INTEGER NOT NULL CHECK (size >= 0),
    witness TEXT NOT NULL,
    evidence TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (size, witness)
) STRICT
"""
POSTGRESQL = """
CREATE TABLE audit_key (
    generation integer PRIMARY KEY CHECK (generation > 0),
    vkey text NOT NULL UNIQUE,
    note text NOT NULL,
    at text NOT NULL
);
CREATE TABLE audit_attestation (
    size bigint NOT NULL CHECK (size >= 0),
    witness text COLLATE "C" NOT NULL,
    evidence text NOT NULL,
    at text NOT NULL,
    PRIMARY KEY (size, witness)
)
"""


def make_tables(_apps: Any, schema_editor: Any) -> None:
    """Make the tables for the engine at hand."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in (SQLITE if is_sqlite else POSTGRESQL).split(";\n"):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """What others need in order to trust the log, and what they said of it."""

    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunPython(make_tables, hints={"tables": "default"}),
        migrations.CreateModel(
            name="LogKey",
            fields=[
                ("generation", models.IntegerField(primary_key=True, serialize=False)),
                ("vkey", models.TextField(unique=True)),
                ("note", models.TextField()),
                ("at", models.TextField()),
            ],
            options={"db_table": "audit_key", "managed": False},
        ),
        migrations.CreateModel(
            name="Attestation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "size",
                        "witness",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("size", models.BigIntegerField()),
                ("witness", models.TextField()),
                ("evidence", models.TextField()),
                ("at", models.TextField()),
            ],
            options={"db_table": "audit_attestation", "managed": False},
        ),
    ]
