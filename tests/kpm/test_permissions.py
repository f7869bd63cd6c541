"""Who may do what: the table of roles, and what a view declares."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse

from kpm.errors import NotYou
from kpm.permissions import (
    EVERYONE,
    ROLES,
    SEPARATED,
    Open,
    Permission,
    Role,
    access_of,
    is_granted,
    permissions_of,
    public,
    requires,
)

# What tells that somebody works with cases.
CASES = {
    Permission.ASSIGN_WORKERS,
    Permission.DECIDE_LEVEL,
    Permission.DRAFT_PLAN,
    Permission.IMPORT_LEDGER,
    Permission.PRINT_SUMMARY,
    Permission.PROPOSE_LEVEL,
    Permission.RECORD_ASSESSMENT,
    Permission.RECORD_VISIT,
    Permission.REVEAL_FIELD,
    Permission.VIEW_CASE_FILES,
    Permission.VIEW_TODAY,
}


class Somebody:
    """As much of a user as permissions look at."""

    is_authenticated = True

    def __init__(self, role: Role | None) -> None:
        self.role = role


@requires(Permission.VIEW_LOG)
def look(request, what="log"):
    """A page of the auditor."""
    return HttpResponse(what)


def asked_by(rf, user, method="get"):
    request = getattr(rf, method)("/log/?page=2")
    request.user = user
    return request


def test_every_role_has_a_row_and_every_permission_a_role():
    assert set(ROLES) == set(Role)
    assert set().union(*ROLES.values(), EVERYONE) == set(Permission)


@pytest.mark.parametrize("role", sorted(SEPARATED))
def test_whoever_keeps_watch_sees_no_case(role):
    assert not ROLES[role] & CASES


def test_nobody_may_do_everything():
    assert all(not (set(Permission) <= permissions_of(Somebody(role))) for role in Role)


def test_no_two_of_the_watching_roles_share_more_than_a_list_of_accounts():
    watching = sorted(SEPARATED)
    shared = set().union(*(ROLES[a] & ROLES[b] for a in watching for b in watching if a != b))
    # A one-time password is issued by either, never for the same account: see its rule.
    assert shared == {Permission.VIEW_ACCOUNTS, Permission.ISSUE_PASSWORD}


def test_whoever_opens_accounts_grants_no_roles():
    assert not any({Permission.OPEN_ACCOUNT, Permission.GRANT_ROLE} <= ROLES[role] for role in Role)


def test_whoever_proposes_does_not_decide():
    assert not any(
        {Permission.PROPOSE_LEVEL, Permission.DECIDE_LEVEL} <= ROLES[role] for role in Role
    )


@pytest.mark.parametrize("role", [*Role, None])
def test_everybody_who_signed_in_may_look_after_themselves(role):
    assert permissions_of(Somebody(role)) >= EVERYONE


def test_without_a_role_there_is_nothing_else():
    assert permissions_of(Somebody(None)) == EVERYONE
    assert permissions_of(AnonymousUser()) == frozenset()


def test_a_permission_is_granted_by_the_role():
    assert is_granted(Somebody(Role.AUDITOR), Permission.VIEW_LOG)
    assert not is_granted(Somebody(Role.SUPERVISOR), Permission.VIEW_LOG)


def test_a_declared_view_answers_those_it_is_for(rf):
    response = look(asked_by(rf, Somebody(Role.AUDITOR)), what="events")
    assert response.content == b"events"


def test_a_declared_view_refuses_the_others(rf):
    with pytest.raises(NotYou) as refusal:
        look(asked_by(rf, Somebody(Role.SUPERVISOR)))
    assert refusal.value.permission == Permission.VIEW_LOG


def test_a_visitor_is_asked_to_sign_in_and_led_back(rf):
    response = look(asked_by(rf, AnonymousUser()))
    assert response.url == "/sign-in/?next=%2Flog%2F%3Fpage%3D2"


def test_what_a_visitor_posts_is_not_kept(rf):
    assert look(asked_by(rf, AnonymousUser(), "post")).url == "/sign-in/?ended=1&next=%2F"


def test_a_view_says_what_it_declared():
    @public
    def door(request):
        return HttpResponse()

    def forgotten(request):
        return HttpResponse()

    assert access_of(look) is Permission.VIEW_LOG
    assert access_of(door) is Open.PUBLIC
    assert access_of(forgotten) is None
    assert look.__name__ == "look"
