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
MOST_GROUPS = 100
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


# How values are spelt that are one word each.
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_REFERENCE = r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}"
_CODE = r"[a-z0-9][a-z0-9_.:-]{0,79}"
_GROUP = r"[a-z_]{1,40}\.[a-z_]{1,40}"
_TAG = r"[A-Za-z0-9_-]{28}"
_WORD = r"[a-z_]{1,40}"
_RANDOM = r"[A-Za-z0-9_-]{8,64}"
_AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
_ACTOR = r"[us]:[A-Za-z0-9_-]{1,40}|x:anon"
_CHANNEL = r"web|api|job|cli"
_COMMITMENT = r"[A-Za-z0-9_-]{43}"


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
_reference_shape = _shape(_REFERENCE)
_uuid_shape = _shape(_UUID)


def is_reference(value: Any) -> bool:
    """Whether this can stand for something in the log; numbers of people cannot.

    The name of an event can, whatever digits its random part has in a row.
    """
    return _reference_shape(value) and (PERSONAL.search(value) is None or _uuid_shape(value))


_code = _shape(_CODE)

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
    "at": _shape(_AT),
    "a": _shape(_ACTOR),
    "role": _shape(_WORD),
    "act": _one_of(Event),
    "ot": _shape(_WORD),
    "o": is_reference,
    "os": _listed(is_reference, MOST_SUBJECTS),
    "pt": _part,
    "n": _number,
    "f": _listed(_shape(_GROUP), MOST_GROUPS),
    "p": _one_of(Purpose),
    "dec": _decision,
    "out": _one_of(Outcome),
    "dir": _one_of(Direction),
    "ss": _shape(_RANDOM),
    "rq": _shape(_RANDOM),
    "ch": _shape(_CHANNEL),
    "h": _shape(_COMMITMENT),
    # Which sealed groups were written, and which version of each: 12 and 16 characters.
    "t": _listed(_shape(_TAG), MOST_TAGS),
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
    try:
        text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode("ascii")
    except (orjson.JSONEncodeError, UnicodeDecodeError):
        text = ""
    # Every event takes this way, so the quick look comes first.
    if glance(text) is not None:
        return text
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


def _list_of(pattern: str, name: str) -> str:
    """One, or several under a name."""
    return rf'\[(?:"{pattern}"|(?P<{name}>"{pattern}"(?:,"{pattern}")+))\]'


def _any_of(registry: type[StrEnum]) -> str:
    return "|".join(map(re.escape, registry))


# A reference in which no number of a person can be: they have eleven digits in a row at least.
_PLAIN = rf'(?![^"]*\d{{11}}){_REFERENCE}'
# The same once more as one pattern over the whole spelling: what fits into it holds each key once
# and in its place, with a value of its shape. An event that does not may still be good.
_PARTS: tuple[tuple[str, str], ...] = (
    ("a", rf'"(?P<a>{_ACTOR})"'),
    ("act", r'"(?P<act>[a-z_.]+)"'),
    ("at", rf'"(?P<at>{_AT})"'),
    ("ch", rf'"(?:{_CHANNEL})"'),
    (
        "dec",
        rf'\{{(?:"btg":"{_PLAIN}",)?(?:"grant":"{_PLAIN}",)?"ok":(?:true|false)'
        rf'(?:,"rule":"{_CODE}")?\}}',
    ),
    ("dir", rf'"(?:{_any_of(Direction)})"'),
    ("ev", rf'"{_UUID}"'),
    ("f", _list_of(_GROUP, "f")),
    ("h", rf'"(?P<h>{_COMMITMENT})"'),
    ("n", r"(?:0|[1-9]\d{0,14})"),
    ("o", rf'"(?P<o>{_PLAIN})"'),
    ("os", _list_of(_PLAIN, "os")),
    ("ot", rf'"(?P<ot>{_WORD})"'),
    ("out", rf'"(?P<out>{_any_of(Outcome)})"'),
    ("p", rf'"(?P<p>{_any_of(Purpose)})"'),
    ("role", rf'"{_WORD}"'),
    ("rq", rf'"(?P<rq>{_RANDOM})"'),
    ("ss", rf'"{_RANDOM}"'),
    ("t", rf"(?P<t>{_list_of(_TAG, 'ts')})"),
    ("v", f"{VERSION}"),
)
_spelling = re.compile(
    r"\{"
    + "".join(
        f'{"," * (key != "a")}"{key}":{value}' if key in NEEDED else f'(?:,"{key}":{value})?'
        for key, value in _PARTS
    )
    + r"\}",
    re.ASCII,
).fullmatch
_acts = frozenset(map(str, Event))


def glance(text: str) -> re.Match[str] | None:
    """What a body says, if one look shows that it is good; others take a `parse`.

    The match has its parts by their keys; what is absent is None. Of lists it has what is several.
    """
    found = _spelling(text)
    if found is None:
        return None
    act, groups, subjects, tags = found.group("act", "f", "os", "ts")
    is_good = (
        act in _acts
        and (groups is None or _is_in_order(groups, MOST_GROUPS))
        and (subjects is None or _is_in_order(subjects, MOST_SUBJECTS))
        and (tags is None or _is_in_order(tags, MOST_TAGS))
    )
    return found if is_good else None


def _is_in_order(spelt: str, most: int) -> bool:
    each = spelt[1:-1].split('","')
    return len(each) <= most and each == sorted(set(each))


def parse(text: str) -> Body:
    """Read a body back; anything but its canonical spelling is refused."""
    body: Body
    if glance(text) is not None:
        body = orjson.loads(text)
        return body
    return _read_in_steps(text)


def _read_in_steps(text: str) -> Body:
    """The same, slower, for every event there can be: says in words what is wrong."""
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
