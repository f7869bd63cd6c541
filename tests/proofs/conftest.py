"""The demo county of the proofs, built once for each process and copied for each test."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests import databases
from tests.conftest import RealCommits


@pytest.fixture(scope="session")
def world(
    template_databases: dict[str, str], django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, str]]:
    """The names of databases that hold the county; nobody works in them."""
    from tests.proofs import worlds

    with django_db_blocker.unblock(), worlds.built(template_databases) as names:
        yield names


@pytest.fixture
def demo(world: dict[str, str], django_db_blocker: DjangoDbBlocker) -> Iterator[RealCommits]:
    """A county of one's own, in which commits are real."""
    with django_db_blocker.unblock(), databases.copied(world) as names:
        yield RealCommits(names)


@pytest.fixture(scope="module")
def shared_demo(world: dict[str, str], django_db_blocker: DjangoDbBlocker) -> Iterator[RealCommits]:
    """The county of one module: for tests that only look, or put back what they took."""
    with django_db_blocker.unblock(), databases.copied(world) as names:
        yield RealCommits(names)
