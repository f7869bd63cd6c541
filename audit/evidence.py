"""Handing out evidence: in the log before the first byte leaves, and again with its hash after."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime

from django.db import transaction

from audit import log
from audit.events import Event
from audit.log import Actor, Context
from audit.packages import Package, choose
from audit.searches import Filters


def hand_out(*, by: Actor, filters: Filters, now: datetime) -> Iterator[bytes]:
    """The package, piece by piece. A start without an end in the log is one that was cut off."""
    chosen = choose(filters)
    package = Package(chosen, now)
    spelt = filters.spell()
    with transaction.atomic():
        log.record(
            Event.EVIDENCE_STARTED,
            by=by,
            count=len(chosen.events),
            detail={"filters": spelt} if spelt else None,
        )
    return _sent(package, by=by, context=_same(log.current()))


def _same(context: Context | None) -> Context:
    """Where the request comes from, for what happens after it was answered."""
    if context is None:
        return Context()
    kept = {each.name: getattr(context, each.name) for each in fields(context) if each.init}
    return Context(**kept)


def _sent(package: Package, *, by: Actor, context: Context) -> Iterator[bytes]:
    yield from package.chunks()
    with log.entered(context), transaction.atomic():
        count = len(package.chosen.events)
        log.record(Event.EVIDENCE_FINISHED, by=by, target=package.packed, count=count)
