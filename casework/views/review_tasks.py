"""Pages of review tasks: what suggests a look, at whom, and the rules behind it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casework import rules, warnings
from casework.actions import review_tasks as actions
from casework.dashboards import lists
from casework.dashboards.review_tasks import open_tasks, task_of, told
from casework.forms.review_tasks import CloseTaskForm
from casework.views.opening import find_file, open_file, open_rows
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_tasks(request: SignedInRequest) -> HttpResponse:
    """What suggests a look, the longest wait first; each group of populations apart."""
    group = lists.choose_group(request.user, request.GET.get("group"))
    page = Paginator(open_tasks(request.user, group), PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    files = {each.case_file_id: each.case_file for each in rows}
    open_rows(request.user, files.values())
    for each in rows:
        # Several rules may have spoken about one file: it is opened once.
        each.case_file = files[each.case_file_id]
    groups = lists.groups_of(request.user)
    return render(
        request,
        "casework/review_tasks/list.html",
        {
            "page": page,
            "rows": [told(each) for each in rows],
            "group": group,
            "groups": [(each, lists.LABELS[each]) for each in groups] if len(groups) > 1 else [],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CASE_FILES)
def close_task(request: SignedInRequest, number: str, rule: str) -> HttpResponse:
    """What led here, the ways on, and the answer."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    task = task_of(case_file, rule)
    if task is None:
        raise Http404
    form = CloseTaskForm.from_request(request)
    about = {"case_file": case_file, "task": task}
    if form.run(actions.close, by=request.user, now=timezone.now(), **about):
        messages.success(request, _("Your answer is on record."))
        return redirect("casework:show_level", case_file.number)
    return render(
        request,
        "casework/review_tasks/close.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "task": told(task),
            "form": form,
        },
        status=status(form),
    )


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_warnings(request: SignedInRequest) -> HttpResponse:
    """Every rule in words, with where it comes from."""
    return render(
        request,
        "casework/review_tasks/warnings.html",
        {"warnings": warnings.WARNINGS.values()},
    )
