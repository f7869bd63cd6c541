"""Pages of hand-overs: offer a file, see what is offered, answer."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.actions import hand_overs as actions
from casework.dashboards import hand_overs
from casework.forms.hand_overs import AnswerOfferForm, DeclineOfferForm, OfferFileForm
from casework.models import HandOver
from casework.models.hand_overs import HandOverState
from casework.models.unsent_forms import FormKind
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.accounts.scoping import get_visible
from kpm.forms import status
from kpm.permissions import Permission, requires
from kpm.vault.opening import open_groups


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.HAND_OVER)
def offer_file(request: SignedInRequest, number: str) -> HttpResponse:
    """Offer the lead of a file to somebody, with what they have to know."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.HAND_OVER)
    today = timezone.localdate()
    form = OfferFileForm.from_request(request, workers=hand_overs.candidates(case_file, today))
    offer = draft.sending(actions.offer)
    if form.run(offer, case_file=case_file, by=request.user, now=timezone.now()):
        name = form.result.to_worker.name
        words = _("Offered to %(name)s. You are responsible until they accept.")
        messages.success(request, words % {"name": name})
        return redirect("casework:show_case_file", case_file.number)
    return render(
        request,
        "casework/hand_overs/offer.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            "waiting": hand_overs.open_offer(case_file),
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_safe
@requires(Permission.HAND_OVER)
def list_hand_overs(request: SignedInRequest) -> HttpResponse:
    """What is offered to this worker, and what they have offered."""
    to_me, by_me = hand_overs.offered_to(request.user), hand_overs.offered_by(request.user)
    # A file that was given away is named by its number alone.
    live = [each for each in by_me if each.state != HandOverState.ACCEPTED]
    files = [each.case_file for each in (*to_me, *live)]
    if files:
        reading = log.reading(
            request.user,
            event=Event.CASE_FILE_LISTED,
            purpose=Purpose.SERVICE,
            about=files,
            rule="offered",
        )
        open_groups(files, "person__head", reading=reading)
    return render(request, "casework/hand_overs/list.html", {"to_me": to_me, "by_me": by_me})


def find_hand_over(request: SignedInRequest, mark: str) -> HandOver:
    """The offer, if it is theirs to see."""
    rows = HandOver.objects.select_related(
        "case_file__person", "case_file__unit", "case_file__risk_level"
    ).select_related("from_worker", "to_worker", "offered_by")
    return get_visible(rows, request.user, number=mark)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.HAND_OVER)
def show_hand_over(request: SignedInRequest, mark: str) -> HttpResponse:
    """What the next worker has to know; they accept here, or say why not."""
    hand_over = find_hand_over(request, mark)
    case_file = hand_over.case_file
    reading = log.reading(
        request.user,
        event=Event.CASE_FILE_READ,
        purpose=Purpose.SERVICE,
        about=[case_file],
        rule="offered",
    )
    open_groups([case_file.person], "head", reading=reading)
    open_groups([hand_over], "body", reading=reading)
    if hand_over.state == HandOverState.DECLINED:
        open_groups([hand_over], "answer", reading=reading)
    form = DeclineOfferForm.from_request(request)
    if form.run(actions.decline, hand_over=hand_over, by=request.user, now=timezone.now()):
        messages.success(request, _("You declined. Whoever offered it sees why."))
        return redirect("casework:list_hand_overs")
    return render(
        request,
        "casework/hand_overs/show.html",
        {"hand_over": hand_over, "case_file": case_file, "form": form},
        status=status(form),
    )


@require_POST
@requires(Permission.HAND_OVER)
def accept_hand_over(request: SignedInRequest, mark: str) -> HttpResponse:
    """Lead the file from now on."""
    hand_over = find_hand_over(request, mark)
    form = AnswerOfferForm.from_request(request)
    if form.run(actions.accept, hand_over=hand_over, by=request.user, now=timezone.now()):
        messages.success(request, _("You lead this file from now on."))
        return redirect("casework:show_case_file", hand_over.case_file.number)
    messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:list_hand_overs")


@require_POST
@requires(Permission.HAND_OVER)
def withdraw_hand_over(request: SignedInRequest, mark: str) -> HttpResponse:
    """Take an offer back."""
    hand_over = find_hand_over(request, mark)
    form = AnswerOfferForm.from_request(request)
    if form.run(actions.withdraw, hand_over=hand_over, by=request.user, now=timezone.now()):
        messages.success(request, _("The offer is taken back. The lead stays as it was."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:list_hand_overs")
