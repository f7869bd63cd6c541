"""Pages of mandatory reports: open one at once, follow it until the receipt is here."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import harm as actions
from casework.dashboards import harm, lists
from casework.forms.harm import NotDueForm, OpenReportForm, ReceiptForm, TellForm
from casework.models import CaseFile, HarmReport
from casework.models.harm import HarmState
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file, open_rows
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.forms import ActionForm, status
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REPORT_HARM)
def report_harm(request: SignedInRequest, number: str) -> HttpResponse:
    """Whom to call now, and what was seen or heard."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.REPORT)
    form = OpenReportForm.from_request(request)
    now = timezone.localtime()
    if form.run(draft.sending(actions.open_report), case_file=case_file, by=request.user, now=now):
        messages.success(request, _("The report is open, and a supervisor sees it at once."))
        return redirect("casework:show_case_file", case_file.number)
    return render(
        request,
        "casework/harm/report.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_safe
@requires(Permission.FOLLOW_REPORT)
def list_reports(request: SignedInRequest) -> HttpResponse:
    """The reports that wait, the oldest first."""
    user, now = request.user, timezone.localtime()
    group = lists.choose_group(user, request.GET.get("group"))
    page = Paginator(harm.waiting(user, group), PER_PAGE).get_page(request.GET.get("page"))
    rows = [harm.told(each, now) for each in page.object_list]
    open_rows(user, [each.report.case_file for each in rows])
    return render(
        request,
        "casework/harm/list.html",
        {"page": page, "rows": rows, "group": group, "groups": lists.labelled_groups(user)},
    )


@require_safe
@requires(Permission.FOLLOW_REPORT)
def follow_report(request: SignedInRequest, number: str, mark: str) -> HttpResponse:
    """What was written, and the next step."""
    case_file, report = _found(request, number, mark)
    return _shown(request, case_file, report)


@require_POST
@requires(Permission.FOLLOW_REPORT)
def tell_authority(request: SignedInRequest, number: str, mark: str) -> HttpResponse:
    """Write down who has been told."""
    return _step(request, number, mark, "tell", TellForm, actions.tell)


@require_POST
@requires(Permission.FOLLOW_REPORT)
def confirm_report(request: SignedInRequest, number: str, mark: str) -> HttpResponse:
    """Enter the receipt."""
    return _step(request, number, mark, "receipt", ReceiptForm, actions.confirm)


@require_POST
@requires(Permission.FOLLOW_REPORT)
def find_not_due(request: SignedInRequest, number: str, mark: str) -> HttpResponse:
    """Sign as the second person that no report is due."""
    return _step(request, number, mark, "not_due", NotDueForm, actions.find_not_due)


def _found(request: SignedInRequest, number: str, mark: str) -> tuple[CaseFile, HarmReport]:
    case_file = find_file(request, number)
    report = harm.report_of(case_file, mark)
    # Whoever works on the file has no such page: who reported is not theirs to guess.
    if report is None or rules.is_in_team(request.user, case_file):
        raise Http404
    report.case_file = case_file
    return case_file, report


def _step(
    request: SignedInRequest,
    number: str,
    mark: str,
    name: str,
    kind: type[ActionForm],
    action: Callable[..., Any],
) -> HttpResponse:
    case_file, report = _found(request, number, mark)
    form = kind.from_request(request)
    if form.run(action, report=report, by=request.user, now=timezone.localtime()):
        messages.success(request, _("This is on record."))
        return redirect("casework:follow_report", case_file.number, report.number)
    return _shown(request, case_file, report, **{name: form})


def _shown(
    request: SignedInRequest, case_file: CaseFile, report: HarmReport, **forms: ActionForm
) -> HttpResponse:
    reading = open_file(request, case_file)
    shown = {}
    if report.state == HarmState.OPENED:
        shown = {"tell": TellForm(), "not_due": NotDueForm()}
    elif report.state == HarmState.TOLD:
        shown = {"receipt": ReceiptForm()}
    sent = next(iter(forms.values()), None)
    return render(
        request,
        "casework/harm/follow.html",
        {
            "case_file": case_file,
            "is_team": False,
            "row": harm.told(report, timezone.localtime()),
            "entries": harm.entries_of(report, reading),
            "forms": {**shown, **forms},
        },
        status=status(sent) if sent else 200,
    )
