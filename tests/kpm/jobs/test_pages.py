"""The jobs page: state and progress for the system administrator, and nobody's name."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from kpm.jobs import views
from kpm.jobs.actions import enqueue
from kpm.jobs.leases import Leased, claim
from kpm.jobs.models import Job, Sweep
from kpm.permissions import Role
from tests.factories import client_for, make_user
from tests.kpm.jobs import steps  # noqa: F401 the registration is its effect

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SOMEBODY = SimpleNamespace(log_reference="u:somebody")


@pytest.fixture
def client():
    return client_for(make_user(Role.SYSTEM_ADMINISTRATOR))


def english(client):
    client.cookies["kpm_language"] = "en"
    response = client.get("/jobs/")
    assert response.status_code == 200
    return response, response.content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SYSTEM_ADMINISTRATOR])
def test_other_roles_are_refused(role):
    assert client_for(make_user(role)).get("/jobs/").status_code == 403


def test_without_jobs_the_page_says_what_would_be_here(client):
    response, page = english(client)
    assert "Nothing yet" in page
    assert "Refresh" not in response.headers


def test_progress_is_shown_and_asked_for_again(client):
    enqueue("test.steps", "7K3MQ-9TX2A", by=SOMEBODY, now=NOW)
    run = Leased(claim("one", NOW), clock=lambda: NOW)
    with run.step():
        run.advance(done=3, total=12)
    response, page = english(client)
    for words in ("Steps", "7K3MQ-9TX2A", "3 / 12", "Running", 'data-refresh="3"'):
        assert words in page
    assert response.headers["Refresh"] == "9"
    assert "u:somebody" not in page


def test_what_went_wrong_is_named_by_its_kind(client):
    enqueue("test.steps", "7K3MQ-9TX2A", by=SOMEBODY, now=NOW)
    Leased(claim("one", NOW), clock=lambda: NOW).fail("no_such_ledger", is_final=True)
    Sweep.objects.create(
        name="accounts.sessions", next_run_at=NOW, ended_at=NOW, problem="KeyError"
    )
    response, page = english(client)
    assert "no_such_ledger" in page
    assert "Refresh" not in response.headers


def test_a_kind_that_no_longer_exists_keeps_its_code():
    assert views.label_of("gone.kind") == "gone.kind"


def test_the_page_takes_few_queries_however_many_jobs(client, django_assert_max_num_queries):
    rows = [
        Job(
            kind="test.steps",
            object_number=f"N{number}",
            asked_by="u:x",
            asked_at=NOW - timedelta(minutes=number),
            not_before=NOW,
        )
        for number in range(120)
    ]
    Job.objects.bulk_create(rows)
    with django_assert_max_num_queries(12):
        client.get("/jobs/?page=2")
