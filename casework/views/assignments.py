"""Pages of teams: who helps, and which red files still lack somebody."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import assignments, stipulations
from casework.dashboards import files, lists, red_files, staff, suggestions, team_drafts, teams
from casework.forms.assignments import (
    AssignWorkerForm,
    ConfirmDraftForm,
    EndAssignmentForm,
    StipulateForm,
)
from casework.views.opening import find_file, open_file, open_rows
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires

PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_WORKERS)
def assign_worker(request: SignedInRequest, number: str) -> HttpResponse:
    """The team of a file, and a place in it for somebody."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    today = timezone.localdate()
    before = teams.holders(case_file)
    place = teams.free_place(case_file)
    suggested = suggestions.suggest(case_file, place, today)
    form = AssignWorkerForm.from_request(
        request,
        workers=teams.candidates(case_file, today),
        place=place,
        suggested=[(each.user.log_reference, each.label) for each in suggested.suggestions],
        current=assignments.team_seen(case_file),
    )
    about = {"case_file": case_file, "seen": form.current}
    if form.run(assignments.assign, by=request.user, today=today, **about):
        messages.success(request, teams.in_words(form.result, before.get(form.result.role)))
        return redirect("casework:assign_worker", case_file.number)
    return render(
        request,
        "casework/assignments/assign.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "team": files.team_rows(case_file),
            "missing": red_files.missing_row(case_file, today),
            "form": form,
            "forbidden": suggested.forbidden,
        },
        status=status(form),
    )


@require_POST
@requires(Permission.ASSIGN_WORKERS)
def end_assignment(request: SignedInRequest, number: str, place: str, worker: str) -> HttpResponse:
    """Take a place away; a page from before somebody changed places takes none."""
    case_file = find_file(request, number)
    held = case_file.assignments.filter(role=place, worker__log_reference=worker)
    # The one in force, or the last that was: then it is said that it has ended.
    found = held.order_by(F("until_on").desc(nulls_first=True)).first()
    if found is None:
        raise Http404
    form = EndAssignmentForm.from_request(request)
    if form.run(assignments.end, assignment=found, by=request.user, today=timezone.localdate()):
        words = {"worker": found.worker.name, "place": found.get_role_display()}
        messages.success(request, _("%(worker)s has left the team: %(place)s.") % words)
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:assign_worker", case_file.number)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_WORKERS)
def stipulate(request: SignedInRequest, number: str) -> HttpResponse:
    """What is heeded when somebody is chosen for this file: wishes, conflicts of interest."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    today = timezone.localdate()
    form = StipulateForm.from_request(request, workers=teams.candidates(case_file, today))
    if form.run(stipulations.record, case_file=case_file, by=request.user, today=today):
        messages.success(request, _("This is heeded from now on."))
        return redirect("casework:stipulate", case_file.number)
    return render(
        request,
        "casework/assignments/stipulate.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "heeded": staff.heeded_in(case_file),
            "form": form,
        },
        status=status(form),
    )


@require_POST
@requires(Permission.ASSIGN_WORKERS)
def end_stipulation(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """It is heeded no longer; a page from before it was ended ends nothing else."""
    case_file = find_file(request, number)
    found = staff.stipulation_at(case_file, place)
    form = EndAssignmentForm.from_request(request)
    if form.run(stipulations.end, stipulation=found, by=request.user, today=timezone.localdate()):
        messages.success(request, _("This is heeded no longer."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:stipulate", case_file.number)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_WORKERS)
def draft_teams(request: SignedInRequest) -> HttpResponse:
    """Leads for several files at once: a draft, changed and confirmed by the supervisor."""
    user, today = request.user, timezone.localdate()
    group = lists.choose_group(user, request.GET.get("group"))
    kind = team_drafts.kind_of(request.GET.get("of"))
    sent = request.POST.getlist("file") if request.method == "POST" else None
    rows, more = team_drafts.files_for(user, group, kind, sent, today)
    open_rows(user, rows)
    form = ConfirmDraftForm.from_request(request, draft=team_drafts.draft(rows, today))
    if form.run(assignments.confirm, by=user, today=today):
        messages.success(request, teams.confirmed_in_words(form.result))
        return redirect(request.get_full_path())
    around = {"form": form, "more": more, "kind": kind, "kinds": team_drafts.KINDS.items()}
    return render(
        request,
        "casework/assignments/draft.html",
        {**around, "group": group, "groups": lists.labelled_groups(user)},
        status=status(form),
    )


@require_safe
@requires(Permission.ASSIGN_WORKERS)
def list_missing(request: SignedInRequest) -> HttpResponse:
    """Red files that lack a lead, a deputy, a plan or a place; the least time left first."""
    user, now = request.user, timezone.localtime()
    group = lists.choose_group(user, request.GET.get("group"))
    found = red_files.incomplete_files(user, group, now.date())
    if "climbed" in request.GET:
        found = found.filter(pk__in=red_files.climbed_to(user, group, now))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    open_rows(user, shown)
    return render(
        request,
        "casework/assignments/missing.html",
        {
            "page": page,
            "rows": red_files.rows_of(shown, now),
            "group": group,
            "groups": lists.labelled_groups(user),
            "now": now,
        },
    )
