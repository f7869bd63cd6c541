"""People: who somebody is, sealed under their own key, once per district."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpm.ids import reference
from kpm.vault.blind_index import BlindIndexField, IndexKeys
from kpm.vault.fields import (
    SealedCharField,
    SealedDateField,
    SealedGroup,
    SealedIntegerField,
    SealedModel,
)
from kpm.vault.history import History


class Sex(models.IntegerChoices):
    """The four codes of GB/T 2261.1."""

    UNKNOWN = 0, _("Not known")
    MALE = 1, _("Male")
    FEMALE = 2, _("Female")
    UNSTATED = 9, _("Not stated")


def person_reference() -> str:
    """A random name that stands for one person in the log."""
    return reference("p:")


class Person(SealedModel):
    """Somebody's identity; what is known about their life is in their case files."""

    model_code = 1
    owns_key = True
    log_type: ClassVar[str] = "person"

    # What lists need (name, age band, sex) opens apart from what identifies and locates.
    head = SealedGroup(code=1, version=1, pad=64)
    body = SealedGroup(code=2, version=1, pad=256)

    name = SealedCharField(group="head", verbose_name=_("name"), max_length=50)
    sex = SealedIntegerField(
        group="head", verbose_name=_("sex"), choices=Sex.choices, default=Sex.UNKNOWN
    )
    birth_on = SealedDateField(group="head", verbose_name=_("date of birth"), null=True, blank=True)

    id_number = SealedCharField(
        group="body", verbose_name=_("ID number"), max_length=18, blank=True
    )
    phone = SealedCharField(group="body", verbose_name=_("phone"), max_length=20, blank=True)
    address = SealedCharField(group="body", verbose_name=_("address"), max_length=200, blank=True)
    emergency_name = SealedCharField(
        group="body", verbose_name=_("emergency contact"), max_length=50, blank=True
    )
    emergency_relation = SealedCharField(
        group="body",
        verbose_name=_("relation to the person"),
        max_length=20,
        blank=True,
    )
    emergency_phone = SealedCharField(
        group="body",
        verbose_name=_("phone of the emergency contact"),
        max_length=20,
        blank=True,
    )

    # Found by exact ID number or phone within one district, without opening anything.
    district = models.CharField(_("district"), max_length=6, editable=False)
    id_number_index = BlindIndexField(null=True)
    phone_index = BlindIndexField(null=True)
    # Filled while the index key of the district is changed; then they take the place of the others.
    next_id_number_index = BlindIndexField(null=True)
    next_phone_index = BlindIndexField(null=True)
    log_reference = models.CharField(
        _("reference in the log"),
        max_length=32,
        unique=True,
        default=person_reference,
        editable=False,
    )

    history = History()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("district", "id_number_index"),
                name="one_person_per_id_number_and_district",
            ),
            models.UniqueConstraint(
                fields=("district", "next_id_number_index"),
                condition=Q(next_id_number_index__isnull=False),
                name="one_person_per_next_id_number_and_district",
            ),
            models.CheckConstraint(
                name="a_person_is_on_record_in_a_district", condition=~Q(district="")
            ),
        )
        indexes = (models.Index(fields=("district", "phone_index"), name="people_by_phone"),)

    def __str__(self) -> str:
        # Never the name: whatever prints a person by accident prints this.
        return self.log_reference

    def set_indexes(self, keys: IndexKeys) -> None:
        """Be found by what the opened row holds; while keys change, by either."""
        self.id_number_index = keys.of("id_number", self.id_number)
        self.phone_index = keys.of("phone", self.phone)
        self.next_id_number_index = keys.next_of("id_number", self.id_number)
        self.next_phone_index = keys.next_of("phone", self.phone)

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """The owners of the keys that open this row."""
        return (self.id,)
