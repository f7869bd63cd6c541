"""Questions: the auditor asks and closes, whoever was asked answers."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import findings
from audit.dashboards import Subject, finding_rows, subject_of
from audit.forms import AnswerForm, AskForm, DecideFindingForm, FindingFilterForm
from audit.models import Finding
from audit.views import AuditorRequest
from kpm.forms import status
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_safe
@requires(Permission.REVIEW_ACCESS)
def list_findings(request: AuditorRequest) -> HttpResponse:
    """What was asked, the latest first."""
    form = FindingFilterForm(request.GET)
    page = Paginator(form.findings(), PER_PAGE).get_page(request.GET.get("page"))
    around = {"form": form, "page": page, "rows": finding_rows(page)}
    return render(request, "audit/list_findings.html", around)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REVIEW_ACCESS)
def ask(request: AuditorRequest) -> HttpResponse:
    """Ask somebody about an event, an alert or a file."""
    subject = _subject(request)
    form = AskForm.from_request(request, initial={"person": subject.username})
    what = {"kind": subject.kind, "about": subject.about}
    if form.run(findings.ask, by=request.user, now=timezone.now(), **what):
        messages.success(request, _("Your question was handed on."))
        return redirect("audit:list_findings")
    around = {"form": form, "subject": subject}
    return render(request, "audit/ask.html", around, status=status(form))


def _subject(request: AuditorRequest) -> Subject:
    subject = subject_of(**{name: request.GET.get(name, "") for name in ("event", "alert", "file")})
    if subject is None:
        raise Http404
    return subject


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REVIEW_ACCESS)
def decide_finding(request: AuditorRequest, mark: str) -> HttpResponse:
    """What was asked and answered; then close it, or ask again."""
    finding = get_object_or_404(Finding, number=mark)
    form = DecideFindingForm.from_request(request)
    if form.run(findings.decide, finding=finding, by=request.user, now=timezone.now()):
        messages.success(request, _("That was written down."))
        return redirect("audit:list_findings")
    around = _around(request, finding, form)
    return render(request, "audit/decide_finding.html", around, status=status(form))


@require_safe
@requires(Permission.ANSWER_FINDING)
def list_my_findings(request: AuditorRequest) -> HttpResponse:
    """What I was asked, the latest first."""
    asked = Finding.objects.visible_to(request.user)
    page = Paginator(asked, PER_PAGE).get_page(request.GET.get("page"))
    around = {"page": page, "rows": finding_rows(page)}
    return render(request, "audit/list_my_findings.html", around)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ANSWER_FINDING)
def answer_finding(request: AuditorRequest, mark: str) -> HttpResponse:
    """One question to me, and the form that answers it."""
    finding = findings.mine(by=request.user, number=mark)
    form = AnswerForm.from_request(request)
    if form.run(findings.answer, finding=finding, by=request.user, now=timezone.now()):
        messages.success(request, _("Your answer was handed on."))
        return redirect("audit:list_my_findings")
    around = _around(request, finding, form)
    return render(request, "audit/answer_finding.html", around, status=status(form))


def _around(request: AuditorRequest, finding: Finding, form: Any) -> dict[str, Any]:
    """The finding, what was written, and the form."""
    (row,) = finding_rows([finding])
    said = findings.read(by=request.user, finding=finding)
    return {"finding": finding, "row": row, "said": said, "form": form}
