"""Pages of visits: write one down, read what was written."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casework import rules
from casework.actions import visits
from casework.actions.unsent_forms import sending
from casework.dashboards import contacts
from casework.forms.visits import RecordVisitForm
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import open_groups
from risk_levels.populations import POPULATIONS

PER_PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_VISIT)
def record_visit(request: SignedInRequest, number: str) -> HttpResponse:
    """Write down one visit or call, or that it did not come to one."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    now = timezone.now()
    form = RecordVisitForm.from_request(
        request,
        population=POPULATIONS[case_file.population],
        now=now,
        way=request.GET.get("way", ""),
    )
    record = sending(FormKind.VISIT, visits.record)
    if form.run(record, case_file=case_file, by=request.user, now=now):
        messages.success(request, _("The visit is on record."))
        if form.cleaned_data["harm"]:
            return redirect("casework:report_harm", case_file.number)
        return redirect("casework:show_case_file", case_file.number)
    return render(
        request,
        "casework/visits/record.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            **continued(request, case_file, form, FormKind.VISIT, reading),
        },
        status=status(form),
    )


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_visits(request: SignedInRequest, number: str) -> HttpResponse:
    """What was found and said, the latest first."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    rows = Paginator(case_file.visits.select_related("worker"), PER_PAGE)
    page = rows.get_page(request.GET.get("page"))
    open_groups(page.object_list, "body", reading=reading)
    return render(
        request,
        "casework/visits/list.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "page": page,
            "entries": contacts.entries_of(case_file, page.object_list),
        },
    )
