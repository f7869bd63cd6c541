"""Sealed models that only tests and benchmarks have, and a plaintext copy beside them."""

from django.db import models

from kpm.ids import uuid7
from kpm.vault.blind_index import BlindIndexField
from kpm.vault.fields import (
    SealedBooleanField,
    SealedCharField,
    SealedDateField,
    SealedGroup,
    SealedIntegerField,
    SealedJSONField,
    SealedModel,
    SealedTextField,
)
from kpm.vault.history import History, RecordedModel


class Human(SealedModel):
    """Owns its key; two groups, one of them at its second version."""

    model_code = 0xF001
    owns_key = True

    class Sex(models.TextChoices):
        """A choice, so that enum members are sealed too."""

        FEMALE = "f", "female"
        MALE = "m", "male"

    village = models.CharField(max_length=20, default="", blank=True)
    phone_index = BlindIndexField(db_index=True)
    head = SealedGroup(code=1, pad=64)
    body = SealedGroup(code=2, version=2, pad=256)
    name = SealedCharField(group="head", max_length=50)
    sex = SealedCharField(group="head", max_length=1, choices=Sex, default="", blank=True)
    birth_on = SealedDateField(group="head", null=True, blank=True)
    phone = SealedCharField(group="body", max_length=20, default="", blank=True)
    notes = SealedTextField(group="body", default="", blank=True)
    children = SealedIntegerField(group="body", null=True, blank=True)
    lives_alone = SealedBooleanField(group="body", default=False)
    details = SealedJSONField(group="body", default=dict, blank=True)
    nickname = SealedCharField(group="body", since=2, max_length=20, default="none")

    history = History()

    def __str__(self) -> str:
        return str(self.pk)


class Diary(SealedModel):
    """Belongs to a human and is sealed under the human's key."""

    model_code = 0xF002

    key_owner = models.UUIDField(db_index=True)
    human = models.ForeignKey(Human, on_delete=models.CASCADE, null=True)
    head = SealedGroup(code=1, pad=64)
    text = SealedTextField(group="head")

    def __str__(self) -> str:
        return str(self.pk)


class Plain(RecordedModel):
    """The plaintext copy that benchmarks compare with."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    key_gen = models.PositiveSmallIntegerField(default=1)
    village = models.CharField(max_length=20, default="")
    phone_index = models.BigIntegerField(null=True, db_index=True)
    name = models.CharField(max_length=50)
    sex = models.CharField(max_length=1)
    birth_on = models.DateField(null=True)
    phone = models.CharField(max_length=20)
    notes = models.TextField()
    children = models.IntegerField(null=True)
    lives_alone = models.BooleanField()
    details = models.JSONField()
    nickname = models.CharField(max_length=20)

    history = History()

    def __str__(self) -> str:
        return str(self.pk)
