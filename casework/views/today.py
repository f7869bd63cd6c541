"""The page on which a working day begins."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from casework.dashboards import agenda, boards, lists, supervising, today, unsent_forms
from casework.dashboards.unsent_forms import Begun
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
        around["start"] = supervising.start_of(request.user, group, now)
        around["strained"] = boards.strained(request.user, now.date())
        around["loads"] = supervising.loads_of(request.user, group, now.date())
        around["begun"] = begun_by(request.user, group)
        return render(request, "casework/today/supervise.html", around)
    return render(
        request, "casework/today/view.html", {**around, **day_of(request.user, group, now)}
    )


def begun_by(user: User, group: str) -> list[Begun]:
    """What a supervisor has begun and not sent, its people open."""
    found = unsent_forms.begun_among(user, today.open_files(user, group))
    if found:
        open_rows(user, [each.case_file for each in found])
    return found


def day_of(user: User, group: str, now: datetime) -> dict[str, Any]:
    """The day of a worker, its people open; of plans only the days of steps are shown."""
    on, files = now.date(), today.open_files(user, group)
    plans = agenda.plans_of(agenda.files_on(user, files, on))
    open_plans(user, plans)
    steps = agenda.steps_until(plans, on + today.AHEAD)
    day = today.day_of(user, group, now=now)
    if shown := [*day.case_files, *(each.case_file for each in steps)]:
        open_rows(user, shown)
    return {"day": day, "steps": steps, **today.asked_of(user, group)}
