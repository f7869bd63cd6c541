"""What is filled in to give and take places in a team."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.models.assignments import Place
from kpm.accounts.forms import UserField
from kpm.accounts.models import User
from kpm.forms import ActionForm


class WorkerChoiceField(UserField):
    """A social worker who is there for the file, with how much they carry already."""

    def label_from_instance(self, obj: Any) -> str:
        """Name, unit, load."""
        load = _("%(files)d files, %(red)d red") % {"files": obj.files, "red": obj.red}
        return f"{obj.name} · {obj.unit} · {load}"


class AssignWorkerForm(ActionForm):
    """Who gets which place."""

    role = forms.ChoiceField(
        label=_("Place in the team"), choices=Place.choices, widget=forms.RadioSelect
    )
    worker = WorkerChoiceField(
        label=_("Social worker"),
        queryset=User.objects.none(),
        empty_label=_("Choose somebody"),
        to_field_name="log_reference",
        help_text=_("Whoever holds the place of lead or deputy now gives it up today."),
    )

    def __init__(self, *args: Any, workers: Any, place: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["worker"]
        field.queryset = workers
        self.fields["role"].initial = place


class EndAssignmentForm(ActionForm):
    """Just a button."""
