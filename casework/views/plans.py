"""Pages of the support plan: read it, draft it, approve it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import plan_entries as entries
from casework.actions import plans
from casework.actions.unsent_forms import sending
from casework.dashboards import plans as dashboard
from casework.dashboards.plans import Step, Version
from casework.forms.plans import (
    ApprovePlanForm,
    DraftPlanForm,
    EndPlanForm,
    HearForm,
    MarkStepForm,
    ReviewPlanForm,
)
from casework.models import CaseFile, Plan
from casework.models.plan_entries import ended_steps
from casework.models.plans import State
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued
from kpm.accounts.models import SignedInRequest
from kpm.forms import ActionForm, status
from kpm.permissions import Permission, requires
from kpm.vault.opening import Reading, open_groups


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def show_plan(request: SignedInRequest, number: str) -> HttpResponse:
    """The plan that holds and the draft that waits."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    versions, earlier = dashboard.live(case_file, reading, timezone.localdate())
    return render(
        request,
        "casework/plans/show.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "versions": versions,
            "earlier": earlier,
            "today": timezone.localdate(),
        },
    )


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_versions(request: SignedInRequest, number: str) -> HttpResponse:
    """The versions that have ended, the latest first, each beside the one before it."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    versions = dashboard.numbered(case_file)
    ended = [each for each in reversed(versions) if each.plan.state == State.ENDED]
    page = Paginator(ended, dashboard.PER_PAGE).get_page(request.GET.get("page"))
    wanted = list(page.object_list)
    return render(
        request,
        "casework/plans/versions.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "page": page,
            "versions": dashboard.opened(wanted, versions, reading, timezone.localdate()),
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
    ended = ended_steps([case_file.pk]).get(case_file.pk, ())
    return DraftPlanForm.from_request(request, plan=latest, today=today, ended=ended), latest


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


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_PLAN)
def hear_person(request: SignedInRequest, number: str, version: int) -> HttpResponse:
    """What the person says of a version."""
    case_file, found = _version(request, number, version)
    form = HearForm.from_request(request, today=timezone.localdate())
    if form.run(entries.hear, plan=found.plan, by=request.user, now=timezone.now()):
        messages.success(request, _("This is on record."))
        return redirect("casework:show_plan", number)
    return _written(request, case_file, form, found, _("What the person says"))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_PLAN)
def mark_step(request: SignedInRequest, number: str, version: int, place: int) -> HttpResponse:
    """How one step went."""
    case_file, found = _version(request, number, version)
    step = dashboard.step_at(found, place)
    form = MarkStepForm.from_request(request, today=timezone.localdate(), is_open=step.is_open)
    about = {"plan": found.plan, "step": step.id}
    if form.run(entries.mark_step, **about, by=request.user, now=timezone.now()):
        messages.success(request, _("This is on record."))
        return redirect("casework:show_plan", number)
    return _written(request, case_file, form, found, _("How a step went"), step)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_PLAN)
def review_plan(request: SignedInRequest, number: str, version: int) -> HttpResponse:
    """The plan was gone through and stays as it is."""
    case_file, found = _version(request, number, version)
    form = ReviewPlanForm.from_request(request, today=timezone.localdate())
    if form.run(entries.review, plan=found.plan, by=request.user, now=timezone.now()):
        messages.success(request, _("This is on record."))
        return redirect("casework:show_plan", number)
    return _written(request, case_file, form, found, _("Go through the plan"))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.END_PLAN)
def end_plan(request: SignedInRequest, number: str, version: int) -> HttpResponse:
    """The plan ends and no other takes its place."""
    case_file, found = _version(request, number, version)
    form = EndPlanForm.from_request(request)
    if form.run(entries.end, plan=found.plan, by=request.user, now=timezone.now()):
        messages.success(request, _("It has ended, and stays among the earlier plans."))
        return redirect("casework:show_plan", number)
    is_draft = found.plan.state == State.DRAFT
    heading = _("Take the draft back") if is_draft else _("End the plan")
    return _written(request, case_file, form, found, heading)


def _version(request: SignedInRequest, number: str, version: int) -> tuple[CaseFile, Version]:
    """The file and one version of its plan, open."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    return case_file, dashboard.version_at(case_file, version, reading, timezone.localdate())


def _written(
    request: SignedInRequest,
    case_file: CaseFile,
    form: ActionForm,
    version: Version,
    heading: str,
    step: Step | None = None,
) -> HttpResponse:
    """The page of one entry about a plan."""
    return render(
        request,
        "casework/plans/write.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            "version": version,
            "step": step,
            "heading": heading,
        },
        status=status(form),
    )
