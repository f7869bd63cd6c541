"""What a feed says: how many contacts, visits and reviews are due on a day, and of which files.

It leaves the house, so it opens nothing and says nothing of anybody: no name, no group, no level,
and no word that only one group of people is spoken of with.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.caseload import DueKind
from casework.dashboards import agenda
from casework.dashboards.agenda import Entry, Span
from casework.models import CalendarFeed, CaseFile
from casework.models.case_files import Status
from kpm.accounts.models import User
from kpm.ics import Happening

AHEAD: Final = timedelta(days=60)


def feed_of(user: User) -> CalendarFeed | None:
    """The feed of this worker that answers."""
    return CalendarFeed.objects.active().of_this_epoch().filter(worker=user).first()


def happenings_of(feed: CalendarFeed, now: datetime) -> list[Happening]:
    """What is overdue and due in the coming time, a day at a time; planned visits with their time.

    What is overdue stands on today; what a deputy does stands in the feed of the deputy. Steps of
    plans are sealed, and are not in it.
    """
    today = now.date()
    span = Span(today, today + AHEAD)
    # Of every kind of group at once: what is said is the same for all of them.
    files = CaseFile.objects.visible_to(feed.worker).filter(status=Status.OPEN)
    found = agenda.agenda_of(
        feed.worker, files.select_related("risk_level").order_by("next_due_on", "id"), span, now
    )
    entries = [each for each in found.entries if not (each.is_away and each.deputy)]
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for each in entries:
        if each.at is None:
            by_day[max(each.on, today)].append(each)
    planned = [each for each in entries if each.at is not None and each.on >= today]
    more = [Happening(f"{feed.id}-more", today, _("There is more: see the list of files"))]
    return [
        *(more if found.is_cut else []),
        *(_whole_day(feed, on, by_day[on], today) for on in sorted(by_day)),
        *(_planned(feed, each) for each in planned),
    ]


def _whole_day(feed: CalendarFeed, on: date, entries: Iterable[Entry], today: date) -> Happening:
    entries = list(entries)
    late = [each for each in entries if each.on < today]
    parts = [_late(len(late))] if late else []
    parts += _counts([each for each in entries if each.on >= today])
    numbers = sorted({each.case_file.number for each in entries})
    return Happening(f"{feed.id}-{on:%Y%m%d}", on, _(", ").join(parts), "\n".join(numbers))


def _late(count: int) -> str:
    return ngettext("%(count)d overdue", "%(count)d overdue", count) % {"count": count}


def _counts(entries: list[Entry]) -> list[str]:
    contacts, visits, reviews = (
        sum(each.kind in kinds for each in entries)
        for kinds in (
            (DueKind.CONTACT,),
            (DueKind.VISIT, DueKind.FIRST_VISIT, DueKind.EVENT_VISIT),
            (DueKind.REVIEW,),
        )
    )
    said = [
        ngettext("%(count)d visit due", "%(count)d visits due", visits) % {"count": visits},
        ngettext("%(count)d contact due", "%(count)d contacts due", contacts) % {"count": contacts},
        ngettext("%(count)d review due", "%(count)d reviews due", reviews) % {"count": reviews},
    ]
    counts = (visits, contacts, reviews)
    return [words for words, count in zip(said, counts, strict=True) if count]


def _planned(feed: CalendarFeed, entry: Entry) -> Happening:
    number = entry.case_file.number
    assert entry.at is not None  # noqa: S101 the caller has looked
    code = f"{feed.id}-{number}-{entry.at:%Y%m%dT%H%M}"
    return Happening(code, entry.at, _("Planned") + f" {number}")
