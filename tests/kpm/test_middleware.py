"""What every request passes."""

import json
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path

from audit import log
from audit.events import Event
from audit.models import LoggedEvent
from casework.models import Person
from kpm import views
from kpm.accounts.models import User
from kpm.accounts.sessions import SessionStore
from kpm.errors import Busy
from kpm.ids import uuid7
from kpm.middleware import HEADERS, AuditMiddleware, SecurityHeadersMiddleware
from kpm.permissions import Permission, Role, public, requires
from kpm.urls import urlpatterns as site
from kpm.vault.errors import KeyDestroyed
from tests.factories import client_for, make_case_file, make_user

SECRET = "only for those who are written down"


def read(request):
    log.reading(request.user, event=Event.CASE_FILE_READ, purpose=None).about(request.user)
    return HttpResponse(SECRET)


@requires(Permission.VIEW_OWN_RECORD)
def reading(request):
    return read(request)


@public
def refusing(request):
    from django.db import transaction

    with transaction.atomic():
        log.refused(Event.CASE_FILE_REFUSED, by=log.ANONYMOUS, rule="test")
        User.objects.update(name="changed")
        raise PermissionDenied


@public
def busy(request):
    raise Busy


@public
def broken(request):
    raise RuntimeError(SECRET)


@public
def away(request):
    raise FAULTS[request.GET["fault"]](SECRET)


FAULTS = {each.__name__: each for each in (InterfaceError, OperationalError, log.NotWritten)}


@public
def unreadable(request, number):
    raise KeyDestroyed(2, 2, uuid7())


@public
def context(request):
    now = log.current()
    return HttpResponse(f"{now.channel} {now.request} {now.session} {now.address} {now.agent}")


@public
def streaming(request):
    return StreamingHttpResponse(iter(["a", "b"]))


@public
def kept(request):
    return HttpResponse(headers={"Cache-Control": "max-age=60"})


def undeclared(request):
    return HttpResponse(SECRET)


PAGES = (reading, refusing, busy, broken, away, context, streaming, kept, undeclared)


class Routes:
    """The site, and pages that only a test has."""

    handler400 = staticmethod(views.bad_request)
    handler403 = staticmethod(views.permission_denied)
    handler500 = staticmethod(views.server_error)
    urlpatterns = [
        *site,
        *(
            path(f"test/{view.__name__}/", view)
            for view in (
                reading,
                refusing,
                busy,
                broken,
                away,
                context,
                streaming,
                kept,
                undeclared,
            )
        ),
        path("files/<number:number>/unreadable/", unreadable),
    ]


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _routes(settings):
    settings.ROOT_URLCONF = Routes


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/health/", 200),
        ("/sign-in/", 200),
        ("/nowhere/", 404),
        ("/me/", 302),
        ("/test/undeclared/", 403),
        ("/test/busy/", 503),
        ("/test/streaming/", 200),
    ],
)
def test_every_answer_carries_every_header(path, code):
    response = Client().get(path)
    assert response.status_code == code
    for name, value in HEADERS.items():
        assert response.headers[name] == value


def test_the_policies_are_as_strict_as_designed():
    response = Client().get("/sign-in/")
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    assert "camera=()" in response.headers["Permissions-Policy"]


def test_an_answer_that_may_be_kept_says_so_itself():
    assert Client().get("/test/kept/").headers["Cache-Control"] == "max-age=60"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_three_methods_are_answered(method):
    response = Client().generic(method, "/health/")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert response.headers["Content-Security-Policy"]


def test_a_method_is_not_smuggled_in():
    client = client_for(make_user())
    for extra in ({"HTTP_X_HTTP_METHOD_OVERRIDE": "POST"}, {"QUERY_STRING": "_method=POST"}):
        assert client.get("/sign-out/", **extra).status_code == 405
    assert client.get("/me/").status_code == 200


def test_what_was_read_is_written_before_the_answer_leaves():
    user = make_user()
    assert client_for(user).get("/test/reading/").content.decode() == SECRET
    event = LoggedEvent.objects.get(event=Event.CASE_FILE_READ)
    assert (event.actor, event.outcome) == (user.log_reference, "ok")


def test_what_cannot_be_written_down_is_not_shown(monkeypatch):
    client = client_for(make_user())

    def fail(*_args):
        raise log.NotWritten("broken")

    monkeypatch.setattr(log, "_write_apart", fail)
    response = client.get("/test/reading/")
    assert response.status_code == 503
    assert SECRET not in response.content.decode()
    assert response.headers["Retry-After"]
    assert response.headers["Cache-Control"] == "no-store"


