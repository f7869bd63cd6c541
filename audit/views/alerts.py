"""What is unusual: the queue, and what the auditor makes of each."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import alerts
from audit.dashboards import alert_rows
from audit.forms import AlertFilterForm, JudgeAlertForm
from audit.models import Alert
from audit.views import AuditorRequest
from kpm.forms import status
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_safe
@requires(Permission.REVIEW_ACCESS)
def list_alerts(request: AuditorRequest) -> HttpResponse:
    """What waits for the auditor, the latest first."""
    form = AlertFilterForm(request.GET)
    page = Paginator(form.alerts(), PER_PAGE).get_page(request.GET.get("page"))
    around = {"form": form, "page": page, "rows": alert_rows(page)}
    return render(request, "audit/list_alerts.html", around)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REVIEW_ACCESS)
def judge_alert(request: AuditorRequest, mark: str) -> HttpResponse:
    """One alert with what led to it, what was written about it, and the form that judges it."""
    alert = get_object_or_404(Alert, number=mark)
    form = JudgeAlertForm.from_request(request)
    if form.run(alerts.judge, alert=alert, by=request.user, now=timezone.now()):
        messages.success(request, _("Your judgement was written down."))
        return redirect("audit:list_alerts")
    (row,) = alert_rows([alert])
    said = alerts.read(by=request.user, alert=alert)
    around = {"row": row, "alert": alert, "form": form, "said": said}
    return render(request, "audit/judge_alert.html", around, status=status(form))
