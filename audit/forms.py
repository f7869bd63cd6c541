"""The filters of the list, sent by GET, and the button that verifies."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.bodies import is_reference
from audit.events import Purpose
from audit.labels import (
    PURPOSES,
    channel_choices,
    event_choices,
    kind_choices,
    outcome_choices,
    purpose_choices,
    role_choices,
    rule_choices,
    unusual_choices,
)
from audit.models import Alert, AlertState, Finding, FindingState
from audit.searches import Filters, actors_called
from audit.timelines import Turn
from kpm.forms import ActionForm

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
# Before and after these there is no log; the calendar itself ends where a day more or a zone of
# time less makes no date any longer.
FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
NO_SUCH_DAY = _("Choose a day between 2000 and 2099.")
MARK = RegexValidator(r"^[A-Za-z0-9_-]{8,64}\Z", _("Such a mark has 8 to 64 letters and digits."))
SEALED = _("Sealed; no name of a service user belongs here.")
A_YEAR = timedelta(days=365)
# What a row of the log can be numbered.
HIGHEST = 2**63 - 1


def day_field(label: Any) -> forms.DateField:
    """A day of the log."""
    between = [MinValueValidator(FIRST, NO_SUCH_DAY), MaxValueValidator(LAST, NO_SUCH_DAY)]
    return forms.DateField(label=label, required=False, widget=DAY, validators=between)


def code_field(label: Any) -> forms.CharField:
    """A random mark, as events write it: typed from another page, so nothing else is one."""
    return forms.CharField(label=label, required=False, validators=[MARK])


class FilterForm(forms.Form):
    """What the auditor looks for."""

    use_required_attribute = False
    LESS_USED = ("role", "kind", "rule", "channel", "session", "request")

    actor = forms.CharField(label=_("Who (name or user name)"), max_length=64, required=False)
    event = forms.ChoiceField(label=_("What"), choices=event_choices, required=False)
    subject = forms.CharField(label=_("File or other number"), max_length=64, required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=outcome_choices, required=False)
    purpose = forms.ChoiceField(label=_("Purpose"), choices=purpose_choices, required=False)
    since = day_field(_("From day"))
    until = day_field(_("To day"))
    role = forms.ChoiceField(label=_("Role"), choices=role_choices, required=False)
    kind = forms.ChoiceField(label=_("About"), choices=kind_choices, required=False)
    rule = forms.ChoiceField(label=_("Allowed or refused by"), choices=rule_choices, required=False)
    channel = forms.ChoiceField(label=_("Way in"), choices=channel_choices, required=False)
    session = code_field(_("Sign-in (its mark)"))
    request = code_field(_("Request (its mark)"))
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

    @property
    def has_more(self) -> bool:
        """Whether one of the filters that are used less is set, so that it must be seen."""
        return any(self.data.get(name) for name in self.LESS_USED)

    @property
    def less_used(self) -> list[forms.BoundField]:
        """The filters that stand behind a click."""
        return [self[name] for name in self.LESS_USED]

    def filters(self) -> Filters:
        """What was asked for, with staff by their pseudonyms."""
        values = dict(self.cleaned_data)
        name = values.pop("actor").strip()
        return Filters(actors=actors_called(name) if name else None, **values)


class PeriodForm(ActionForm):
    """From which day to which; also sent with the button that prints."""

    # The same paper may be asked for again; each time is in the log.
    once = False

    since = day_field(_("From day"))
    until = day_field(_("To day"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        """The days in their order; a year up to today where none are given."""
        given = super().clean() or {}
        until = given.get("until") or self.today
        since = given.get("since") or until - A_YEAR
        if until < since:
            self.add_error("until", _("This day lies before the first one."))
        return {"since": since, "until": until}


class AlertFilterForm(forms.Form):
    """Which alerts to show; those that wait, unless another state is asked for."""

    use_required_attribute = False

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Waits for the auditor")), *AlertState.choices[1:]],
    )
    rule = forms.ChoiceField(label=_("What"), required=False, choices=unusual_choices)

    def alerts(self) -> QuerySet[Alert]:
        """Those, the latest first."""
        chosen = self.cleaned_data if self.is_valid() else {}
        found = Alert.objects.filter(state=chosen.get("state") or AlertState.OPEN)
        return found.filter(rule=chosen["rule"]) if chosen.get("rule") else found


class JudgeAlertForm(ActionForm):
    """What it was, and why."""

    state = forms.ChoiceField(
        label=_("What was it?"),
        choices=[
            (AlertState.JUSTIFIED, _("Justified: there was a reason")),
            (AlertState.UNJUSTIFIED, _("Not justified")),
            (AlertState.ESCALATED, _("To be passed on: somebody above has to look at it")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Why?"),
        help_text=SEALED,
        max_length=1000,
        widget=forms.Textarea,
    )


class AskForm(ActionForm):
    """Whom to ask, and what."""

    person = forms.CharField(label=_("Who is asked (name or user name)"), max_length=64)
    question = forms.CharField(
        label=_("Question"), help_text=SEALED, max_length=1000, widget=forms.Textarea
    )


class AnswerForm(ActionForm):
    """The answer to a question."""

    text = forms.CharField(
        label=_("Your answer"), help_text=SEALED, max_length=1000, widget=forms.Textarea
    )


class DecideFindingForm(ActionForm):
    """Whether the answer is enough."""

    decision = forms.ChoiceField(
        label=_("What now?"),
        choices=[("close", _("Close it")), ("ask_again", _("Ask again"))],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Conclusion or further question"),
        help_text=SEALED,
        max_length=1000,
        widget=forms.Textarea,
    )


class FindingFilterForm(forms.Form):
    """Which findings to show; those that are open, unless closed ones are asked for."""

    use_required_attribute = False

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Open")), *FindingState.choices]
    )

    def findings(self) -> QuerySet[Finding]:
        """Those, the latest first."""
        state = self.cleaned_data["state"] if self.is_valid() else ""
        if state:
            return Finding.objects.filter(state=state)
        return Finding.objects.exclude(state=FindingState.CLOSED)


class EvidenceForm(ActionForm):
    """A button: the same package may be asked for again; each time is in the log."""

    once = False


class WeekForm(forms.Form):
    """With which day the week ends."""

    until = day_field(_("To day"))

    def last_day(self, today: date) -> date:
        """That day; the last one that is over, where none or a later one was asked for."""
        over = today - timedelta(days=1)
        asked: date | None = self.cleaned_data["until"] if self.is_valid() else None
        return min(asked or over, over)


class VerifyForm(ActionForm):
    """A button: verifying twice does no harm."""

    once = False


class TurnForm(forms.Form):
    """Which page of a timeline."""

    before = forms.IntegerField(required=False, min_value=1, max_value=HIGHEST)
    after = forms.IntegerField(required=False, min_value=0, max_value=HIGHEST)

    def turn(self) -> Turn:
        """Where the page begins; the newest one where that makes no sense."""
        return Turn(**self.cleaned_data) if self.is_valid() else Turn()


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


class DrawForm(ActionForm):
    """A button: each week is drawn once."""


class ApproveSampleForm(ActionForm):
    """A button: what was looked at is not looked at again."""
