"""Events of requests that went wrong beside their view: forms from elsewhere, broken content."""

import logging
from dataclasses import dataclass

from django.http import HttpRequest

from audit import log
from audit.events import Event
from kpm.accounts.models import User
from kpm.vault.errors import Unreadable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AskedFor:
    """What the address of a page names; nobody has looked whether it exists."""

    log_type: str
    log_reference: str


def asked_for(request: HttpRequest) -> AskedFor | None:
    """The file or ledger of an address, so that a refused try is found with its number."""
    match = request.resolver_match
    if match is None or "number" not in match.kwargs:
        return None
    kind = "case_file" if match.route.startswith("files/") else "ledger"
    return AskedFor(kind, match.kwargs["number"])


def actor_of(request: HttpRequest) -> log.Actor:
    """Whoever is signed in, or nobody known."""
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else log.ANONYMOUS


def form_from_elsewhere(request: HttpRequest) -> None:
    """Write down that a form came without the mark of one of our pages, and nothing of it."""
    log.refused(Event.FORM_REFUSED, by=actor_of(request), target=asked_for(request), rule="csrf")


def content_unreadable(
    error: Unreadable, *, by: log.Actor, target: log.Thing | None = None
) -> None:
    """Write down that sealed content did not open: somebody may have changed it."""
    if error.is_told:
        # A step inside a job: the job has heard of it as well.
        return
    error.is_told = True
    # Codes and the owner's id, for whoever goes to look; the event has no room for them.
    logger.error("Sealed content does not open: %s", error)
    log.refused(Event.VAULT_REFUSED, by=by, target=target, rule=error.cause.name.lower())
