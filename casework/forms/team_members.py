"""What is filled in about people of other organs who help with a file."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework import red_rules
from casework.models import CaseFile
from kpm.forms import ActionForm


class NameMemberForm(ActionForm):
    """Who has a place in the team without an account here; or that nobody can be had."""

    place = forms.ChoiceField(label=_("Place in the team"), choices=())
    name = forms.CharField(label=_("Name"), max_length=50, required=False)
    role = forms.CharField(
        label=_("Office and function"),
        max_length=50,
        required=False,
        help_text=_("Such as: health centre, prevention doctor."),
    )
    is_woman = forms.BooleanField(label=_("A woman"), required=False)
    told = forms.CharField(
        label=_("What they may be told"),
        max_length=200,
        required=False,
        help_text=_("Only what their part asks for. Leave it empty if they are told nothing more."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_nobody = forms.BooleanField(
        label=_("Nobody can be had for this place"),
        required=False,
        help_text=_("Say above why, in place of what they may be told."),
    )

    def __init__(
        self, *args: Any, case_file: CaseFile, may_do_without: bool, place: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        places = red_rules.places_of(case_file.population)
        fields["place"].choices = [
            ("", _("Choose a place")),
            *((code, each.label) for code, each in places.items()),
        ]
        fields["place"].initial = place
        if may_do_without:
            fields["name"].needed = _("(unless nobody can be had)")
        else:
            del fields["is_nobody"]
            fields["name"].required = True
            fields["name"].error_messages["required"] = _("Say who it is.")


class EndMemberForm(ActionForm):
    """Just a button."""
