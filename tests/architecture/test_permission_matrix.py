"""Every address × every role, and a visitor: who is let in is what the table says."""

import re
from typing import Final

import pytest
from django.test import Client
from django.urls import reverse

from audit.events import Event
from audit.models import LoggedEvent
from kpm.management.documents import Route, routes
from kpm.permissions import Role
from tests.architecture.permission_matrix import MATRIX, NOBODY, PUBLIC, SIGNED_IN, VISITOR
from tests.factories import client_for, make_case_file, make_unit, make_user

ROUTES: Final = {route.name: route for route in routes()}
# A village in another county: nobody of ours has anything to do with it.
ELSEWHERE = "100222101201"
SAMPLES = {
    "str": "nobody",
    "slug": "phone",
    "worker": "u:AAAAAAAAAAAAAAAAAAAAAA",
    "reference": "u:AAAAAAAAAAAAAAAAAAAAAA",
    "thing": "7K3MQ-9TX2A",
    "mark": "AAAAAAAAAAAAAAAA",
}
# Answers that let somebody in: a page, a way on, a form with errors, "not yours", "not this way".
LET_IN = {200, 204, 302, 303, 400, 404, 405, 422}

pytestmark = pytest.mark.django_db


def test_every_address_has_a_name_and_a_row_and_every_row_an_address():
    assert len(ROUTES) == len(list(routes())), "two addresses share a name"
    assert set(MATRIX) == set(ROUTES)


def test_no_address_names_a_row_by_its_time_ordered_id():
    # An id tells when a row was made, and stands in every proxy's log.
    assert [route.address for route in ROUTES.values() if "<uuid:" in route.address] == []


def address_of(route: Route, number: str = "7K3MQ-9TX2A") -> str:
    """The address with something in the place of each variable."""
    samples = {**SAMPLES, "number": number, "int": "1"}
    return re.sub(r"<(\w+):\w+>", lambda variable: samples[variable[1]], route.address)


def client_of(identity: str) -> Client:
    if identity == VISITOR:
        return client_for(None)
    return client_for(make_user(None if identity == NOBODY else Role(identity)))


@pytest.mark.parametrize("identity", sorted(PUBLIC))
@pytest.mark.parametrize("name", sorted(MATRIX))
def test_whoever_is_not_in_the_row_is_refused(
    request: pytest.FixtureRequest, name: str, identity: str
):
    if name.startswith("audit:"):
        # The log is read through a second door, which sees only what is committed.
        request.getfixturevalue("real_commits")
    address = address_of(ROUTES[name])  # a KeyError here: the row has no address any more
    client = client_of(identity)
    answers = [client.get(address), client.post(address)]
    statuses = [answer.status_code for answer in answers]
    # A page that is only read, or only sent to, answers the other method with 405 to everybody.
    told = [answer for answer in answers if answer.status_code != 405]
    assert told
    if identity in MATRIX[name]:
        assert set(statuses) <= LET_IN, statuses
        if MATRIX[name] != PUBLIC:
            sign_in = reverse("accounts:sign_in")
            assert not any(getattr(answer, "url", "").startswith(sign_in) for answer in told)
    elif identity == VISITOR:
        assert {answer.status_code for answer in told} == {302}
        assert all(answer.url.startswith(reverse("accounts:sign_in")) for answer in told)
    else:
        assert {answer.status_code for answer in told} == {403}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        (name, role)
        for name, row in sorted(MATRIX.items())
        if name in ROUTES
        and ROUTES[name].address.startswith("/files/<number:")
        and row != SIGNED_IN
        for role in sorted(row)
    ],
)
def test_a_file_elsewhere_is_not_there_for_anybody_and_the_try_is_logged(name: str, role: str):
    elsewhere = make_case_file(unit=make_unit(ELSEWHERE))
    client = client_of(role)
    address = address_of(ROUTES[name], elsewhere.number)
    statuses = {client.get(address).status_code, client.post(address).status_code}
    assert 404 in statuses
    assert statuses <= {404, 405}
    refused = LoggedEvent.objects.filter(event=Event.CASE_FILE_REFUSED, subject=elsewhere.number)
    assert refused.exists()
