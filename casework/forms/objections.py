"""What is filled in about an objection."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kpm.forms import ActionForm, SeenForm
from risk_levels import objection_rules
from risk_levels.models.objections import ObjectionState, Objector, Way

LONGEST = 4_000


class ReceiveObjectionForm(ActionForm):
    """Who objects, how it came, and what they say."""

    by_whom = forms.ChoiceField(
        label=_("Who objects?"), choices=Objector.choices, widget=forms.RadioSelect
    )
    way = forms.ChoiceField(
        label=_("How did it reach you?"), choices=Way.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("What do they say, in their own words?"), max_length=LONGEST, widget=forms.Textarea
    )
    wish = forms.CharField(
        label=_("What do they ask for?"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DecideObjectionForm(SeenForm):
    """Whether the person is right, and why."""

    outcome = forms.ChoiceField(
        label=_("Is the objection right?"),
        choices=[
            (ObjectionState.UPHELD.value, _("Yes: the level goes back")),
            (
                ObjectionState.PARTLY_UPHELD.value,
                _("In part: the level stays, but not all that it rested on"),
            ),
            (ObjectionState.DISMISSED.value, _("No: the level stays")),
        ],
        widget=forms.RadioSelect,
    )
    reply = forms.CharField(
        label=_("Reasons"),
        help_text=_("The person reads this in the letter. Write it to them, in plain words."),
        max_length=LONGEST,
        widget=forms.Textarea,
    )

    def clean(self) -> dict[str, Any]:
        """What the action would refuse is said at once."""
        values = super().clean() or self.cleaned_data
        if values.get("reply"):
            self.ask(objection_rules.check_answer_is_told, values["reply"])
        return values


class AnswerlessForm(ActionForm):
    """A button: acknowledge, take back, print."""
