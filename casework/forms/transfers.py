"""What is filled in to ask another unit for a file's sake, and to answer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.forms.assignments import WorkerChoiceField
from kpm.accounts.forms import UnitChoiceField
from kpm.accounts.models import User
from kpm.forms import ActionForm

LONGEST = 2_000


class AskTransferForm(ActionForm):
    """Which unit, and what it has to know."""

    to_unit = UnitChoiceField(label=_("To which unit?"))
    note = forms.CharField(
        label=_("Why, and what they have to know to answer"),
        help_text=_(
            "They see the number of the file and this note, nothing else, until they say yes."
        ),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, district: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to_unit"]
        field.queryset = field.queryset.filter(district=district)


class AcceptTransferForm(ActionForm):
    """Who is to lead it."""

    worker = WorkerChoiceField(
        label=_("Who is to lead it?"),
        queryset=User.objects.none(),
        empty_label=_("Choose somebody"),
        to_field_name="log_reference",
    )

    def __init__(self, *args: Any, workers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["worker"]
        field.queryset = workers


class RefuseTransferForm(ActionForm):
    """Why not."""

    reply = forms.CharField(
        label=_("Why not?"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class WithdrawTransferForm(ActionForm):
    """Just a button."""
