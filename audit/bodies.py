"""An event as text: which keys and values it may hold, and its one canonical spelling.

With ASCII keys, no floats and small integers, sorted keys without blanks are RFC 8785. The checks
also keep personal data out: every value has a narrow shape, and no shape fits a name.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from audit.events import Direction, Event, Outcome, Purpose

VERSION = 1
# Keeps every event far below the 60,000 bytes that the tables take.
MOST_SUBJECTS = 100
MOST_TAGS = 1_000
BIGGEST_NUMBER = 2**53 - 1

Body = dict[str, Any]


class NotLoggable(ValueError):
    """Something that an event must not hold."""


_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> str:
    """The one spelling that is hashed."""
    return _encoder.encode(value)


def moment(at: datetime) -> str:
    """A moment as events write it: UTC, always 27 characters."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def _shape(pattern: str) -> Callable[[Any], bool]:
    matches = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


def _one_of(registry: type[StrEnum]) -> Callable[[Any], bool]:
    codes = frozenset(map(str, registry))
    return lambda value: isinstance(value, str) and value in codes


def _number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= BIGGEST_NUMBER


def _listed(each: Callable[[Any], bool], most: int) -> Callable[[Any], bool]:
    def is_sorted_list(value: Any) -> bool:
        return (
            isinstance(value, list)
            and 0 < len(value) <= most
            and all(map(each, value))
            and value == sorted(set(value))
        )

    return is_sorted_list


# Mobile and identity numbers, wherever they stand alone between other characters.
PERSONAL = re.compile(r"(?<!\d)(?:1\d{10}|\d{15}|\d{17}[\dXx])(?!\d)")
_reference_shape = _shape(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}")


_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_uuid_shape = _shape(_UUID)


def is_reference(value: Any) -> bool:
    """Whether this can stand for something in the log; numbers of people cannot.

    The name of an event can, whatever digits its random part has in a row.
    """
    return _reference_shape(value) and (PERSONAL.search(value) is None or _uuid_shape(value))


_code = _shape(r"[a-z0-9][a-z0-9_.:-]{0,79}")

_DECISION: dict[str, Callable[[Any], bool]] = {
    "ok": lambda value: isinstance(value, bool),
    "rule": _code,
    "grant": is_reference,
    "btg": is_reference,
}


def _decision(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "ok" in value
        and all(key in _DECISION and _DECISION[key](part) for key, part in value.items())
    )


def _part(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(map(_number, value))
        and 1 <= value[0] <= value[1]
    )


KEYS: dict[str, Callable[[Any], bool]] = {
    "v": lambda value: type(value) is int and value == VERSION,
    "ev": _uuid_shape,
    "at": _shape(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    "a": _shape(r"[us]:[A-Za-z0-9_-]{1,40}|x:anon"),
    "role": _shape(r"[a-z_]{1,40}"),
    "act": _one_of(Event),
    "ot": _shape(r"[a-z_]{1,40}"),
    "o": is_reference,
    "os": _listed(is_reference, MOST_SUBJECTS),
    "pt": _part,
    "n": _number,
    "f": _listed(_shape(r"[a-z_]{1,40}\.[a-z_]{1,40}"), 100),
    "p": _one_of(Purpose),
    "dec": _decision,
    "out": _one_of(Outcome),
    "dir": _one_of(Direction),
    "ss": _shape(r"[A-Za-z0-9_-]{8,64}"),
    "rq": _shape(r"[A-Za-z0-9_-]{8,64}"),
    "ch": _shape(r"web|api|job|cli"),
    "h": _shape(r"[A-Za-z0-9_-]{43}"),
    # Which sealed groups were written, and which version of each: 12 and 16 characters.
    "t": _listed(_shape(r"[A-Za-z0-9_-]{28}"), MOST_TAGS),
}
NEEDED = frozenset({"v", "ev", "at", "a", "act", "out", "ch"})


def check(body: Body) -> None:
    """Refuse a body that has a key or value which an event cannot have."""
    if lacking := NEEDED - body.keys():
        raise NotLoggable(f"An event needs {', '.join(sorted(lacking))}.")
    for key, value in body.items():
        # The value is not repeated: it may be what must not be written anywhere.
        if key not in KEYS:
            raise NotLoggable(f"An event has no key {key!r}.")
        if not KEYS[key](value):
            raise NotLoggable(f"An event cannot hold this {key!r}.")


def spell(body: Body) -> str:
    """Check a body and write it down."""
    check(body)
    return canonical(body)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Body:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotLoggable("A key stands twice.")
    return found


def _no_float(_text: str) -> Any:
    raise NotLoggable("An event holds no fractions.")


_decoder = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_float=_no_float, parse_constant=_no_float
)


def parse(text: str) -> Body:
    """Read a body back; anything but its canonical spelling is refused."""
    body = _read_at_once(text)
    if body is None:
        return _read_in_steps(text)
    check(body)
    return body


def _read_at_once(text: str) -> Body | None:
    """A body that comes out again as it went in; a key that stands twice would not."""
    try:
        body = orjson.loads(text)
        same = orjson.dumps(body, option=orjson.OPT_SORT_KEYS) == text.encode()
    except (ValueError, TypeError):
        return None
    return body if same and isinstance(body, dict) else None


def _read_in_steps(text: str) -> Body:
    """The same, slower: says in words what is wrong."""
    try:
        body = _decoder.decode(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotLoggable("An event is no JSON.") from error
    if not isinstance(body, dict):
        raise NotLoggable("An event is an object.")
    check(body)
    if canonical(body) != text:
        raise NotLoggable("An event is not in its canonical spelling.")
    return body
