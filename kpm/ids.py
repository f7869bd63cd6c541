"""Identifiers: time-ordered row keys, file numbers for people, pseudonyms for the log."""

import base64
import os
import secrets
import time
from uuid import UUID

# Crockford's alphabet: no I, L, O, U, so that a number survives being read over the telephone.
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# What such a number looks like: anything else is none, and no database has to be asked.
FILE_NUMBER = f"[{CROCKFORD}]{{5}}-[{CROCKFORD}]{{5}}"


def uuid7() -> UUID:
    """A UUID version 7: milliseconds, 12 bits of the fraction below them, 62 random bits."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    # RFC 9562 §6.2 method 3: the fraction keeps ids of one process in order within a millisecond.
    fraction = rest * 4096 // 1_000_000
    tail = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(
        int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail
    )


def file_number() -> str:
    """The only name of a case file outside its team: 50 random bits such as 7K3MQ-9TX2A."""
    bits = secrets.randbits(50)
    characters = "".join(CROCKFORD[bits >> shift & 31] for shift in range(45, -1, -5))
    return f"{characters[:5]}-{characters[5:]}"


def reference(prefix: str = "u:") -> str:
    """A pseudonym for the log: the prefix and 128 random bits in 22 characters.

    Names in the log begin with a letter or a digit; without a prefix that has to be drawn.
    """
    while True:
        made = prefix + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode("ascii")
        if made[0] not in "-_":
            return made.rstrip("=")
