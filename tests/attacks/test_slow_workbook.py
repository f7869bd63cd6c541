"""One upload, however long its workbook takes to read, stops nobody else."""

from threading import Event as Signal
from threading import Thread

import pytest
from django.db import OperationalError, connections
from django.test import Client

from audit import log
from audit.events import Event
from casework.actions import ledgers
from casework.models import Ledger
from kpm.permissions import Role
from tests.casework.ledgers.test_ledgers import supervisor, workbook  # noqa: F401 a fixture
from tests.factories import client_for, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("real_commits")
def test_while_a_workbook_is_read_others_write_the_log(supervisor, monkeypatch):  # noqa: F811 pytest hands it in
    client, auditor = client_for(supervisor), client_for(make_user(Role.SYSTEM_ADMINISTRATOR))
    is_read, go_on = Signal(), Signal()
    was_told = []
    really = ledgers.read_sheets

    def slowly(data):
        is_read.set()
        was_told.append(go_on.wait(60))
        return really(data)

    monkeypatch.setattr(ledgers, "read_sheets", slowly)
    # With a token: forms without one are not remembered, so nothing is held for them.
    form = {"population": "empty_nest_elder", "csrfmiddlewaretoken": "t"}
    answers = []

    def upload():
        answers.append(client.post("/ledgers/new/", {**form, "workbook": workbook()}))
        connections.close_all()

    uploading = Thread(target=upload)
    uploading.start()
    try:
        assert is_read.wait(60)
        # The list of accounts writes who looked at it.
        assert auditor.get("/accounts/").status_code == 200
        assert not was_told, "it waited for the writer of the upload"
    finally:
        go_on.set()
        uploading.join()
    assert was_told == [True]
    assert answers[0].status_code == 302
    assert Ledger.objects.count() == 1


def locked(*_args, **_kwargs):
    raise OperationalError("database is locked")


def test_a_database_that_is_locked_for_long_asks_to_come_back(monkeypatch):
    client = client_for(make_user(Role.SYSTEM_ADMINISTRATOR))
    client.raise_request_exception = False
    monkeypatch.setattr("kpm.accounts.views.Paginator", locked)
    answer = client.get("/accounts/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


@pytest.mark.parametrize("where", ["load", "touch"])
def test_it_does_so_wherever_in_the_request_it_was_locked(monkeypatch, where):
    client = client_for(make_user(Role.SYSTEM_ADMINISTRATOR))
    client.raise_request_exception = False
    monkeypatch.setattr(f"kpm.accounts.sessions.SessionStore.{where}", locked)
    assert client.get("/units/").status_code == 503


def test_another_fault_is_still_a_fault(monkeypatch):
    client = Client(raise_request_exception=False)
    monkeypatch.setattr("kpm.accounts.views.forms.SignInForm.from_request", lambda _: 1 / 0)
    assert client.get("/sign-in/").status_code == 500


def test_a_refusal_that_cannot_be_written_asks_to_come_back_too(monkeypatch):
    client = client_for(make_user())
    client.raise_request_exception = False

    def not_written(*_args, **_kwargs):
        raise log.NotWritten(Event.PERMISSION_REFUSED)

    monkeypatch.setattr("kpm.middleware.log.refused", not_written)
    assert client.get("/units/").status_code == 503
