"""What is said to a review task."""

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.models.review_tasks import Reason, TaskState
from kpm.forms import ActionForm


class CloseTaskForm(ActionForm):
    """Looked at, or why nobody has to."""

    answer = forms.ChoiceField(
        label=_("What came of it?"),
        choices=[(TaskState.DONE.value, _("I have looked at it")), *Reason.choices],
        widget=forms.RadioSelect,
    )
