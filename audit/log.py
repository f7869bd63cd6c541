"""The only way into the log: record what was done, refused, or read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from django.db import Error as DatabaseFault
from django.db import connections, transaction

from audit import details
from audit.bodies import NotLoggable
from audit.entries import ANONYMOUS, Actor, Entry, Origin, System, Thing, build
from audit.events import Direction, Event, Outcome, Purpose
from audit.tags import tag
from kpm.database.commits import kept_at_once
from kpm.database.driver_cursors import driver_cursor
from kpm.vault.written import name_all

__all__ = [
    "ANONYMOUS",
    "Actor",
    "Context",
    "NotDeclared",
    "NotWritten",
    "OutsideTransaction",
    "Reading",
    "ReadingClosed",
    "System",
    "Thing",
    "current",
    "entered",
    "reading",
    "record",
    "refused",
]

DATABASE = "default"
INSERT = "INSERT INTO audit_event (body) VALUES (%s)"
# So many events go in one statement; what a page writes fits.
AT_ONCE = 20


class NotWritten(Exception):
    """The log could not be written, so what it was about must not happen or be shown."""


class OutsideTransaction(RuntimeError):
    """An event was to be recorded apart from what it records."""


class NotDeclared(LookupError):
    """Content was opened that the reading did not declare."""


class ReadingClosed(RuntimeError):
    """Content was opened after (or without) the event that says so."""


@dataclass
class Context(Origin):
    """The origin of what happens now, and what waits to be written when it is over."""

    is_settled: bool = field(default=False, init=False)
    _queue: list[Entry] = field(default_factory=list, init=False)
    _readings: list["Reading"] = field(default_factory=list, init=False)
    _written: list[Entry] = field(default_factory=list, init=False)

    def write(self) -> None:
        """Write what waits into the open transaction: what it is about is kept with it or not.

        Work that nobody watches has no answer to hold back, so its last act is this.
        """
        if problem := self._end_readings():
            raise problem
        _write(self._queue)
        self._written, self._queue = self._written + self._queue, []

    def unwrite(self) -> None:
        """That transaction was rolled back, and with it what was written: it waits again."""
        self._queue, self._written = self._written + self._queue, []

    def settle(self) -> None:
        """Write what waits: readings, and refusals whose transaction was rolled back."""
        self.is_settled = True
        problem = self._end_readings()
        queue, self._queue = self._queue, []
        if queue:
            _write_apart(queue)
        if problem is not None:
            raise problem

    def _end_readings(self) -> Exception | None:
        """Put the entries of readings to those that wait; the problem, where one has none.

        What cannot be said of one reading must not cost the others their entry.
        """
        problem = None
        readings, self._readings = self._readings, []
        for reading in readings:
            try:
                self._queue.append(reading.close())
            except Exception as error:  # noqa: BLE001 raised once the others are written
                problem = problem or error
        return problem


_current: ContextVar[Context | None] = ContextVar("audit_context", default=None)


def current() -> Context | None:
    """The context at hand, if any: whoever knows the session pseudonym puts it there."""
    return _current.get()


@contextmanager
def entered(context: Context) -> Iterator[Context]:
    """Do something in a context; leaving it writes what waits, or raises NotWritten."""
    token = _current.set(context)
    try:
        yield context
    except BaseException:
        context.unwrite()
        raise
    finally:
        try:
            context.settle()
        finally:
            _current.reset(token)


def record(
    event: Event,
    *,
    by: Actor,
    target: Thing | None = None,
    targets: Iterable[Thing] = (),
    groups: Iterable[str] = (),
    purpose: Purpose | None = None,
    count: int | None = None,
    rule: str | None = None,
    grant: str | None = None,
    outcome: Outcome | str = Outcome.OK,
    direction: Direction | str | None = None,
    detail: Mapping[str, str | int] | None = None,
    carried: Iterable[str] = (),
) -> UUID:
    """Write down what the open transaction does; if it is rolled back, so is this.

    The event says which sealed groups were written since the last one, whoever's they are, and
    repeats what events `carried` that are about to leave.
    """
    if not _is_open():
        raise OutsideTransaction(f"{event} was to be recorded outside a transaction.")
    entry = _built(
        event,
        by=by,
        target=target,
        targets=targets,
        groups=groups,
        purpose=purpose,
        count=count,
        rule=rule,
        grant=grant,
        outcome=Outcome(outcome),
        direction=direction,
        detail=detail,
        tags=[*carried, *map(tag, name_all(DATABASE))],
    )
    _write([entry])
    return entry.ev


def refused(
    event: Event,
    *,
    by: Actor,
    target: Thing | None = None,
    rule: str,
    purpose: Purpose | None = None,
    detail: Mapping[str, str | int] | None = None,
) -> UUID:
    """Write down what was not allowed, in a transaction of its own.

    A refusal rolls back the transaction that it happens in, so inside one the event waits in the
    context until that is over.
    """
    entry = _built(
        event,
        by=by,
        target=target,
        purpose=purpose,
        rule=rule,
        outcome=Outcome.DENIED,
        detail=detail,
    )
    if not _is_open():
        _write_apart([entry])
        return entry.ev
    context = _current.get()
    if context is None or context.is_settled:
        raise OutsideTransaction(f"{event} was refused inside a transaction and no context.")
    context._queue.append(entry)
    return entry.ev


class Reading:
    """Leave to open content, and the list of what was opened."""

    def __init__(
        self, by: Actor, *, event: Event, purpose: Purpose | None, rule: str | None
    ) -> None:
        self._by, self._event, self._purpose, self._rule = by, event, purpose, rule
        self._things: dict[str, Thing] = {}
        self._owners: dict[UUID, str] = {}
        self._groups: set[str] = set()
        self._context: Context | None = None
        self._is_live = False
        self._outcome = Outcome.OK

    def about(self, *things: Thing) -> Self:
        """Declare whose content may be opened: things of one kind, as in every event."""
        if len({thing.log_type for thing in (*self._things.values(), *things)}) > 1:
            raise NotLoggable("A reading is about things of one kind.")
        for thing in things:
            self._things[thing.log_reference] = thing
            for owner in getattr(thing, "log_owners", ()):
                self._owners[owner] = thing.log_reference
        return self

    @property
    def groups(self) -> frozenset[str]:
        """What has been opened so far."""
        return frozenset(self._groups)

    def note(self, *, group: str, owner: UUID) -> None:
        """Note one opened group; the vault calls this before it hands out anything."""
        if not self._is_live:
            raise ReadingClosed(f"{group} was to be opened with nobody to write it down.")
        if owner not in self._owners:
            raise NotDeclared(f"{group} of something that the reading does not name.")
        self._groups.add(group)

    def close(self) -> Entry:
        """End it: its event, ready to be written."""
        self._is_live = False
        things = list(self._things.values())
        return _built(
            self._event,
            by=self._by,
            target=things[0] if len(things) == 1 else None,
            targets=things if len(things) > 1 else (),
            groups=self._groups,
            purpose=self._purpose,
            count=len(things),
            rule=self._rule,
            grant=self._by.log_grant,
            outcome=self._outcome,
        )

    def __enter__(self) -> Self:
        self._is_live = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Write it now, unless a transaction is open that a context will outlive."""
        if kind is not None:
            self._outcome = Outcome.ERROR
        if self._context is not None and _is_open():
            return
        if self._context is not None:
            if self not in self._context._readings:
                # Ended, and written, with the step that it was about.
                return
            self._context._readings.remove(self)
        if _is_open():
            _write([self.close()])
        else:
            _write_apart([self.close()])


