"""How code says no: to a rule, to a person, to a second copy of the same form."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied


class Refused(Exception):
    """A rule says no, in words for the user; with a field, the words stand beside it."""

    def __init__(self, message: Any, *, field: str | None = None) -> None:
        super().__init__(message)
        # May be lazy: the language is chosen when it is shown.
        self.message = message
        self.field = field


class NotYou(PermissionDenied):
    """The signed-in person's role does not carry the permission that a view asks for."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


class AlreadySent(Exception):
    """The same filled-in form arrived before and has had its effect."""

    def __init__(self, location: str) -> None:
        super().__init__("sent before")
        self.location = location


class AskFirst(Exception):
    """Another page has a question before this one may be shown."""

    def __init__(self, location: str) -> None:
        super().__init__("ask first")
        self.location = location


class Busy(Exception):
    """Too much is going on at once; the same request works in a moment."""


def is_allowed(check: Callable[..., object], *args: Any) -> bool:
    """Ask a rule whether it would let this pass, so that a button can follow the same rule."""
    try:
        check(*args)
    except Refused:
        return False
    return True
