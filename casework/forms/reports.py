"""What is asked before a file goes on paper."""

from django import forms
from django.utils.translation import gettext_lazy as _

from kpm.forms import ActionForm


class PrintSummaryForm(ActionForm):
    """What for, and how much of it."""

    # The same paper may be asked for again; each time is in the log.
    once = False

    REASONS = (
        ("conference", _("For a case conference")),
        ("hand_over", _("To hand the file over to somebody")),
        ("visit", _("For a home visit")),
        ("subject_request", _("The person or their guardian asked for it")),
        ("inspection", _("For an inspection that the law provides for")),
    )
    reason = forms.ChoiceField(
        label=_("What is the paper for?"),
        help_text=_("The answer is kept in the access log together with your name and the time."),
        choices=REASONS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )
    in_full = forms.BooleanField(
        label=_("Print ID number, phones and address in full"),
        help_text=_("Otherwise they are masked, as on the page."),
        required=False,
    )
