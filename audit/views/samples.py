"""Reasons by lot: draw them, look at them, ask where one does not fit."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from audit import samples
from audit.forms import ApproveSampleForm, DrawForm
from audit.models import Sample
from audit.views import AuditorRequest
from kpm.forms import status
from kpm.permissions import Permission, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REVIEW_ACCESS)
def list_samples(request: AuditorRequest) -> HttpResponse:
    """What the lot fell on, and the button that draws for the last week."""
    today = timezone.localdate()
    form = DrawForm.from_request(request)
    if form.run(samples.draw, by=request.user, today=today):
        words = ngettext("%d reason was drawn.", "%d reasons were drawn.", form.result)
        messages.success(request, words % form.result)
        return redirect("audit:list_samples")
    around = {"form": form, "rows": samples.read(by=request.user), "week": samples.last_week(today)}
    return render(request, "audit/list_samples.html", around, status=status(form))


@require_POST
@requires(Permission.REVIEW_ACCESS)
def judge_sample(request: AuditorRequest, mark: str) -> HttpResponse:
    """One reason is in order."""
    form = ApproveSampleForm.from_request(request)
    sample = get_object_or_404(Sample, number=mark)
    if form.run(samples.approve, sample=sample, by=request.user):
        messages.success(request, _("That was written down."))
    for error in form.non_field_errors():
        messages.error(request, str(error))
    return redirect("audit:list_samples")
