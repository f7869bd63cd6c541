"""Pages of visits: write one down, read what was written."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casework import rules
from casework.actions import visits
from casework.dashboards import contacts, lost_contacts
from casework.forms.visits import RecordVisitForm
from casework.models import CaseFile, Visit
from casework.models.unsent_forms import FormKind
from casework.models.visits import Outcome, Way
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued, draft_of
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
    is_from_today = request.GET.get("from") == "today"
    form = RecordVisitForm.from_request(
        request,
        population=POPULATIONS[case_file.population],
        now=now,
        way=request.GET.get("way", ""),
    )
    draft = draft_of(request, case_file, FormKind.VISIT)
    if form.run(draft.sending(visits.record), case_file=case_file, by=request.user, now=now):
        messages.success(request, _said_of(form.result))
        return redirect(_goes_on_at(case_file, form, is_from_today=is_from_today))
    around = continued(request, form, draft, reading)
    if is_from_today and "kept" not in around:
        form.begin_to_write()
    return render(
        request,
        "casework/visits/record.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            "is_from_today": is_from_today,
            **around,
        },
        status=status(form),
    )


def _said_of(visit: Visit) -> str:
    """That it is on record, as what it was; and whether nobody was met once too often."""
    said = _("The visit is on record.") if visit.way == Way.VISIT else _("The call is on record.")
    if visit.outcome != Outcome.NOT_MET or not lost_contacts.notice(
        visit.case_file, timezone.localdate()
    ):
        return said
    return _("%(said)s Three tries in a row met nobody: the supervisor looks at it now.") % {
        "said": said
    }


def _goes_on_at(case_file: CaseFile, form: RecordVisitForm, *, is_from_today: bool) -> str:
    """Where somebody goes on: to whom to call, or back to today's next person."""
    if form.cleaned_data["harm"]:
        return reverse("casework:report_harm", args=(case_file.number,))
    if not is_from_today:
        return case_file.get_absolute_url()
    group = POPULATIONS[case_file.population].group
    return f"{reverse('casework:view_today')}?group={group}"


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
