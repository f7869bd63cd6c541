"""Pages of attachments: what there is, one more, one given out, one taken out of use."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import attachments
from casework.forms.attachments import AddAttachmentForm, RemoveAttachmentForm
from casework.models import Attachment, CaseFile
from casework.views.opening import find_file, known_purpose, open_file
from kpm.accounts.models import SignedInRequest
from kpm.errors import Refused
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.files import CHUNK
from kpm.vault.opening import open_groups

PER_PAGE = 20
# Whatever a browser makes of it, nothing in it runs here, and nothing shows it in our pages.
HARMLESS = {"Content-Security-Policy": "default-src 'none'; sandbox"}


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_attachments(request: SignedInRequest, number: str) -> HttpResponse:
    """The files that belong to this one, the latest first."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    rows = case_file.attachments.select_related("attached_by", "removed_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    open_groups(page.object_list, "body", reading=reading)
    return show(request, "list", case_file, page=page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADD_ATTACHMENT)
def add_attachment(request: SignedInRequest, number: str) -> HttpResponse:
    """One more file."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    form = AddAttachmentForm.from_request(request)
    if form.run(attachments.add, case_file=case_file, by=request.user, now=timezone.now()):
        messages.success(request, _("The attachment was added."))
        return redirect("casework:list_attachments", case_file.number)
    return show(request, "add", case_file, form=form, status=status(form))


@require_safe
@requires(Permission.DOWNLOAD_ATTACHMENT)
def download_attachment(request: SignedInRequest, number: str, place: int) -> HttpResponseBase:
    """One file, to be kept and never to be shown by the browser; its name says nothing."""
    case_file = find_file(request, number)
    purpose = known_purpose(request, case_file)
    attachment = find_attachment(case_file, place)
    try:
        file = attachments.download(attachment=attachment, by=request.user, purpose=purpose)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("casework:list_attachments", case_file.number)
    return sent(file, attachment)


@require_POST
@requires(Permission.ADD_ATTACHMENT)
def remove_attachment(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """Take a file out of use."""
    case_file = find_file(request, number)
    found = find_attachment(case_file, place)
    form = RemoveAttachmentForm.from_request(request)
    if form.run(attachments.remove, attachment=found, by=request.user, now=timezone.now()):
        messages.success(request, _("The attachment was removed."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:list_attachments", case_file.number)


def find_attachment(case_file: CaseFile, place: int) -> Attachment:
    """The attachment of this number in a file that is theirs."""
    found = case_file.attachments.filter(number=place).first()
    if found is None:
        raise Http404
    # With the team and the unit, which rules ask for.
    found.case_file = case_file
    return found


def sent(file: Any, attachment: Attachment) -> FileResponse:
    """The answer that carries a file, some of it at a time."""
    response = FileResponse(
        file,
        as_attachment=True,
        filename=attachment.outside_name,
        content_type="application/octet-stream",
        headers=HARMLESS,
    )
    response.block_size = CHUNK
    return response


def show(
    request: HttpRequest, verb: str, case_file: CaseFile, *, status: int = 200, **more: Any
) -> HttpResponse:
    """A page of this file."""
    around = {"case_file": case_file, "is_team": rules.is_in_team(request.user, case_file)}  # type: ignore[arg-type]  # who comes here is signed in
    return render(request, f"casework/attachments/{verb}.html", {**around, **more}, status=status)
