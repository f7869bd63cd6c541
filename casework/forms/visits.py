"""What is filled in after a visit, a call, or a try."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.models.visits import Outcome, Way
from kpm.forms import ActionForm
from risk_levels.populations import Population
from risk_levels.populations.parts import Answer

# What a minute is written like in a field of a browser.
MINUTE = "%Y-%m-%dT%H:%M"
LONGEST = 4_000
CHECK = "check_"


class RecordVisitForm(ActionForm):
    """Needs and strengths first; then what was looked at, what is to be noted, how it went."""

    needs = forms.CharField(
        label=_("What the person needs"),
        help_text=_("In their own words first, then what you saw."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    strengths = forms.CharField(
        label=_("What they can do and who helps"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    notes = forms.CharField(
        label=_("Notes"),
        help_text=_("Only what is needed for the support. Name others only where it is necessary."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    harm = forms.BooleanField(
        label=_("I saw or heard signs that somebody is harmed or in danger"),
        help_text=_("Opens a mandatory report at once. What you saw stands in the notes above."),
        required=False,
    )
    outcome = forms.ChoiceField(
        label=_("How did it go?"),
        choices=[(each.value, each.label) for each in Outcome],
        widget=forms.RadioSelect,
        initial=Outcome.DONE,
    )
    way = forms.ChoiceField(label=_("How?"), choices=Way.choices, widget=forms.RadioSelect)
    happened_at = forms.DateTimeField(
        label=_("When?"),
        widget=forms.DateTimeInput(format=MINUTE, attrs={"type": "datetime-local"}),
    )

    def __init__(
        self, *args: Any, population: Population, now: datetime, way: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.begins_with = Way(way) if way in Way.values else Way.VISIT
        self.fields["way"].initial = self.begins_with
        self.fields["happened_at"].initial = timezone.localtime(now).replace(second=0)
        self.codes = [check.code for check in population.checks]
        for check in population.checks:
            label: Any = check.label
            self.fields[CHECK + check.code] = forms.ChoiceField(
                label=label,
                # The first one takes back what a finger touched by mistake.
                choices=[("", _("Not looked at")), *Answer.choices],
                required=False,
                widget=forms.RadioSelect,
            )

    def begin_to_write(self) -> None:
        """After a visit something is to be said: the first field waits for it without a tap."""
        if not self.is_bound and self.begins_with == Way.VISIT:
            self.fields["needs"].widget.attrs["autofocus"] = True

    @property
    def checks(self) -> list[forms.BoundField]:
        """The items that the visits of this population look at."""
        return [self[CHECK + code] for code in self.codes]

    def clean(self) -> dict[str, Any]:
        """The answers together, as the visit keeps them; what nobody looked at is left out."""
        values = super().clean() or self.cleaned_data
        answers = {code: values.pop(CHECK + code, "") for code in self.codes}
        values["checklist"] = {code: answer for code, answer in answers.items() if answer}
        return values
