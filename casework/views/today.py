"""The page on which a working day begins."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from casework.dashboards import agenda, hand_overs, lists, overdue, review_tasks, today
from casework.dashboards.agenda import Entry
from casework.models.case_files import CaseFileQuerySet
from casework.views.opening import open_plans, open_rows
from kpm.accounts.models import SignedInRequest, User
from kpm.permissions import Permission, Role, requires


@require_safe
@requires(Permission.VIEW_TODAY)
def view_today(request: SignedInRequest) -> HttpResponse:
    """What is overdue, due and coming for a worker; what waits for a supervisor."""
    now = timezone.localtime()
    counts = today.counts_of(request.user, now.date())
    group = today.choose_group(counts, request.GET.get("group"))
    around: dict[str, Any] = {
        "today": now.date(),
        "group": group,
        "groups": [(each, lists.LABELS[each]) for each in counts] if len(counts) > 1 else [],
        "counts": counts.get(group, today.Counts()),
    }
    if request.user.role == Role.SUPERVISOR:
        around["waiting"] = today.waiting_for(request.user, group, now)
        around["loads"] = today.loads_of(request.user, group, now.date())
        return render(request, "casework/today/supervise.html", around)
    files = today.open_files(request.user, group)
    around |= {
        "suggested": review_tasks.open_tasks(request.user, group).order_by().count(),
        "offered": hand_overs.waiting_for(request.user),
        "passed": sum(overdue.steps_in(files, now.date()).values()),
    }
    day = today.day_of(request.user, group, now=now)
    steps = steps_of(request.user, files, now.date())
    if shown := [*day.case_files, *(each.case_file for each in steps)]:
        open_rows(request.user, shown)
    return render(request, "casework/today/view.html", {**around, "day": day, "steps": steps})


def steps_of(user: User, files: CaseFileQuerySet, on: date) -> list[Entry]:
    """The open steps of plans that are overdue, due or coming; only their days are shown."""
    plans = agenda.plans_of(user, files)
    open_plans(user, plans)
    return agenda.steps_until(user, files, on + today.AHEAD, on, plans)
