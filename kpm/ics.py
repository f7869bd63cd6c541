"""The door to icalendar: a calendar that other programs read, RFC 5545 (folded and escaped)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event


@dataclass(frozen=True)
class Happening:
    """One event: a whole day, or half an hour from a moment on."""

    # The same as long as it is the same thing: programs replace what they know.
    code: str
    on: date | datetime
    summary: str
    description: str = ""


def written(name: str, happenings: Iterable[Happening], now: datetime) -> bytes:
    """The calendar as a file."""
    calendar = Calendar()
    calendar.add("prodid", "-//KPM//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for each in happenings:
        calendar.add_component(_event(each, now))
    content: bytes = calendar.to_ical()
    return content


def _event(happening: Happening, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{happening.code}@kpm.invalid")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("summary", happening.summary)
    if happening.description:
        event.add("description", happening.description)
    if isinstance(happening.on, datetime):
        start = happening.on.astimezone(UTC)
        event.add("dtstart", start)
        event.add("dtend", start + timedelta(minutes=30))
    else:
        event.add("dtstart", happening.on)
        event.add("dtend", happening.on + timedelta(days=1))
        # A day with duties is not a day on which nobody can be met.
        event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event
