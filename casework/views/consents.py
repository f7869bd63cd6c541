"""Pages of consents."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import rules
from casework.actions import consents as actions
from casework.dashboards import consents, referrals
from casework.forms.consents import RecordConsentForm, WithdrawConsentForm
from casework.models.consents import ConsentPurpose
from casework.models.unsent_forms import FormKind
from casework.notices import CURRENT
from casework.views.opening import find_file, open_file
from casework.views.unsent_forms import continued, draft_of
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, requires


@require_safe
@requires(Permission.VIEW_CASE_FILES)
def list_consents(request: SignedInRequest, number: str) -> HttpResponse:
    """To what somebody said yes, and what was taken back."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    today = timezone.localdate()
    last = consents.last_words(case_file, today)
    return render(
        request,
        "casework/consents/list.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "rows": consents.rows_of(case_file, reading, today),
            "is_without_ground": consents.is_without_ground(case_file, last),
            "to_stop": referrals.is_any_without_ground(case_file),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_CONSENT)
def record_consent(request: SignedInRequest, number: str) -> HttpResponse:
    """The notice, and one yes."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    draft = draft_of(request, case_file, FormKind.CONSENT)
    form = RecordConsentForm.from_request(request, initial={"given_on": timezone.localdate()})
    record = draft.sending(actions.record)
    about = {"case_file": case_file, "notice": CURRENT.version}
    if form.run(record, by=request.user, now=timezone.now(), **about):
        messages.success(request, _("The consent is on record."))
        return redirect("casework:list_consents", case_file.number)
    return render(
        request,
        "casework/consents/record.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "form": form,
            "notice": CURRENT,
            "purposes": [(each.label, CURRENT.purposes[each]) for each in ConsentPurpose],
            **continued(request, form, draft, reading),
        },
        status=status(form),
    )


@require_POST
@requires(Permission.WITHDRAW_CONSENT)
def withdraw_consent(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """Take a yes back; nobody is asked why."""
    case_file = find_file(request, number)
    consent = consents.consent_at(case_file, place)
    form = WithdrawConsentForm.from_request(request)
    if form.run(actions.withdraw, consent=consent, by=request.user, now=timezone.now()):
        messages.success(request, _("The consent is withdrawn, from now on."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:list_consents", case_file.number)
