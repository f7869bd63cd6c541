"""The one form of the keys page."""

from django import forms

from kpm.custody.kinds import Kind
from kpm.forms import ActionForm


class ChangeKeysForm(ActionForm):
    """Which keys are to be changed: each button says one."""

    kind = forms.ChoiceField(choices=Kind.choices)
