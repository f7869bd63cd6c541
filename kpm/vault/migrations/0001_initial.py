"""The key tables and the search shards."""

from typing import Any

import django.utils.timezone
from django.db import migrations, models

import kpm.ids


def without_rowid(apps: Any, schema_editor: Any) -> None:
    """On SQLite the key table is its own index: half the size, and a rotation reads it in order."""
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'vault_datakey'"
        )
        (sql,) = cursor.fetchone()
        cursor.execute('DROP TABLE "vault_datakey"')
        cursor.execute(f"{sql} WITHOUT ROWID")


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="DataKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "owner",
                        "generation",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("owner", models.UUIDField()),
                ("generation", models.PositiveSmallIntegerField()),
                ("vault_key", models.PositiveSmallIntegerField()),
                ("wrapped", models.BinaryField()),
                ("check_value", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="VaultKey",
            fields=[
                ("version", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("provider", models.CharField(max_length=20)),
                ("wrapped", models.BinaryField()),
                ("check_value", models.BinaryField()),
                ("root_check", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="ScopeKey",
            fields=[
                ("id", models.UUIDField(default=kpm.ids.uuid7, primary_key=True, serialize=False)),
                ("scope", models.CharField(max_length=60)),
                ("purpose", models.PositiveSmallIntegerField()),
                ("generation", models.PositiveSmallIntegerField()),
                ("vault_key", models.PositiveSmallIntegerField()),
                ("wrapped", models.BinaryField()),
                ("check_value", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "purpose", "generation"),
                        name="a_scope_has_one_key_for_each_purpose_and_generation",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchShard",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("seal_id", models.UUIDField(default=kpm.ids.uuid7, unique=True)),
                ("scope", models.CharField(max_length=60)),
                ("is_delta", models.BooleanField()),
                ("sealed", models.BinaryField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "is_delta", "id"], name="shards_of_a_scope")
                ],
            },
        ),
        # Django's own remake of this table would lose it: alter the table by hand.
        migrations.RunPython(without_rowid, migrations.RunPython.noop, hints={"tables": "keys"}),
    ]
