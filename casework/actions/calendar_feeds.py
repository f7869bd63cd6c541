"""Feeds are made, withdrawn and fetched here."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from audit import log
from audit.events import Event
from casework import feed_rules
from casework.actions.workers import locked
from casework.models import CalendarFeed
from kpm.accounts.models import User

TOKEN_BYTES = 32


def hash_of(token: str) -> str:
    """What is kept of a token. It is random and long, so that nothing slow is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make(*, by: User, now: datetime) -> str:
    """A new address for the calendar of this worker, shown once; the one before ends."""
    worker = locked(by)
    feed_rules.check_can_keep_feed(by)
    for earlier in CalendarFeed.objects.active().filter(worker=worker):
        _end(earlier, by=by, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    CalendarFeed(
        worker=worker,
        token_hash=hash_of(token),
        session_epoch=worker.session_epoch,
        made_at=now,
    ).save_as(by=by)
    log.record(Event.CALENDAR_FEED_MADE, by=by, target=worker)
    return token


@transaction.atomic
def withdraw(*, feed: CalendarFeed, by: User, now: datetime) -> CalendarFeed:
    """Let an address lead nowhere from now on."""
    locked(by)
    feed = CalendarFeed.objects.select_for_update(of=("self",)).get(pk=feed.pk)
    feed_rules.check_can_withdraw_feed(by, feed)
    _end(feed, by=by, now=now)
    return feed


def _end(feed: CalendarFeed, *, by: User, now: datetime) -> None:
    feed.withdrawn_at = now
    feed.save_as(by=by)
    log.record(Event.CALENDAR_FEED_WITHDRAWN, by=by, target=feed.worker)


def find(token: str) -> CalendarFeed | None:
    """The feed of this address, if it still leads anywhere."""
    feed = (
        CalendarFeed.objects.active()
        .filter(token_hash=hash_of(token))
        .select_related("worker")
        .first()
    )
    return feed if feed is not None and feed_rules.is_answered(feed) else None


@transaction.atomic
def record_fetched(*, feed: CalendarFeed, count: int) -> None:
    """Say in the log that a program has fetched the feed, and how much it was told."""
    log.record(Event.CALENDAR_FEED_FETCHED, by=feed.worker, target=feed.worker, count=count)
