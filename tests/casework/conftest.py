"""What tests of casework share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.utils import translation

from audit import log
from tests.levels import without_a_decision


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Words are compared as they stand in the code."""
    with translation.override("en"):
        yield


@pytest.fixture
def audited() -> Callable[[], AbstractContextManager[log.Context]]:
    """A context of the log, as a request has one; leaving it writes what waits."""
    return lambda: log.entered(log.Context())


@pytest.fixture(autouse=True)
def _no_level_without_a_decision(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did, by whichever action: levels are what their decisions say."""
    yield
    if "django_db_setup" in request.fixturenames:
        assert without_a_decision() == []
