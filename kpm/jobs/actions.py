"""Asking for work in the background."""

from datetime import datetime
from typing import Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone

from kpm.jobs.models import OPEN, Job
from kpm.jobs.registers import HANDLERS


class Asker(Protocol):
    """Whoever asks."""

    @property
    def log_reference(self) -> str:
        """Their pseudonym in the log."""


def enqueue(kind: str, object_number: str, *, by: Asker, now: datetime | None = None) -> Job:
    """Ask for a piece of work, in the transaction that needs it; asked twice it is done once."""
    if kind not in HANDLERS:
        raise LookupError(f"Nobody handles {kind}.")
    moment = now or timezone.now()
    job = Job(
        kind=kind,
        object_number=object_number,
        asked_by=by.log_reference,
        asked_at=moment,
        not_before=moment,
    )
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:
        return Job.objects.get(kind=kind, object_number=object_number, state__in=OPEN)
    return job
