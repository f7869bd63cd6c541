"""The list of people under other packages' encryption, and the log as others keep one."""

from auditlog.registry import auditlog
from django.db import models
from encrypted_fields.fields import (
    EncryptedBooleanField as FernetBooleanField,
)
from encrypted_fields.fields import (
    EncryptedCharField as FernetCharField,
)
from encrypted_fields.fields import (
    EncryptedDateField as FernetDateField,
)
from encrypted_fields.fields import (
    EncryptedJSONField as FernetJSONField,
)
from encrypted_fields.fields import (
    EncryptedTextField as FernetTextField,
)
from simple_history.models import HistoricalRecords
from tink_fields.fields import (
    EncryptedBooleanField,
    EncryptedCharField,
    EncryptedDateField,
    EncryptedJSONField,
    EncryptedTextField,
)

from kpm.ids import uuid7


class TinkHuman(models.Model):
    """One ciphertext for each field, by django-tink-fields."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    village = models.CharField(max_length=20, default="")
    name = EncryptedCharField(max_length=50)
    sex = EncryptedCharField(max_length=1)
    birth_on = EncryptedDateField(null=True)
    phone = EncryptedCharField(max_length=20)
    notes = EncryptedTextField()
    lives_alone = EncryptedBooleanField()
    details = EncryptedJSONField()
    nickname = EncryptedCharField(max_length=20)

    def __str__(self) -> str:
        return str(self.pk)


class FernetHuman(models.Model):
    """One token for each field, by django-fernet-encrypted-fields."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    village = models.CharField(max_length=20, default="")
    name = FernetCharField(max_length=50)
    sex = FernetCharField(max_length=1)
    birth_on = FernetDateField(null=True)
    phone = FernetCharField(max_length=20)
    notes = FernetTextField()
    lives_alone = FernetBooleanField()
    details = FernetJSONField()
    nickname = FernetCharField(max_length=20)

    def __str__(self) -> str:
        return str(self.pk)


class EventRow(models.Model):
    """The columns and indexes of an event, filled by Django and guarded by nobody."""

    body = models.TextField()
    event = models.TextField(db_index=True)
    at = models.TextField(db_index=True)
    actor = models.TextField(db_index=True)
    subject_type = models.TextField()
    subject = models.TextField(db_index=True)
    purpose = models.TextField()
    outcome = models.TextField()
    request = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


class PlainEvent(EventRow):
    """An event as an ordinary row."""


class SameEvent(models.Model):
    """A row of the log itself, as Django would write it."""

    body = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_event"

    def __str__(self) -> str:
        return str(self.pk)


class ChainedEvent(EventRow):
    """An event that hashes the one before it, written by one writer at a time."""

    digest = models.BinaryField()


class Person(models.Model):
    """What is created and opened while somebody writes it down."""

    name = models.CharField(max_length=50)
    village = models.CharField(max_length=20)
    notes = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


class Unwatched(Person):
    """Nobody but the caller writes anything down."""


class Audited(Person):
    """django-auditlog writes down what is saved."""


auditlog.register(Audited)
# Tables without migrations are made before that of the users.
RECORDS = HistoricalRecords(user_db_constraint=False)


class Versioned(Person):
    """django-simple-history keeps every version."""

    history = RECORDS
