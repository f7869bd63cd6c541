"""The size and root of the log as a text that can be signed (C2SP tlog-checkpoint)."""

import re
from dataclasses import dataclass

from audit import merkle
from audit.notes import Malformed, decoded, encoded

# Sizes are counted in 64 bits wherever logs are read; Python has no smaller bound of its own.
MOST = 2**64
SIZE = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)


@dataclass(frozen=True)
class TreeHead:
    """Which log, how many events, and the root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = (self.origin, str(self.size), encoded(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse(text: str, *, root_bytes: int | None = merkle.SIZE) -> TreeHead:
    """Read one in its only spelling; the length of a root may be left open."""
    if not text.endswith("\n"):
        raise Malformed("The last line needs its end.")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise Malformed("A checkpoint has at least three lines, none of them empty.")
    root = decoded(lines[2])
    if root_bytes is not None and len(root) != root_bytes:
        raise Malformed("A root has 32 bytes.")
    return TreeHead(lines[0], parse_size(lines[1]), root, tuple(lines[3:]))


def parse_size(text: str) -> int:
    """A number of events: decimal, without zeros in front."""
    if not SIZE.fullmatch(text) or int(text) >= MOST:
        raise Malformed("That is no size of a tree.")
    return int(text)
