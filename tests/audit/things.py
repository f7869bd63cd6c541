"""What the tests of the log are about: actors and things without a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import transaction

from audit import checkpoints, log
from audit.events import Event


@dataclass(frozen=True)
class Worker:
    log_reference: str = "u:AAAAAAAAAAAAAAAAAAAAAA"
    log_role: str = "social_worker"
    log_grant: str | None = "g:1"


@dataclass(frozen=True)
class File:
    log_reference: str = "7K3MQ-9TX2A"
    log_type: str = "case_file"
    log_owners: tuple[UUID, ...] = field(default=())


@contextmanager
def ends_in(error: type[BaseException]) -> Iterator[None]:
    """What is inside runs until this error."""
    with pytest.raises(error):
        yield


NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def sequence_all() -> int:
    """Everything that is committed."""
    taken = 0
    while more := checkpoints.sequence_once(NOW):
        taken += more
    return taken


WORKER = Worker()
FILE = File()


def write_events(number: int, *, by: Worker = WORKER, target: File = FILE) -> None:
    """So many committed events."""
    with transaction.atomic():
        for _ in range(number):
            log.record(Event.CASE_FILE_OPENED, by=by, target=target)
