"""Keeping what stands in a form while somebody types, and throwing it away."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from casework.actions import unsent_forms as actions
from casework.dashboards import unsent_forms
from casework.dashboards.unsent_forms import PAGES
from casework.models import CaseFile
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file
from kpm.accounts.models import SignedInRequest
from kpm.errors import Refused
from kpm.forms import ActionForm
from kpm.permissions import Permission, requires
from kpm.vault.opening import Reading

# What the page itself adds to a form. What it was begun on is kept: others may have gone on since.
ADDED = frozenset({"csrfmiddlewaretoken"})
# A page that keeps by itself says so, and is answered without a page.
BY_ITSELF = "X-Keeps"


@require_POST
@requires(Permission.RECORD_VISIT)
def keep_form(request: SignedInRequest, number: str, form: str) -> HttpResponse:
    """Keep what stands in the form; the page goes on, or is left for now."""
    case_file = find_file(request, number)
    kind = _kind(form)
    try:
        actions.keep(
            case_file=case_file,
            form=kind,
            values=typed(request.POST),
            by=request.user,
            now=timezone.now(),
        )
    except Refused as refusal:
        if BY_ITSELF in request.headers:
            return HttpResponse(refusal.message, status=422, content_type="text/plain")
        messages.error(request, refusal.message)
        return redirect(PAGES[kind], case_file.number)
    if BY_ITSELF in request.headers:
        return HttpResponse(status=204)
    messages.success(request, _("What you wrote is kept. Only you see it; go on when you can."))
    return redirect("casework:show_case_file", case_file.number)


@require_POST
@requires(Permission.RECORD_VISIT)
def discard_form(request: SignedInRequest, number: str, form: str) -> HttpResponse:
    """Throw away what was begun, and begin again."""
    case_file = find_file(request, number)
    kind = _kind(form)
    if actions.discard(case_file=case_file, form=kind, by=request.user):
        messages.success(request, _("What you had begun is thrown away."))
    return redirect(PAGES[kind], case_file.number)


def _kind(form: str) -> FormKind:
    if form not in FormKind.values:
        raise Http404
    return FormKind(form)


def typed(sent: QueryDict) -> dict[str, list[str]]:
    """What somebody typed: every field that holds anything."""
    fields = {name: [each for each in values if each] for name, values in sent.lists()}
    return {name: values for name, values in fields.items() if values and name not in ADDED}


def continued(
    request: SignedInRequest,
    case_file: CaseFile,
    form: ActionForm,
    kind: FormKind,
    reading: Reading,
) -> dict[str, Any]:
    """Put what was kept into a form that is shown for the first time; what the page says of it."""
    around: dict[str, Any] = {"form_kind": kind}
    if form.is_bound:
        return around
    kept = unsent_forms.kept_form(case_file, request.user, kind, reading)
    if kept is None:
        return around
    form.begin_with(kept.values)
    is_older = kept.revision != case_file.risk_level.revision
    return {**around, "kept": kept, "kept_is_older": is_older}
