"""Pages of the people of other organs who help with a file."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from casework import red_rules, rules
from casework.actions import team_members
from casework.dashboards import red_files
from casework.forms.team_members import EndMemberForm, NameMemberForm
from casework.views.opening import find_file, open_file
from kpm.accounts.models import SignedInRequest
from kpm.errors import is_allowed
from kpm.forms import status
from kpm.permissions import Permission, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.NAME_TEAM_MEMBERS)
def name_member(request: SignedInRequest, number: str) -> HttpResponse:
    """Who of other organs helps here, with their place and what they may be told."""
    case_file = find_file(request, number)
    reading = open_file(request, case_file)
    today = timezone.localdate()
    form = NameMemberForm.from_request(
        request,
        case_file=case_file,
        may_do_without=is_allowed(red_rules.check_can_do_without, request.user, case_file),
        place=red_files.first_empty(case_file),
    )
    if form.run(team_members.name_member, case_file=case_file, by=request.user, today=today):
        messages.success(request, _("The place is filled from today."))
        return redirect("casework:name_member", case_file.number)
    return render(
        request,
        "casework/assignments/others.html",
        {
            "case_file": case_file,
            "is_team": rules.is_in_team(request.user, case_file),
            "others": red_files.others_in(case_file, reading),
            "missing": red_files.missing_row(case_file, today),
            "form": form,
        },
        status=status(form),
    )


@require_POST
@requires(Permission.NAME_TEAM_MEMBERS)
def end_member(request: SignedInRequest, number: str, place: int) -> HttpResponse:
    """Somebody of another organ helps no longer; a page from before ends nobody else."""
    case_file = find_file(request, number)
    member = red_files.member_at(case_file, place)
    form = EndMemberForm.from_request(request)
    if form.run(team_members.end, member=member, by=request.user, today=timezone.localdate()):
        messages.success(request, _("The place is empty from today."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:name_member", case_file.number)
