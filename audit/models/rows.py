"""The rows of the log. Their tables are made by hand (see the migration) and only ever grow."""

from django.db import models


class LoggedEvent(models.Model):
    """One event; everything but `id` and `body` is read from the body by the database."""

    id = models.BigIntegerField(primary_key=True)
    body = models.TextField()
    event = models.TextField()
    at = models.TextField()
    actor = models.TextField()
    subject_type = models.TextField(null=True)  # noqa: DJ001 absent is not empty
    subject = models.TextField(null=True)  # noqa: DJ001 absent is not empty
    purpose = models.TextField(null=True)  # noqa: DJ001 absent is not empty
    outcome = models.TextField()
    request = models.TextField(null=True)  # noqa: DJ001 absent is not empty

    class Meta:
        managed = False
        db_table = "audit_event"

    def __str__(self) -> str:
        return f"{self.at} {self.event}"


class Subject(models.Model):
    """One of the several things that one event is about; filled by a trigger."""

    pk = models.CompositePrimaryKey("subject", "event_id")
    subject = models.TextField()
    event_id = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "audit_subject"

    def __str__(self) -> str:
        return f"{self.event_id} {self.subject}"


class Leaf(models.Model):
    """The place of an event in the tree."""

    leaf_index = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_leaf"

    def __str__(self) -> str:
        return f"{self.leaf_index}"


class Tile(models.Model):
    """256 finished hashes of one level of the tree."""

    pk = models.CompositePrimaryKey("level", "idx")
    level = models.IntegerField()
    idx = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_tile"

    def __str__(self) -> str:
        return f"{self.level}/{self.idx}"


class Checkpoint(models.Model):
    """The root of the tree at one size, and the last event in it."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    at = models.TextField()
    # Where the sequencer goes on: PostgreSQL orders by epoch and transaction, SQLite by id.
    epoch = models.IntegerField()
    xid = models.BigIntegerField()
    event_id = models.BigIntegerField()
    # The signed note that leaves the house; empty while the log has no key.
    note = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"{self.size}"


class LogKey(models.Model):
    """The public half of a key with which the log signs; the private half is sealed elsewhere."""

    generation = models.IntegerField(primary_key=True)
    vkey = models.TextField(unique=True)
    # Signed by the key before and by itself.
    note = models.TextField()
    at = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_key"

    def __str__(self) -> str:
        return self.vkey


class Attestation(models.Model):
    """That a checkpoint was seen or is kept by somebody else, and what proves it."""

    pk = models.CompositePrimaryKey("size", "witness")
    size = models.BigIntegerField()
    # The vkey of a witness, or a code for a place that gives no proof.
    witness = models.TextField()
    # The line of a cosignature, a time stamp, or nothing.
    evidence = models.TextField()
    at = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_attestation"

    def __str__(self) -> str:
        return f"{self.size} {self.witness}"


class Detail(models.Model):
    """What may be erased: the event keeps a salted commitment to it."""

    ev = models.UUIDField(primary_key=True)
    # Whose key opens it; without one it holds nothing but codes and addresses.
    owner = models.UUIDField(null=True)
    salt = models.BinaryField()
    body = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_detail"

    def __str__(self) -> str:
        return f"{self.ev}"
