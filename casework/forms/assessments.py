"""The questionnaire as a form: one field for each question that this population is asked."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kpm.forms import ActionForm
from risk_levels.instruments import current_for
from risk_levels.instruments.parts import Section

ITEM = "item_"
LONGEST = 4_000


@dataclass(frozen=True)
class ShownSection:
    """A section with its fields."""

    section: Section
    fields: list[forms.BoundField]


class RecordAssessmentForm(ActionForm):
    """What holds, what is needed, what is dangerous; any of it may stay open."""

    voice = forms.CharField(
        label=_("In the person's own words"),
        help_text=_(
            "What they say about how things are, and what they want. A child is asked too."
        ),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    notes = forms.CharField(
        label=_("Notes"), required=False, max_length=LONGEST, widget=forms.Textarea
    )
    assessed_on = forms.DateField(
        label=_("Assessed on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, population: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assessed_on"].initial = today
        self.instrument = current_for(population)
        self.asked = self.instrument.sections_for(population)
        for section in self.asked:
            for item in section.items:
                self.fields[ITEM + item.code] = forms.ChoiceField(
                    label=str(item.text),
                    help_text=str(item.hint),
                    choices=[(option.code, option.label) for option in item.options],
                    required=False,
                    widget=forms.RadioSelect,
                )

    @property
    def sections(self) -> list[ShownSection]:
        """The sections in their order, strengths first."""
        return [
            ShownSection(section, [self[ITEM + item.code] for item in section.items])
            for section in self.asked
        ]

    def clean(self) -> dict[str, Any]:
        """The answers together; what was left open is missing."""
        values = super().clean() or self.cleaned_data
        given = {
            item.code: values.pop(ITEM + item.code, "")
            for section in self.asked
            for item in section.items
        }
        values["answers"] = {code: answer for code, answer in given.items() if answer}
        return values
