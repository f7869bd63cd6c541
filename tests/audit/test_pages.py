"""The auditor's pages: filters, pages, names of staff only, and who may not look."""

import pytest
from django.test import Client

from audit.models import LoggedEvent
from kpm.permissions import Role
from tests.audit.things import FILE, write_events
from tests.conftest import RealCommits
from tests.factories import client_for, make_user


@pytest.fixture
def auditor(real_commits: RealCommits) -> Client:
    return client_for(make_user(Role.AUDITOR, name="Auditor Wang"))


def test_the_list_names_staff_and_files_by_number(auditor: Client) -> None:
    worker = make_user(name="Worker Li")
    write_events(1, by=worker)
    response = auditor.get("/log/")
    assert response.status_code == 200
    text = response.content.decode()
    assert "Worker Li" in text
    assert FILE.log_reference in text
    assert LoggedEvent.objects.filter(event="audit.searched").count() == 1
