"""What is filled in when something has happened to somebody."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework import incident_rules
from casework.models import Incident
from kpm.forms import ActionForm

# What a minute is written like in a field of a browser.
MINUTE = "%Y-%m-%dT%H:%M"
LONGEST = 2_000


class NoteIncidentForm(ActionForm):
    """What happened and when; the row that is corrected, where there is one, is the beginning."""

    kind = forms.ChoiceField(label=_("What happened?"), choices=(), widget=forms.RadioSelect)
    happened_at = forms.DateTimeField(
        label=_("When did it happen?"),
        help_text=_("As exactly as it is known; a visit may be due so many hours later."),
        widget=forms.DateTimeInput(format=MINUTE, attrs={"type": "datetime-local"}),
    )
    words = forms.CharField(
        label=_("In a few words"),
        help_text=_("What happened, and what is needed now. Nothing about others without need."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        population: str,
        now: datetime,
        wrong: Incident | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.is_correction = wrong is not None
        kind: Any = self.fields["kind"]
        kinds = incident_rules.kinds_of(population, corrects=wrong is not None)
        kind.choices = [(each.value, each.label) for each in kinds]
        happened_at = timezone.localtime(wrong.happened_at if wrong else now)
        self.fields["happened_at"].initial = happened_at.replace(second=0, microsecond=0)
        if wrong is not None:
            kind.initial, self.fields["words"].initial = wrong.kind, wrong.words

    def clean(self) -> dict[str, Any]:
        """A correction says something else than the row that it corrects."""
        values = super().clean() or self.cleaned_data
        if self.is_correction and not self.errors and not self.has_changed():
            raise forms.ValidationError(_("This is what is on record already."))
        return values
