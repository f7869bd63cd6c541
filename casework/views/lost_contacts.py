"""Pages about people whom three tries in a row have not met."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casework import rules
from casework.actions import lost_contacts as actions
from casework.dashboards import files, lists, lost_contacts
from casework.forms.lost_contacts import DecideLostForm
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file, open_rows
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_safe
@requires(Permission.DECIDE_LOST_CONTACT)
def list_lost(request: SignedInRequest) -> HttpResponse:
    """Whom nobody has met for three tries; who waits for a look comes first."""
    user, today = request.user, timezone.localdate()
    group = lists.choose_group(user, request.GET.get("group"))
    found = lost_contacts.going_on(user, group)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [lost_contacts.told(each, today) for each in page.object_list]
    open_rows(user, [each.search.case_file for each in rows])
    return render(
        request,
        "casework/lost_contacts/list.html",
        {"page": page, "rows": rows, "group": group, "groups": lists.labelled_groups(user)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DECIDE_LOST_CONTACT)
def decide_lost(request: SignedInRequest, number: str) -> HttpResponse:
    """The tries, and what a supervisor makes of them."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.LOST)
    search, now = lost_contacts.search_of(case_file), timezone.localtime()
    if search is None:
        raise Http404
    form = DecideLostForm.from_request(request, today=now.date(), current=search.seen)
    about = {"case_file": case_file, "search": search, "seen": form.current}
    if form.run(draft.sending(actions.decide), by=request.user, now=now, **about):
        messages.success(request, _("What you decided is on record."))
        return redirect("casework:show_case_file", case_file.number)
    return render(
        request,
        "casework/lost_contacts/decide.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "row": lost_contacts.told(search, now.date()),
            "visits": files.latest_visits(case_file),
            "form": form,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )
