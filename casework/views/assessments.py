"""Pages of assessments: fill one in, read what it suggests and why."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from casework import rules
from casework.actions import assessments
from casework.dashboards.assessments import assessments_of, open_assessment
from casework.forms.assessments import RecordAssessmentForm
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires
from risk_levels.instruments import INSTRUMENTS


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_ASSESSMENT)
def record_assessment(request: SignedInRequest, number: str) -> HttpResponse:
    """Fill in the questionnaire; the result comes from the server and changes no level."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    form = RecordAssessmentForm.from_request(
        request, population=case_file.population, today=timezone.localdate()
    )
    draft = draft_of(request, case_file, FormKind.ASSESSMENT)
    record = draft.sending(assessments.record)
    if form.run(record, case_file=case_file, by=request.user, now=timezone.now()):
        messages.success(request, _("The assessment is on record. The level has not changed."))
        place = case_file.risk_level.assessments.count()
        return redirect("casework:show_assessment", case_file.number, place)
    return render(
        request,
        "casework/assessments/record.html",
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
def show_instrument(request: SignedInRequest, code: str, version: int) -> HttpResponse:
    """How a questionnaire counts: every question, what each answer does, where it comes from."""
    instrument = INSTRUMENTS.get((code, version))
    if instrument is None:
        raise Http404
    return render(
        request,
        "casework/assessments/instrument.html",
        {"instrument": instrument},
    )


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def show_assessment(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """What was answered, what that suggests, and which answers led there."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    rows = assessments_of(case_file)
    if not 1 <= place <= len(rows):
        raise Http404
    return render(
        request,
        "casework/assessments/show.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "assessed": open_assessment(rows, place, case_file.population, reading),
        },
    )
