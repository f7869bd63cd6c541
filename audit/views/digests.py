"""A week in counts."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit import actions
from audit.forms import WeekForm
from audit.views import AuditorRequest
from kpm.permissions import Permission, requires


@require_safe
@requires(Permission.VIEW_LOG)
def show_digest(request: AuditorRequest) -> HttpResponse:
    """The last seven days that are over, or seven earlier ones."""
    today = timezone.localdate()
    until = WeekForm(request.GET).last_day(today)
    digest = actions.read_digest(by=request.user, until=until)
    around = {"digest": digest, "later": digest.later(today)}
    return render(request, "audit/show_digest.html", around)
