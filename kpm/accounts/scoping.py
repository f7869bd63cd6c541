"""Which rows somebody may see: the units below them, and the one way to fetch what is theirs."""

from typing import Any, Protocol, TypeVar, cast

from django.db import models
from django.http import Http404

from audit import log
from audit.events import Event
from kpm.accounts.models import Unit, User

M = TypeVar("M", bound=models.Model, covariant=True)

# The groups of people that a grant may be limited to: code and label. Which there are is known
# further up; the app of levels enters them here when it starts.
POPULATIONS: dict[str, Any] = {}


class Scoped(Protocol[M]):
    """A queryset that knows which of its rows somebody may see."""

    def visible_to(self, user: User) -> models.QuerySet[M]:
        """The rows that are theirs."""

    def filter(self, **lookup: Any) -> models.QuerySet[M]:
        """The rows that match, whoever asks."""


def units_under(user: User) -> models.QuerySet[Unit]:
    """The unit of the user's grant and everything below it; nothing without a grant."""
    if user.grant is None:
        return Unit.objects.none()
    # Codes nest: a unit's own digits begin the code of everything below it (the database
    # refuses any other), so one range of the index is the whole subtree.
    prefix = user.grant.unit.prefix
    return Unit.objects.filter(code__range=(prefix.ljust(12, "0"), prefix.ljust(12, "9")))


def get_visible(
    queryset: Scoped[M], user: User, *, event: Event = Event.CASE_FILE_REFUSED, **lookup: Any
) -> M:
    """The one row if it is theirs; otherwise the same 404 whether it exists or not.

    A try on a row that exists and is not theirs is written to the log.
    """
    found = queryset.visible_to(user).filter(**lookup).first()
    if found is not None:
        return found
    hidden = queryset.filter(**lookup).first()
    if hidden is not None:
        thing = cast(log.Thing, hidden)
        log.refused(event, by=user, target=thing, rule="not_visible")
    raise Http404
