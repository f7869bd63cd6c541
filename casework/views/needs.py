"""Pages of needs and strengths."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casework import rules
from casework.actions import needs as actions
from casework.dashboards import needs
from casework.forms.needs import EndNeedForm, NoteNeedForm
from casework.views.opening import find_file, open_file
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import open_groups


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_needs(request: SignedInRequest, number: str) -> HttpResponse:
    """What the person can do and needs; what was met, and what was given up and why."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    return render(
        request,
        "casework/needs/list.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "found": needs.of_file(case_file, reading),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_VISIT)
def note_need(request: SignedInRequest, number: str) -> HttpResponse:
    """One more need or strength."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    form = NoteNeedForm.from_request(request)
    today = timezone.localdate()
    if form.run(actions.note, case_file=case_file, by=request.user, today=today):
        messages.success(request, _("This is on record."))
        return redirect("casework:list_needs", case_file.number)
    return render(
        request,
        "casework/needs/note.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
        },
        status=status(form),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_VISIT)
def end_need(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """What became of a need, or that a strength no longer holds."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    need = needs.need_at(case_file, place)
    open_groups([need], "body", reading=reading)
    form = EndNeedForm.from_request(request, need=need)
    if form.run(actions.end, need=need, by=request.user, today=timezone.localdate()):
        messages.success(request, _("This is on record."))
        return redirect("casework:list_needs", case_file.number)
    return render(
        request,
        "casework/needs/end.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "need": need,
            "form": form,
        },
        status=status(form),
    )
