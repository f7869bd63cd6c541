"""Pages of the support plan: read it, draft it, approve it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import plans
from casework.actions.unsent_forms import sending
from casework.forms.plans import ApprovePlanForm, DraftPlanForm
from casework.models import CaseFile, Plan
from casework.models.plans import State
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import Reading, open_groups

# What ended long ago stands in the history.
SHOWN = 5


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def show_plan(request: SignedInRequest, number: str) -> HttpResponse:
    """The plan that holds, the draft that waits, and those before."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    rows = list(case_file.plans.select_related("drafted_by", "approved_by")[:SHOWN])
    open_groups(rows, "body", reading=reading)
    for plan in rows:
        # So that the rules find the team that is loaded already.
        plan.case_file = case_file
    return render(
        request,
        "casework/plans/show.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "plans": sorted(rows, key=lambda plan: list(State).index(State(plan.state))),
            "today": timezone.localdate(),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_PLAN)
def draft_plan(request: SignedInRequest, number: str) -> HttpResponse:
    """A new draft, beginning with what the last one says."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    form, latest = _draft_form(request, case_file, reading)
    seen = {"seen": form.current}
    draft = sending(FormKind.PLAN, plans.draft)
    if form.run(draft, case_file=case_file, by=request.user, today=form.today, **seen):
        messages.success(request, _("The draft is on record. A supervisor approves it."))
        return redirect("casework:show_plan", case_file.number)
    if form.is_bound and not form.is_outdated:
        # A colleague's plan may have come between this page and the lock: show that one.
        form, latest = _draft_form(request, case_file, reading, refused=form)
    return render(
        request,
        "casework/plans/draft.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            "plan": latest,
            **continued(request, case_file, form, FormKind.PLAN, reading),
        },
        status=status(form),
    )


def _draft_form(
    request: SignedInRequest,
    case_file: CaseFile,
    reading: Reading,
    refused: DraftPlanForm | None = None,
) -> tuple[DraftPlanForm, Plan | None]:
    """The form and the plan that it replaces, open; a refused form stays unless overtaken."""
    latest = case_file.plans.exclude(state=State.ENDED).select_related("drafted_by").first()
    if latest is not None:
        open_groups([latest], "body", reading=reading)
    if refused is not None and refused.current == str(latest.pk if latest else ""):
        return refused, latest
    today = timezone.localdate()
    return DraftPlanForm.from_request(request, plan=latest, today=today), latest


@require_POST
@requires(Permission.DECIDE_LEVEL)
def approve_plan(request: SignedInRequest, number: str) -> HttpResponse:
    """Let the draft hold."""
    case_file = find_file(request, number)
    draft = case_file.plans.filter(state=State.DRAFT).first()
    if draft is None:
        raise Http404
    form = ApprovePlanForm.from_request(request, current=str(draft.pk))
    if form.run(plans.approve, plan=draft, by=request.user, today=timezone.localdate()):
        messages.success(request, _("The plan holds from today."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:show_plan", case_file.number)
