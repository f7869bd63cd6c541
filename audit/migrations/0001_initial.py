"""The tables of the log, in SQL: generated columns, and a transaction number on PostgreSQL."""

from typing import Any

from django.db import migrations, models

# Columns that the database reads from the body: name, key in the body.
FIELDS = {
    "event": "act",
    "at": "at",
    "actor": "a",
    "subject_type": "ot",
    "subject": "o",
    "purpose": "p",
    "outcome": "out",
    "request": "rq",
}
# Every event has these: a row without them could never be verified nor taken away.
NEEDED = {"event", "at", "actor", "outcome"}

# Virtual: computed when read, so there is nothing beside the body that could be changed.
# An index of SQLite ends with the row's id anyway.
SQLITE = """
CREATE TABLE audit_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
    body TEXT NOT NULL CHECK (
        json_valid(body) AND json_type(body) = 'object' AND length(CAST(body AS BLOB)) <= 60000
    ),
    {fields}
) STRICT;
CREATE INDEX audit_event_subject ON audit_event (subject) WHERE subject IS NOT NULL;
CREATE INDEX audit_event_actor ON audit_event (actor);
CREATE INDEX audit_event_event ON audit_event (event);
CREATE INDEX audit_event_at ON audit_event (at);
CREATE TABLE audit_subject (
    subject TEXT NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (subject, event_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_leaf (
    leaf_index INTEGER PRIMARY KEY CHECK (leaf_index >= 0),
    event_id INTEGER NOT NULL UNIQUE,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TABLE audit_tile (
    level INTEGER NOT NULL CHECK (level >= 0),
    idx INTEGER NOT NULL CHECK (idx >= 0),
    data BLOB NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (level, idx)
) STRICT;
CREATE TABLE audit_checkpoint (
    size INTEGER PRIMARY KEY CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    at TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    xid INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE TABLE audit_detail (
    ev TEXT NOT NULL PRIMARY KEY,
    owner TEXT,
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    body BLOB NOT NULL
) STRICT
"""
SQLITE_FIELD = "{name} TEXT GENERATED ALWAYS AS (json_extract(body, '$.{key}')) VIRTUAL {null}"

# Transaction numbers begin again in a restored cluster; the epoch says which count it is.
# The index on events goes without the id: equal values then share their place.
# A function in plpgsql keeps its plan from one event to the next; one in SQL plans each time.
POSTGRESQL = """
CREATE TABLE audit_epoch (
    epoch integer PRIMARY KEY CHECK (epoch > 0),
    system_identifier text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO audit_epoch (epoch, system_identifier)
    SELECT 1, system_identifier::text FROM pg_control_system();
CREATE FUNCTION audit_current_epoch() RETURNS integer LANGUAGE plpgsql STABLE
    AS 'BEGIN RETURN (SELECT max(epoch) FROM public.audit_epoch); END';
CREATE TABLE audit_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY CHECK (id > 0),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    epoch integer NOT NULL DEFAULT audit_current_epoch(),
    body text NOT NULL CHECK (
        json_typeof(body::json) = 'object' AND octet_length(body) <= 60000
    ),
    {fields}
);
CREATE INDEX audit_event_order ON audit_event (epoch, xid, id);
CREATE INDEX audit_event_subject ON audit_event (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX audit_event_actor ON audit_event (actor, id);
CREATE INDEX audit_event_event ON audit_event (event);
CREATE INDEX audit_event_at ON audit_event USING brin (at);
CREATE TABLE audit_subject (
    subject text COLLATE "C" NOT NULL,
    event_id bigint NOT NULL,
    PRIMARY KEY (subject, event_id)
);
CREATE TABLE audit_leaf (
    leaf_index bigint PRIMARY KEY CHECK (leaf_index >= 0),
    event_id bigint NOT NULL UNIQUE,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE TABLE audit_tile (
    level integer NOT NULL CHECK (level >= 0),
    idx bigint NOT NULL CHECK (idx >= 0),
    data bytea NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (level, idx)
);
CREATE TABLE audit_checkpoint (
    size bigint PRIMARY KEY CHECK (size >= 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    at text NOT NULL,
    epoch integer NOT NULL,
    xid bigint NOT NULL,
    event_id bigint NOT NULL,
    note text NOT NULL
);
CREATE TABLE audit_detail (
    ev uuid PRIMARY KEY,
    owner uuid,
    salt bytea NOT NULL CHECK (length(salt) = 32),
    body bytea NOT NULL
)
"""
POSTGRESQL_FIELD = (
    "{name} text COLLATE \"C\" GENERATED ALWAYS AS (body::json ->> '{key}') STORED {null}"
)


def make_tables(_apps: Any, schema_editor: Any) -> None:
    """Make the tables for the engine at hand."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    script, field = (
        (SQLITE, SQLITE_FIELD) if is_sqlite else (POSTGRESQL, POSTGRESQL_FIELD)
    )
    fields = ",\n    ".join(
        field.format(name=name, key=key, null="NOT NULL" if name in NEEDED else "")
        for name, key in FIELDS.items()
    )
    for statement in script.format(fields=fields).split(";\n"):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """The log, in its final form."""

    initial = True
    dependencies = []

    operations = [
        migrations.RunPython(make_tables, hints={"tables": "default"}),
        # What the application knows of them.
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("at", models.TextField()),
                ("epoch", models.IntegerField()),
                ("xid", models.BigIntegerField()),
                ("event_id", models.BigIntegerField()),
                ("note", models.TextField()),
            ],
            options={
                "db_table": "audit_checkpoint",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Detail",
            fields=[
                ("ev", models.UUIDField(primary_key=True, serialize=False)),
                ("owner", models.UUIDField(null=True)),
                ("salt", models.BinaryField()),
                ("body", models.BinaryField()),
            ],
            options={
                "db_table": "audit_detail",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                (
                    "leaf_index",
                    models.BigIntegerField(primary_key=True, serialize=False),
                ),
                ("event_id", models.BigIntegerField(unique=True)),
                ("hash", models.BinaryField()),
            ],
            options={
                "db_table": "audit_leaf",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LoggedEvent",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("body", models.TextField()),
                ("event", models.TextField()),
                ("at", models.TextField()),
                ("actor", models.TextField()),
                ("subject_type", models.TextField(null=True)),
                ("subject", models.TextField(null=True)),
                ("purpose", models.TextField(null=True)),
                ("outcome", models.TextField()),
                ("request", models.TextField(null=True)),
            ],
            options={
                "db_table": "audit_event",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Subject",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subject",
                        "event_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject", models.TextField()),
                ("event_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "audit_subject",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level",
                        "idx",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("level", models.IntegerField()),
                ("idx", models.BigIntegerField()),
                ("data", models.BinaryField()),
            ],
            options={
                "db_table": "audit_tile",
                "managed": False,
            },
        ),
    ]
