"""Evidence for others: what fits the filters of the list, with proofs."""

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from audit import evidence
from audit.forms import EvidenceForm, FilterForm
from audit.packages import MOST, choose
from audit.views import AuditorRequest
from kpm.forms import status
from kpm.permissions import Permission, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EXPORT_EVIDENCE)
def export_evidence(request: AuditorRequest) -> HttpResponseBase:
    """What would be packed; then the zip, piece by piece."""
    chosen = FilterForm(request.GET)
    if not chosen.is_valid():
        return redirect("audit:list_events")
    filters, now = chosen.filters(), timezone.now()
    form = EvidenceForm.from_request(request)
    if form.run(evidence.hand_out, by=request.user, filters=filters, now=now):
        return _zip(form, f"evidence-{timezone.localtime(now):%Y%m%d-%H%M%S}.zip")
    around = {"form": form, "filters": chosen, "chosen": choose(filters), "most": MOST}
    return render(request, "audit/export_evidence.html", around, status=status(form))


def _zip(form: EvidenceForm, name: str) -> HttpResponseBase:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(form.result, content_type="application/zip", headers=headers)
