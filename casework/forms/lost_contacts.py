"""What is filled in about somebody whom three tries have not met."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.lost_rules import LOOKS
from casework.models.lost_contacts import Known
from kpm.accounts.forms import date_input
from kpm.forms import SeenForm


class DecideLostForm(SeenForm):
    """What is known, and when somebody looks again; of the search as it stood on the page."""

    shared = ()

    known = forms.ChoiceField(
        label=_("What is known?"), choices=Known.choices, widget=forms.RadioSelect
    )
    look_again_on = forms.DateField(
        label=_("Look again on"),
        help_text=_("At most: 14 days if nothing is known, 3 if missing, 30 if moved, 90 if away."),
        widget=date_input(),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["look_again_on"].initial = today + LOOKS[Known.MISSING]
