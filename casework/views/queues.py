"""Queues of a supervisor: read one after the other, decided one by one."""

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from casework.dashboards import lists, queues
from casework.views.opening import open_rows
from kpm.accounts.models import SignedInRequest
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_safe
@requires(Permission.DECIDE_LEVEL)
def list_queue(request: SignedInRequest, queue: str) -> HttpResponse:
    """One queue, the most urgent first; each group of populations apart."""
    if queue not in queues.QUEUES:
        raise Http404
    now = timezone.localtime()
    group = lists.choose_group(request.user, request.GET.get("group"))
    found = queues.queue(queue, request.user, group, now)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    open_rows(request.user, page.object_list)
    groups = lists.groups_of(request.user)
    return render(
        request,
        "casework/queues/list.html",
        {
            "page": page,
            "rows": [queues.row_of(queue, each) for each in page.object_list],
            "queue": queue,
            "title": queues.QUEUES[queue],
            "queues": queues.tabs_of(request.user, group, now),
            "group": group,
            "groups": [(each, lists.LABELS[each]) for each in groups] if len(groups) > 1 else [],
        },
    )
