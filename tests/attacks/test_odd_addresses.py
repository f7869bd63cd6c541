"""Attacks by what an address carries: no character and no length ends in an error page."""

from urllib.parse import quote

import pytest
from django.urls import reverse

from kpm.permissions import Role
from tests.factories import client_for, make_assessment, make_case_file, make_user

pytestmark = pytest.mark.django_db
ODD = ["\x00", "1\x00", "9" * 5000, "9" * 30, "-1", "½", "²", "😀"]


@pytest.mark.parametrize("odd", ODD)
def test_what_names_nothing_is_not_looked_for(odd):
    """PostgreSQL takes no NUL in a text, and Python reads no number of five thousand digits."""
    supervisor, auditor = (
        client_for(make_user(Role.SUPERVISOR)),
        client_for(make_user(Role.AUDITOR)),
    )
    own = supervisor.get(reverse("casework:list_staff"))
    answer = supervisor.get(reverse("casework:list_staff"), {"unit": odd})
    assert answer.status_code == 200
    assert answer.context["board"].total.unit == own.context["board"].total.unit
    for name in ("event", "alert", "file"):
        asked = auditor.get(f"{reverse('audit:ask')}?{name}={quote(odd)}")
        assert asked.status_code == 404


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_number_of_a_file_is_no_file_of_a_draft(odd):
    worker, supervisor = make_user(), client_for(make_user(Role.SUPERVISOR))
    case_file = make_case_file(lead=worker)
    for page in (
        reverse("casework:draft_teams"),
        reverse("casework:move_files", args=(worker.log_reference,)),
    ):
        answer = supervisor.post(page, {"file": [odd, case_file.number]})
        assert answer.status_code == 422


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_place_is_no_ground_of_a_proposal(odd):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    make_assessment(case_file, worker)
    page = reverse("casework:propose_level", args=(case_file.number,))
    assert client_for(worker).get(page, {"assessment": odd}).status_code == 200
