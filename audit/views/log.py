"""The auditor's pages: the list of events, and whether they are still what was written."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from audit import actions
from audit.forms import EraseDetailForm, FilterForm, TurnForm, VerifyForm
from audit.log import Actor
from audit.searches import Page
from audit.states import state
from audit.timelines import Kind
from audit.views import AuditorRequest
from kpm.forms import status
from kpm.permissions import Permission, requires


@require_safe
@requires(Permission.VIEW_LOG)
def list_events(request: AuditorRequest) -> HttpResponse:
    """Who did what, when and why; looking is written down as well."""
    by: Actor = request.user
    form = FilterForm(request.GET)
    page = actions.search(by=by, filters=form.filters()) if form.is_valid() else Page()
    return render(
        request,
        "audit/list_events.html",
        {"form": form, "page": page, "state": state(timezone.now())},
    )


@require_safe
@requires(Permission.VIEW_LOG)
def show_event(request: AuditorRequest, place: int) -> HttpResponse:
    """All that one event says."""
    record = actions.read_event(by=request.user, place=place)
    if record is None:
        raise Http404
    return render(request, "audit/show_event.html", {"record": record, "row": record.row})


@require_safe
@requires(Permission.VIEW_LOG)
def show_account(request: AuditorRequest, reference: str) -> HttpResponse:
    """What one account did."""
    return _timeline(request, Kind.ACCOUNT, reference)


@require_safe
@requires(Permission.VIEW_LOG)
def show_thing(request: AuditorRequest, reference: str) -> HttpResponse:
    """What happened to one thing."""
    return _timeline(request, Kind.THING, reference)


@require_safe
@requires(Permission.VIEW_LOG)
def show_session(request: AuditorRequest, reference: str) -> HttpResponse:
    """What somebody did between signing in and signing out."""
    return _timeline(request, Kind.SESSION, reference)


def _timeline(request: AuditorRequest, kind: Kind, reference: str) -> HttpResponse:
    turn = TurnForm(request.GET).turn()
    timeline = actions.read_timeline(by=request.user, kind=kind, reference=reference, turn=turn)
    around = {"timeline": timeline, "page": timeline.page}
    return render(request, "audit/timeline.html", around)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VERIFY_LOG)
def verify_log(request: AuditorRequest) -> HttpResponse:
    """How the log stands, and a button that hashes it again."""
    form = VerifyForm.from_request(request)
    if form.run(actions.verify_now, by=request.user):
        result = form.result
        if result.is_good:
            words = ngettext(
                "%d event was verified: it is as it was written.",
                "%d events were verified: they are as they were written.",
                result.checked,
            )
            messages.success(request, words % result.checked)
        else:
            messages.error(request, _("The log is not as it was written. %s") % result.problem)
        return redirect("audit:verify_log")
    return render(request, "audit/verify_log.html", {"form": form, "state": state(timezone.now())})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ERASE_EVENT_DETAIL)
def erase_detail(request: AuditorRequest) -> HttpResponse:
    """Take away what lies beside an event; the event itself stays as it was written."""
    form = EraseDetailForm.from_request(request)
    if form.run(actions.erase_detail, by=request.user):
        messages.success(request, _("The detail was erased."))
        return redirect("audit:erase_detail")
    return render(request, "audit/erase_detail.html", {"form": form}, status=status(form))
