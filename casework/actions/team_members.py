"""People of other organs in a team: named and taken out here."""

from datetime import date

from django.db import transaction

from audit import log
from audit.events import Event
from casework import red_rules
from casework.actions import team_checks
from casework.actions.assignments import locked
from casework.models import CaseFile, TeamMember
from kpm.accounts.models import User


@transaction.atomic
def name_member(
    *,
    case_file: CaseFile,
    place: str,
    by: User,
    today: date,
    name: str = "",
    role: str = "",
    told: str = "",
    is_woman: bool = False,
    is_nobody: bool = False,
) -> TeamMember:
    """Write down who has a place, or that nobody can be had for it and why (in `told`)."""
    case_file = locked(case_file)
    red_rules.check_can_name_others(by, case_file)
    red_rules.check_place_fits(case_file, place)
    red_rules.check_is_said(is_nobody=is_nobody, name=name, told=told, is_woman=is_woman)
    if is_nobody:
        red_rules.check_can_do_without(by, case_file)
    member = TeamMember(
        key_owner=case_file.pk,
        case_file=case_file,
        district=case_file.district,
        place=place,
        is_woman=is_woman,
        is_nobody=is_nobody,
        name=name,
        role=role,
        told=told,
        start_on=today,
    )
    member.save_as(by=by)
    team_checks.forget(case_file)
    log.record(Event.TEAM_MEMBER_NAMED, by=by, target=case_file)
    return member


@transaction.atomic
def end(*, member: TeamMember, by: User, today: date) -> TeamMember:
    """They help no longer, or somebody can be had after all."""
    case_file = locked(member.case_file)
    member = TeamMember.objects.get(pk=member.pk)
    member.case_file = case_file
    red_rules.check_can_end_member(by, member)
    member.until_on = today
    member.save_as(by=by)
    team_checks.forget(case_file)
    log.record(Event.TEAM_MEMBER_LEFT, by=by, target=case_file)
    return member
