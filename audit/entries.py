"""Events on their way into the log: who, what, where from, and the text that is written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, Protocol
from uuid import UUID

from audit import details
from audit.bodies import MOST_SUBJECTS, MOST_TAGS, VERSION, Body, NotLoggable, moment, spell
from audit.events import Direction, Event, Outcome, Purpose
from kpm.ids import uuid7

LONGEST_AGENT = 200


class Actor(Protocol):
    """Whoever acts."""

    @property
    def log_reference(self) -> str:
        """The actor's pseudonym."""

    @property
    def log_role(self) -> str:
        """The role in force."""

    @property
    def log_grant(self) -> str | None:
        """The grant that carries the role."""


class Thing(Protocol):
    """What is acted upon."""

    @property
    def log_type(self) -> str:
        """Its kind, such as case_file."""

    @property
    def log_reference(self) -> str:
        """Its pseudonym, such as a file number."""


class Owning(Thing, Protocol):
    """A thing whose content lies under keys."""

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """The rows whose keys open it."""


@dataclass(frozen=True)
class Anonymous:
    """Somebody who is not signed in."""

    log_reference: str = "x:anon"
    log_role: str = ""
    log_grant: str | None = None


ANONYMOUS = Anonymous()


@dataclass(frozen=True)
class System:
    """A part of the system that acts by itself, without an account."""

    name: str
    log_role: str = "system"
    log_grant: str | None = None

    @property
    def log_reference(self) -> str:
        """Its name, marked as no person."""
        return f"s:{self.name}"


@dataclass(frozen=True)
class Entry:
    """An event that is ready to be written: one body, or several parts of one event."""

    ev: UUID
    texts: tuple[str, ...]
    detail: details.Detail | None = None


@dataclass
class Origin:
    """Where something comes from: one request, one job, one command."""

    channel: str = "cli"
    request: str | None = None
    session: str | None = None
    address: str = ""
    agent: str = ""


def build(
    event: Event,
    *,
    origin: Origin,
    by: Actor,
    outcome: Outcome,
    target: Thing | None = None,
    targets: Iterable[Thing] = (),
    groups: Iterable[str] = (),
    purpose: Purpose | None = None,
    count: int | None = None,
    rule: str | None = None,
    grant: str | None = None,
    direction: Direction | str | None = None,
    detail: Mapping[str, str | int] | None = None,
    tags: Iterable[str] = (),
) -> Entry:
    """Put an event into words of the log, checked and ready to be written."""
    ev = uuid7()
    several = list(targets)
    kind, references = _subjects(target, several)
    told = _detail(ev, event, outcome, origin, detail, target)
    body: Body = {
        "v": VERSION,
        "at": moment(datetime.now(UTC)),
        "a": by.log_reference,
        "role": by.log_role or None,
        "act": str(event),
        "ot": kind,
        "o": target.log_reference if target is not None else None,
        "n": count,
        "f": sorted(set(groups)) or None,
        "p": str(purpose) if purpose is not None else None,
        "dec": _decision(outcome, rule, grant),
        "out": str(outcome),
        "dir": str(direction) if direction is not None else None,
        "ss": origin.session,
        "rq": origin.request,
        "ch": origin.channel,
        "h": told.commitment if told is not None else None,
    }
    return Entry(ev, tuple(_parts(ev, body, references, sorted(set(tags)))), told)


def _parts(ev: UUID, body: Body, references: list[str], tags: list[str]) -> Iterator[str]:
    """One text, or several where an event is about more things than one may name."""
    base = {key: value for key, value in body.items() if value is not None}
    named, written = _chunks(references, MOST_SUBJECTS), _chunks(tags, MOST_TAGS)
    count = max(len(named), len(written), 1)
    for number, (some, sealed) in enumerate(zip_longest(named or [[]], written), start=1):
        part: Body = {"ev": str(ev if number == 1 else uuid7())}
        part |= {"pt": [number, count]} if count > 1 else {}
        part |= ({"os": some} if some else {}) | ({"t": sealed} if sealed else {})
        yield spell(base | part)
        # The one detail hangs on the first part.
        base.pop("h", None)


def _chunks(several: list[str], most: int) -> list[list[str]]:
    return [several[start : start + most] for start in range(0, len(several), most)]


def _subjects(target: Thing | None, several: list[Thing]) -> tuple[str | None, list[str]]:
    things = several if target is None else [target, *several]
    kinds = {thing.log_type for thing in things}
    if len(kinds) > 1:
        raise NotLoggable("An event is about things of one kind.")
    references = sorted({thing.log_reference for thing in several})
    return (kinds.pop() if kinds else None), references


def _decision(outcome: Outcome, rule: str | None, grant: str | None) -> dict[str, Any] | None:
    if rule is None and grant is None and outcome is not Outcome.DENIED:
        return None
    decision: dict[str, Any] = {"ok": outcome is not Outcome.DENIED}
    if rule is not None:
        decision["rule"] = rule
    if grant is not None:
        decision["grant"] = grant
    return decision


def _detail(
    ev: UUID,
    event: Event,
    outcome: Outcome,
    origin: Origin,
    detail: Mapping[str, str | int] | None,
    target: Thing | None,
) -> details.Detail | None:
    """The erasable part: what was given, and the address where that matters."""
    told = dict(detail or {})
    if origin.address and (event.shows_address or outcome is Outcome.DENIED):
        told["address"] = origin.address
        agent = origin.agent.encode("ascii", "replace").decode("ascii")
        told["agent"] = agent[:LONGEST_AGENT]
    if not told:
        return None
    owners = getattr(target, "log_owners", ())
    return details.commit(ev, told, owners[0] if owners else None)
