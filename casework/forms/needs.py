"""What is filled in about a need or a strength."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.models import Need
from casework.models.needs import Area, Kind, NeedState
from kpm.forms import ActionForm

LONGEST = 1_000


class NoteNeedForm(ActionForm):
    """One need or one strength."""

    kind = forms.ChoiceField(
        label=_("What is it?"), choices=Kind.choices, widget=forms.RadioSelect, initial=Kind.NEED
    )
    area = forms.ChoiceField(
        label=_("What is it about?"), choices=[("", _("Choose one")), *Area.choices]
    )
    words = forms.CharField(
        label=_("In a few words"),
        help_text=_("As the person says it. One thing at a time."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class EndNeedForm(ActionForm):
    """What became of it."""

    outcome = forms.ChoiceField(label=_("What became of it?"), choices=(), widget=forms.RadioSelect)
    reply = forms.CharField(
        label=_("In a few words"),
        help_text=_("Say why if it is no longer pursued."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["outcome"]
        if need.kind == Kind.STRENGTH:
            field.choices = [(NeedState.GIVEN_UP, _("It no longer holds"))]
            field.initial = NeedState.GIVEN_UP
        else:
            field.choices = [(each, each.label) for each in (NeedState.MET, NeedState.GIVEN_UP)]
