"""Password hashing: strong enough to resist, small enough for a Monday morning, two at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher as Argon2

from kpm.errors import Busy

# Everybody signs in at eight. Two hashes at a time keep the rest of the site answering; who
# waits longer than this is asked to come back.
GATE = BoundedSemaphore(2)
PATIENCE = 20.0


@contextmanager
def _gate() -> Iterator[None]:
    if not GATE.acquire(timeout=PATIENCE):
        raise Busy
    try:
        yield
    finally:
        GATE.release()


class Argon2PasswordHasher(Argon2):
    """Argon2id with 19 MiB, two passes, one lane: the measured compromise."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash, after waiting for a place at the gate."""
        with _gate():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Compare, after waiting for a place at the gate."""
        with _gate():
            return super().verify(password, encoded)
