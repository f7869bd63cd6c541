"""Events in volumes on PostgreSQL: what there is becomes the first one, which is the running one."""

from typing import Any

from django.db import migrations

# Indexes of the first volume that are like those of the whole are taken over, not built again.
POSTGRESQL = """
LOCK TABLE audit_event, audit_subject IN ACCESS EXCLUSIVE MODE;
ALTER TABLE audit_event ALTER COLUMN id DROP IDENTITY;
ALTER TABLE audit_event RENAME TO audit_event_1;
ALTER INDEX audit_event_pkey RENAME TO audit_event_1_pkey;
ALTER INDEX audit_event_order RENAME TO audit_event_1_order;
ALTER INDEX audit_event_subject RENAME TO audit_event_1_subject;
ALTER INDEX audit_event_actor RENAME TO audit_event_1_actor;
ALTER INDEX audit_event_event RENAME TO audit_event_1_event;
ALTER INDEX audit_event_at RENAME TO audit_event_1_at;
CREATE TABLE audit_event (
    LIKE audit_event_1 INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
) PARTITION BY RANGE (id);
ALTER TABLE audit_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(
    pg_get_serial_sequence('audit_event', 'id'),
    (SELECT coalesce(max(id), 0) + 1 FROM audit_event_1), false
);
ALTER TABLE audit_event ADD PRIMARY KEY (id);
CREATE INDEX audit_event_order ON audit_event (epoch, xid, id);
CREATE INDEX audit_event_subject ON audit_event (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX audit_event_actor ON audit_event (actor, id);
CREATE INDEX audit_event_event ON audit_event (event);
CREATE INDEX audit_event_at ON audit_event USING brin (at);
ALTER TABLE audit_event ATTACH PARTITION audit_event_1 FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
ALTER TABLE audit_subject RENAME TO audit_subject_1;
ALTER INDEX audit_subject_pkey RENAME TO audit_subject_1_pkey;
CREATE TABLE audit_subject (LIKE audit_subject_1) PARTITION BY RANGE (event_id);
ALTER TABLE audit_subject ADD PRIMARY KEY (subject, event_id);
ALTER TABLE audit_subject ATTACH PARTITION audit_subject_1 FOR VALUES FROM (MINVALUE) TO (MAXVALUE)
"""


def make_volumes(_apps: Any, schema_editor: Any) -> None:
    """SQLite needs none: there, old events go in pieces."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL.split(";\n"):
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    """The events and their subjects."""

    dependencies = [("audit", "0005_samples")]

    operations = [migrations.RunPython(make_volumes, hints={"tables": "default"})]
