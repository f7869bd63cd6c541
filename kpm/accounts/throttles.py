"""Waits after failed tries: for a name, for a network, for a session.

A wait grows with the tries and stays short: a stranger who tries the names of others makes them
wait for moments, never for good. What is kept names nobody. People type passwords into the field
for the name, so of a name only a bucket is kept, which it shares with thousands of others; whether
an account has it makes no difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac

from kpm.accounts.models import FailedTry

SALT = "kpm.accounts.throttles"
# What the tidying up may forget: every limit has forgotten it by then.
KEPT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How many tries are free, how long a wait gets at most, and when tries are forgotten."""

    kind: str
    free: int
    longest: timedelta
    memory: timedelta
    # How much of the hash is kept: two bytes are a bucket.
    width: int = 32

    def key(self, what: str) -> bytes:
        """What is kept of the thing that was tried."""
        digest = salted_hmac(SALT, f"{self.kind}:{what}", algorithm="sha256").digest()
        return self.kind.encode()[:1] + digest[: self.width - 1]

    def wait(self, tries: int) -> timedelta:
        """How long to wait after so many: twice as long each time."""
        over = tries - self.free
        return (
            timedelta(0) if over < 0 else min(self.longest, timedelta(seconds=2 << min(over, 16)))
        )


# With a minute at most, one name is guessed some 1,500 times a day: far too few for 12 characters.
NAME = Limit(kind="name", free=5, longest=timedelta(minutes=1), memory=timedelta(hours=12), width=3)
# An office shares its network, and on Monday everybody mistypes.
NETWORK = Limit(kind="place", free=30, longest=timedelta(seconds=15), memory=timedelta(minutes=10))
SESSION = Limit(kind="session", free=5, longest=timedelta(minutes=1), memory=timedelta(hours=12))

Tried = tuple[Limit, str]


class TooSoon(Exception):
    """It is not yet time for another try."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too soon")
        # In whole seconds, and never none.
        self.seconds = int(wait.total_seconds()) + 1


@transaction.atomic
def enter(tried: Iterable[Tried], *, now: datetime) -> int:
    """Count a try before it is looked at, so that many at one moment are many.

    Returns how many it makes, of the most tried; TooSoon during a wait, which it does not lengthen.
    """
    rows = [(limit, _locked(limit, what, now)) for limit, what in _in_order(tried)]
    opens_at = max(row.opens_at for _limit, row in rows)
    if opens_at > now:
        raise TooSoon(opens_at - now)
    for limit, row in rows:
        row.tries += 1
        row.tried_at, row.opens_at = now, now + limit.wait(row.tries)
        row.save()
    return max(row.tries for _limit, row in rows)


@transaction.atomic
def succeeded(tried: Iterable[Tried], *, now: datetime) -> None:
    """It was no failure: a name or session is forgotten, a network has one try less.

    Whoever has one account must not wash their network clean of tries on others.
    """
    for limit, what in _in_order(tried):
        if limit is NETWORK:
            row = _locked(limit, what, now)
            row.tries, row.opens_at = max(0, row.tries - 1), now
            row.save()
        else:
            FailedTry.objects.filter(key=limit.key(what)).delete()


def purge(now: datetime) -> int:
    """Forget what counts no more."""
    return FailedTry.objects.filter(tried_at__lt=now - KEPT).delete()[0]


def _in_order(tried: Iterable[Tried]) -> list[Tried]:
    """Always locked in the same order, so that nobody waits for each other."""
    return sorted(tried, key=lambda each: each[0].key(each[1]))


def _locked(limit: Limit, what: str, now: datetime) -> FailedTry:
    key = limit.key(what)
    FailedTry.objects.get_or_create(key=key, defaults={"tried_at": now, "opens_at": now})
    row = FailedTry.objects.select_for_update().get(key=key)
    if row.tried_at < now - limit.memory:
        row.tries = 0
    return row
