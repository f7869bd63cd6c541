"""Verifies an exported log, or the proof of one event, with nothing but Python: copy it anywhere.

    python offline.py log DIRECTORY --vkey KEY [--since NOTE] [--witness KEY --quorum N] [--json]
    python offline.py proof EVENT PROOF --vkey KEY [--witness KEY --quorum N] [--json]

Exit code 0 good, 1 altered, 2 malformed, 3 not signed by whom it should be.
"""

import argparse
import base64
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, NamedTuple

WIDTH = 256
# How far the moment in an event may lie outside of those of the heartbeats around it.
SLACK = timedelta(hours=1)
HEARTBEAT = "log_root.confirmed"
MALFORMED, NOT_SIGNED = 2, 3
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
NUMBER = re.compile(r"-?[0-9]{1,16}", re.ASCII)
SIZE = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
EVENT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


class Bad(Exception):
    """The first bad place, and what the program answers with."""

    def __init__(self, words: str, code: int = 1) -> None:
        super().__init__(words)
        self.code = code


@contextmanager
def within(place: str) -> Iterator[None]:
    try:
        yield
    except (Bad, ValueError, RecursionError) as bad:
        raise Bad(f"{place}: {bad}", getattr(bad, "code", MALFORMED)) from None


# --- Ed25519 (RFC 8032). Only verification, so nothing here is secret.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int]


def _point(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT % P
    if y >= P or (x * x - square) % P or (not x and sign):
        return None
    return x if x & 1 == sign else P - x, y


def _add(one: Point, two: Point) -> Point:
    (a, b), (c, d) = one, two
    t = D * a * b * c * d % P
    return (a * d + b * c) * pow(1 + t, -1, P) % P, (b * d + a * c) * pow(1 - t, -1, P) % P


BASE = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or (0, 1)


@cache
def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    key = _point(public) if len(public) == 32 else None
    s = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or s >= ORDER:
        return False
    digest = sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    minus, found = (P - key[0], key[1]), (0, 1)
    both = _add(BASE, minus)
    for bit in reversed(range(256)):
        found = _add(found, found)
        if which := (s >> bit & 1) | (k >> bit & 1) << 1:
            found = _add(found, (BASE, minus, both)[which - 1])
    return (found[1] | (found[0] & 1) << 255).to_bytes(32, "little") == signature[:32]


# --- Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature)
def unpacked(text: str) -> bytes:
    """Base64 in its one canonical spelling."""
    if not text or base64.b64encode(base64.b64decode(text)).decode() != text:
        raise Bad("base64 in another spelling than the canonical one", MALFORMED)
    return base64.b64decode(text)


class Key(NamedTuple):
    """A public key by which somebody signs; kind 1 a log, kind 4 a witness."""

    name: str
    id: bytes
    kind: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> "Key":
        name, _, rest = vkey.strip().partition("+")
        typed = unpacked(rest[9:])
        found = sha(name.encode(), b"\n", typed)[:4]
        if not name or rest[:9] != f"{found.hex()}+" or typed[0] not in (1, 4) or len(typed) != 33:
            raise Bad("that is no vkey", MALFORMED)
        return cls(name, found, typed[0], typed[1:])

    def vouches(self, text: str, signature: bytes) -> bool:
        if self.kind == 1:
            return is_signed(self.public, signature, text.encode())
        head = f"cosignature/v1\ntime {int.from_bytes(signature[:8])}\n"
        return is_signed(self.public, signature[8:], (head + text).encode())


def opened(data: bytes, keys: list[Key]) -> tuple[str, list[Key]]:
    """The text of a note and who of these vouches for it."""
    note = data.decode(errors="replace")
    head, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or note.encode() != data or CONTROL.search(note):
        raise Bad("that is no signed note", MALFORMED)
    text, good, known = f"{head}\n", [], {(key.name, key.id): key for key in keys}
    for line in tail[:-1].split("\n"):
        dash, *rest = line.split(" ")
        if dash != "—" or len(rest) != 2 or not rest[0]:
            raise Bad("that is no line of a signature", MALFORMED)
        signature = unpacked(rest[1])
        key = known.pop((rest[0], signature[:4]), None)
        if key is not None and not key.vouches(text, signature[4:]):
            raise Bad(f"the signature of {key.name} is not good", NOT_SIGNED)
        good += [key] if key else []
    return text, good


# Keys of the log, keys of witnesses, and how many of these must have seen it.
Trust = tuple[list[Key], list[Key], int]


def checked(note: bytes, trust: Trust) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that everybody signed who has to."""
    keys, witnesses, quorum = trust
    text, good = opened(note, [*keys, *witnesses])
    if not set(good) & set(keys):
        raise Bad("no key that was given signed it", NOT_SIGNED)
    if len(set(good) & set(witnesses)) < quorum:
        raise Bad(f"fewer than {quorum} of the witnesses have seen it", NOT_SIGNED)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or not SIZE.fullmatch(lines[1]):
        raise Bad("that is no checkpoint", MALFORMED)
    if len(root := unpacked(lines[2])) != 32:
        raise Bad("a root has 32 bytes", MALFORMED)
    return lines[0], int(lines[1]), root


# --- The tree (RFC 6962)
def sha(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def root_over(hashes: list[bytes]) -> bytes:
    """The root of a tree; what has no neighbour goes up as it is."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        hashes = above + hashes[len(hashes) & ~1 :]
    return hashes[0] if hashes else sha()


# --- Events
def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs) or not all(key.isascii() for key, _ in pairs):
        raise ValueError("a key that stands twice, or in letters that no key has")
    return dict(pairs)


