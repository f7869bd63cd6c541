"""The jobs page: what is done in the background and how far it is; numbers, never people."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kpm.jobs.models import Job, Sweep
from kpm.jobs.registers import HANDLERS, SWEEPS
from kpm.permissions import Permission, requires

PER_PAGE = 50
# Seconds after which the page looks again while something is under way.
REFRESH = 3


@require_safe
@requires(Permission.VIEW_JOBS)
def list_jobs(request: HttpRequest) -> HttpResponse:
    """Jobs, the newest first, and the sweeps."""
    page = Paginator(Job.objects.all(), PER_PAGE).get_page(request.GET.get("page"))
    rows = [(job, label_of(job.kind)) for job in page.object_list]
    is_busy = any(job.is_open for job, _label in rows)
    sweeps = {row.name: row for row in Sweep.objects.all()}
    response = render(
        request,
        "jobs/list_jobs.html",
        {
            "page": page,
            "rows": rows,
            "refresh": REFRESH if is_busy else 0,
            "sweeps": [(each.label, sweeps.get(name)) for name, each in sorted(SWEEPS.items())],
        },
    )
    if is_busy:
        # Where no script runs, the browser itself looks again.
        response.headers["Refresh"] = str(REFRESH * 3)
    return response


def label_of(kind: str) -> object:
    """What a kind of job is called; one that no longer exists keeps its code."""
    return HANDLERS[kind].label if kind in HANDLERS else kind
