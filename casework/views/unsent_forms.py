"""Keeping what stands in a form while somebody types, and throwing it away."""

import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from casework.actions import unsent_forms as actions
from casework.actions.unsent_forms import Draft
from casework.dashboards import unsent_forms
from casework.models import CaseFile
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file
from kpm import ids
from kpm.accounts.models import SignedInRequest
from kpm.errors import Refused
from kpm.forms import ActionForm
from kpm.permissions import Permission, requires
from kpm.vault.opening import Reading

# What the page itself adds to a form and nobody reads again. What it was begun on is kept: others
# may have gone on since.
ADDED = frozenset({"csrfmiddlewaretoken", "window", "goes_on"})
# What it was begun on, as it stands in a page.
AROUND = frozenset({"seen", "stand", "about", "notice"})
# A page that keeps by itself says so, and is answered without a page.
BY_ITSELF = "X-Keeps"
LONGEST_NAME = 24
NAME = re.compile("[A-Za-z0-9_-]{8,24}", re.ASCII)


@require_POST
@requires(Permission.VIEW_CASE_FILES)
def keep_form(request: SignedInRequest, number: str, form: str) -> HttpResponse:
    """Keep what stands in the form; the page goes on, or is left for now."""
    draft = _named(request, find_file(request, number), form)
    values = typed(request.POST)
    try:
        actions.keep(draft=draft, values=values, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _not_kept(request, draft, values, refusal)
    if BY_ITSELF in request.headers:
        return HttpResponse(status=204)
    messages.success(request, _("What you wrote is kept. Only you see it; go on when you can."))
    return redirect("casework:show_case_file", number)


def _not_kept(
    request: SignedInRequest, draft: Draft, values: dict[str, list[str]], refusal: Refused
) -> HttpResponse:
    """Why; and without a script what was typed as well, which stands nowhere else."""
    if BY_ITSELF in request.headers:
        return HttpResponse(refusal.message, status=422, content_type="text/plain")
    texts = [each for name in values if name not in AROUND for each in values[name]]
    around = {"case_file": draft.case_file, "words": refusal.message, "texts": texts}
    around |= {"page": unsent_forms.page_of(draft)}
    return render(request, "casework/unsent_forms/not_kept.html", around, status=422)


@require_POST
@requires(Permission.VIEW_CASE_FILES)
def discard_form(request: SignedInRequest, number: str, form: str) -> HttpResponse:
    """Throw away what was begun, and begin again."""
    draft = _named(request, find_file(request, number), form)
    if actions.discard(draft=draft, by=request.user):
        messages.success(request, _("What you had begun is thrown away."))
    return redirect(unsent_forms.page_of(draft))


def _named(request: SignedInRequest, case_file: CaseFile, slug: str) -> Draft:
    """The form that an address names: a kind, and which one of it."""
    kind, _dash, place = slug.partition("-")
    if kind not in FormKind.values or not unsent_forms.is_known(FormKind(kind), place):
        raise Http404
    return draft_of(request, case_file, FormKind(kind), *place.split("-"))


def draft_of(
    request: SignedInRequest, case_file: CaseFile, kind: FormKind, *places: object
) -> Draft:
    """What a page keeps of its form, under a name that the page goes by until it is left."""
    place = "-".join(map(str, places))
    if request.method != "POST":
        return Draft(case_file, kind, place, window=ids.reference("")[:LONGEST_NAME])
    window, goes_on = (request.POST.get(each, "") for each in ("window", "goes_on"))
    return Draft(case_file, kind, place, window if NAME.fullmatch(window) else "", goes_on)


def typed(sent: QueryDict) -> dict[str, list[str]]:
    """What somebody typed: every field that holds anything."""
    fields = {name: [each for each in values if each] for name, values in sent.lists()}
    return {name: values for name, values in fields.items() if values and name not in ADDED}


def continued(
    request: SignedInRequest,
    form: ActionForm,
    draft: Draft,
    reading: Reading,
    about: str = "",
) -> dict[str, Any]:
    """Put what was kept into a form that is shown for the first time; what the page says of it.

    Give `about` where what is kept says for itself which one it is.
    """
    stand = unsent_forms.stand_of(draft)
    around: dict[str, Any] = {"draft": draft, "stand": stand, "goes_on": draft.goes_on}
    kept = None if form.is_bound else unsent_forms.kept_form(draft, request.user, reading)
    if kept is None:
        return around
    if kept.said("about") != about:
        return {**around, "kept_about": kept.said("about"), "stamp": kept.stamp}
    form.begin_with(kept.values)
    return {
        **around,
        "goes_on": kept.stamp,
        "kept": kept,
        "kept_is_older": kept.said("stand") != stand,
    }
