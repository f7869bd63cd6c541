"""Pages of the staff: who carries how much, now and before, who works how much, who is away."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.actions import assignments, workers
from casework.dashboards import boards, lists, load_histories, staff, team_drafts, teams
from casework.forms.assignments import MoveFilesForm
from casework.forms.workers import DescribeWorkerForm, RecordAbsenceForm, WithdrawAbsenceForm
from casework.views.opening import open_rows
from kpm.accounts.models import SignedInRequest, User
from kpm.forms import status
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_safe
@requires(Permission.ASSIGN_WORKERS)
def list_staff(request: SignedInRequest) -> HttpResponse:
    """The social workers at and under one of my units, unit by unit."""
    today = timezone.localdate()
    unit = boards.choose_unit(request.user, request.GET.get("unit"))
    if unit is None:
        raise Http404
    board = boards.board(unit, today)
    page = Paginator(board.rows, PER_PAGE).get_page(request.GET.get("page"))
    around = {"board": board, "page": page, "rows": page.object_list}
    around |= {"sections": board.sections(page.object_list)}
    around |= {"gone": staff.gone(request.user, today)}
    return render(request, "casework/workers/list.html", around)


@require_safe
@requires(Permission.ASSIGN_WORKERS)
def show_load(request: SignedInRequest, worker: str) -> HttpResponse:
    """What one worker of my units carries, and carried week by week."""
    found = staff.worker_of(request.user, worker)
    return render(request, "casework/workers/load.html", load_of(request, found))


@require_safe
@requires(Permission.KEEP_CALENDAR)
def view_own_load(request: SignedInRequest) -> HttpResponse:
    """The same for myself."""
    return render(request, "casework/today/load.html", load_of(request, request.user))


def load_of(request: SignedInRequest, worker: User) -> dict[str, Any]:
    """What a page says of one worker's load."""
    today = timezone.localdate()
    weeks = load_histories.weeks_of(worker)
    page = Paginator(weeks, load_histories.PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    return {
        "worker": worker,
        "now": load_histories.now_of(worker, today),
        "weeks_over": load_histories.weeks_over(worker, today),
        "page": page,
        "weeks": load_histories.rows_of(shown),
        "picture": load_histories.picture_of(shown),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_WORKERS)
def move_files(request: SignedInRequest, worker: str) -> HttpResponse:
    """Everything that somebody leads or stands in for goes to others, in one step."""
    user, today = request.user, timezone.localdate()
    found = staff.holder_of(user, worker)
    group = lists.choose_group(user, request.GET.get("group"))
    sent = request.POST.getlist("file") if request.method == "POST" else None
    rows, more = team_drafts.moving_for(user, group, found, sent)
    open_rows(user, rows)
    draft = team_drafts.moving_draft(rows, found, today)
    form = MoveFilesForm.from_request(request, draft=draft)
    if form.run(assignments.confirm, by=user, today=today):
        messages.success(request, teams.confirmed_in_words(form.result))
        return redirect("casework:list_staff")
    around = {"form": form, "more": more, "worker": found, "group": group}
    return render(
        request,
        "casework/workers/move.html",
        {**around, "groups": lists.labelled_groups(user)},
        status=status(form),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_WORKERS)
def describe_worker(request: SignedInRequest, worker: str) -> HttpResponse:
    """How much somebody works, and what they are trained for."""
    found = staff.worker_of(request.user, worker)
    form = DescribeWorkerForm.from_request(request, profile=staff.profile_of(found))
    if form.run(workers.describe, worker=found, by=request.user, seen=form.current):
        messages.success(request, _("What you entered is on record."))
        return redirect("casework:list_staff")
    around = {"worker": found, "form": form}
    return render(request, "casework/workers/describe.html", around, status=status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_WORKERS)
def record_absence(request: SignedInRequest, worker: str) -> HttpResponse:
    """The days on which somebody is away."""
    found, today = staff.worker_of(request.user, worker), timezone.localdate()
    form = RecordAbsenceForm.from_request(request)
    if form.run(workers.record_absence, worker=found, by=request.user, today=today):
        messages.success(request, _("These days are on record."))
        return redirect("casework:record_absence", worker)
    around = {"worker": found, "form": form, "absences": staff.absences_of(found, today)}
    return render(request, "casework/workers/away.html", around, status=status(form))


@require_POST
@requires(Permission.ASSIGN_WORKERS)
def withdraw_absence(request: SignedInRequest, worker: str, place: int) -> HttpResponse:
    """They are not away on these days after all."""
    found = staff.absence_at(staff.worker_of(request.user, worker), place)
    form = WithdrawAbsenceForm.from_request(request)
    if form.run(workers.withdraw_absence, absence=found, by=request.user, now=timezone.now()):
        messages.success(request, _("These days count as worked again."))
    return redirect("casework:record_absence", worker)