def _whole(text: str) -> int:
    if not NUMBER.fullmatch(text) or abs(int(text)) >= 2**53:
        raise ValueError("a number that is not whole, or too large")
    return int(text)


HOOKS: Any = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _whole)
READER = json.JSONDecoder(object_pairs_hook=_once, **HOOKS)
WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(data: bytes) -> Any:
    """Read JSON in its one spelling (RFC 8785); what this cannot judge is refused."""
    value = READER.decode(data.decode())
    if WRITER.encode(value).encode() != data:
        raise ValueError("JSON in another spelling than the canonical one")
    return value


# An event as most are, in one look: each key once and in its order, nothing that could be spelt in
# another way. What does not fit is read in steps.
TEXT, COUNT = r'"[ !#-\[\]-~]*"', r"(?:0|[1-9][0-9]{0,14})"
LIST = rf"\[{TEXT}(?:,{TEXT})*\]"
RULE = rf'\{{(?:"btg":{TEXT},)?(?:"grant":{TEXT},)?"ok":(?:true|false)(?:,"rule":{TEXT})?\}}'
PLAIN = re.compile(
    rf'(?a)\{{"a":{TEXT},"act":"([a-z_.]+)","at":"({MOMENT.pattern})"(?:,"ch":{TEXT})?'
    rf'(?:,"dec":{RULE})?(?:,"dir":{TEXT})?,"ev":"({EVENT.pattern})"(?:,"f":{LIST})?(?:,"h":{TEXT})?'
    rf'(?:,"n":{COUNT})?(?:,"o":{TEXT})?(?:,"os":{LIST})?(?:,"ot":{TEXT})?(?:,"out":{TEXT})?'
    rf'(?:,"p":{TEXT})?(?:,"role":{TEXT})?(?:,"rq":{TEXT})?(?:,"ss":{TEXT})?(?:,"t":{LIST})?'
    rf'(?:,"v":{COUNT})?\}}'
)


def said(entry: bytes) -> tuple[str, ...]:
    """What an event says happened and when, and its name; the parts of a long one share it."""
    if found := PLAIN.fullmatch(entry.decode()):
        return found.groups()
    event = canonical(entry)
    name, at = (event.get(key) if isinstance(event, dict) else None for key in ("ev", "at"))
    if not (EVENT.fullmatch(str(name)) and MOMENT.fullmatch(str(at))):
        raise Bad("no event: it lacks its name or moment", MALFORMED)
    return str(event.get("act")), str(at), f"{name}{event.get('pt', '')}"


