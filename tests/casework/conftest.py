"""What tests of casework share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.utils import translation

from audit import log


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Words are compared as they stand in the code."""
    with translation.override("en"):
        yield


@pytest.fixture
def audited() -> Callable[[], AbstractContextManager[log.Context]]:
    """A context of the log, as a request has one; leaving it writes what waits."""
    return lambda: log.entered(log.Context())
