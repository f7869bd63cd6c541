"""Pages of levels: what holds and why, proposing, the queue, deciding side by side."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import levels as actions
from casework.dashboards import (
    files,
    levels,
    lists,
    objections,
    pictures,
    queues,
    review_tasks,
)
from casework.dashboards.assessments import assessments_of
from casework.forms.levels import (
    DecideLevelForm,
    ProposeLevelForm,
    SetProvisionallyForm,
    WithdrawProposalForm,
)
from casework.models import CaseFile
from casework.models.case_files import Status
from casework.models.plan_entries import ended_steps
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file, open_rows
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.errors import is_allowed
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import Reading, open_groups
from risk_levels.models import Proposal, RuleSet
from risk_levels.models.proposals import ProposalState
from risk_levels.populations import POPULATIONS

PER_PAGE = 50


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def show_level(request: SignedInRequest, number: str) -> HttpResponse:
    """The level with its end, its duties, what waits, and how it came about."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    today = timezone.localdate()
    waiting = levels.open_proposal(case_file)
    if waiting is not None:
        open_groups([waiting], "body", reading=reading)
    decisions = levels.decisions_of(case_file.risk_level)
    return render(
        request,
        "casework/levels/show.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "waiting": levels.proposed(waiting, case_file.population) if waiting else None,
            "is_in_the_way": levels.is_in_the_way(waiting),
            "duties": case_file.risk_level.duties(today, RuleSet.objects.in_force(today)),
            "needs_review": case_file.risk_level.needs_review(today),
            "assessments": list(enumerate(assessments_of(case_file), start=1))[::-1],
            "entries": levels.timeline_of(case_file.risk_level, reading),
            "objections": objections.objections_of(case_file),
            "tasks": review_tasks.tasks_of(case_file),
            "decisions": decisions,
            "picture": pictures.picture_of(decisions, timezone.now()),
            "today": today,
            "now": timezone.now(),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.PROPOSE_LEVEL)
def propose_level(request: SignedInRequest, number: str) -> HttpResponse:
    """Propose a level with its reasons and its help; or see what waits already."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    waiting = levels.open_proposal(case_file)
    if request.method != "POST" and levels.is_in_the_way(waiting):
        return redirect("casework:show_level", case_file.number)
    form, around = propose_form(request, case_file, reading)
    about = {"case_file": case_file, "by": request.user, "seen": form.current}
    draft = draft_of(request, case_file, FormKind.PROPOSAL)
    if form.run(draft.sending(actions.propose), now=timezone.now(), **about):
        messages.success(request, _("The proposal waits for a supervisor. The level stays so far."))
        return redirect("casework:show_level", case_file.number)
    if _came_between(form, case_file):
        form, around = propose_form(request, case_file, reading)
    return render(
        request,
        "casework/levels/propose.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            "waiting": waiting,
            **continued(request, form, draft, reading),
            **around,
        },
        status=status(form),
    )


def _came_between(form: ProposeLevelForm, case_file: CaseFile) -> bool:
    """Whether a colleague's plan came after the form was read and before the file was locked."""
    if not form.is_bound or form.is_outdated:
        return False
    latest = levels.live_plan(case_file.plans.defer("body"))
    return form.current != str(latest.pk if latest else "")


def propose_form(
    request: SignedInRequest, case_file: CaseFile, reading: Reading
) -> tuple[ProposeLevelForm, dict[str, Any]]:
    """The form with what is known already: the last assessment, plan and returned proposal."""
    assessments = assessments_of(case_file)
    plan = levels.live_plan(case_file.plans.select_related("drafted_by"))
    latest = levels.latest_proposal(case_file)
    returned = latest if latest is not None and latest.state == ProposalState.RETURNED else None
    known = [each for each in (plan, returned, *assessments) if each]
    open_groups(known, "body", reading=reading)
    if returned is not None:
        open_groups([returned], "answer", reading=reading)
    before = levels.said_before(returned, assessments) | levels.asked_for(request.GET, assessments)
    form = ProposeLevelForm.from_request(
        request,
        level=case_file.risk_level.level,
        today=timezone.localdate(),
        assessments=assessments,
        before=before,
        plan=plan,
        ended=ended_steps([case_file.pk]).get(case_file.pk, ()),
    )
    return form, {"returned": returned, "plan": plan}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.PROPOSE_LEVEL)
