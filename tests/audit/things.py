"""What the tests of the log are about: actors and things without a table."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from audit import log
from audit.events import Event


@dataclass(frozen=True)
class Worker:
    log_reference: str = "u:AAAAAAAAAAAAAAAAAAAAAA"
    log_role: str = "social_worker"


@dataclass(frozen=True)
class File:
    log_reference: str = "7K3MQ-9TX2A"
    log_type: str = "case_file"
    log_owners: tuple[UUID, ...] = field(default=())


WORKER = Worker()
FILE = File()


def write_events(number: int, *, by: Worker = WORKER, target: File = FILE) -> None:
    """So many committed events."""
    with transaction.atomic():
        for _ in range(number):
            log.record(Event.CASE_FILE_OPENED, by=by, target=target)
