"""What is filled in about a consent."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.models.consents import ConsentPurpose, Giver, Manner
from casework.notices import CURRENT
from kpm.accounts.forms import date_input
from kpm.forms import ActionForm, SeenForm


class RecordConsentForm(SeenForm):
    """One yes to one purpose, after the notice was read out as it stood on the page."""

    shared = ()
    changed = _("The notice has a new text. Please read it out as it is now.")

    purpose = forms.ChoiceField(
        label=_("To what?"), choices=ConsentPurpose.choices, widget=forms.RadioSelect
    )
    giver = forms.ChoiceField(
        label=_("Who consented?"),
        choices=Giver.choices,
        widget=forms.RadioSelect,
        help_text=_("Under 14 a parent or guardian, from 14 to 17 both."),
    )
    guardian = forms.CharField(
        label=_("Name of the parent or guardian"), required=False, max_length=80
    )
    manner = forms.ChoiceField(label=_("How?"), choices=Manner.choices, widget=forms.RadioSelect)
    given_on = forms.DateField(label=_("On which day?"), widget=date_input())
    words = forms.CharField(
        label=_("What they said about it"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, current=str(CURRENT.version), **kwargs)
        guardian: Any = self.fields["guardian"]
        guardian.needed = _("(if a parent or guardian consented)")

    def begin_with(self, values: Mapping[str, Sequence[str]]) -> None:
        """What was typed earlier, on the text that stands above the form now."""
        super().begin_with({name: values[name] for name in values if name != "notice"})


class WithdrawConsentForm(ActionForm):
    """Just a button: no reason is asked for."""
