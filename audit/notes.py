"""Signed notes (C2SP signed-note): a text, and lines by which known keys vouch for it."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from kpm.vault import signatures

ED25519 = 0x01
# A witness says with it that it saw this tree, and when (C2SP tlog-cosignature).
COSIGNATURE = 0x04
KINDS = (ED25519, COSIGNATURE)
PUBLIC_BYTES = 32
# The format asks for at least 16.
MOST_SIGNATURES = 100
DASH = "— "

VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Malformed(ValueError):
    """Not the one spelling that the format knows."""


class NotSigned(ValueError):
    """No known key vouches for it, or the signature of a known key is not good."""


def decoded(text: str) -> bytes:
    """Base64 in its one canonical spelling: a second spelling would be a second signature."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("That is no base64.") from error
    if encoded(found) != text:
        raise Malformed("That is not the canonical base64.")
    return found


def encoded(found: bytes) -> str:
    """Base64 with its padding."""
    return base64.b64encode(found).decode("ascii")


def is_name(text: str) -> bool:
    """Whether this can be the name of a key."""
    return bool(text) and "+" not in text and not any(one.isspace() for one in text)


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a key, with the name it signs under; `str` gives its vkey."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        typed = bytes((self.kind,)) + self.public
        return sha256(self.name.encode() + b"\n" + typed).digest()[:4]

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey: name, id and key with a plus between two."""
        found = VKEY.fullmatch(vkey)
        if found is None or not is_name(found[1]):
            raise Malformed("A vkey is a name, eight hexadecimal digits and a key.")
        typed = decoded(found[3])
        if not typed or typed[0] not in KINDS:
            raise Malformed("Keys of this kind are not known here.")
        if len(typed) != 1 + PUBLIC_BYTES:
            raise Malformed("A public key has 32 bytes.")
        key = cls(found[1], typed[1:], typed[0])
        if key.id.hex() != found[2]:
            raise Malformed("The id is not that of the key.")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encoded(bytes((self.kind,)) + self.public)}"

    def vouches(self, text: str, signature: bytes) -> bool:
        """Whether this is the key's signature under the text."""
        if self.kind == ED25519:
            return signatures.is_signed(self.public, signature, text.encode())
        if len(signature) < 8:
            return False
        seconds = int.from_bytes(signature[:8])
        return signatures.is_signed(self.public, signature[8:], cosigned(text, seconds))


def cosigned(text: str, seconds: int) -> bytes:
    """What a witness signs: the moment and the text."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True)
class Signature:
    """One line under a note."""

    name: str
    id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{DASH}{self.name} {encoded(self.id + self.signature)}\n"


@dataclass(frozen=True)
class Note:
    """A text and everything that stands under it, verified or not."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def verified(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Which of these keys vouch for it, at least one; one that does so wrongly spoils it."""
        known = {(key.name, key.id): key for key in keys}
        good: list[VerifierKey] = []
        for each in self.signatures:
            # Unknown lines are somebody else's business; of a known key the first line counts.
            key = known.pop((each.name, each.id), None)
            if key is None:
                continue
            if not key.vouches(self.text, each.signature):
                raise NotSigned(f"The signature of {key.name} is not good.")
            good.append(key)
        if not good:
            raise NotSigned("No known key signed it.")
        return good


def sign(text: str, name: str, *seeds: bytes) -> Note:
    """Put the signatures of these seeds under a text."""
    lines = []
    for seed in seeds:
        key = VerifierKey(name, signatures.public_key(seed))
        lines.append(Signature(name, key.id, signatures.sign(seed, text.encode())))
    return Note(text, tuple(lines))


def parse(note: str) -> Note:
    """Read a note; whether anybody vouches for it is another question."""
    head, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or CONTROL.search(note):
        raise Malformed("A note is a text, an empty line and lines of signatures.")
    return Note(f"{head}\n", tuple(parse_signatures(tail)))


def parse_signatures(lines: str) -> list[Signature]:
    """Read the lines under a note."""
    if not lines.endswith("\n") or lines.count("\n") > MOST_SIGNATURES:
        raise Malformed("Too many signatures, or a line without its end.")
    return [_signature(line) for line in lines[:-1].split("\n")]


def _signature(line: str) -> Signature:
    name, gap, text = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not gap or not is_name(name):
        raise Malformed("A signature is a dash, a name and base64.")
    found = decoded(text)
    if len(found) < 5:
        raise Malformed("A signature is longer than the id of its key.")
    return Signature(name, found[:4], found[4:])
