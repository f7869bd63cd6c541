"""What is filled in to say what workers can carry."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.models import WorkerProfile
from casework.models.workers import DIALECTS, Away, Language, WorkerSex
from kpm.accounts.forms import date_input
from kpm.forms import ActionForm, GroupedCheckboxes, SeenForm
from risk_levels.populations import POPULATIONS


class DescribeWorkerForm(SeenForm):
    """Working time, what the law may ask for, trainings, languages."""

    percent = forms.IntegerField(
        label=_("Working time in percent of full time"), min_value=10, max_value=100
    )
    sex = forms.ChoiceField(
        label=_("Woman or man"),
        choices=[("", _("Not stated")), *WorkerSex.choices],
        required=False,
        widget=forms.RadioSelect,
        help_text=_("Heeded only where the law or the person asks for it."),
    )
    trained = forms.MultipleChoiceField(
        label=_("Trained for"),
        choices=[(code, each.label) for code, each in POPULATIONS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    languages = forms.MultipleChoiceField(
        label=_("Speaks, besides Standard Mandarin"),
        choices=[
            (_("Dialects"), [(each.value, each.label) for each in DIALECTS]),
            (
                _("Other languages"),
                [(each.value, each.label) for each in Language if each not in DIALECTS],
            ),
        ],
        required=False,
        widget=GroupedCheckboxes,
        help_text=_("Said beside each suggestion; whoever knows the person sees whether it helps."),
    )

    def __init__(self, *args: Any, profile: WorkerProfile, **kwargs: Any) -> None:
        said = {
            "percent": profile.percent,
            "sex": profile.sex,
            "trained": profile.trained,
            "languages": profile.languages,
        }
        super().__init__(*args, **{"initial": said, "current": profile.seen, **kwargs})


class RecordAbsenceForm(ActionForm):
    """Days on which somebody is away."""

    kind = forms.ChoiceField(label=_("Why?"), choices=Away.choices, widget=forms.RadioSelect)
    start_on = forms.DateField(label=_("First day away"), widget=date_input())
    until_on = forms.DateField(label=_("First day back"), widget=date_input())


class WithdrawAbsenceForm(ActionForm):
    """Just a button."""
