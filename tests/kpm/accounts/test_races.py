"""Two people, or one impatient finger, at the same moment."""

from django.db import transaction
from django.test import Client
from django.utils import timezone

from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts import actions
from kpm.accounts.models import RoleGrant, Submission, User
from kpm.errors import Refused
from kpm.permissions import Role
from tests.conftest import RealCommits
from tests.factories import COUNTY, TOWNSHIP, make_unit, make_user, the_demo
from tests.threads import at_once


def test_one_form_sent_by_five_clicks_has_one_effect(real_commits: RealCommits):
    make_unit(TOWNSHIP)
    guardian, user = make_user(Role.SECURITY_ADMINISTRATOR), make_user(None)
    client = Client()
    client.force_login(guardian)
    cookies = client.cookies.output(header="", sep=";")
    form = {
        "csrfmiddlewaretoken": "the token of one page",
        "user": user.log_reference,
        "role": "supervisor",
        "unit": TOWNSHIP,
        "start_on": timezone.localdate().isoformat(),
    }

    def click(_turn: int) -> int:
        browser = Client(raise_request_exception=False)
        browser.cookies.load(cookies)
        return browser.post("/grants/new/", form).status_code

    assert at_once(5, click) == [302] * 5
    assert user.grants.count() == 1
    assert LoggedEvent.objects.filter(event=Event.GRANT_STARTED).count() == 1
    assert Submission.objects.count() == 1


def test_two_roles_given_at_the_same_moment_are_not_both_given(real_commits: RealCommits):
    user, unit, granter = make_user(None), make_unit(COUNTY), the_demo()
    roles = [Role.AUDITOR, Role.SYSTEM_ADMINISTRATOR, Role.SUPERVISOR, Role.SOCIAL_WORKER]

    def give(turn: int) -> str:
        with transaction.atomic():
            # Straight into the table: no action has locked anybody.
            RoleGrant(
                user=user,
                role=roles[turn],
                unit=unit,
                start_on=timezone.localdate(),
                granted_by=granter,
            ).save_as(by=None)
        return "given"

    assert at_once(4, give).count("given") == 1
    assert user.grants.count() == 1


def test_one_name_opened_twice_at_once_is_one_account(real_commits: RealCommits):
    make_unit(COUNTY)
    admins = [make_user(Role.SYSTEM_ADMINISTRATOR) for _ in range(2)]
    browsers = []
    for admin in admins:
        browsers.append(Client(raise_request_exception=False))
        browsers[-1].force_login(admin)

    def open_it(turn: int) -> int:
        form = {"username": "wang.min", "name": "王敏", "unit": COUNTY}
        return browsers[turn].post("/accounts/new/", form).status_code

    codes = at_once(2, open_it)
    assert sorted(codes) == [200, 422]
    assert User.objects.filter(username="wang.min").count() == 1


def test_two_who_close_each_other_at_the_same_moment_do_not_both_go(real_commits: RealCommits):
    both = [make_user(Role.SECURITY_ADMINISTRATOR) for _ in range(2)]

    def close(turn: int) -> str:
        try:
            actions.close_account(user=both[1 - turn], by=both[turn])
        except Refused:
            return "refused"
        return "closed"

    assert sorted(map(str, at_once(2, close))) == ["closed", "refused"]
    assert User.objects.filter(pk__in=[each.pk for each in both], is_active=True).count() == 1
