"""Pages of the support plan: read it, draft it, approve it."""

from typing import Any

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
from casework.actions.unsent_forms import Draft
from casework.dashboards import plans as dashboard
from casework.dashboards.plans import Version
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
from casework.views.unsent_forms import continued, draft_of
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
    draft = draft_of(request, case_file, FormKind.PLAN)
    about = {"case_file": case_file, "today": form.today, "seen": form.current}
    if form.run(draft.sending(plans.draft), by=request.user, **about):
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
            **continued(request, form, draft, reading),
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
    case_file, found, reading = _version(request, number, version)
    draft = draft_of(request, case_file, FormKind.WORD, version)
    form = HearForm.from_request(request, today=timezone.localdate())
    hear = draft.sending(entries.hear)
    if form.run(hear, plan=found.plan, by=request.user, now=timezone.now()):
        messages.success(request, _("This is on record."))
        return redirect("casework:show_plan", number)
    page = {"heading": _("What the person says"), "version": found}
    return _written(request, form, draft, reading, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_PLAN)
def mark_step(request: SignedInRequest, number: str, version: int, place: int) -> HttpResponse:
    """How one step went."""
    case_file, found, reading = _version(request, number, version)
    step = dashboard.step_at(found, place)
    draft = draft_of(request, case_file, FormKind.STEP, version, place)
    form = MarkStepForm.from_request(request, today=timezone.localdate(), is_open=step.is_open)
    about = {"plan": found.plan, "step": step.id}
    mark = draft.sending(entries.mark_step)
    if form.run(mark, **about, by=request.user, now=timezone.now()):
        messages.success(request, _("This is on record."))
        return redirect("casework:show_plan", number)
    page = {"heading": _("How a step went"), "version": found, "step": step}
    return _written(request, form, draft, reading, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_PLAN)
def review_plan(request: SignedInRequest, number: str, version: int) -> HttpResponse:
    """The plan was gone through and stays as it is."""
    case_file, found, reading = _version(request, number, version)
    draft = draft_of(request, case_file, FormKind.REVIEW, version)
    form = ReviewPlanForm.from_request(request, today=timezone.localdate())
    review = draft.sending(entries.review)
    if form.run(review, plan=found.plan, by=request.user, now=timezone.now()):
        messages.success(request, _("This is on record."))
        return redirect("casework:show_plan", number)
    page = {"heading": _("Go through the plan"), "version": found}
    return _written(request, form, draft, reading, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.END_PLAN)
def end_plan(request: SignedInRequest, number: str, version: int) -> HttpResponse:
    """The plan ends and no other takes its place."""
    case_file, found, reading = _version(request, number, version)
    draft = draft_of(request, case_file, FormKind.PLAN_END, version)
    form = EndPlanForm.from_request(request)
    end = draft.sending(entries.end)
    if form.run(end, plan=found.plan, by=request.user, now=timezone.now()):
        messages.success(request, _("It has ended, and stays among the earlier plans."))
        return redirect("casework:show_plan", number)
    is_draft = found.plan.state == State.DRAFT
    heading = _("Take the draft back") if is_draft else _("End the plan")
    return _written(request, form, draft, reading, {"heading": heading, "version": found})


def _version(
    request: SignedInRequest, number: str, version: int
) -> tuple[CaseFile, Version, Reading]:
    """The file and one version of its plan, open."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    found = dashboard.version_at(case_file, version, reading, timezone.localdate())
    return case_file, found, reading


def _written(
    request: SignedInRequest,
    form: ActionForm,
    draft: Draft,
    reading: Reading,
    page: dict[str, Any],
) -> HttpResponse:
    """The page of one entry about a plan."""
    return render(
        request,
        "casework/plans/write.html",
        {
            "case_file": draft.case_file,
            "is_team": rules.is_in_team(request.user, draft.case_file),
            "form": form,
            **page,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )
