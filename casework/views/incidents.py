"""Pages of incidents."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casework import rules
from casework.actions import incidents as actions
from casework.dashboards import incidents
from casework.forms.incidents import NoteIncidentForm
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import open_groups


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_incidents(request: SignedInRequest, number: str) -> HttpResponse:
    """What happened, the latest first, with what was corrected."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    return render(
        request,
        "casework/incidents/list.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "rows": incidents.of_file(case_file, reading),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_VISIT)
def note_incident(request: SignedInRequest, number: str) -> HttpResponse:
    """One thing that happened."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.INCIDENT)
    now = timezone.now()
    form = NoteIncidentForm.from_request(request, population=case_file.population, now=now)
    if form.run(draft.sending(actions.note), case_file=case_file, by=request.user, now=now):
        messages.success(request, _("On record. A review is suggested; no level changes by it."))
        return redirect(case_file)
    return render(
        request,
        "casework/incidents/note.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_VISIT)
def correct_incident(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """The same anew, or that it was a mistake."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    incident = incidents.incident_at(case_file, place)
    open_groups([incident], "body", reading=reading)
    draft, now = draft_of(request, case_file, FormKind.CORRECTION, place), timezone.now()
    form = NoteIncidentForm.from_request(
        request, population=case_file.population, now=now, wrong=incident
    )
    if form.run(draft.sending(actions.correct), incident=incident, by=request.user, now=now):
        messages.success(request, _("The correction is on record."))
        return redirect("casework:list_incidents", case_file.number)
    return render(
        request,
        "casework/incidents/correct.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "incident": incident,
            "form": form,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )
