"""Finding events: filters and pages, through the auditor's own door to the database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.bodies import NotLoggable, moment, parse
from audit.labels import (
    actor_label,
    channel_label,
    event_label,
    group_label,
    outcome_label,
    purpose_label,
    role_label,
    rule_label,
)
from audit.models import LoggedEvent, Subject

DATABASE = "auditor"
PER_PAGE = 50
# More people of one name than this are not told apart here.
MOST_ACTORS = 50
# Columns by which events are found, and their names here.
COLUMNS = {
    "event": "event",
    "kind": "subject_type",
    "outcome": "outcome",
    "purpose": "purpose",
    "request": "request",
}
# What only the body says, and its key there. One canonical spelling makes each a fixed text.
IN_BODY = {"role": "role", "rule": "rule", "channel": "ch", "session": "ss"}


@dataclass(frozen=True)
class Filters:
    """What to look for. `actors` are pseudonyms: None for anybody, empty for nobody we know."""

    actors: tuple[str, ...] | None = None
    role: str = ""
    event: str = ""
    kind: str = ""
    subject: str = ""
    outcome: str = ""
    purpose: str = ""
    rule: str = ""
    channel: str = ""
    request: str = ""
    session: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None
    after: int | None = None

    def spell(self) -> str:
        """The filters in one line, for the log: codes, pseudonyms and days only."""
        parts = {
            "actor": " ".join(self.actors or ()),
            **{name: getattr(self, name) for name in (*COLUMNS, *IN_BODY, "subject")},
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }
        return "; ".join(f"{name}={part}" for name, part in parts.items() if part)


@dataclass(frozen=True)
class Row:
    """One event as the list shows it."""

    id: int
    ev: str
    at: datetime
    event: str
    actor: str
    name: str
    role: str
    kind: str
    subjects: tuple[str, ...]
    # Whose account it is about.
    about_name: str
    count: int | None
    groups: tuple[str, ...]
    purpose: str | None
    outcome: str
    rule: str
    channel: str
    request: str
    session: str
    is_detailed: bool

    @property
    def words(self) -> str:
        """What happened, in words."""
        return event_label(self.event)

    @property
    def purpose_words(self) -> str:
        """Why, in words."""
        return purpose_label(self.purpose)

    @property
    def outcome_words(self) -> str:
        """How it ended, in words."""
        return outcome_label(self.outcome)

    @property
    def group_words(self) -> list[str]:
        """What was opened, in words."""
        return [group_label(code) for code in self.groups]

    @property
    def rule_words(self) -> str:
        """Which rule said so, in words."""
        return rule_label(self.rule)

    @property
    def role_words(self) -> str:
        """In which role, in words."""
        return role_label(self.role)

    @property
    def channel_words(self) -> str:
        """By which way, in words."""
        return channel_label(self.channel)

    @property
    def is_person(self) -> bool:
        """Whether somebody with an account did it, and not a part of the system."""
        return self.actor.startswith("u:")

    @property
    def day(self) -> date:
        """The day on which it was, here."""
        return timezone.localtime(self.at).date()


@dataclass(frozen=True)
class Page:
    """One page of events, newest first, and where its neighbours begin."""

    rows: list[Row] = field(default_factory=list)
    newer: int | None = None
    older: int | None = None


def find(filters: Filters) -> Page:
    """One page of the events that fit."""
    found = matching(filters)
    if filters.after is not None:
        # Towards the newest: the ones next to the page that we come from.
        ids = list(found.filter(id__gt=filters.after).order_by("id")[: PER_PAGE + 1])
        rows = list(reversed(ids[:PER_PAGE]))
        older, newer = rows[-1].id if rows else None, rows[0].id if len(ids) > PER_PAGE else None
    else:
        if filters.before is not None:
            found = found.filter(id__lt=filters.before)
        ids = list(found.order_by("-id")[: PER_PAGE + 1])
        rows = ids[:PER_PAGE]
        older = rows[-1].id if len(ids) > PER_PAGE else None
        newer = rows[0].id if rows and filters.before is not None else None
    return Page(rows=shown(rows), newer=newer, older=older)


def matching(filters: Filters) -> QuerySet[LoggedEvent]:
    """The events that fit, in no order."""
    found = LoggedEvent.objects.using(DATABASE)
    if filters.actors is not None:
        found = found.filter(actor__in=filters.actors)
    exact = {column: getattr(filters, name) for name, column in COLUMNS.items()}
    found = found.filter(**{column: value for column, value in exact.items() if value})
    for name, key in IN_BODY.items():
        if value := getattr(filters, name):
            found = found.filter(body__contains=f'"{key}":"{value}"')
    if filters.subject:
        among = Subject.objects.using(DATABASE).filter(subject=filters.subject)
        found = found.filter(Q(subject=filters.subject) | Q(id__in=among.values("event_id")))
    if filters.since is not None:
        found = found.filter(at__gte=begins(filters.since))
    if filters.until is not None:
        found = found.filter(at__lt=begins(filters.until + timedelta(days=1)))
    return found


def begins(day: date) -> str:
    """The moment at which a day begins here, as events write it."""
    return moment(datetime.combine(day, time(), timezone.get_current_timezone()))


def shown(events: Iterable[LoggedEvent]) -> list[Row]:
    """Events as pages show them, with the names of staff."""
    events = list(events)
    accounts = {event.subject or "" for event in events if event.subject_type == "account"}
    names = staff_names({event.actor for event in events} | accounts)
    return [_row(event, names) for event in events]


def _row(event: LoggedEvent, names: dict[str, str]) -> Row:
    try:
        body = parse(event.body)
    except NotLoggable:
        # Verifying says what is wrong with it; the list shows what the columns say.
        body = {}
    several: tuple[str, ...] = tuple(body.get("os", ()))
    return Row(
        id=event.id,
        ev=body.get("ev", ""),
        at=_at(event.at),
        event=event.event,
        actor=event.actor,
        name=names.get(event.actor) or actor_label(event.actor),
        role=body.get("role", ""),
        kind=event.subject_type or "",
        about_name=names.get(event.subject or "", ""),
        subjects=(event.subject,) if event.subject else several,
        count=body.get("n"),
        groups=tuple(body.get("f", ())),
        purpose=event.purpose,
        outcome=event.outcome,
        rule=body.get("dec", {}).get("rule", ""),
        channel=body.get("ch", ""),
        request=event.request or "",
        session=body.get("ss", ""),
        is_detailed="h" in body,
    )


def _at(text: str) -> datetime:
    """When it was; the beginning of all clocks where no calendar has such a moment."""
    try:
        return timezone.localtime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def staff() -> QuerySet[Any]:
    """Whoever has an account here."""
    return get_user_model().objects.using("default")


def staff_names(references: Iterable[str]) -> dict[str, str]:
    """The names behind pseudonyms of staff; nobody else's name is ever looked up here."""
    rows = staff().filter(log_reference__in=references)
    return {each.log_reference: each.called for each in rows}


def actors_called(text: str) -> tuple[str, ...]:
    """The pseudonyms of the staff whom somebody means by a name, a user name or a pseudonym."""
    meant = Q(name=text) | Q(username=text.casefold()) | Q(log_reference=text)
    return tuple(
        staff()
        .filter(meant)
        .order_by("log_reference")
        .values_list("log_reference", flat=True)[:MOST_ACTORS]
    )
