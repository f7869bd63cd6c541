"""Sealed groups as an event names them: which one, and which version of it was written."""

import base64

from kpm.vault.written import PLACE_BYTES, Sealed


def tag(sealed: Sealed) -> str:
    """28 characters without padding: both parts are multiples of three bytes."""
    return base64.urlsafe_b64encode(sealed.place + sealed.version).decode("ascii")


def untagged(text: str) -> Sealed:
    """Back again; the event was checked when it was read."""
    both = base64.urlsafe_b64decode(text)
    return Sealed(both[:PLACE_BYTES], both[PLACE_BYTES:])
