"""What is filled in to write a rule set and to bring one into force."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.dashboards.rule_sets import DUTY_LABELS, GENERAL_LABELS, LEVELS
from kpm.forms import ActionForm, SeenForm
from risk_levels.levels import Level
from risk_levels.models.rule_sets import DUTIES, GENERAL
from risk_levels.rule_set_rules import MOST, check_duties_fit, check_general_fits

SHORT = forms.NumberInput(attrs={"inputmode": "numeric", "class": "short"})


class DraftRuleSetForm(ActionForm):
    """Why there should be another version."""

    reason = forms.CharField(
        label=_("Why is another version needed?"),
        help_text=_("Whoever brings it into force reads this. No names of people."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ChangeDutiesForm(SeenForm):
    """The days of one population, level by level."""

    def __init__(self, *args: Any, duties: Mapping[str, Mapping[str, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for level in LEVELS:
            for name in DUTIES:
                self.fields[f"{level}_{name}"] = forms.IntegerField(
                    label=DUTY_LABELS[name],
                    help_text=_("days"),
                    initial=duties[level][name],
                    min_value=1,
                    widget=forms.NumberInput(attrs=dict(SHORT.attrs)),
                )

    def name_of(self, name: str) -> Any:
        """Which level a field belongs to, and what it is called there."""
        level = name.partition("_")[0]
        return f"{Level(level).label} · {super().name_of(name)}"

    @property
    def levels(self) -> list[tuple[Level, list[forms.BoundField]]]:
        """The fields of each level."""
        return [(level, [self[f"{level}_{name}"] for name in DUTIES]) for level in LEVELS]

    def clean(self) -> dict[str, Any]:
        """The days together, looked at before the action looks again."""
        values = super().clean() or self.cleaned_data
        names = {(level, name): f"{level}_{name}" for level in LEVELS for name in DUTIES}
        if all(values.get(field) is not None for field in names.values()):
            duties: dict[str, dict[str, int]] = {str(level): {} for level in LEVELS}
            for (level, name), field in names.items():
                duties[level][name] = values.pop(field)
            self.ask(check_duties_fit, duties)
            return {"duties": duties}
        return values


class ChangeGeneralForm(SeenForm):
    """Hours and working days that hold for everybody."""

    def __init__(self, *args: Any, general: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in GENERAL:
            self.fields[name] = forms.IntegerField(
                label=GENERAL_LABELS[name],
                help_text=_("at most %(most)s") % {"most": MOST[name]},
                initial=general[name],
                min_value=1,
                widget=forms.NumberInput(attrs=dict(SHORT.attrs)),
            )

    def clean(self) -> dict[str, Any]:
        """The numbers together, looked at before the action looks again."""
        values = super().clean() or self.cleaned_data
        if all(values.get(name) is not None for name in GENERAL):
            general = {name: values.pop(name) for name in GENERAL}
            self.ask(check_general_fits, general)
            return {"general": general}
        return values


class StartRuleSetForm(SeenForm):
    """From which day on; counts for the numbers that stood on the page only."""

    on = forms.DateField(
        label=_("In force from"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, tomorrow: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = tomorrow
