"""What is looked at again by itself: levels whose term has ended, the calendar's one copy."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import log
from audit.events import Event
from casework.actions import (
    case_files,
    destructions,
    ledgers,
    levels_in_time,
    lost_contacts,
    replays,
    review_tasks,
    team_checks,
    unsent_forms,
)
from casework.models import Attachment, CaseFile
from casework.models.case_files import Status
from kpm.accounts.actions import system_account
from kpm.jobs.registers import sweep
from kpm.vault import search, storage
from risk_levels.actions import end_replaced_rule_sets


class NotAllEnded(Exception):
    """Some levels whose term is over still stand."""


logger = logging.getLogger(__name__)
BATCH = 500
MOST_ORPHANS = 50


@sweep("correct_due_dates", _("Correct the calendar"), every=timedelta(days=1))
def correct_due_dates(now: datetime) -> int:
    """Write next_due_on anew where it differs from what it follows from, and say how often.

    A level that ended or new rules move due dates; anything else that differs is a mistake.
    """
    return sum(_correct(files, now) for files in _open_files())


@sweep("fold_search", _("Tidy the search"), every=timedelta(minutes=10))
def fold_search(_now: datetime) -> int:
    """Merge what was added to the search in small parts; returns in how many districts."""
    scopes = search.scopes_to_fold()
    for scope in scopes:
        search.fold(scope)
    return len(scopes)


@sweep("remove_orphans", _("Remove files that belong to nothing"), every=timedelta(days=1))
def remove_orphans(now: datetime) -> int:
    """Take away sealed files that no attachment names: what an upload left that ended halfway.

    That happens now and then. Many at once mean that this is not the database which these files
    belong to, and then they are the only copy of something.
    """
    orphans: set[UUID] = set()
    for settled in storage.settled(now - timedelta(days=1)):
        named = Attachment.objects.filter(file_id__in=settled).values_list("file_id", flat=True)
        orphans |= settled.difference(named)
    if len(orphans) > MOST_ORPHANS:
        logger.error("%d files belong to no attachment: none was removed.", len(orphans))
        return 0
    for file_id in orphans:
        storage.remove(file_id)
    return len(orphans)


@sweep("settle_destructions", _("Change the keys above destroyed files"), every=timedelta(days=1))
def settle_destructions(now: datetime) -> int:
    """Old keys go, so that no backup opens what was destroyed; returns how many are complete."""
    replays.note_missing()
    return destructions.settle(now)


def _open_files() -> Iterator[list[CaseFile]]:
    """All open files, so many at a time."""
    last = UUID(int=0)
    while True:
        rows = CaseFile.objects.filter(status=Status.OPEN, id__gt=last).order_by("id")
        files = list(rows.select_related("risk_level").defer("body")[:BATCH])
        if not files:
            return
        yield files
        last = files[-1].id


@sweep("expire_levels", _("End the levels whose term is over"), every=timedelta(hours=1))
def expire_levels(now: datetime) -> int:
    """Levels whose term has ended drop one step; a late or second run finds what is left."""
    return _each(levels_in_time.due_to_expire(now=now), levels_in_time.expire, now)


@sweep("lapse_levels", _("Put back what was provisional"), every=timedelta(minutes=5))
def lapse_levels(now: datetime) -> int:
    """Provisional levels that nobody confirmed within their hours go back to what they were."""
    return _each(levels_in_time.due_to_lapse(now=now), levels_in_time.lapse, now)


@sweep("lower_undecided", _("Let undecided steps down take effect"), every=timedelta(days=1))
def lower_undecided(now: datetime) -> int:
    """Steps down that nobody decided about within their working days take effect."""
    return _each(levels_in_time.due_to_take_effect(now=now), levels_in_time.take_effect, now)


def _each(files: Sequence[CaseFile], act: Callable[..., bool], now: datetime) -> int:
    """Each in a transaction of its own, and how many changed.

    One that cannot be ended is told, and keeps none of the others from it. The sweep counts as
    failed then, and comes back soon.
    """
    by = system_account("clock")
    ended, failed = 0, 0
    for case_file in files:
        try:
            ended += act(case_file=case_file, by=by, now=now)
        except OperationalError:
            # The database is away: so it is for the others.
            raise
        except Exception as error:  # noqa: BLE001 the others go on
            failed += 1
            # Without its words, which may name somebody.
            logger.warning(
                "The level of %s could not be ended: %s.", case_file.number, type(error).__name__
            )
    if failed:
        raise NotAllEnded(f"{failed} of {failed + ended}")
    return ended


@sweep("end_rule_sets", _("End rule sets that were replaced"), every=timedelta(hours=1))
def end_rule_sets(now: datetime) -> int:
    """Versions whose successor has begun are ended; how many there were."""
    return end_replaced_rule_sets(by=system_account("clock"), today=timezone.localdate(now))


@sweep("suggest_reviews", _("Suggest reviews"), every=timedelta(hours=12))
def suggest_reviews(now: datetime) -> int:
    """The rules look at every open file; what holds is suggested, what does not is ended."""
    return review_tasks.look(timezone.localtime(now))


@sweep("look_at_teams", _("Look at the teams of red files"), every=timedelta(minutes=10))
def look_at_teams(now: datetime) -> int:
    """Who must be in a team because of whom it is about; and whose time is up is passed upwards."""
    return team_checks.look(now) + team_checks.climb(now)


@sweep("find_lost_contacts", _("Find lost contacts"), every=timedelta(hours=6))
def find_lost_contacts(now: datetime) -> int:
    """Three tries in a row that came in together are found as well; how many searches began."""
    return lost_contacts.look(timezone.localtime(now))


@sweep("remove_unsent_forms", _("Remove forgotten unsent forms"), every=timedelta(days=1))
def remove_unsent_forms(now: datetime) -> int:
    """What somebody began and nobody went on with in a month is not kept."""
    return unsent_forms.remove_forgotten(now)


@sweep("discard_forgotten_ledgers", _("Discard forgotten ledgers"), every=timedelta(days=1))
def discard_forgotten_ledgers(now: datetime) -> int:
    """What nobody confirmed in a month is discarded with its rows."""
    return ledgers.discard_forgotten(by=system_account("clock"), now=now)


@transaction.atomic
def _correct(files: list[CaseFile], now: datetime) -> int:
    due = case_files.due_days(files, timezone.localdate(now))
    wrong = [each for each in files if each.next_due_on != due[each]]
    if not wrong:
        return 0
    for case_file in wrong:
        case_file.next_due_on = due[case_file]
    CaseFile.objects.bulk_update(wrong, ["next_due_on"])
    log.record(
        Event.DUE_DATE_CORRECTED, by=system_account("clock"), targets=wrong, count=len(wrong)
    )
    logger.info("The due dates of %d files were corrected.", len(wrong))
    return len(wrong)
