"""Who opened a file: with the names of staff for the auditor, without any for the person.

The person learns when, for what purpose, in which role and unit: their right, while the names of
staff are told only where somebody cannot defend their rights without them (C-579/21).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import retention
from audit.bodies import parse
from audit.events import Event, Outcome
from audit.labels import event_label, group_label, purpose_label, role_label
from audit.models import LoggedEvent
from audit.searches import Filters, matching, staff, staff_names

# More events than this are not read for one page: whoever asks takes a shorter time.
MOST = 5_000
WAYS: dict[str, Promise] = {
    Event.CASE_FILE_LISTED: _("in a list"),
    Event.SEARCH_RUN: _("found by a search"),
    Event.CASE_FILE_READ: _("read"),
    Event.CASE_FILE_REVEALED: _("one value shown in full"),
    Event.CASE_FILE_PRINTED: _("printed"),
    Event.REFERRAL_PRINTED: _("in a letter to another service"),
    Event.ATTACHMENT_DOWNLOADED: _("attachment downloaded"),
}


@dataclass(frozen=True)
class Opening:
    """One event in which something of the file was opened."""

    at: datetime
    actor: str
    name: str
    role: str
    unit: str
    purpose: str
    way: str
    groups: tuple[str, ...]

    @property
    def day(self) -> date:
        """The day on which it was, here."""
        return timezone.localtime(self.at).date()


@dataclass
class Line:
    """The openings of one day that have the same reader, or the same purpose, role and unit."""

    first: Opening
    count: int = 0
    ways: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)

    def add(self, opening: Opening) -> None:
        """One more of them."""
        self.count += 1
        self.ways.add(opening.way)
        self.groups.update(opening.groups)

    @property
    def role_words(self) -> str:
        """In which role, in words."""
        return role_label(self.first.role) or str(_("The system itself"))

    @property
    def purpose_words(self) -> str:
        """What for, in words."""
        return purpose_label(self.first.purpose) or str(_("not stated"))

    @property
    def way_words(self) -> list[str]:
        """How it was opened, in words."""
        known = [str(words) for way, words in WAYS.items() if way in self.ways]
        return known + [event_label(way) for way in sorted(self.ways - WAYS.keys())]

    @property
    def group_words(self) -> list[str]:
        """What was opened, in words."""
        return [group_label(code) for code in sorted(self.groups)]


@dataclass(frozen=True)
class Openings:
    """Who opened one file in some time; the log itself knows it by its number."""

    number: str
    since: date
    until: date
    openings: list[Opening]
    # There were more than are read for one page.
    is_cut: bool
    # Openings before this day lie in an archive, where the days asked for reach so far.
    kept_since: date | None = None
    log_type: str = "case_file"

    @property
    def log_reference(self) -> str:
        """The number of the file."""
        return self.number

    @property
    def readers(self) -> int:
        """How many accounts have opened it."""
        return len({opening.actor for opening in self.openings})

    @property
    def by_reader(self) -> list[Line]:
        """For the auditor: a line for each day, reader and purpose."""
        return _lines(self.openings, lambda one: (one.day, one.actor, one.role, one.purpose))

    @property
    def by_purpose(self) -> list[Line]:
        """For the person: a line for each day, purpose, role and unit, and nobody's name."""
        return _lines(self.openings, lambda one: (one.day, one.purpose, one.role, one.unit))


def _lines(openings: Iterable[Opening], key: Callable[[Opening], Any]) -> list[Line]:
    lines: dict[Any, Line] = {}
    for opening in openings:
        lines.setdefault(key(opening), Line(opening)).add(opening)
    return list(lines.values())


def of(number: str, since: date, until: date) -> Openings:
    """Everything in which something of this file was opened, newest first."""
    found = matching(Filters(subject=number, since=since, until=until))
    found = found.filter(body__contains='"f":[').exclude(outcome=Outcome.DENIED)
    events = list(found.order_by("-id")[: MOST + 1])
    kept = retention.kept_since()
    kept_on = timezone.localtime(kept).date() if kept is not None else None
    return Openings(
        number,
        since,
        until,
        _openings(events[:MOST]),
        is_cut=len(events) > MOST,
        kept_since=kept_on if kept_on is not None and since < kept_on else None,
    )


def _openings(events: list[LoggedEvent]) -> list[Opening]:
    known = [(event, body) for event in events if (body := _body(event)) is not None]
    bodies = [body for _, body in known]
    actors = {event.actor for event, _ in known}
    names = staff_names(actors)
    grants = {body["dec"]["grant"] for body in bodies if "grant" in body.get("dec", {})}
    of_grant = dict(
        staff()
        .filter(grants__log_reference__in=grants)
        .values_list("grants__log_reference", "grants__unit__name")
    )
    # Where the event names no grant: where the account is at home.
    home = dict(staff().filter(log_reference__in=actors).values_list("log_reference", "unit__name"))
    return [
        Opening(
            at=datetime.fromisoformat(event.at),
            actor=event.actor,
            name=names.get(event.actor, ""),
            role=body.get("role", ""),
            unit=of_grant.get(body.get("dec", {}).get("grant")) or home.get(event.actor) or "",
            purpose=event.purpose or "",
            way=event.event,
            groups=tuple(body["f"]),
        )
        for event, body in known
    ]


def _body(event: LoggedEvent) -> dict[str, Any] | None:
    """What an event says; nothing of one that was written past the application."""
    try:
        body = parse(event.body)
        datetime.fromisoformat(event.at)
    except ValueError:
        return None
    return body
