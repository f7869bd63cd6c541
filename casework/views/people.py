"""The pages on which somebody is looked for, and taken in if nobody knows them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.events import Purpose
from casework.actions import people, searches
from casework.dashboards import intake, lists
from casework.forms.people import AdmitPersonForm, FindPersonForm
from casework.models import CaseFile
from casework.views.opening import remember_purpose
from kpm.accounts.models import SignedInRequest, Unit
from kpm.accounts.scoping import units_under
from kpm.forms import status
from kpm.permissions import Permission, is_granted, requires
from risk_levels.populations import POPULATIONS


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.FIND_PERSON)
def find_person(request: SignedInRequest) -> HttpResponse:
    """Whether somebody is known: the question before the form, which goes on from the answer."""
    code = request.GET.get("population", "")
    admits = is_granted(request.user, Permission.ADMIT_PERSON)
    if admits and code not in populations_of(request):
        return redirect("casework:admit_person")
    form = FindPersonForm.from_request(request)
    around: dict[str, Any] = {
        "form": form,
        "population": POPULATIONS[code] if admits else None,
    }
    if form.run(searches.seek, by=request.user, now=timezone.now()):
        answer: searches.Answer = form.result
        if answer.person is not None:
            around["match"] = intake.match_of(answer.person, code, request.user)
        if admits and goes_on(request, answer, around.get("match")):
            # What was typed goes along in the page, never in an address.
            return admit_page(request, admit_form(code, request, initial=form.cleaned_data), code)
        around["answer"] = answer
    return render(request, "casework/people/find.html", around, status=status(form))


def goes_on(request: SignedInRequest, answer: searches.Answer, match: Any) -> bool:
    """Whether the form comes next: nobody is known, or they are to have another file."""
    if match is None:
        return not answer.is_known
    return match.may_go_on and "go_on" in request.POST


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADMIT_PERSON)
def admit_person(request: SignedInRequest) -> HttpResponse:
    """Choose the group; the form itself follows from the question whether somebody is known."""
    populations = populations_of(request)
    code = request.GET.get("population", "")
    if code not in populations:
        return render(request, "casework/people/choose.html", {"populations": populations})
    if request.method != "POST":
        return redirect(f"{reverse('casework:find_person')}?{urlencode({'population': code})}")
    form = admit_form(code, request)
    today = timezone.localdate()
    if form.run(people.admit, population=code, by=request.user, today=today):
        return admitted(request, form.result)
    return admit_page(request, form, code)


def admit_form(
    code: str, request: SignedInRequest, *, initial: dict[str, Any] | None = None
) -> AdmitPersonForm:
    """The form as it was sent; or a new one that begins with what was asked before."""
    around: dict[str, Any] = {
        "population": POPULATIONS[code],
        "units": units_under(request.user).filter(level=Unit.Level.VILLAGE).order_by("code"),
        "today": timezone.localdate(),
    }
    if initial is not None:
        return AdmitPersonForm(initial=initial, **around)
    return AdmitPersonForm.from_request(request, **around)


def admit_page(request: SignedInRequest, form: AdmitPersonForm, code: str) -> HttpResponse:
    """The form on its page; it is sent to the one address that takes people in."""
    action = f"{reverse('casework:admit_person')}?{urlencode({'population': code})}"
    around = {"form": form, "population": POPULATIONS[code], "action": action}
    return render(request, "casework/people/admit.html", around, status=status(form))


def populations_of(request: SignedInRequest) -> dict[str, Any]:
    """The groups that somebody may be taken in to, by their codes."""
    groups = lists.groups_of(request.user)
    return {
        code: label for each in groups for code, label in lists.populations_of(request.user, each)
    }


def admitted(request: SignedInRequest, case_file: CaseFile) -> HttpResponse:
    """On to the new file; what for it is opened needs no question now."""
    remember_purpose(request, case_file=case_file, purpose=Purpose.INTAKE)
    messages.success(request, _("The file was opened. Now give it a lead worker."))
    return redirect(case_file)