def test_a_refusal_is_written_after_its_transaction_was_rolled_back():
    user = make_user()
    assert client_for(user).get("/test/refusing/").status_code == 403
    assert LoggedEvent.objects.get(event=Event.CASE_FILE_REFUSED).outcome == "denied"
    user.refresh_from_db()
    assert user.name != "changed"


def test_a_refused_permission_is_written_down():
    user = make_user(Role.SOCIAL_WORKER)
    assert client_for(user).get("/grants/").status_code == 403
    event = LoggedEvent.objects.get(event=Event.PERMISSION_REFUSED)
    assert event.actor == user.log_reference
    assert '"rule":"view_grants"' in event.body


def test_a_refused_permission_names_the_file_that_was_asked_for():
    auditor = make_user(Role.AUDITOR)
    assert client_for(auditor).get("/files/7K3MQ-9TX2A/").status_code == 403
    administrator = make_user(Role.SYSTEM_ADMINISTRATOR)
    assert client_for(administrator).get("/ledgers/7K3MQ-9TX2B/").status_code == 403
    bodies = LoggedEvent.objects.filter(event=Event.PERMISSION_REFUSED).values_list(
        "body", flat=True
    )
    kinds = {"7K3MQ-9TX2A": "case_file", "7K3MQ-9TX2B": "ledger"}
    for number, kind in kinds.items():
        assert any(number in body and kind in body for body in bodies)


def test_a_view_that_declares_nothing_does_not_answer(caplog):
    for client in (Client(), client_for(make_user())):
        response = client.get("/test/undeclared/")
        assert response.status_code == 403
        assert SECRET not in response.content.decode()
    assert "undeclared" in caplog.text


def test_too_much_at_once_is_told_to_come_back():
    response = Client().get("/test/busy/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")


def test_a_fault_shows_nothing_of_itself():
    client = Client(raise_request_exception=False)
    response = client.get("/test/broken/")
    assert response.status_code == 500
    page = response.content.decode()
    assert SECRET not in page
    assert "Traceback" not in page
    assert "RuntimeError" not in page


def test_a_fault_is_told_by_its_kind_and_place_and_never_by_its_words(caplog):
    Client(raise_request_exception=False).get("/test/broken/")
    assert "RuntimeError" in caplog.text
    assert re.search(r"test_middleware\.py:\d+ broken", caplog.text)
    assert SECRET not in caplog.text


def test_a_fault_beside_the_views_is_told_as_well(caplog, monkeypatch):
    def touch(self):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(SessionStore, "touch", touch)
    response = Client(raise_request_exception=False).get("/test/kept/")
    assert response.status_code == 500
    assert "RuntimeError" in caplog.text
    assert "process_response" in caplog.text
    assert SECRET not in caplog.text


def test_a_request_that_is_none_leaves_its_kind(caplog):
    assert Client().get("/sign-in/", headers={"host": "evil.example"}).status_code == 400
    assert "DisallowedHost" in caplog.text
    assert "evil.example" not in caplog.text


@pytest.mark.parametrize("fault", FAULTS)
def test_a_database_or_log_that_is_away_is_told_to_come_back(caplog, fault):
    response = Client().get("/test/away/", {"fault": fault})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert SECRET not in response.content.decode() + caplog.text


@pytest.mark.parametrize("fault", [InterfaceError, OperationalError])
def test_a_database_that_is_away_beside_the_views_is_told_to_come_back(monkeypatch, fault):
    def touch(self):
        raise fault(SECRET)

    monkeypatch.setattr(SessionStore, "touch", touch)
    response = Client(raise_request_exception=False).get("/test/kept/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")


def test_content_that_was_changed_is_an_event(caplog):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    head = bytes(case_file.person.head)
    Person.objects.update(head=head[:-1] + bytes([head[-1] ^ 1]))
    client = client_for(worker)
    client.raise_request_exception = False
    response = client.get(f"/files/{case_file.number}/", follow=True)
    assert response.status_code == 500
    event = LoggedEvent.objects.get(event=Event.VAULT_REFUSED)
    assert (event.actor, event.subject) == (worker.log_reference, case_file.number)
    assert json.loads(event.body)["dec"] == {"ok": False, "rule": "changed"}
    assert f"model 1, group 1, owner {case_file.person_id}" in caplog.text


