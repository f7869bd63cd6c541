"""The page on which the office corrects its working days."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from casework.dashboards import calendars
from casework.forms.calendars import CorrectCalendarForm
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires
from risk_levels import actions


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CORRECT_CALENDAR)
def correct_calendar(request: SignedInRequest) -> HttpResponse:
    """The special days of the coming year, and one that is otherwise."""
    today = timezone.localdate()
    form = CorrectCalendarForm.from_request(request)
    if form.run(actions.correct_calendar, by=request.user, today=today):
        messages.success(request, _("Terms that begin from now on are counted like this."))
        return redirect("casework:correct_calendar")
    return render(
        request,
        "casework/calendars/correct.html",
        {"form": form, "days": calendars.special_days(today)},
        status=status(form),
    )
