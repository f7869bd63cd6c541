"""Pages of case files: the list, search, one file, its history, single fields."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from audit.events import Event
from casework import rules
from casework.actions import case_files
from casework.dashboards import files, lists, timelines
from casework.dashboards.unsent_forms import begun
from casework.forms.case_files import FilterForm, PurposeForm, RevealForm, SearchForm
from casework.models import CaseFile
from casework.views.opening import (
    find_file,
    open_file,
    open_rows,
    purpose_of,
    reading_of,
    remember_purpose,
)
from kpm.accounts.models import SignedInRequest
from kpm.accounts.scoping import units_under
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import open_groups

PER_PAGE = 50
SHOWN_FOR = 60


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_case_files(request: SignedInRequest) -> HttpResponse:
    """My files, masked; each group in a list of its own."""
    group = lists.choose_group(request.user, request.GET.get("group"))
    filters = filter_form(request, group)
    found = filters.chosen().of(
        lists.files_of(request.user, group), request.user, timezone.localtime()
    )
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    open_rows(request.user, page.object_list)
    return render(
        request,
        "casework/case_files/list.html",
        {**around_list(request, group, page.object_list), "page": page, "filters": filters},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CASE_FILES)
def search_case_files(request: SignedInRequest) -> HttpResponse:
    """My files of people whose name, initials or last four match.

    What is looked for never stands in an address: whoever comes back to this one begins anew.
    """
    if request.method != "POST":
        return redirect("casework:list_case_files")
    group = lists.choose_group(request.user, request.POST.get("group"))
    form = SearchForm.from_request(request)
    rows: list[Any] = []
    if form.run(lists.search_files, user=request.user, group=group, now=timezone.now()):
        rows = form.result
        open_rows(request.user, rows, event=Event.SEARCH_RUN)
    return render(
        request,
        "casework/case_files/list.html",
        {**around_list(request, group, rows), "search": form, "searched": True},
        status=status(form),
    )


def filter_form(request: SignedInRequest, group: str) -> FilterForm:
    """The filters of the list, with the choices that this user has."""
    return FilterForm(
        request.GET,
        populations=lists.populations_of(request.user, group),
        units=units_under(request.user).order_by("code"),
    )


def around_list(request: SignedInRequest, group: str, rows: Any) -> dict[str, Any]:
    """What the list page shows around its rows."""
    groups = lists.groups_of(request.user)
    return {
        "rows": rows,
        "group": group,
        "groups": [(each, lists.LABELS[each]) for each in groups] if len(groups) > 1 else [],
        "search": SearchForm(),
        "today": timezone.localdate(),
    }


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def show_case_file(request: SignedInRequest, number: str) -> HttpResponse:
    """One file: who, which level until when, who helps, what is due, what is missing."""
    case_file = find_file(request, number)
    reading = reading_of(request, case_file)
    is_team = rules.is_in_team(request.user, case_file)
    now = timezone.localtime()
    overview = files.overview_of(case_file, reading, is_team=is_team, now=now)
    return render(
        request,
        "casework/case_files/show.html",
        {
            "case_file": case_file,
            "is_team": is_team,
            "file": overview,
            "reasons": RevealForm.REASONS,
            "begun": begun(case_file, request.user),
            "today": now.date(),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CASE_FILES)
def state_purpose(request: SignedInRequest, number: str) -> HttpResponse:
    """Whoever is not on the team says what for, once in a session for each file."""
    case_file = find_file(request, number)
    form = PurposeForm.from_request(request)
    if form.run(remember_purpose, request=request, case_file=case_file):
        return redirect(next_page(request, case_file.get_absolute_url()))
    return render(
        request,
        "casework/case_files/state_purpose.html",
        {"case_file": case_file, "form": form},
        status=status(form),
    )


def next_page(request: HttpRequest, otherwise: str) -> str:
    """The page of this file that was asked for before the purpose was."""
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith(otherwise) else otherwise


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def show_history(request: SignedInRequest, number: str) -> HttpResponse:
    """Everything that changed in the file: when, who, which fields."""
    case_file = find_file(request, number)
    reading = reading_of(request, case_file)
    is_team = rules.is_in_team(request.user, case_file)
    # The past asks for its keys anew, in any case; opened first, it leaves them for the head.
    entries = timelines.entries_of(case_file, reading, is_team=is_team)
    open_groups([case_file.person], "head", reading=reading)
    around = {"case_file": case_file, "is_team": is_team, "entries": entries}
    return render(request, "casework/case_files/history.html", around)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REVEAL_FIELD)
def reveal_field(request: SignedInRequest, number: str, field: str) -> HttpResponse:
    """One value for sixty seconds, after the reason is in the log."""
    case_file = find_file(request, number)
    open_file(request, case_file)
    form = RevealForm.from_request(request)
    reader = {"by": request.user, "purpose": purpose_of(request, case_file)}
    form.run(case_files.reveal, case_file=case_file, field=field, **reader)
    around = {
        "case_file": case_file,
        "is_team": rules.is_in_team(request.user, case_file),
        "fact": files.fact_of(case_file, field),
        "form": form,
        "seconds": SHOWN_FOR,
    }
    response = render(request, "casework/case_files/reveal.html", around, status=status(form))
    return leaving(response, case_file) if form.result is not None else response


def leaving(response: HttpResponse, case_file: CaseFile) -> HttpResponse:
    """Where no script runs, the browser itself leaves a page with an open value."""
    response.headers["Refresh"] = f"{SHOWN_FOR}; url={case_file.get_absolute_url()}"
    return response
