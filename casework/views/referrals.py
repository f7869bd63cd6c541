"""Pages of referrals and of what was told to whom."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import referrals as actions
from casework.dashboards import consents, referrals, unsent_forms
from casework.destinations import RECEIVERS
from casework.forms.referrals import AnswerReferralForm, PrintForm, ReferForm
from casework.models import CaseFile
from casework.models.unsent_forms import FormKind
from casework.reports import referral_letter, sharing_list
from casework.views.opening import find_file, known_purpose, open_file
from casework.views.reports import paper
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.forms import ActionForm, status
from kpm.permissions import Permission, requires


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_referrals(request: SignedInRequest, number: str) -> HttpResponse:
    """Where the person was referred to, and what was told."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.REFERRAL)
    kept = unsent_forms.kept_form(draft, request.user, reading)
    around = {
        "rows": referrals.rows_of(case_file, reading),
        "receivers": RECEIVERS.values(),
        "draft": draft,
        "begun": RECEIVERS.get(kept.said("about")) if kept else None,
        "stamp": kept.stamp if kept else "",
    }
    return _shown(request, case_file, "list", around)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REFER)
def refer(request: SignedInRequest, number: str, kind: str) -> HttpResponse:
    """One referral to one kind of service, which decides what may be told."""
    case_file = find_file(request, number)
    if kind not in RECEIVERS:
        raise Http404
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.REFERRAL)
    form = ReferForm.from_request(request, to=RECEIVERS[kind])
    about = {"case_file": case_file, "kind": kind}
    if form.run(draft.sending(actions.send), by=request.user, now=timezone.now(), **about):
        messages.success(request, _("On record. Tell the service what you ticked, nothing else."))
        return redirect("casework:list_referrals", case_file.number)
    around = continued(request, form, draft, reading, about=kind)
    around |= {
        "to": RECEIVERS[kind],
        "begun": RECEIVERS.get(around.get("kept_about", "")),
        "may_tell": consents.may_tell(case_file, timezone.localdate()),
    }
    return _shown(request, case_file, "refer", around, form)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REFER)
def answer_referral(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """What became of it."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    row = referrals.row_at(case_file, place, reading)
    form = AnswerReferralForm.from_request(request, referral=row.referral)
    about = {"referral": row.referral, "now": timezone.now()}
    if form.run(actions.answer, by=request.user, **about):
        messages.success(request, _("This is on record."))
        return redirect("casework:list_referrals", case_file.number)
    return _shown(request, case_file, "answer", {"row": row}, form)


@require_POST
@requires(Permission.VIEW_CASE_FILES)
def print_referral(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """The letter to the service, as PDF."""
    case_file = find_file(request, number)
    row = referrals.row_at(case_file, place, open_file(request, case_file))
    form = PrintForm.from_request(request)
    form.once = False
    about = {"case_file": case_file, "referral": row.referral, "now": timezone.now()}
    who = {"by": request.user, "purpose": known_purpose(request, case_file)}
    if form.run(referral_letter.print_letter, **about, **who):
        return paper(form.result, case_file)
    messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:list_referrals", case_file.number)


@require_POST
@requires(Permission.VIEW_CASE_FILES)
def print_sharings(request: SignedInRequest, number: str) -> HttpResponse:
    """Who was told what, as PDF for the person."""
    case_file = find_file(request, number)
    form = PrintForm.from_request(request)
    form.once = False
    who = {"by": request.user, "purpose": known_purpose(request, case_file)}
    if form.run(sharing_list.print_sharings, case_file=case_file, now=timezone.now(), **who):
        return paper(form.result, case_file)
    messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:list_referrals", case_file.number)


def _shown(
    request: SignedInRequest,
    case_file: CaseFile,
    page: str,
    around: dict[str, Any],
    form: ActionForm | None = None,
) -> HttpResponse:
    is_team = rules.is_in_team(request.user, case_file)
    return render(
        request,
        f"casework/referrals/{page}.html",
        {"case_file": case_file, "is_team": is_team, "form": form, **around},
        status=status(form) if form else None,
    )
