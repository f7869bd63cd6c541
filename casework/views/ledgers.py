"""Pages of ledgers: upload, look at every row, confirm, get the faulty rows back."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import log
from audit.events import Event, Purpose
from casework.actions import ledgers
from casework.dashboards import ledgers as dashboard
from casework.forms.ledgers import ConfirmLedgerForm, RowFilterForm, UploadLedgerForm
from casework.models import Ledger
from casework.models.ledgers import RowOutcome
from kpm.accounts.models import SignedInRequest
from kpm.accounts.scoping import get_visible
from kpm.excel import write_rows
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import open_groups

PER_PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@requires(Permission.IMPORT_LEDGER)
def list_ledgers(request: SignedInRequest) -> HttpResponse:
    """The ledgers that somebody uploaded, the latest first."""
    page = Paginator(Ledger.objects.visible_to(request.user), PER_PAGE).get_page(
        request.GET.get("page")
    )
    left = dashboard.left_behind(request.user)
    return render(request, "casework/ledgers/list.html", {"page": page, "left": left})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.IMPORT_LEDGER)
def upload_ledger(request: SignedInRequest) -> HttpResponse:
    """Hand in a workbook; it is read at once and checked in the background."""
    form = UploadLedgerForm.from_request(request, by=request.user)
    if form.run(ledgers.upload, by=request.user, now=timezone.now()):
        return redirect(form.result)
    return render(request, "casework/ledgers/upload.html", {"form": form}, status=status(form))


@require_safe
@requires(Permission.IMPORT_LEDGER)
def show_ledger(request: SignedInRequest, number: str) -> HttpResponse:
    """How far a ledger is, and its rows by outcome."""
    ledger = find_ledger(request, number)
    asked = RowFilterForm(request.GET)
    context = dashboard.look(
        ledger,
        outcome=asked.cleaned_data["outcome"] if asked.is_valid() else "",
        page=request.GET.get("page"),
        # While the worker is at it there are no rows to read, only how far it is.
        reading=None if ledger.is_busy else read_ledger(request, ledger),
        by=request.user,
        now=timezone.localtime(),
    )
    response = render(request, "casework/ledgers/show.html", context)
    if ledger.is_busy:
        # Without the script the page asks again by itself; with it, only the progress does.
        response["Refresh"] = "5"
    return response


@require_POST
@requires(Permission.IMPORT_LEDGER)
def confirm_ledger(request: SignedInRequest, number: str) -> HttpResponse:
    """Have everything that is new or changed taken in."""
    ledger = find_ledger(request, number)
    form = ConfirmLedgerForm.from_request(request)
    if not form.run(ledgers.confirm, ledger=ledger, by=request.user, now=timezone.now()):
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect(ledger)


@require_POST
@requires(Permission.IMPORT_LEDGER)
def discard_ledger(request: SignedInRequest, number: str) -> HttpResponse:
    """Take nothing of it in; who has left its unit or group may still do that, and only that."""
    left = dashboard.left_behind(request.user).filter(number=number).first()
    ledger = left or find_ledger(request, number)
    form = ConfirmLedgerForm.from_request(request)
    if form.run(ledgers.discard, ledger=ledger, by=request.user, now=timezone.now()):
        messages.success(request, _("The ledger was discarded; nothing was taken in."))
        return redirect("casework:list_ledgers")
    messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect(ledger)


@require_safe
@requires(Permission.IMPORT_LEDGER)
def export_refused_rows(request: SignedInRequest, number: str) -> HttpResponse:
    """The refused rows as a workbook, each with what is wrong, to be mended and uploaded."""
    ledger = find_ledger(request, number)
    reading = log.reading(
        request.user,
        event=Event.LEDGER_EXPORTED,
        purpose=Purpose.INTAKE,
        about=[ledger],
        rule="intake",
    )
    rows = list(ledger.rows.filter(outcome=RowOutcome.REFUSED).order_by("number"))
    open_groups([ledger], "head", reading=reading)
    open_groups(rows, "body", reading=reading)
    headings, lines = dashboard.sheet_of(ledger, rows)
    sheet = write_rows(ledger.number, [*headings, _("What is wrong")], lines, marked=1)
    return HttpResponse(
        sheet,
        content_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="{ledger.number}.xlsx"'},
    )


def find_ledger(request: SignedInRequest, number: str) -> Ledger:
    """The ledger if it is theirs."""
    return get_visible(
        Ledger.objects.all(), request.user, event=Event.LEDGER_REFUSED, number=number
    )


def read_ledger(request: SignedInRequest, ledger: Ledger) -> log.Reading:
    """The reading under which its rows open for a page."""
    return log.reading(
        request.user,
        event=Event.LEDGER_READ,
        purpose=Purpose.INTAKE,
        about=[ledger],
        rule="intake",
    )
