"""The filters of the list, sent by GET, and the button that verifies."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from audit.bodies import is_reference
from audit.events import Purpose
from audit.labels import PURPOSES, event_choices, outcome_choices, purpose_choices
from audit.searches import Filters, actors_called
from kpm.forms import ActionForm

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
# Before and after these there is no log; the calendar itself ends where a day more or a zone of
# time less makes no date any longer.
FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
NO_SUCH_DAY = _("Choose a day between 2000 and 2099.")
# What a row of the log can be numbered.
HIGHEST = 2**63 - 1


def day_field(label: Any) -> forms.DateField:
    """A day of the log."""
    between = [MinValueValidator(FIRST, NO_SUCH_DAY), MaxValueValidator(LAST, NO_SUCH_DAY)]
    return forms.DateField(label=label, required=False, widget=DAY, validators=between)


class FilterForm(forms.Form):
    """What the auditor looks for."""

    use_required_attribute = False

    actor = forms.CharField(label=_("Who (name or user name)"), max_length=64, required=False)
    event = forms.ChoiceField(label=_("What"), choices=event_choices, required=False)
    subject = forms.CharField(label=_("File or other number"), max_length=64, required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=outcome_choices, required=False)
    purpose = forms.ChoiceField(label=_("Purpose"), choices=purpose_choices, required=False)
    since = day_field(_("From day"))
    until = day_field(_("To day"))
    before = forms.IntegerField(
        required=False, min_value=1, max_value=HIGHEST, widget=forms.HiddenInput
    )
    after = forms.IntegerField(
        required=False, min_value=0, max_value=HIGHEST, widget=forms.HiddenInput
    )

    def clean_subject(self) -> str:
        """Numbers are looked for as they are written on the file."""
        subject: str = self.cleaned_data["subject"].strip()
        if subject and not is_reference(subject):
            # A name typed here by mistake finds nothing, and is written down nowhere.
            raise forms.ValidationError(_("Type a file number such as 7K3MQ-9TX2A."))
        return subject

    def clean(self) -> dict[str, Any]:
        """The days in their order."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day lies before the first one."))
        return cleaned

    def filters(self) -> Filters:
        """What was asked for, with staff by their pseudonyms."""
        values = dict(self.cleaned_data)
        name = values.pop("actor").strip()
        return Filters(actors=actors_called(name) if name else None, **values)


class VerifyForm(ActionForm):
    """A button: verifying twice does no harm."""

    once = False


class EraseDetailForm(ActionForm):
    """Which event, and who asked for it."""

    number = forms.IntegerField(
        label=_("Number of the event"),
        min_value=1,
        max_value=HIGHEST,
        help_text=_("The auditor finds it in the log and tells you."),
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[(str(each), PURPOSES[each]) for each in (Purpose.SUBJECT_REQUEST, Purpose.LEGAL)],
    )