def set_provisionally(request: SignedInRequest, number: str) -> HttpResponse:
    """Set red at once for safety; it holds for hours, until somebody decides."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.DANGER)
    form = SetProvisionallyForm.from_request(
        request, current=str(case_file.risk_level.revision), today=timezone.localdate()
    )
    act = draft.sending(actions.set_provisionally)
    if form.run(act, case_file=case_file, by=request.user, now=timezone.now()):
        messages.success(request, _("Red holds from now on, provisionally. Supervisors see it."))
        return redirect("casework:show_level", case_file.number)
    return render(
        request,
        "casework/levels/provisional.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            "hours": levels.emergency_hours(timezone.localdate()),
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_POST
@requires(Permission.PROPOSE_LEVEL)
def withdraw_proposal(request: SignedInRequest, number: str) -> HttpResponse:
    """Take back what waits."""
    case_file = find_file(request, number)
    proposal = levels.open_proposal(case_file)
    if proposal is None:
        raise Http404
    form = WithdrawProposalForm.from_request(request)
    now = timezone.now()
    if form.run(actions.withdraw, case_file=case_file, proposal=proposal, by=request.user, now=now):
        messages.success(request, _("The proposal has been taken back."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:show_level", case_file.number)


@require_safe
@requires(Permission.DECIDE_LEVEL)
def list_reviews(request: SignedInRequest) -> HttpResponse:
    """What waits for a decision, the most urgent first; each group apart."""
    group = lists.choose_group(request.user, request.GET.get("group"))
    visible = CaseFile.objects.visible_to(request.user).filter(status=Status.OPEN)
    found = levels.waiting_for(request.user, visible.of_group(group))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(each, each.risk_level.case_file) for each in page.object_list]
    open_rows(request.user, [case_file for _each, case_file in rows])
    groups = lists.groups_of(request.user)
    return render(
        request,
        "casework/levels/list_reviews.html",
        {
            "page": page,
            "rows": [(each, case_file, *may_do(request, each)) for each, case_file in rows],
            "queues": queues.tabs_of(request.user, group, timezone.localtime()),
            "group": group,
            "groups": [(each, lists.LABELS[each]) for each in groups] if len(groups) > 1 else [],
        },
    )


def may_do(request: SignedInRequest, proposal: Proposal) -> tuple[bool, bool]:
    """Whether this supervisor may answer it at all, and whether they may say yes."""
    about = (request.user, proposal.risk_level.case_file, proposal)
    return (
        is_allowed(rules.check_can_answer_proposal, *about),
        is_allowed(rules.check_can_decide_level, *about),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DECIDE_LEVEL)
def review_proposal(request: SignedInRequest, number: str) -> HttpResponse:
    """What is, what is proposed and on what, side by side; then the decision."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    proposal = levels.open_proposal(case_file)
    if proposal is None or proposal.state != ProposalState.SUBMITTED:
        messages.info(request, _("Nothing waits here: somebody has decided, or took it back."))
        return redirect("casework:show_level", case_file.number)
    review = levels.review_of(case_file, proposal, reading, now=timezone.now())
    form = DecideLevelForm.from_request(
        request,
        current=review.version,
        until_on=review.until_on,
        is_first_of_two=review.is_first_of_two,
    )
    draft = draft_of(request, case_file, FormKind.DECISION)
    about: dict[str, Any] = {
        "case_file": case_file,
        "proposal": proposal,
        "plan": review.plan,
        "inputs": review.inputs,
        "now": timezone.now(),
    }
    if form.run(draft.sending(actions.decide), by=request.user, **about):
        return decided(request, case_file, form.cleaned_data["decision"], review)
    around = {
        **beside_review(request, case_file, proposal, reading),
        **continued(request, form, draft, reading),
        "review": review,
        "form": form,
        "level_until": case_file.risk_level.until_at,
    }
    return render(request, "casework/levels/review.html", around, status=status(form))


def beside_review(
    request: SignedInRequest, case_file: CaseFile, proposal: Proposal, reading: Reading
) -> dict[str, Any]:
    """The file as it is, and whether this supervisor is the second person."""
    open_groups([case_file], "body", reading=reading)
    is_team = rules.is_in_team(request.user, case_file)
    return {
        "case_file": case_file,
        "is_team": is_team,
        "details": files.detail_facts(case_file, is_team=is_team),
        "team": files.team_rows(case_file),
        "proposal": proposal,
        "may_answer": is_allowed(
            rules.check_can_answer_proposal, request.user, case_file, proposal
        ),
        "may_decide": is_allowed(rules.check_can_decide_level, request.user, case_file, proposal),
    }


def decided(
    request: SignedInRequest, case_file: CaseFile, decision: str, review: levels.Review
) -> HttpResponse:
    """Say what happened, and go where the next thing is to be done."""
    if decision == "approve" and review.is_first_of_two:
        messages.success(request, _("Your approval is on record. A second supervisor confirms it."))
        return redirect("casework:list_reviews")
    if decision == "reject" and review.proposed.proposal.is_for_safety:
        messages.success(request, _("Your answer is on record. The level is what it was before."))
        return redirect("casework:list_reviews")
    if decision != "approve":
        messages.success(request, _("Your answer is on record. The level stays."))
        return redirect("casework:list_reviews")
    messages.success(request, _("Decided. The level holds from today."))
    return redirect(case_file)


@require_safe
@requires(Permission.VIEW_LEGAL_BASES)
def list_legal_bases(request: SignedInRequest) -> HttpResponse:
    """What each population records, why, on what ground and for how long; as the code says."""
    return render(
        request, "casework/levels/list_legal_bases.html", {"populations": POPULATIONS.values()}
    )
