"""What is filled in to find files, to say what for, and to open a field."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.events import Purpose
from casework.dashboards import lists
from casework.models.case_files import Status
from kpm.accounts.forms import UnitChoiceField
from kpm.forms import ActionForm
from risk_levels.levels import Level

ANY = ("", _("All"))
NUMBER = "^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$"


class FilterForm(forms.Form):
    """Which files a list shows. It is sent by GET, so it holds nothing about anybody."""

    population = forms.ChoiceField(label=_("Group"), required=False)
    level = forms.ChoiceField(label=_("Level"), required=False, choices=[ANY, *Level.choices])
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[(each.value, each.label) for each in (Status.OPEN, Status.CLOSED)],
    )
    unit = UnitChoiceField(required=False, empty_label=ANY[1])
    lead = forms.ChoiceField(
        label=_("Lead worker"),
        required=False,
        choices=[ANY, (lists.NO_LEAD, _("Without a lead worker"))],
    )
    due = forms.ChoiceField(
        label=_("Next due"),
        required=False,
        choices=[
            ANY,
            (lists.OVERDUE, _("Overdue")),
            (lists.PASSED, _("Overdue and passed to me")),
            (lists.MISSED, _("Not visited in time after an incident")),
        ],
    )
    # Only by the link of a ledger; it says which one, and nothing about anybody.
    ledger = forms.RegexField(NUMBER, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, populations: list[tuple[str, Any]], units: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["population"].choices = [ANY, *populations]
        fields["unit"].queryset = units

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the usual was chosen; a phone shows the filters only then."""
        kept = {name: value for name, value in self.data.items() if name in self.fields and value}
        return bool(kept.keys() - {"status", "ledger"}) or kept.get("status") == Status.CLOSED

    def chosen(self) -> lists.Narrowed:
        """The filters that hold; one that makes no sense is left out."""
        self.is_valid()
        return lists.Narrowed(**{name: value for name, value in self.cleaned_data.items() if value})


class SearchForm(ActionForm):
    """A part of a name, initials, or the last four signs of an ID number or a phone."""

    once = False

    text = forms.CharField(
        label=_("Find a person"),
        min_length=1,
        max_length=50,
        help_text=_("Part of the name, pinyin initials, or the last four of ID number or phone."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PurposeForm(ActionForm):
    """What for somebody outside the team opens a file."""

    once = False

    purpose = forms.ChoiceField(
        label=_("Why do you open this file?"),
        help_text=_("The answer is kept in the access log with everything that you open here."),
        choices=[
            (Purpose.SUPERVISION, _("To supervise: a review, a decision, the team")),
            (Purpose.COVER, _("To stand in for somebody")),
            (Purpose.QUALITY, _("To look at the quality of our work")),
            (Purpose.SUBJECT_REQUEST, _("The person or their guardian asked")),
            (Purpose.LEGAL, _("The law asks for it")),
        ],
        widget=forms.RadioSelect,
    )


class RevealForm(ActionForm):
    """The reason for which one field is opened."""

    # The same field may be opened again with the same reason.
    once = False

    REASONS = (
        ("call", _("To call")),
        ("visit", _("To plan or make a visit")),
        ("check", _("To check an entry")),
        ("report", _("For a report or a referral")),
        ("emergency", _("An emergency")),
    )
    reason = forms.ChoiceField(
        label=_("Why do you need it?"),
        choices=REASONS,
        error_messages={"required": _("Choose a reason: without one nothing is shown.")},
    )

    @property
    def complaint(self) -> str:
        """What is wrong, in the one line that stands beside the value."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)
