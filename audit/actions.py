"""What people do with the log: search, verify and sign it, all of which it records."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from audit import log, signers, verifications
from audit.bodies import moment
from audit.checkpoints import latest
from audit.events import Event, Outcome
from audit.log import Actor
from audit.models import LogKey
from audit.notes import VerifierKey
from audit.searches import Filters, Page, find
from audit.verifications import Result

# What a page may verify while somebody waits: about two seconds.
NEWEST = 20_000


def search(*, by: Actor, filters: Filters) -> Page:
    """Find events, and record that somebody looked and how (never for whom by name)."""
    page = find(filters)
    with transaction.atomic():
        spelt = filters.spell()
        log.record(
            Event.AUDIT_SEARCHED,
            by=by,
            count=len(page.rows),
            detail={"filters": spelt} if spelt else None,
        )
    return page


def verify_now(*, by: Actor) -> Result:
    """Verify as much as somebody can wait for: all of it while that is little."""
    last = latest(verifications.DATABASE)
    return verify_log(by=by, newest=None if last is None or last.size <= NEWEST else NEWEST)


def verify_log(
    *, by: Actor, newest: int | None = None, pinned: dict[int, bytes] | None = None
) -> Result:
    """Verify the log, all of it without `newest`, and record how that ended."""
    result = verifications.verify(newest=newest, pinned=pinned)
    with transaction.atomic():
        log.record(
            Event.AUDIT_VERIFIED,
            by=by,
            count=result.checked,
            rule="everything" if newest is None else "newest",
            outcome=Outcome.OK if result.is_good else Outcome.ERROR,
        )
    return result


def start_key(*, by: Actor, now: datetime) -> VerifierKey:
    """Sign with a new key from now on: the first one, or the one after the last.

    The private half is sealed before anything is said of it. Whoever was interrupted in between
    finds it again.
    """
    before = signers.rows()
    key, note = signers.next_key(
        VerifierKey.parse(before[0].vkey).name if before else signers.new_origin(uuid4()), before
    )
    with transaction.atomic():
        LogKey.objects.create(
            generation=len(before) + 1, vkey=str(key), note=str(note), at=moment(now)
        )
        log.record(Event.LOG_KEY_STARTED, by=by, target=signers.KeyOfTheLog(key))
    return key


def start_missing_key(*, by: Actor, now: datetime) -> VerifierKey | None:
    """The first key, where there is none."""
    return None if signers.rows() else start_key(by=by, now=now)
