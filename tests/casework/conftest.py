"""What tests of casework share."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from audit import log


@pytest.fixture
def audited() -> Callable[[], AbstractContextManager[log.Context]]:
    """A context of the log, as a request has one; leaving it writes what waits."""
    return lambda: log.entered(log.Context())
