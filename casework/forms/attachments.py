"""Choosing a document or photo for a file."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.file_kinds import TOO_LARGE, Kind
from kpm.forms import ActionForm
from kpm.uploads import OversizedFile

LONGEST_NOTE = 300


class AddAttachmentForm(ActionForm):
    """What is to be kept, and in a few words what it is."""

    file = forms.FileField(
        label=_("Document or photo"),
        help_text=_(
            "PDF, JPEG, PNG, Word (.docx) or Excel (.xlsx), at most 20 MB. It is stored encrypted."
        ),
        max_length=255,
        widget=forms.FileInput(
            attrs={
                "accept": ",".join(
                    [*(f".{each}" for each in Kind.values), ".jpeg", "image/jpeg", "image/png"]
                )
            }
        ),
    )
    note = forms.CharField(
        label=_("What is it?"),
        help_text=_("Such as: notice of the allowance, photo of the repaired stove."),
        required=False,
        max_length=LONGEST_NOTE,
    )

    def clean_file(self) -> Any:
        """Of a file that was too large to keep, only its name is left."""
        file = self.cleaned_data["file"]
        if isinstance(file, OversizedFile):
            raise forms.ValidationError(str(TOO_LARGE))
        return file


class RemoveAttachmentForm(ActionForm):
    """One button."""
