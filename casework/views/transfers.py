"""Pages of transfers: ask another unit, see what is asked, answer."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.actions import transfers as actions
from casework.dashboards import teams, transfers
from casework.forms.transfers import (
    AcceptTransferForm,
    AskTransferForm,
    RefuseTransferForm,
    WithdrawTransferForm,
)
from casework.models import Transfer
from casework.models.transfers import TransferState
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.accounts.scoping import get_visible
from kpm.forms import ActionForm, status
from kpm.permissions import Permission, requires
from kpm.vault.opening import open_groups


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ASSIGN_WORKERS)
def ask_transfer(request: SignedInRequest, number: str) -> HttpResponse:
    """Ask another unit to take a file; until it says yes the lead stays."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.TRANSFER)
    form = AskTransferForm.from_request(request, district=case_file.district)
    ask = draft.sending(actions.ask)
    if form.run(ask, case_file=case_file, by=request.user, now=timezone.now()):
        words = _("%(unit)s has been asked. Until it says yes, nothing changes.")
        messages.success(request, words % {"unit": form.result.to_unit.name})
        return redirect("casework:list_transfers")
    return render(
        request,
        "casework/transfers/ask.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_safe
@requires(Permission.ASSIGN_WORKERS)
def list_transfers(request: SignedInRequest) -> HttpResponse:
    """What other units ask of mine, and what was asked about my files: numbers only."""
    user = request.user
    around = {"to_me": transfers.asked_of(user), "by_me": transfers.asked_about(user)}
    return render(request, "casework/transfers/list.html", around)


@require_safe
@requires(Permission.ASSIGN_WORKERS)
def show_transfer(request: SignedInRequest, mark: str) -> HttpResponse:
    """The note, and the answer."""
    return _shown(request, _found(request, mark))


@require_POST
@requires(Permission.ASSIGN_WORKERS)
def accept_transfer(request: SignedInRequest, mark: str) -> HttpResponse:
    """Take the file and name its lead."""
    transfer = _found(request, mark)
    form = AcceptTransferForm.from_request(request, workers=_workers(transfer))
    if form.run(actions.accept, transfer=transfer, by=request.user, now=timezone.now()):
        messages.success(request, _("The file is in your unit now, and has its lead there."))
        return redirect("casework:show_case_file", transfer.case_file.number)
    return _shown(request, transfer, accept=form)


@require_POST
@requires(Permission.ASSIGN_WORKERS)
def refuse_transfer(request: SignedInRequest, mark: str) -> HttpResponse:
    """Say no and why."""
    transfer = _found(request, mark)
    form = RefuseTransferForm.from_request(request)
    if form.run(actions.refuse, transfer=transfer, by=request.user, now=timezone.now()):
        messages.success(request, _("Your answer is on record."))
        return redirect("casework:list_transfers")
    return _shown(request, transfer, refuse=form)


@require_POST
@requires(Permission.ASSIGN_WORKERS)
def withdraw_transfer(request: SignedInRequest, mark: str) -> HttpResponse:
    """Take the question back."""
    transfer = _found(request, mark)
    form = WithdrawTransferForm.from_request(request)
    if form.run(actions.withdraw, transfer=transfer, by=request.user, now=timezone.now()):
        messages.success(request, _("The file stays where it is."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:list_transfers")


def _found(request: SignedInRequest, mark: str) -> Transfer:
    rows = Transfer.objects.select_related(
        "case_file__unit", "case_file__risk_level", "from_unit", "to_unit", "asked_by"
    )
    return get_visible(rows, request.user, number=mark)


def _workers(transfer: Transfer) -> object:
    return teams.candidates_in(
        transfer.to_unit, transfer.case_file.population, timezone.localdate()
    )


def _shown(request: SignedInRequest, transfer: Transfer, **sent: ActionForm) -> HttpResponse:
    """Only the note is opened: whose file it is, the other unit learns with the file."""
    reading = log.reading(
        request.user,
        event=Event.CASE_FILE_READ,
        purpose=Purpose.SUPERVISION,
        about=[transfer.case_file],
        rule="offered",
    )
    open_groups([transfer], "body", reading=reading)
    if transfer.state == TransferState.REFUSED:
        open_groups([transfer], "answer", reading=reading)
    forms = {
        "accept": AcceptTransferForm(workers=_workers(transfer)),
        "refuse": RefuseTransferForm(),
    }
    form = next(iter(sent.values()), None)
    return render(
        request,
        "casework/transfers/show.html",
        {
            "transfer": transfer,
            "may_answer": transfers.may_answer(request.user, transfer),
            "may_withdraw": transfers.may_withdraw(request.user, transfer),
            **forms,
            **sent,
        },
        status=status(form) if form else 200,
    )
