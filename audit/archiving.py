"""Old events leave the database for an archive, after everything that proves them was proved."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from audit import log, offline, retention
from audit.actions import Root, export, verify_log
from audit.checkpoints import sequence_once
from audit.events import Event
from audit.log import Actor
from audit.models import Checkpoint, Leaf, LoggedEvent
from audit.retention import Leaving
from kpm.database import log_volumes
from kpm.database.readiness import refuse_without_sequencer
from kpm.errors import Refused

DATABASE = "auditor"
# Seconds in which the sequencer has taken an event, if anything works.
PATIENCE = 60


@dataclass(frozen=True)
class Archived:
    """How far the archive goes, and how many events left the database by it."""

    size: int
    gone: int


def archive(*, by: Actor, directory: Path, before: datetime, now: datetime) -> Archived:
    """Let everything older than a moment leave, as far as it lies whole in the archive.

    In this order, so that a cut at any place loses nothing: verify the log; write the archive and
    verify it, with the program that outsiders have; say in the log what leaves, and have that in
    the tree; take it away. Begun again, it goes on.
    """
    retention.refuse_too_young(before, now)
    refuse_without_sequencer()
    is_there = retention.floor().size > 0
    verified = verify_log(by=by, archive=directory if is_there else None)
    if not verified.is_good:
        raise Refused(verified.problem)
    checkpoint, _files = export(by=by, directory=directory)
    _refuse_unless_whole(directory)
    with log_volumes.as_owner() as connection:
        leaving = retention.leaving(before, now, connection)
    gone = 0
    if leaving is not None and leaving.size <= checkpoint.size:
        if leaving.size > retention.floor().size:
            _say(by, checkpoint, leaving, now)
        with log_volumes.as_owner() as connection:
            gone = log_volumes.take_away(connection, leaving.bound)
    with log_volumes.as_owner() as connection:
        log_volumes.close_full(connection)
    return Archived(checkpoint.size, gone)


def _refuse_unless_whole(directory: Path) -> None:
    """What outsiders would say of the archive."""
    try:
        vkey = offline.Key.parse((directory / "vkey").read_text(encoding="utf-8").strip())
        offline.check_log(directory, ([vkey], [], 0), [])
    except (OSError, ValueError, offline.Bad) as bad:
        raise Refused(_("The archive is not whole: %s.") % bad) from None


def _say(by: Actor, checkpoint: Checkpoint, leaving: Leaving, now: datetime) -> None:
    """The event that lets the others go, in the tree before any of them does."""
    carried = retention.carried(leaving.bound)
    with transaction.atomic():
        target = Root(bytes(checkpoint.root))
        ev = log.record(
            Event.LOG_ARCHIVED, by=by, target=target, count=leaving.size, carried=carried
        )
    until = time.monotonic() + PATIENCE
    while not _is_in_tree(ev):
        if not sequence_once(now) and time.monotonic() > until:
            raise Refused(_("The sequencer does not take events: nothing has left."))
        time.sleep(0.05)


def _is_in_tree(ev: UUID) -> bool:
    said = LoggedEvent.objects.using(DATABASE).filter(event=Event.LOG_ARCHIVED)
    row = said.filter(body__contains=f'"ev":"{ev}"').first()
    return row is not None and Leaf.objects.using(DATABASE).filter(event_id=row.id).exists()
