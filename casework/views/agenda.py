"""The calendar of a worker: a week to work from, a month to plan by."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from casework.dashboards import agenda, lists, today
from casework.dashboards.agenda import Agenda, Span
from casework.views.opening import open_plans, open_rows
from kpm.accounts.models import SignedInRequest, User
from kpm.permissions import Permission, requires


@require_safe
@requires(Permission.KEEP_CALENDAR)
def view_week(request: SignedInRequest) -> HttpResponse:
    """Seven days, one after the other."""
    now = timezone.localtime()
    span = agenda.week_of(chosen_day(request, now.date()))
    around = around_span(request, span, now)
    return render(
        request,
        "casework/today/week.html",
        {**around, "agenda": opened(request.user, around["group"], span, now)},
    )


@require_safe
@requires(Permission.KEEP_CALENDAR)
def view_month(request: SignedInRequest) -> HttpResponse:
    """A month in whole weeks."""
    now = timezone.localtime()
    month = agenda.month_of(chosen_day(request, now.date()))
    span = agenda.weeks_around(month)
    around = around_span(request, month, now)
    return render(
        request,
        "casework/today/month.html",
        {**around, "agenda": opened(request.user, around["group"], span, now)},
    )


def chosen_day(request: SignedInRequest, otherwise: date) -> date:
    """The day that the address names; today where it names none that there is."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return otherwise
    # Whole weeks around it must be days that there are.
    return day if abs((day - otherwise).days) <= agenda.FURTHEST else otherwise


def around_span(request: SignedInRequest, span: Span, now: datetime) -> dict[str, Any]:
    """What stands around the days: the group, the days before and after."""
    counts = today.counts_of(request.user, now.date())
    return {
        "today": now.date(),
        "span": span,
        "before": span.first - timedelta(days=1),
        "after": span.last + timedelta(days=1),
        "group": today.choose_group(counts, request.GET.get("group")),
        "groups": [(each, lists.LABELS[each]) for each in counts] if len(counts) > 1 else [],
        "files": sum(each.files for each in counts.values()),
    }


def opened(user: User, group: str, span: Span, now: datetime) -> Agenda:
    """The days with the people on them; only the days of plans are taken from what opens."""
    files = today.open_files(user, group)
    plans = agenda.plans_of(agenda.own_files(user, files))
    open_plans(user, plans)
    found = agenda.agenda_of(user, files, span, now, plans)
    if found.entries:
        open_rows(user, found.case_files)
    return found
