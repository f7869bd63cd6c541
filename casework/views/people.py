"""The page on which somebody is taken in."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.events import Purpose
from casework.actions import people
from casework.dashboards import lists
from casework.forms.people import AdmitPersonForm
from casework.models import CaseFile
from casework.views.opening import remember_purpose
from kpm.accounts.models import SignedInRequest, Unit
from kpm.accounts.scoping import units_under
from kpm.forms import status
from kpm.permissions import Permission, requires
from risk_levels.populations import POPULATIONS


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADMIT_PERSON)
def admit_person(request: SignedInRequest) -> HttpResponse:
    """Choose the group, then say who it is; whoever is here already is not taken in twice."""
    populations = populations_of(request)
    code = request.GET.get("population", "")
    if code not in populations:
        return render(request, "casework/people/choose.html", {"populations": populations})
    today = timezone.localdate()
    units = units_under(request.user).filter(level=Unit.Level.VILLAGE).order_by("code")
    form = AdmitPersonForm.from_request(
        request, population=POPULATIONS[code], units=units, today=today
    )
    if form.run(people.admit, population=code, by=request.user, today=today):
        return admitted(request, form.result)
    around = {"form": form, "population": POPULATIONS[code]}
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
