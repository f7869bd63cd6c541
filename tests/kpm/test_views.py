"""Pages that belong to no app."""

import pytest
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError
from django.test import Client
from django.utils import translation
from django.utils.html import escape

from audit import log
from audit.events import Event
from audit.models import LoggedEvent
from kpm import views
from kpm.context_processors import MENU
from kpm.permissions import ROLES, Role
from kpm.uploads import MOST_READ
from tests.factories import (
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_health_is_one_word():
    response = Client().get("/health/")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert Client().post("/health/").status_code == 405


@pytest.mark.parametrize("fault", [OperationalError, InterfaceError, Error])
def test_health_says_when_the_database_is_away(monkeypatch, fault):
    class Away:
        def __getitem__(self, alias):
            raise fault(alias)

    monkeypatch.setattr(views, "connections", Away())
    response = Client().get("/health/")
    assert (response.status_code, response.content) == (503, b"unavailable\n")


@pytest.mark.parametrize("role", Role)
def test_home_is_where_the_work_of_a_role_begins(role, real_commits):
    client = client_for(make_user(role))
    response = client.get("/")
    assert response.status_code == 302
    first = next(entry for entry in MENU if entry.permission in ROLES[role])
    assert client.get(response.url).status_code == 200, first.view


def test_without_a_role_home_is_ones_own_account():
    assert client_for(make_user(None)).get("/").url == "/me/"


def test_a_visitor_is_asked_to_sign_in():
    assert Client().get("/").url == "/sign-in/?next=%2F"


def test_the_language_is_kept_and_the_page_comes_back():
    client = Client()
    response = client.post("/language/", {"language": "en", "next": "/sign-in/"})
    assert response.url == "/sign-in/"
    assert "Sign in" in client.get("/sign-in/").content.decode()
    assert '<html lang="en"' in client.get("/sign-in/").content.decode()
    client.post("/language/", {"language": "zh-hans", "next": "/sign-in/"})
    assert '<html lang="zh-hans"' in client.get("/sign-in/").content.decode()


def test_the_language_leads_to_no_other_site():
    response = Client().post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert response.url == "/"
    assert Client().get("/language/").status_code == 405


def test_a_form_from_elsewhere_is_refused():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/sign-in/", {"username": "x", "password": "y"})
    assert response.status_code == 403
    assert "csrfmiddlewaretoken" not in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"


def test_a_form_from_elsewhere_is_written_down_without_anything_of_it():
    worker = make_user()
    client = Client(enforce_csrf_checks=True)
    client.force_login(worker)
    words = {"csrfmiddlewaretoken": "planted", "note": "王秀英"}
    assert client.post("/files/7K3MQ-9TX2A/visits/new/", words).status_code == 403
    Client(enforce_csrf_checks=True).post(
        "/sign-in/", {"username": worker.username}, headers={"origin": "https://evil.example"}
    )
    mine, nobodys = LoggedEvent.objects.filter(event=Event.FORM_REFUSED).order_by("id")
    assert (mine.actor, mine.subject) == (worker.log_reference, "7K3MQ-9TX2A")
    assert (nobodys.actor, nobodys.subject) == ("x:anon", None)
    for event in (mine, nobodys):
        assert '"dec":{"ok":false,"rule":"csrf"}' in event.body
        for word in ("planted", "王秀英", "evil", worker.username):
            assert word not in event.body


def test_a_form_from_elsewhere_that_cannot_be_written_down_is_told_to_come_back(monkeypatch):
    def fail(*_args):
        raise log.NotWritten("broken")

    monkeypatch.setattr(log, "_write_apart", fail)
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "x"})
    assert response.status_code == 503


@pytest.mark.parametrize("origin", ["null", "https://evil.example"])
def test_another_origin_is_refused(origin):
    client = Client(enforce_csrf_checks=True)
    response = client.post("/language/", {"language": "en"}, headers={"origin": origin})
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (views.bad_request, 400),
        (views.permission_denied, 403),
        (views.page_not_found, 404),
        (views.server_error, 500),
        (views.unavailable, 503),
        (views.not_here, 403),
    ],
)
def test_error_pages_need_nothing_and_say_nothing(rf, view, code, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = view(rf.get("/x/?secret=1"))
    assert response.status_code == code
    page = response.content.decode()
    assert "<h1>" in page
    assert "secret" not in page
    assert "style=" not in page


@pytest.mark.parametrize("role", [None, *Role])
def test_a_page_that_is_not_for_a_role_says_who_else_helps(role):
    client = client_for(make_user(role))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    # No role opens both of these pages.
    path = "/log/" if role != Role.AUDITOR else "/keys/"
    with translation.override("en"):
        words = escape(str(views.NOT_YOU[role]))
    response = client.get(path)
    assert response.status_code == 403
    assert words in response.content.decode()


def test_what_is_somebody_elses_and_what_is_nothing_get_the_same_words_by_role():
    case_file, stranger = make_case_file(), make_user(unit=make_unit(OTHER_VILLAGE))
    said = {}
    for user in (stranger, make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))):
        client = client_for(user)
        pages = [client.get(path) for path in (case_file.get_absolute_url(), "/files/nothing/")]
        assert [page.status_code for page in pages] == [404, 404]
        said[user.role], again = (page.content for page in pages)
        assert again == said[user.role]
    assert said[Role.SOCIAL_WORKER] != said[Role.SUPERVISOR]


def test_an_error_page_does_without_the_role_when_the_database_is_away(rf):
    class Away:
        @property
        def role(self):
            raise OperationalError("away")

    request = rf.get("/x/")
    request.user = Away()
    assert views.page_not_found(request).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere/",
        "/accounts/%00/password/",
        "/accounts/u:%00/password/",
        "/accounts/../password/x",
        "/accounts;x/",
        "/ACCOUNTS/",
        "/accounts.json",
        "/me/..%2faccounts/",
    ],
)
def test_an_address_that_is_none_gets_our_page(path):
    client = client_for(make_user(Role.SYSTEM_ADMINISTRATOR))
    response = client.get(path)
    assert response.status_code == 404
    assert "<h1>" in response.content.decode()


@pytest.mark.parametrize("page", ["\x00", "-1", "1e9", "٣", "9" * 400, "1;DROP TABLE"])
def test_any_page_number_gets_a_page(page):
    client = client_for(make_user(Role.SECURITY_ADMINISTRATOR))
    for path in ("/accounts/", "/grants/", "/me/"):
        assert client.get(path, {"page": page, "ordering": "user__password"}).status_code == 200


def test_what_is_too_large_is_said_to_be_too_large():
    client = client_for(None)
    response = client.post("/sign-in/", {"username": "x"}, CONTENT_LENGTH=str(MOST_READ + 1))
    assert response.status_code == 413
    assert "larger than any form or ledger" in response.content.decode()
    long = client.post("/sign-in/", {"username": "x" * 1_100_000})
    assert long.status_code == 413