def reading(
    by: Actor,
    *,
    event: Event,
    purpose: Purpose | None,
    about: Iterable[Thing] = (),
    rule: str | None = None,
) -> Reading:
    """Ask for leave to open content; `rule` says what allows it: caseload, supervision, intake.

    In a request the event is written before the first byte of the answer; elsewhere use it as a
    context manager.
    """
    made = Reading(by, event=event, purpose=purpose, rule=rule).about(*about)
    context = _current.get()
    if context is not None and not context.is_settled:
        made._context = context
        made._is_live = True
        context._readings.append(made)
    return made


def _is_open() -> bool:
    """Whether a transaction is open; the one that wraps a test does not count."""
    blocks = connections[DATABASE].atomic_blocks
    return bool(blocks) and not getattr(blocks[-1], "_from_testcase", False)


def _write(entries: Sequence[Entry]) -> None:
    texts = [text for entry in entries for text in entry.texts]
    try:
        with driver_cursor(connections[DATABASE]) as cursor:
            for start in range(0, len(texts), AT_ONCE):
                some = texts[start : start + AT_ONCE]
                cursor.execute(INSERT + ", (%s)" * (len(some) - 1), some)
        for entry in entries:
            if entry.detail is not None:
                details.write(entry.ev, entry.detail)
    except DatabaseFault as error:
        raise NotWritten("The log refused an event.") from error


def _write_apart(entries: Sequence[Entry]) -> None:
    is_one = sum(len(entry.texts) for entry in entries) <= AT_ONCE and all(
        entry.detail is None for entry in entries
    )
    try:
        with kept_at_once(DATABASE) if is_one else transaction.atomic(using=DATABASE):
            _write(entries)
    except DatabaseFault as error:
        raise NotWritten("The log refused an event.") from error


def _built(event: Event, *, by: Actor, outcome: Outcome, **more: Any) -> Entry:
    return build(event, by=by, outcome=outcome, origin=_current.get() or Origin(), **more)
