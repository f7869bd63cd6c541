"""Every address of the log × every role, and a visitor, on databases that all of them share.

What was not committed is not to be seen there. A copy of the databases for each of them is most of
what the matrix costs, and nobody here meets what another left.
"""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests import databases
from tests.architecture.doors import check_door, of_the_log
from tests.architecture.permission_matrix import MATRIX, PUBLIC


@pytest.fixture(scope="module")
def committed(
    template_databases: dict[str, str], django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Databases in which commits are real, for everybody who comes."""
    with django_db_blocker.unblock(), databases.copied(template_databases):
        yield


@pytest.mark.once
@pytest.mark.parametrize("identity", sorted(PUBLIC))
@pytest.mark.parametrize("name", sorted(filter(of_the_log, MATRIX)))
def test_whoever_is_not_in_the_row_is_refused(committed: None, name: str, identity: str):
    check_door(name, identity)
