"""What can be done in the background: handlers of jobs and sweeps, entered by decorators."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils.functional import Promise


class Stopping(Exception):
    """The worker is asked to end; the job goes on later where it is now."""


class GiveUp(Exception):
    """The work can't be done, and trying again would not help; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Waiting(Protocol):
    """What surrounds work, where it has something to write down (the log's context)."""

    def write(self) -> None:
        """Write it down in the open transaction; whoever can't, raises."""


Around = Callable[[], AbstractContextManager[Waiting | None]]


class Run(Protocol):
    """What a handler is given."""

    @property
    def object_number(self) -> str:
        """What the job is about."""

    @property
    def asked_by(self) -> str:
        """Who asked, as the log knows them."""

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What the last step that was committed left; empty at first."""

    @property
    def done(self) -> int:
        """How much was done up to the checkpoint."""

    def now(self) -> datetime:
        """The moment."""

    def step(self) -> AbstractContextManager[None]:
        """One transaction of work; the place where the worker may be asked to end."""

    def advance(
        self, *, done: int, total: int | None = None, checkpoint: dict[str, Any] | None = None
    ) -> None:
        """Say how far it is, in the step's own transaction: both are kept, or neither."""


Work = Callable[[Run], None]
Sweeping = Callable[[datetime], Any]


@dataclass(frozen=True)
class Handler:
    """How jobs of one kind are done."""

    kind: str
    label: Promise | str
    work: Work


@dataclass(frozen=True)
class Regular:
    """What is done again and again."""

    name: str
    label: Promise | str
    every: timedelta
    work: Sweeping


HANDLERS: dict[str, Handler] = {}
SWEEPS: dict[str, Regular] = {}


def handles(kind: str, label: Promise | str) -> Callable[[Work], Work]:
    """Enter a function as the one that does jobs of this kind."""

    def enter(work: Work) -> Work:
        if kind in HANDLERS and HANDLERS[kind].work is not work:
            raise ValueError(f"Two functions handle {kind}.")
        HANDLERS[kind] = Handler(kind, label, work)
        return work

    return enter


def sweep(name: str, label: Promise | str, *, every: timedelta) -> Callable[[Sweeping], Sweeping]:
    """Enter a function that is called with the moment, again and again."""

    def enter(work: Sweeping) -> Sweeping:
        if name in SWEEPS and SWEEPS[name].work is not work:
            raise ValueError(f"Two functions are the sweep {name}.")
        SWEEPS[name] = Regular(name, label, every, work)
        return work

    return enter
