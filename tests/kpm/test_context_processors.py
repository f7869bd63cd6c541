"""What every page shows around its content."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import override_settings

from kpm.context_processors import MENU, menu_of, site
from kpm.permissions import ROLES, Role
from tests.factories import client_for, make_user

pytestmark = pytest.mark.django_db


def asked(rf, user, path="/"):
    request = rf.get(path)
    if user is not None:
        request.user = user
    return request


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_a_visitor_sees_no_menu(rf, user):
    with override_settings(KPM_DEMO=False):
        assert site(asked(rf, user)) == {"demo": False, "menu": [], "signed_in": None}


def test_the_demo_says_that_it_is_one(rf):
    with override_settings(KPM_DEMO=True):
        assert site(asked(rf, None))["demo"] is True


@pytest.mark.parametrize("role", Role)
def test_the_menu_holds_what_the_role_may_open_and_nothing_else(role, real_commits):
    client = client_for(make_user(role))
    response = client.get("/me/")
    items = response.context["menu"]
    assert [item.label for item in items] == [
        entry.label for entry in MENU if entry.permission in ROLES[role]
    ]
    for item in items:
        assert client.get(item.url).status_code == 200


def test_the_page_one_is_on_is_marked(rf):
    user = make_user(Role.SECURITY_ADMINISTRATOR)
    current = [item.url for item in menu_of(asked(rf, user, "/grants/new/")) if item.is_current]
    assert current == ["/grants/"]


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/queues/late/", "/reviews/"),
        ("/objections/", "/reviews/"),
        ("/staff/", "/missing/"),
        ("/teams/draft/", "/missing/"),
        ("/hand-overs/", "/today/"),
    ],
)
def test_a_page_that_is_reached_from_another_marks_that_one(rf, path, marked):
    menu = menu_of(asked(rf, make_user(Role.SUPERVISOR), path))
    assert [item.url for item in menu if item.is_current] == [marked]


def test_the_head_of_the_page_says_who_and_where(rf):
    user = make_user(Role.AUDITOR, name="高远")
    assert site(asked(rf, user))["signed_in"] == {
        "name": "高远",
        "role": Role.AUDITOR.label,
        "unit": user.unit.name,
    }


def test_without_a_role_the_head_says_so(rf):
    around = site(asked(rf, make_user(None)))
    assert around["signed_in"]["role"]
    assert around["signed_in"]["unit"] == ""
    assert around["menu"] == []


def test_with_a_one_time_password_there_is_no_menu(rf):
    user = make_user(Role.SECURITY_ADMINISTRATOR, must_change_password=True)
    assert site(asked(rf, user))["menu"] == []
