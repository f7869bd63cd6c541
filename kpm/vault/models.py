"""Wrapped keys (alias `keys`) and search shards (alias `default`)."""

from django.db import models
from django.utils import timezone

from kpm.ids import uuid7


class VaultKey(models.Model):
    """The key that wraps all others, itself wrapped by the root key. The highest is used."""

    version = models.PositiveSmallIntegerField(primary_key=True)
    provider = models.CharField(max_length=20)
    wrapped = models.BinaryField()
    check_value = models.BinaryField()
    # Tells a wrong root key from a changed row.
    root_check = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"vault key {self.version}"


class DataKey(models.Model):
    """The data key of one person or case file, wrapped. WITHOUT ROWID on SQLite: narrow, fast."""

    pk = models.CompositePrimaryKey("owner", "generation")
    owner = models.UUIDField()
    generation = models.PositiveSmallIntegerField()
    vault_key = models.PositiveSmallIntegerField()
    wrapped = models.BinaryField()
    check_value = models.BinaryField()

    def __str__(self) -> str:
        return f"data key of {self.owner}"


class ScopeKey(models.Model):
    """A random key of one scope and purpose (search, blind index), wrapped."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    scope = models.CharField(max_length=60)
    purpose = models.PositiveSmallIntegerField()
    generation = models.PositiveSmallIntegerField()
    vault_key = models.PositiveSmallIntegerField()
    wrapped = models.BinaryField()
    check_value = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "purpose", "generation"],
                name="a_scope_has_one_key_for_each_purpose_and_generation",
            )
        ]

    def __str__(self) -> str:
        return f"key of {self.scope}"


class SearchShard(models.Model):
    """Up to 1,024 search records of a scope in one sealed message; no token is stored."""

    # The order of deltas counts: a later record of an owner replaces an earlier one.
    id = models.BigAutoField(primary_key=True)
    # Bound into the seal; known before the row is inserted.
    seal_id = models.UUIDField(default=uuid7, unique=True)
    scope = models.CharField(max_length=60)
    is_delta = models.BooleanField()
    # Of the search key that it is sealed under; also in the bytes, where it is bound.
    generation = models.PositiveSmallIntegerField(default=1)
    sealed = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["scope", "is_delta", "id"], name="shards_of_a_scope"),
            models.Index(fields=["scope", "generation"], name="shards_by_generation"),
        ]

    def __str__(self) -> str:
        return f"search shard {self.seal_id}"


class IndexScope(models.Model):
    """Which index key a scope uses, and which one is about to take its place (alias `default`).

    Beside the indexes themselves, so that both change in one transaction.
    """

    scope = models.CharField(max_length=60, primary_key=True)
    generation = models.PositiveSmallIntegerField()
    suite = models.PositiveSmallIntegerField()
    next_generation = models.PositiveSmallIntegerField(null=True)
    next_suite = models.PositiveSmallIntegerField(null=True)

    def __str__(self) -> str:
        return f"index of {self.scope}"
