"""What is filled in about signs of harm."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.models.harm import Authority, Situation
from kpm.forms import ActionForm

LONGEST = 4_000


def in_words(label: Any, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    """Some lines of text."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class OpenReportForm(ActionForm):
    """What was seen or heard."""

    situation = forms.ChoiceField(
        label=_("What is it?"), choices=Situation.choices, widget=forms.RadioSelect
    )
    words = in_words(
        _("What did you see or hear?"), _("Facts and words as they were, no guesses about who.")
    )


class TellForm(ActionForm):
    """Who was told."""

    authority = forms.ChoiceField(
        label=_("Who was told?"), choices=Authority.choices, widget=forms.RadioSelect
    )
    words = in_words(_("When, how and with whom did you speak?"))


class ReceiptForm(ActionForm):
    """The answer of the authority."""

    number = forms.CharField(label=_("Number of the receipt, or who confirmed it"), max_length=80)
    words = in_words(_("What did they say?"), required=False)


class NotDueForm(ActionForm):
    """Why nothing is reported."""

    words = in_words(
        _("Why is no report due?"), _("A second person signs this. Not possible for minors.")
    )
