"""Papers of one file."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from casework import rules
from casework.forms.reports import PrintSummaryForm
from casework.models import CaseFile
from casework.reports import case_summary
from casework.views.opening import find_file, open_file, purpose_of
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires


def paper(document: bytes, case_file: CaseFile) -> HttpResponse:
    """A paper to take along, named by the file number alone."""
    name = f'attachment; filename="{case_file.number}.pdf"'
    return HttpResponse(
        document, content_type="application/pdf", headers={"Content-Disposition": name}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.PRINT_SUMMARY)
def print_summary(request: SignedInRequest, number: str) -> HttpResponse:
    """Ask what for; then the summary as PDF."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    form = PrintSummaryForm.from_request(request)
    who = {"by": request.user, "purpose": purpose_of(request, case_file)}
    if form.run(case_summary.print_summary, case_file=case_file, now=timezone.now(), **who):
        return paper(form.result, case_file)
    is_team = rules.is_in_team(request.user, case_file)
    return render(
        request,
        "casework/reports/print.html",
        {"case_file": case_file, "form": form, "is_team": is_team},
        status=status(form),
    )
