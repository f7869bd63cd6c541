"""Changing keys: asked for, done in the background, written into the log at both ends."""

from django.db import transaction
from django.utils.translation import gettext as _

from audit import log
from audit.entries import Actor
from audit.events import Event
from kpm.custody.kinds import Keys, Kind
from kpm.errors import Refused
from kpm.jobs.actions import enqueue
from kpm.jobs.models import OPEN, Job
from kpm.vault import providers, vault_keys
from kpm.vault.errors import KeysUnavailable

BY = log.System("keys")


@transaction.atomic
def change(*, kind: str, by: Actor) -> Job:
    """Let new keys take over, in the background and while everything goes on."""
    wanted = Kind(kind)
    if wanted is Kind.ROOT and not providers.configured().renews:
        raise Refused(
            _("The root key is changed on the machine itself, where its backup is renewed as well.")
        )
    if Job.objects.filter(kind=wanted.job, state__in=OPEN).exists():
        raise Refused(_("These keys are being changed already."))
    log.record(Event.ROTATION_STARTED, by=by, target=Keys(wanted))
    return enqueue(wanted.job, "keys", by=by)


def change_root(*, by: Actor) -> str:
    """Change the root key here and now; says what is left for the operator to do."""
    with transaction.atomic():
        log.record(Event.ROTATION_STARTED, by=by, target=Keys(Kind.ROOT))
    try:
        words = vault_keys.change_root()
    except (KeysUnavailable, OSError) as error:
        with transaction.atomic():
            log.record(Event.ROTATION_FINISHED, by=by, target=Keys(Kind.ROOT), outcome="error")
        told = error if isinstance(error, KeysUnavailable) else error.strerror
        raise Refused(_("The root key was not changed: %s") % told) from None
    record_finished(Kind.ROOT)
    return words


@transaction.atomic
def record_finished(kind: Kind, *, count: int | None = None) -> None:
    """The old keys are gone."""
    log.record(Event.ROTATION_FINISHED, by=BY, target=Keys(kind), count=count)