def test_content_whose_key_was_destroyed_is_an_event_of_nobody_known():
    client = Client(raise_request_exception=False)
    assert client.get("/files/7K3MQ-9TX2A/unreadable/").status_code == 500
    event = LoggedEvent.objects.get(event=Event.VAULT_REFUSED)
    assert (event.actor, event.subject) == ("x:anon", "7K3MQ-9TX2A")
    assert '"rule":"destroyed"' in event.body


def test_content_that_does_not_open_and_cannot_be_written_down(monkeypatch):
    def fail(*_args):
        raise log.NotWritten(SECRET)

    monkeypatch.setattr(log, "_write_apart", fail)
    response = Client().get("/files/7K3MQ-9TX2A/unreadable/")
    assert response.status_code == 503


def test_the_context_names_request_session_and_place():
    user = make_user()
    client = client_for(user)
    words = client.get(
        "/test/context/", REMOTE_ADDR="127.0.0.7", headers={"user-agent": "Browser/1"}
    ).content.decode()
    channel, request, session, address, agent = words.split()
    assert channel == "web"
    assert len(request) == 32
    assert session == user.sessions.get().log_reference
    assert (address, agent) == ("127.0.0.7", "Browser/1")
    assert client.get("/test/context/").content.decode().split()[1] != request
    assert Client().get("/test/context/").content.decode().split()[2] == "None"
    assert log.current() is None


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "2001:db8::1", ""])
def test_the_demo_answers_this_machine_only(peer):
    for page in ("/sign-in/", "/health/", "/static/kpm/app.css", "/nowhere/"):
        response = Client().get(page, REMOTE_ADDR=peer, headers={"x-real-ip": "127.0.0.1"})
        assert response.status_code == 403
        assert "<h1>" in response.content.decode()
        assert response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
def test_the_demo_believes_no_proxy(peer):
    said = {"x-real-ip": "192.0.2.9", "x-forwarded-proto": "https"}
    words = Client().get("/test/context/", REMOTE_ADDR=peer, headers=said).content.decode()
    assert words.split()[3] == peer


@pytest.fixture
def real_site(settings):
    settings.KPM_DEMO = False
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.KPM_TRUSTED_PROXIES = ["10.0.0.1", "2001:db8::/64"]
    return settings


SAID = {"x-real-ip": "192.0.2.9", "x-forwarded-proto": "https"}


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::7"])
def test_the_word_of_the_named_proxy_counts(real_site, peer):
    response = Client().get("/test/context/", REMOTE_ADDR=peer, headers=SAID)
    assert response.content.decode().split()[3] == "192.0.2.9"
    plain = Client().get("/test/context/", REMOTE_ADDR=peer, headers={"x-forwarded-proto": "http"})
    assert (plain.status_code, plain.url) == (301, "https://testserver/test/context/")


@pytest.mark.parametrize("peer", ["10.0.0.2", "127.0.0.1", "192.0.2.9", ""])
def test_the_word_of_anybody_else_does_not(real_site, peer, monkeypatch):
    client = Client()
    for scheme in ("http", "https"):
        response = client.get(
            "/test/context/", REMOTE_ADDR=peer, headers=SAID, **{"wsgi.url_scheme": scheme}
        )
        assert (response.status_code, response.url) == (301, "https://testserver/test/context/")
    real_site.SECURE_SSL_REDIRECT = False
    words = Client().get("/test/context/", REMOTE_ADDR=peer, headers=SAID).content.decode()
    assert "192.0.2.9" not in words.replace(f" {peer} ", " ")


def test_a_socket_is_believed_where_it_is_named(real_site):
    real_site.KPM_TRUSTED_PROXIES = ["unix"]
    response = Client().get("/test/context/", REMOTE_ADDR="", headers=SAID)
    assert response.content.decode().split()[3] == "192.0.2.9"
    assert Client().get("/test/context/", headers=SAID).status_code == 301


def test_the_middleware_stands_alone(rf):
    response = SecurityHeadersMiddleware(AuditMiddleware(lambda _request: HttpResponse("x")))(
        rf.get("/")
    )
    assert response.headers["X-Frame-Options"] == "DENY"


def test_the_cookie_is_for_this_site_and_no_script():
    user = make_user(username="lin", password="paper lantern over the river")
    client = Client()
    words = {"username": user.username, "password": "paper lantern over the river"}
    client.post("/sign-in/", words)
    cookie = client.cookies["kpm_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
