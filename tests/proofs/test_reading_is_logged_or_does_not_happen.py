"""Nobody reads without leave from the log, and what the log cannot write down is not shown.

The pages that show something are not listed here: they are found, by walking the whole site and
looking at what comes back. The log is broken in the database, where it would break.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import FieldError
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.urls import reverse

from audit import log
from audit.events import Event, Purpose
from audit.models import LoggedEvent
from kpm.permissions import Role
from kpm.vault.errors import Sealed
from kpm.vault.fields import SealedModel
from kpm.vault.groups import layout_of
from kpm.vault.opening import open_groups
from tests.audit.attackers import raw
from tests.conftest import RealCommits
from tests.proofs import walks, worlds
from tests.settings import IS_POSTGRESQL

GROUPS = [
    pytest.param(model, name, id=f"{model.__name__}.{name}")
    for model, name in worlds.sealed_groups()
]
BREAK = {
    True: (
        "CREATE FUNCTION full() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; "
        "CREATE TRIGGER the_log_is_broken BEFORE INSERT ON audit_event "
        "FOR EACH ROW EXECUTE FUNCTION full()",
        "DROP TRIGGER the_log_is_broken ON audit_event; DROP FUNCTION full()",
    ),
    False: (
        "CREATE TRIGGER the_log_is_broken BEFORE INSERT ON audit_event "
        "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
        "DROP TRIGGER the_log_is_broken",
    ),
}


@contextmanager
def broken_log(commits: RealCommits) -> Iterator[None]:
    """The database takes no event."""
    broken, mended = BREAK[IS_POSTGRESQL]
    with raw(commits) as execute:
        execute(broken)
        try:
            yield
        finally:
            execute(mended)


# --- without leave


def a_row(model: type[SealedModel]) -> Any:
    """A row as it comes from the database."""
    return model.objects.first()


@pytest.mark.parametrize(("model", "group"), GROUPS)
def test_no_group_opens_without_a_reading(
    shared_demo: RealCommits, model: type[SealedModel], group: str
) -> None:
    rows: Any = model.objects
    names = layout_of(model).groups[group].names
    nobody: Any = None
    assert names
    found = [a_row(model)]
    if hasattr(model, "history"):
        found.append(model.history.first().instance)
    for row in found:
        for name in names:
            with pytest.raises(Sealed):
                getattr(row, name)
        with pytest.raises(Sealed):
            open_groups([row], group, reading=nobody)
        assert not row.__dict__.keys() & set(names)
    with pytest.raises(Sealed):
        rows.opened(group, reading=nobody)
    for name in names:
        for ask in (rows.values, rows.values_list, rows.order_by):
            with pytest.raises(FieldError):
                list(ask(name))
        with pytest.raises(FieldError):
            rows.filter(**{name: "x"}).exists()


@pytest.mark.parametrize(("model", "group"), GROUPS)
def test_no_group_opens_under_a_reading_of_something_else(
    shared_demo: RealCommits, model: type[SealedModel], group: str
) -> None:
    row = a_row(model)
    ended = log.Reading(
        worlds.somebody(Role.SOCIAL_WORKER),
        event=Event.CASE_FILE_READ,
        purpose=Purpose.SERVICE,
        rule=None,
    )
    with pytest.raises(log.ReadingClosed):
        open_groups([row], group, reading=ended)
    with (
        pytest.raises(log.NotDeclared),
        log.reading(
            worlds.somebody(Role.SOCIAL_WORKER),
            event=Event.CASE_FILE_READ,
            purpose=Purpose.SERVICE,
            about=[Elsewhere()],
        ) as reading,
    ):
        open_groups([row], group, reading=reading)
    assert not row.__dict__.keys() & set(layout_of(model).group_of)


class Elsewhere:
    """A file whose content is not meant."""

    log_type = "case_file"
    log_reference = "AAAAA-AAAAA"
    log_owners = ()


# --- without a log


def written() -> int:
    """How many events there are."""
    return LoggedEvent.objects.count()


def browsers() -> dict[Role, Client]:
    """Everybody signed in, while the log still works."""
    return {role: walks.browser(role) for role in Role}


Ask = Callable[[], Any]


def questions(clients: dict[Role, Client]) -> dict[str, Ask]:
    """Every page of the site for everybody who may open it, and what is asked by sending."""
    asked: dict[str, Ask] = {
        f"{stop.name} {stop.role}": lambda stop=stop: clients[stop.role].get(stop.address)
        for stop in walks.stops()
    }
    number = worlds.canary_file().number
    for role in (Role.SOCIAL_WORKER, Role.SUPERVISOR):
        for field in ("name", "id_number", "phone", "address", "emergency_phone"):
            address = reverse("casework:reveal_field", args=(number, field))
            asked[f"reveal {field} {role}"] = lambda role=role, address=address: clients[role].post(
                address, {"reason": "call"}
            )
        asked[f"search {role}"] = lambda role=role: clients[role].post(
            reverse("casework:search_case_files"), {"text": worlds.CANARY_NAME}
        )
    return asked


def test_pages_show_nothing_that_is_not_written_down(demo: RealCommits) -> None:
    asked = questions(browsers())
    showing, writing = set(), set()
    for question, ask in asked.items():
        before = written()
        answer = ask()
        assert answer.status_code in (200, 302, 405), question
        if walks.shows_content(answer):
            assert answer.status_code == 200, question
            showing.add(question)
        if written() > before:
            writing.add(question)
    # What shows content has written so; and most of the site that is about files shows some.
    assert showing <= writing
    assert {question.split()[0] for question in showing} >= {
        *("casework:list_case_files", "casework:show_case_file", "casework:show_history"),
        *("casework:reveal_field", "casework:assign_worker", "casework:list_missing"),
        *("casework:view_today", "casework:list_visits", "casework:record_visit"),
        *("casework:show_plan", "casework:draft_plan", "casework:record_assessment"),
        *("casework:show_assessment", "casework:show_level", "casework:propose_level"),
        *("casework:review_proposal", "casework:list_reviews", "casework:show_ledger"),
        *("casework:list_attachments", "casework:download_attachment", "casework:add_attachment"),
        *("casework:export_refused_rows", "reveal", "search"),
    }
    with broken_log(demo):
        before = written()
        for question, ask in asked.items():
            answer = ask()
            assert not walks.shows_content(answer), question
            if question in writing:
                assert answer.status_code == 503, question
                assert len(answer.content) < 10_000
        assert written() == before
    assert walks.shows_content(asked["casework:show_case_file social_worker"]())


def test_nothing_changes_that_is_not_written_down(demo: RealCommits) -> None:
    file = worlds.canary_file()
    client = walks.browser(Role.SOCIAL_WORKER)
    address = reverse("casework:record_visit", args=(file.number,))
    said = {
        "way": "phone",
        "outcome": "done",
        "happened_at_0": "2026-11-20",
        "happened_at_1": "10:00",
        "happened_at": "2026-11-20T10:00",
        "needs": "x",
    }
    before = file.visits.count()
    with broken_log(demo):
        assert client.post(address, said).status_code == 503
        assert file.visits.count() == before
    answer = client.post(address, said)
    assert answer.status_code == 302, walks.text_of(answer)
    assert file.visits.count() == before + 1


# --- before the first byte


class Gateway:
    """A server that looks into the database at the moment when it may begin to send."""

    def __init__(self, commits: RealCommits, client: Client) -> None:
        self.commits = commits
        self.cookies = "; ".join(
            f"{name}={morsel.value}" for name, morsel in client.cookies.items()
        )
        self.application = get_wsgi_application()
        self.status = ""
        self.on_record = -1

    def get(self, address: str, subject: str) -> bytes:
        """Fetch a page; note how often its subject is on record when the headers are ready."""

        def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[..., None]:
            self.status = status
            self.on_record = self.count(subject)
            return lambda _data: None

        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": address,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": self.cookies,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
        }
        answer = self.application(environ, start_response)
        try:
            return b"".join(answer)
        finally:
            answer.close()

    def count(self, subject: str) -> int:
        """How often somebody else finds that this was read: only what is committed counts."""
        with raw(self.commits) as execute:
            ((count,),) = execute(
                "SELECT count(*) FROM audit_event WHERE subject = ? AND event = 'case_file.read'",
                subject,
            )
        return int(count)


def test_the_event_is_committed_before_the_first_byte(demo: RealCommits) -> None:
    file = worlds.canary_file()
    gateway = Gateway(demo, walks.browser(Role.SOCIAL_WORKER))
    before = gateway.count(file.number)
    page = gateway.get(file.get_absolute_url(), file.number)
    assert gateway.status == "200 OK"
    assert worlds.CANARY_NAME in page.decode()
    assert gateway.on_record == before + 1
    with broken_log(demo):
        page = gateway.get(file.get_absolute_url(), file.number)
    assert gateway.status.startswith("503")
    assert not set(page.decode()) & set(worlds.STRANGE)
    assert gateway.on_record == before + 1
