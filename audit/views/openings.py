"""Who opened a file: a page for the auditor, a paper for the person."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from audit import actions
from audit.forms import PeriodForm
from audit.views import AuditorRequest
from kpm.forms import status
from kpm.permissions import Permission, requires


@require_safe
@requires(Permission.VIEW_LOG)
def list_openings(request: AuditorRequest, reference: str) -> HttpResponse:
    """Who opened it, with the names of staff."""
    return render(request, "audit/list_openings.html", _around(request, reference))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_LOG)
def print_statement(request: AuditorRequest, reference: str) -> HttpResponse:
    """What the person may know: without names, on a page first and then on paper."""
    now = timezone.now()
    form = PeriodForm.from_request(request, today=timezone.localdate(now))
    if form.run(actions.print_statement, by=request.user, number=reference, now=now):
        return HttpResponse(
            form.result,
            content_type="application/pdf",
            headers={"Content-Disposition": f'attachment; filename="{reference}.pdf"'},
        )
    around = {**_around(request, reference), "print": form}
    return render(request, "audit/print_statement.html", around, status=status(form))


def _around(request: AuditorRequest, reference: str) -> dict[str, Any]:
    """The days that were asked for, and who opened the file in them."""
    today = timezone.localdate()
    form = PeriodForm(request.GET, today=today)
    found = None
    if form.is_valid():
        found = actions.read_openings(by=request.user, number=reference, **form.cleaned_data)
        # What counts is shown: the year up to today, where nothing was chosen.
        form = PeriodForm(form.cleaned_data, today=today)
    return {"number": reference, "form": form, "openings": found}
