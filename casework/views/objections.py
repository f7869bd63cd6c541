"""Pages of objections: written down in a minute, answered side by side, told in a letter."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import objection_rules, rules
from casework.actions import objections as actions
from casework.dashboards import levels, lists, objections, queues
from casework.forms.objections import AnswerlessForm, DecideObjectionForm, ReceiveObjectionForm
from casework.models import CaseFile
from casework.models.case_files import Status
from casework.models.unsent_forms import FormKind
from casework.reports import objection_letter
from casework.views.opening import find_file, open_file, open_rows, purpose_of
from casework.views.reports import paper
from casework.views.unsent_forms import continued, draft_of
from kpm import days
from kpm.accounts.models import SignedInRequest
from kpm.errors import is_allowed
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import Reading, open_groups
from risk_levels.models import Objection

PER_PAGE = 50


def find_objection(case_file: CaseFile, place: int) -> Objection:
    """The objection of this place on the file, or 404."""
    found = objections.placed(case_file, place)
    if found is None:
        raise Http404
    return found.objection


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECEIVE_OBJECTION)
def receive_objection(request: SignedInRequest, number: str) -> HttpResponse:
    """Write down what the person says against the level."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.OBJECTION)
    form = ReceiveObjectionForm.from_request(request)
    receive = draft.sending(actions.receive)
    if form.run(receive, case_file=case_file, by=request.user, now=timezone.now()):
        day = form.result.decide_by_on
        messages.success(
            request,
            _("The objection is on record. Tell the person: it is answered by %(day)s.")
            % {"day": days.in_words(day)},
        )
        return redirect("casework:show_level", case_file.number)
    return render(
        request,
        "casework/objections/receive.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def show_objection(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """What was said against which decision, and what became of it."""
    case_file = find_file(request, number)
    around = beside(request, case_file, place, open_file(request, case_file))
    return render(request, "casework/objections/show.html", around)


def beside(
    request: SignedInRequest, case_file: CaseFile, place: int, reading: Reading
) -> dict[str, Any]:
    """The objection, the decision that it is about, and all former ones, open."""
    objection = find_objection(case_file, place)
    open_groups([objection], "body", "answer", reading=reading)
    timeline = levels.timeline_of(case_file.risk_level, reading)
    decided_at = objection.decision.decided_at
    return {
        "case_file": case_file,
        "is_team": rules.is_in_team(request.user, case_file),
        "objection": objection,
        "place": place,
        "decision": [each for each in timeline if each.at == decided_at],
        "timeline": timeline,
        "today": timezone.localdate(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DECIDE_OBJECTION)
def decide_objection(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """The decision and what is said against it, side by side; then the answer."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    around = beside(request, case_file, place, reading)
    objection = around["objection"]
    if not objection.is_waiting:
        messages.info(request, _("This objection has been answered already."))
        return redirect("casework:show_objection", case_file.number, place)
    form = DecideObjectionForm.from_request(
        request, current=f"{objection.pk}:{case_file.risk_level.revision}"
    )
    draft = draft_of(request, case_file, FormKind.ANSWER, place)
    if form.run(
        draft.sending(actions.decide),
        case_file=case_file,
        objection=objection,
        by=request.user,
        now=timezone.now(),
    ):
        messages.success(request, _("Your answer is on record. Hand the person the letter."))
        return redirect("casework:show_objection", case_file.number, place)
    may_decide = is_allowed(
        objection_rules.check_can_decide_objection, request.user, case_file, objection
    )
    return render(
        request,
        "casework/objections/decide.html",
        {
            **around,
            "form": form,
            "may_decide": may_decide,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_POST
@requires(Permission.DECIDE_OBJECTION)
def acknowledge_objection(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """Say that the person has been told that it is here."""
    case_file = find_file(request, number)
    objection = find_objection(case_file, place)
    _press(
        request,
        actions.acknowledge,
        _("Acknowledged. Hand the person the letter."),
        case_file=case_file,
        objection=objection,
    )
    return redirect("casework:show_objection", case_file.number, place)


@require_POST
@requires(Permission.RECEIVE_OBJECTION)
def withdraw_objection(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """Write down that the person takes it back."""
    case_file = find_file(request, number)
    objection = find_objection(case_file, place)
    _press(
        request,
        actions.withdraw,
        _("It is on record that the person takes it back."),
        case_file=case_file,
        objection=objection,
    )
    return redirect("casework:show_objection", case_file.number, place)


def _press(request: SignedInRequest, action: Any, done: str, **about: Any) -> None:
    """Do what a button says, or say why not."""
    form = AnswerlessForm.from_request(request)
    if form.run(action, by=request.user, now=timezone.now(), **about):
        messages.success(request, done)
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))


@require_POST
@requires(Permission.RECEIVE_OBJECTION)
def print_letter(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """The letter to the person as PDF."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    objection = find_objection(case_file, place)
    form = AnswerlessForm.from_request(request)
    form.once = False
    who = {"by": request.user, "purpose": purpose_of(request, case_file), "now": timezone.now()}
    if form.run(objection_letter.print_letter, case_file=case_file, objection=objection, **who):
        return paper(form.result, case_file)
    messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:show_objection", case_file.number, place)


@require_safe
@requires(Permission.DECIDE_OBJECTION)
def list_objections(request: SignedInRequest) -> HttpResponse:
    """What people object to and nobody has answered, the nearest term first."""
    group = lists.choose_group(request.user, request.GET.get("group"))
    visible = CaseFile.objects.visible_to(request.user).filter(status=Status.OPEN)
    found = objections.waiting_in(visible.of_group(group))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    open_rows(request.user, [each.risk_level.case_file for each in rows])
    places = objections.places_of(rows)
    groups = lists.groups_of(request.user)
    return render(
        request,
        "casework/objections/list.html",
        {
            "page": page,
            "rows": [(each, each.risk_level.case_file, places[each]) for each in rows],
            "queues": queues.tabs_of(request.user, group, timezone.localtime()),
            "group": group,
            "groups": [(each, lists.LABELS[each]) for each in groups] if len(groups) > 1 else [],
            "today": timezone.localdate(),
        },
    )
