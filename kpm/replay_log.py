"""What an old copy of the data must not bring back: roles that ended, accounts, destroyed files.

A small file outside the databases that only grows, one line of JSON for each. It names nobody:
pseudonyms and random numbers only. A line is on the disk before whoever asked is told that it is
done. What was rolled back leaves no line, because lines are written when the transaction is kept;
what was kept just before the power went is found by looking at the rows (kpm.accounts.replays).
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

VERSION: Final = 1
BEGUN: Final = "log.begun"
GRANT_ENDED: Final = "grant.ended"
ACCOUNT_CLOSED: Final = "account.closed"
ACCOUNT_REOPENED: Final = "account.reopened"
PASSWORD_CHANGED: Final = "password.changed"  # noqa: S105 a name, not a secret
CASE_FILE_DESTROYED: Final = "case_file.destroyed"

# What a line of each kind has to say.
NEEDED: Final = {
    BEGUN: set[str](),
    GRANT_ENDED: {"grant", "until_on"},
    ACCOUNT_CLOSED: {"account"},
    ACCOUNT_REOPENED: {"account"},
    PASSWORD_CHANGED: {"account"},
    CASE_FILE_DESTROYED: {
        *("number", "file", "ground", "owners", "keys"),
        *("proposed_by", "proposed_at", "decided_by", "decided_at"),
    },
}

Line = dict[str, Any]


def path() -> Path:
    """Where it lies."""
    return Path(settings.KPM_REPLAY_LOG)


def is_writable() -> bool:
    """Whether what ends can be written down; where it is not there yet, whether it can be made."""
    place = path().resolve()
    return os.access(next(each for each in (place, *place.parents) if each.exists()), os.W_OK)


def begin() -> None:
    """Make it where it is not there yet: afterwards one that is missing means something."""
    if not path().exists():
        append(BEGUN)


def note(kind: str, **what: Any) -> None:
    """Write a line as soon as the open transaction is kept; never, if it is not."""
    transaction.on_commit(partial(append, kind, **what))


def append(kind: str, **what: Any) -> None:
    """Write a line now. It is on the disk when this returns."""
    place = path()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line: Line = {"v": VERSION, "at": datetime.now(UTC).isoformat(), "kind": kind, **what}
    text = json.dumps(line, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # A line that a power cut left half stays alone: the next one begins on its own.
        text = text if _ends_a_line(file) else b"\n" + text
        if file.write(text) != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place))
        os.fsync(file.fileno())
    _keep_name(place.parent)


def lines() -> Iterator[Line]:
    """Every whole line in the order in which they were written."""
    with path().open("rb") as file:
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                # Half a line: whoever was writing it was never told that it was done.
                continue
            if isinstance(line, dict) and line.get("v") == VERSION:
                yield line


def is_usable() -> bool:
    """Whether it says anything, and every line says all that its kind has to."""
    said = list(lines())
    return bool(said) and all(_says_enough(line) for line in said)


def _says_enough(line: Line) -> bool:
    kind = str(line.get("kind"))
    return kind in NEEDED and NEEDED[kind] | {"at"} <= line.keys()


def _ends_a_line(file: Any) -> bool:
    size = file.seek(0, os.SEEK_END)
    if not size:
        return True
    file.seek(size - 1)
    return bool(file.read(1) == b"\n")


def _keep_name(place: Path) -> None:
    """A new name is on the disk when its directory is."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
