"""Choosing a workbook, and which of its rows to look at."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from casework.actions import ledgers
from casework.models.ledgers import RowOutcome
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.excel import DEFAULT, REASONS
from kpm.forms import ActionForm
from kpm.uploads import OversizedFile
from risk_levels.populations import POPULATIONS


class UploadLedgerForm(ActionForm):
    """Whose ledger it is, and the workbook."""

    population = forms.ChoiceField(label=_("Group"))
    workbook = forms.FileField(
        label=_("Excel workbook"),
        help_text=_(
            "An .xlsx file of at most 10 MB. Title rows and any order of columns are fine."
        ),
        max_length=255,
        widget=forms.FileInput(
            attrs={
                "accept": ".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
        ),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["population"]
        field.choices = [
            ("", _("Choose a group")),
            *(
                (code, each.label)
                for code, each in POPULATIONS.items()
                if not by.populations or code in by.populations
            ),
        ]

    def clean_workbook(self) -> "UploadedFile[bytes]":
        """What is too large is not even read; of some files only the name is left."""
        workbook: UploadedFile[bytes] = self.cleaned_data["workbook"]
        if isinstance(workbook, OversizedFile) or (workbook.size or 0) > DEFAULT.size:
            raise forms.ValidationError(str(REASONS["too_large"]))
        return workbook

    def clean(self) -> dict[str, Any]:
        """The workbook as it was read, before the action opens its transaction.

        SQLite has one writer: reading inside would stop the log, and so everybody.
        """
        values = super().clean() or self.cleaned_data
        if "workbook" in values and "population" in values:
            try:
                values["workbook"] = ledgers.read(values["workbook"], values["population"])
            except Refused as refusal:
                self.add_error(refusal.field, refusal.message)
        return values


class ConfirmLedgerForm(ActionForm):
    """One button."""


class RowFilterForm(forms.Form):
    """Rows of one outcome."""

    outcome = forms.ChoiceField(choices=RowOutcome.choices, required=False)
