"""Every address × every role, and a visitor: who is let in is what the table says."""

import pytest

from audit.events import Event
from audit.models import LoggedEvent
from kpm.management.documents import routes
from tests.architecture.doors import ROUTES, address_of, check_door, client_of, of_the_log
from tests.architecture.permission_matrix import MATRIX, PUBLIC, SIGNED_IN
from tests.factories import make_case_file, make_unit

# A village in another county: nobody of ours has anything to do with it.
ELSEWHERE = "100222101201"
pytestmark = pytest.mark.django_db


def test_every_address_has_a_name_and_a_row_and_every_row_an_address():
    assert len(ROUTES) == len(list(routes())), "two addresses share a name"
    assert set(MATRIX) == set(ROUTES)


def test_no_address_names_a_row_by_its_time_ordered_id():
    # An id tells when a row was made, and stands in every proxy's log.
    assert [route.address for route in ROUTES.values() if "<uuid:" in route.address] == []


# A role is looked at before the engine is met; what it may open, tests/proofs walk on both.
@pytest.mark.once
@pytest.mark.parametrize("identity", sorted(PUBLIC))
@pytest.mark.parametrize("name", sorted(name for name in MATRIX if not of_the_log(name)))
def test_whoever_is_not_in_the_row_is_refused(name: str, identity: str):
    check_door(name, identity)


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
