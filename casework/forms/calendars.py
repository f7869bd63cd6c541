"""What is filled in to correct the calendar of the office."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kpm.forms import ActionForm

KINDS = {"work": True, "free": False, "announced": None}


class CorrectCalendarForm(ActionForm):
    """One day, and whether the office works on it."""

    day = forms.DateField(
        label=_("Day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=[
            ("work", _("A working day")),
            ("free", _("A free day")),
            ("announced", _("As announced: take the correction back")),
        ],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Why?"), help_text=_("Such as the number of the notice."), max_length=200
    )

    def clean(self) -> dict[str, Any]:
        """The kind as the action takes it."""
        values = super().clean() or self.cleaned_data
        if "kind" in values:
            values["is_workday"] = KINDS[values.pop("kind")]
        return values
