"""Attachments: files that belong to a case file; what they are called is content as well."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.file_kinds import Kind, SizeClass
from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.vault.fields import (
    SealedCharField,
    SealedGroup,
    SealedIntegerField,
    SealedModel,
    SealedTextField,
)
from kpm.vault.history import History


class Attachment(SealedModel):
    """One file. Its bytes lie sealed beside the database; it is taken out of use, never deleted."""

    model_code = 13
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="attachments",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    # Its name outside: the third of a file is KPM-7K3MQ-9TX2A-3.pdf.
    number = models.PositiveSmallIntegerField(_("number"), editable=False)
    file_id = models.UUIDField(unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)
    size_class = models.CharField(_("size"), max_length=6, choices=SizeClass.choices)
    attached_by = models.ForeignKey(
        User,
        verbose_name=_("attached by"),
        on_delete=models.PROTECT,
        related_name="attachments",
    )
    attached_at = models.DateTimeField(_("attached at"))
    removed_by = models.ForeignKey(
        User,
        verbose_name=_("removed by"),
        on_delete=models.PROTECT,
        related_name="removed_attachments",
        null=True,
        blank=True,
    )
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    file_name = SealedCharField(group="body", verbose_name=_("file name"), max_length=255)
    note = SealedTextField(group="body", verbose_name=_("note"), blank=True)
    size = SealedIntegerField(group="body", verbose_name=_("bytes"), default=0)

    history = History()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ("-number",)
        constraints = (
            models.CheckConstraint(
                name="an_attachment_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.UniqueConstraint(
                fields=("district", "case_file", "number"),
                name="attachments_of_a_file_are_numbered",
            ),
            models.CheckConstraint(
                name="an_attachment_is_of_a_known_kind", condition=Q(kind__in=Kind.values)
            ),
            models.CheckConstraint(
                name="an_attachment_has_a_known_size", condition=Q(size_class__in=SizeClass.values)
            ),
            models.CheckConstraint(
                name="an_attachment_is_removed_by_somebody_at_a_moment",
                condition=Q(removed_by__isnull=True, removed_at__isnull=True)
                | Q(removed_by__isnull=False, removed_at__gte=F("attached_at")),
            ),
        )

    def __str__(self) -> str:
        return self.outside_name

    @property
    def outside_name(self) -> str:
        """What it is called where the file number is all that may be known."""
        return f"KPM-{self.case_file.number}-{self.number}.{self.kind}"

    @property
    def is_removed(self) -> bool:
        """Whether it was taken out of use."""
        return self.removed_at is not None