class Events:
    """Whether each event reads like one, is there once, and stands where its moment belongs."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._since: datetime | None = None
        self._waiting: list[datetime] = []

    def look(self, index: int, entry: bytes) -> None:
        act, at, part = said(entry)
        moment = datetime.fromisoformat(at)
        if part in self._seen:
            raise Bad("this event is in the log twice")
        self._seen.add(part)
        if self._since is not None and self._since - moment > SLACK:
            raise Bad(f"this event says {at}, long before the heartbeat in front of it")
        self._waiting.append(moment)
        if act == HEARTBEAT:
            for number, early in enumerate(self._waiting, index + 1 - len(self._waiting)):
                if early - moment > SLACK:
                    raise Bad(f"entry {number} says {early}, long after this heartbeat")
            self._since, self._waiting = moment, []


# --- An exported log (C2SP tlog-tiles)
def read(directory: Path, path: str) -> bytes:
    try:
        return (directory / path).read_bytes()
    except OSError:
        raise Bad(f"{path} is missing") from None


def tile_path(level: int | str, idx: int, width: int) -> str:
    """Three digits to a folder; a partial tile says how wide it is."""
    *above, last = f"{idx:,}".split(",")
    parts = [*(f"x{part:>03}" for part in above), f"{last:>03}"]
    return "/".join(["tile", str(level), *parts]) + (f".p/{width}" if width < WIDTH else "")


def follow(directory: Path, keys: list[Key]) -> list[Key]:
    """The keys that were given, and each that the one before it vouches for."""
    for number in range(1, 1 + sum(1 for _ in directory.glob("keys/*"))):
        with within(f"keys/{number}"):
            note = read(directory, f"keys/{number}")
            key = Key.parse(f"{note.decode()}\n\n".split("\n")[2])
            text, good = opened(note, [*keys, key])
            if key not in good or not text.startswith(f"{key.name}\nkey {number}\n"):
                raise Bad("the note is not about this key, or not signed by it", NOT_SIGNED)
            # Those from before the first one that was given are nobody's business here.
            keys = [*keys, key] if set(good) & set(keys) else keys
    with within("vkey"):
        if Key.parse(read(directory, "vkey").decode(errors="replace")) not in keys:
            raise Bad("nobody vouches for this key", NOT_SIGNED)
    return keys


def entries(directory: Path, idx: int, width: int) -> tuple[list[bytes], bool]:
    """The entries of a bundle, as many as there should be, and whether it ends with them."""
    data, found, at = read(directory, tile_path("entries", idx, width)), [], 0
    for _ in range(width):
        start, at = at + 2, at + 2 + int.from_bytes(data[at : at + 2])
        found.append(data[start:at])
    return found, at == len(data)


def check_log(directory: Path, trust: Trust, since: list[bytes]) -> str:
    """Hash every entry again and compare everything that was written about them."""
    keys = follow(directory, trust[0])
    with within("checkpoint"):
        origin, size, root = checked(read(directory, "checkpoint"), (keys, *trust[1:]))
    pins: dict[int, bytes] = {}
    for name, seen, kept in (checked(note, (keys, [], 0)) for note in since):
        if name != origin or seen > size or pins.setdefault(seen, kept) != kept:
            raise Bad(f"{seen} events of {name} have been seen, which this log does not go on from")
    if grown(directory, size, pins) != root:
        raise Bad("the checkpoint is that of other entries")
    return f"{size} events of {origin}, root {root.hex()}"


def grown(directory: Path, size: int, pins: dict[int, bytes]) -> bytes:
    """The root of all entries, compared on the way with tiles and with what was seen before."""
    events, roots = Events(), list[bytes]()
    for start in range(0, size, WIDTH):
        leaves = leaves_of(directory, start, min(WIDTH, size - start), events)
        for pin in (pin for pin in pins if start < pin <= start + len(leaves)):
            if pins[pin] != root_over([*roots, root_over(leaves[: pin - start])]):
                raise Bad(f"the first {pin} events are not those that were seen before")
        roots.append(root_over(leaves))
    level, row = 1, roots[: size // WIDTH]
    while row:
        parts = [row[at : at + WIDTH] for at in range(0, len(row), WIDTH)]
        for idx, part in enumerate(parts):
            if read(directory, path := tile_path(level, idx, len(part))) != b"".join(part):
                raise Bad(f"{path} is not what the tiles below it give")
        level, row = level + 1, [root_over(part) for part in parts if len(part) == WIDTH]
    return root_over(roots)


def leaves_of(directory: Path, start: int, width: int, events: Events) -> list[bytes]:
    """The leaf hashes of a bundle, after a look at each of its entries."""
    tile, bundle = (tile_path(level, start // WIDTH, width) for level in (0, "entries"))
    data, leaves = read(directory, tile), []
    bundled, is_whole = entries(directory, start // WIDTH, width)
    for index, entry in enumerate(bundled, start):
        leaves.append(leaf := sha256(b"\x00" + entry).digest())
        if leaf != data[32 * (index - start) : 32 * (index - start) + 32]:
            raise Bad(f"entry {index} is not what {tile} was made of")
        try:
            events.look(index, entry)
        except (Bad, ValueError, RecursionError) as bad:
            raise Bad(f"entry {index}: {bad}", getattr(bad, "code", MALFORMED)) from None
    if not is_whole or len(data) != 32 * width:
        raise Bad(f"{tile} or {bundle} has the wrong length", MALFORMED)
    return leaves


def check_proof(entry: bytes, proof: bytes, trust: Trust) -> str:
    """Check that one event is in the log."""
    head, _, note = proof.partition(b"\n\n")
    first, *lines = head.decode(errors="replace").split("\n")
    lines = lines[1:] if lines and lines[0].startswith("extra ") else lines
    found = lines[0].removeprefix("index ") if lines else ""
    if first != "c2sp.org/tlog-proof@v1" or not SIZE.fullmatch(found):
        raise Bad("that is no proof", MALFORMED)
    origin, size, root = checked(note, trust)
    with within("event"):
        canonical(entry)
    hashes = [unpacked(line) for line in lines[1:]]
    if int(found) >= size or root_of(int(found), size, sha(b"\x00", entry), hashes) != root:
        raise Bad("the proof is not one of this event")
    return f"event {found} of the {size} of {origin}"


def root_of(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes | None:
    inner = (index ^ (size - 1)).bit_length()
    for level, other in enumerate(proof):
        is_right = level >= inner or index >> level & 1
        leaf = sha(b"\x01", other, leaf) if is_right else sha(b"\x01", leaf, other)
    return leaf if len(proof) == inner + (index >> inner).bit_count() else None


def main(arguments: list[str]) -> int:
    """Check, say it in a line, and answer with the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("log", "proof"))
    parser.add_argument("paths", nargs="+")
    for name in ("--vkey", "--since", "--witness"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("--quorum", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    code, here = 0, Path()
    try:
        keys, witnesses = ([Key.parse(key) for key in each] for each in (given.vkey, given.witness))
        trust = (keys, witnesses, given.quorum)
        if given.what == "log":
            since = [read(here, path) for path in given.since]
            words = check_log(here / given.paths[0], trust, since)
        else:
            entry, proof = (read(here, path) for path in (given.paths[0], given.paths[-1]))
            words = check_proof(entry, proof, trust)
    except (Bad, ValueError) as bad:
        code, words = getattr(bad, "code", MALFORMED), str(bad)
    answer = {"good": not code, "code": code, "words": words}
    sys.stdout.write(f"{json.dumps(answer) if given.json else words}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
