"""Pages of rule sets: versions, one version, writing one and bringing it into force."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.dashboards import rule_sets
from casework.forms.rule_sets import (
    ChangeDutiesForm,
    ChangeGeneralForm,
    DraftRuleSetForm,
    StartRuleSetForm,
)
from kpm import days
from kpm.accounts.models import SignedInRequest
from kpm.errors import Refused
from kpm.forms import status
from kpm.permissions import Permission, requires
from risk_levels import actions
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import RuleSetState
from risk_levels.populations import POPULATIONS


def find_rule_set(version: str) -> RuleSet:
    """The version of this name."""
    found = rule_sets.version_named(version)
    if found is None:
        raise Http404
    return found


@require_safe
@requires(Permission.VIEW_RULE_SETS)
def list_rule_sets(request: SignedInRequest) -> HttpResponse:
    """Every version and how it stands."""
    today = timezone.localdate()
    actions.rule_set_in_force(today)
    return render(request, "casework/rule_sets/list.html", {"versions": rule_sets.versions(today)})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_RULE_SET)
def draft_rule_set(request: SignedInRequest) -> HttpResponse:
    """Begin another version: it says what the present one says until something is changed."""
    form = DraftRuleSetForm.from_request(request)
    if form.run(actions.draft_rule_set, by=request.user, today=timezone.localdate()):
        return redirect("casework:show_rule_set", form.result.version)
    return render(request, "casework/rule_sets/draft.html", {"form": form}, status=status(form))


@require_safe
@requires(Permission.VIEW_RULE_SETS)
def show_rule_set(request: SignedInRequest, version: str) -> HttpResponse:
    """What it says, what differs, and what that would bring."""
    return render(request, "casework/rule_sets/show.html", _around(find_rule_set(version)))


def _around(rule_set: RuleSet) -> dict[str, Any]:
    today = timezone.localdate()
    holding = actions.rule_set_in_force(today)
    is_ahead = rule_set.state == RuleSetState.DRAFT or (
        rule_set.state == RuleSetState.IN_FORCE
        and rule_set.in_force_on is not None
        and rule_set.in_force_on > today
    )
    before = holding if is_ahead else rule_set
    effects = rule_sets.effects(rule_set, before, today) if is_ahead else []
    return {
        "version": rule_sets.version_of(rule_set, holding, today),
        "rule_set": rule_set,
        # What differs stands first.
        "tables": sorted(rule_sets.tables(rule_set, before), key=lambda each: not each.differs),
        "general": rule_sets.general_rows(rule_set, before),
        "is_ahead": is_ahead,
        "is_draft": rule_set.state == RuleSetState.DRAFT,
        "effects": effects,
        "total": rule_sets.total_of(effects),
        "decisions": rule_sets.decisions_by(rule_set),
        "seen": rule_sets.seen(rule_set),
        "today": today,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_RULE_SET)
def change_duties(request: SignedInRequest, version: str, population: str) -> HttpResponse:
    """Other days for one population, in a draft."""
    rule_set = find_rule_set(version)
    if population not in POPULATIONS:
        raise Http404
    form = ChangeDutiesForm.from_request(
        request, duties=rule_set.days_of(population), current=rule_sets.seen(rule_set)
    )
    label = POPULATIONS[population].label
    act = actions.change_duties
    return _changed(request, form, rule_set, label, act, population=population)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.DRAFT_RULE_SET)
def change_general(request: SignedInRequest, version: str) -> HttpResponse:
    """Other hours and working days for everybody, in a draft."""
    rule_set = find_rule_set(version)
    form = ChangeGeneralForm.from_request(
        request, general=rule_set.general(), current=rule_sets.seen(rule_set)
    )
    return _changed(request, form, rule_set, _("For everybody"), actions.change_general)


def _changed(
    request: SignedInRequest,
    form: ChangeDutiesForm | ChangeGeneralForm,
    rule_set: RuleSet,
    label: Any,
    act: Callable[..., RuleSet],
    **more: Any,
) -> HttpResponse:
    if form.run(act, rule_set=rule_set, by=request.user, **more):
        messages.success(request, _("The draft is changed. It holds for nobody yet."))
        return redirect("casework:show_rule_set", rule_set.version)
    return render(
        request,
        "casework/rule_sets/change.html",
        {"form": form, "rule_set": rule_set, "label": label},
        status=status(form),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.START_RULE_SET)
def start_rule_set(request: SignedInRequest, version: str) -> HttpResponse:
    """The second person: read what differs and what it brings, then say from when on."""
    rule_set = find_rule_set(version)
    today = timezone.localdate()
    form = StartRuleSetForm.from_request(
        request, current=rule_sets.seen(rule_set), tomorrow=today + timedelta(days=1)
    )
    if form.run(actions.start_rule_set, rule_set=rule_set, by=request.user, today=today):
        day = days.in_words(form.result.in_force_on)
        messages.success(request, _("The version takes force on %(day)s.") % {"day": day})
        return redirect("casework:show_rule_set", rule_set.version)
    return render(
        request,
        "casework/rule_sets/start.html",
        {"form": form, **_around(rule_set)},
        status=status(form),
    )


@require_POST
@requires(Permission.START_RULE_SET)
def withdraw_rule_set(request: SignedInRequest, version: str) -> HttpResponse:
    """Take a version back that has not begun."""
    rule_set = find_rule_set(version)
    try:
        actions.withdraw_rule_set(rule_set=rule_set, by=request.user, today=timezone.localdate())
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The version is taken back; everything stays as it was."))
    return redirect("casework:show_rule_set", rule_set.version)


@require_POST
@requires(Permission.DRAFT_RULE_SET)
def discard_rule_set(request: SignedInRequest, version: str) -> HttpResponse:
    """Throw one's draft away."""
    rule_set = find_rule_set(version)
    try:
        actions.discard_rule_set(rule_set=rule_set, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("casework:show_rule_set", rule_set.version)
    messages.success(request, _("The draft is discarded."))
    return redirect("casework:list_rule_sets")
