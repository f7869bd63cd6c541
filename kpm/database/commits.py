"""What is kept when the statement has ended, whatever its caller does afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


@contextmanager
def kept_at_once(using: str) -> Iterator[None]:
    """One statement that no later rollback takes away; refused inside a transaction.

    A statement is a transaction by itself: to begin and to end one around it would cost as much
    again, because the database answers to each.
    """
    if connections[using].in_atomic_block:
        # Refused here, unless it is the transaction that a test is wrapped in.
        with transaction.atomic(using=using, durable=True):
            yield
    else:
        yield
