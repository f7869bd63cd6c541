"""Looks for many texts in a dump at once, in every spelling that a dump can have them in."""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

# What is shorter turns up by chance in megabytes of ciphertext: two characters in UTF-16 are
# 32 bits, and a few thousand of those are found in any ten megabytes.
WINDOW: Final = 6
ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
HASHES: Final = ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256", "sm3")


class Needles:
    """Texts that must not be found. Feed the dump to `found_in`."""

    def __init__(self, texts: Iterable[str], *, hashed: Iterable[str] = ()) -> None:
        self._by_start: dict[bytes, list[tuple[bytes, str]]] = defaultdict(list)
        for text in set(texts):
            self._add(text, forms(text))
        for text in set(hashed):
            self._add(text, hashes(text))

    def _add(self, text: str, ways: Iterable[bytes]) -> None:
        for form in set(ways):
            self._by_start[form[:WINDOW]].append((form, text))

    def found_in(self, dump: bytes) -> set[str]:
        """The texts that stand in the dump in one of their forms."""
        starts = self._by_start.keys()
        return {
            text
            for at in range(len(dump) - WINDOW + 1)
            if dump[at : at + WINDOW] in starts
            for form, text in self._by_start[dump[at : at + WINDOW]]
            if dump.startswith(form, at)
        }


def forms(text: str) -> Iterator[bytes]:
    """The bytes of a text, as they are and as hex, as base64 and escaped as in JSON."""
    plain = {text.encode(encoding) for encoding in ENCODINGS}
    # Django writes JSON columns with \\uXXXX; SQL doubles the backslash in some places.
    escaped = json.dumps(text)[1:-1].encode()
    plain |= {escaped, escaped.replace(b"\\", b"\\\\")}
    for spelling in plain:
        if len(spelling) < WINDOW:
            continue
        yield spelling
        yield spelling.hex().encode()
        yield spelling.hex().upper().encode()
        yield from base64_of(spelling)


def base64_of(plain: bytes) -> Iterator[bytes]:
    """What stands in base64 of anything around these bytes, wherever in it they begin."""
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + plain)
        # The first and last signs also depend on the neighbours.
        first = (offset * 8 + 5) // 6
        last = (offset + len(plain)) * 8 // 6
        yield coded[first:last]
        yield coded[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def hashes(text: str) -> Iterator[bytes]:
    """The beginnings of hashes without a key: numbers with few possible values fall to them."""
    for name in HASHES:
        if name in hashlib.algorithms_available:
            digest = hashlib.new(name, text.encode()).digest()
            yield digest[:8]
            yield digest[:8].hex().encode()
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    yield digest
    yield str(int.from_bytes(digest, signed=True)).encode()
