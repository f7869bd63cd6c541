"""The first steps on a new site."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.permissions import Role
from risk_levels.models import RuleSet
from tests.factories import make_unit, make_user

pytestmark = pytest.mark.django_db

ARGUMENTS = {
    "city": ["100100000000", "江州市"],
    "county": ["100122000000", "云溪县"],
    "system": ["system", "赵敏"],
    "security": ["security", "钱立"],
}


def open_site(**change) -> str:
    out = StringIO()
    call_command("open_site", stdout=out, **(ARGUMENTS | change))
    return out.getvalue()


def test_a_new_site_gets_two_units_and_two_administrators():
    shown = open_site()
    passwords = dict(line.split() for line in shown.splitlines()[:2])
    assert Unit.objects.count() == 2
    for username, role in (
        ("system", Role.SYSTEM_ADMINISTRATOR),
        ("security", Role.SECURITY_ADMINISTRATOR),
    ):
        user = User.objects.get(username=username)
        assert user.role == role
        assert user.grants.get().granted_by.log_reference == "s:work"
        response = Client().post(
            "/sign-in/", {"username": username, "password": passwords[username]}
        )
        assert response.status_code == 302
    assert LoggedEvent.objects.filter(event=Event.GRANT_STARTED, actor="s:work").count() == 2


def test_a_new_site_has_its_rules_from_a_part_of_the_system():
    open_site()
    rule_set = RuleSet.objects.get()
    assert (rule_set.state, rule_set.drafted_by.log_reference) == ("in_force", "s:work")
    assert RuleSet.objects.in_force(timezone.localdate()) == rule_set
    assert LoggedEvent.objects.get(event=Event.RULE_SET_STARTED).actor == "s:work"


def test_units_that_are_there_stay():
    make_unit("100122000000", "云溪县")
    open_site()
    assert Unit.objects.count() == 2


def test_a_site_that_has_administrators_is_not_opened_again():
    make_user(Role.SECURITY_ADMINISTRATOR)
    with pytest.raises(CommandError, match="already"):
        open_site()
    assert User.objects.filter(username="system").count() == 0


def test_what_does_not_fit_opens_nothing():
    with pytest.raises(CommandError):
        open_site(county=["200122000000", "elsewhere"])
    assert not Unit.objects.exists()
    assert not RoleGrant.objects.exists()
    assert not LoggedEvent.objects.exists()
