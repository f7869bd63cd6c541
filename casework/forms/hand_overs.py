"""What is filled in to offer a file and to answer an offer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.forms.assignments import WorkerChoiceField
from kpm.accounts.models import User
from kpm.forms import ActionForm

LONGEST = 4_000


class OfferFileForm(ActionForm):
    """To whom, and what they have to know."""

    worker = WorkerChoiceField(
        label=_("Who should lead this file?"),
        queryset=User.objects.none(),
        empty_label=_("Choose somebody"),
        to_field_name="log_reference",
        help_text=_("Until they accept, everything stays as it is."),
    )
    note = forms.CharField(
        label=_("What does the next worker have to know?"),
        help_text=_("What matters to the person, what was promised, what comes next."),
        max_length=LONGEST,
        widget=forms.Textarea,
    )

    def __init__(self, *args: Any, workers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["worker"]
        field.queryset = workers


class AnswerOfferForm(ActionForm):
    """A button: accept, or take back."""


class DeclineOfferForm(ActionForm):
    """Why not."""

    reply = forms.CharField(
        label=_("Why not? (only whoever offered it reads this)"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
