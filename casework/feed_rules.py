"""Who may have a feed of their calendar, and whether an address still answers."""

from django.utils.translation import gettext as _

from casework.models import CalendarFeed
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted


def check_can_keep_feed(user: User) -> None:
    """A feed shows what is due to whoever has the duties."""
    if not is_granted(user, Permission.KEEP_CALENDAR):
        raise Refused(_("Your role does not carry this."))


def check_can_withdraw_feed(user: User, feed: CalendarFeed) -> None:
    """Whose it is withdraws it, once; also where they may not make another."""
    if feed.worker_id != user.pk:
        raise Refused(_("This feed is somebody else's."))
    if feed.withdrawn_at is not None:
        raise Refused(_("This feed has been withdrawn already."))


def is_answered(feed: CalendarFeed) -> bool:
    """Whether the address leads anywhere: not withdrawn, the account open, the role held today.

    An account that was closed and opened again has no address: it may be why it was closed. Nor has
    any after a restore, which brings back what was withdrawn since.
    """
    worker = feed.worker
    is_theirs = worker.is_active and not worker.must_change_password
    if feed.session_epoch != worker.session_epoch:
        return False
    return feed.withdrawn_at is None and is_theirs and is_granted(worker, Permission.KEEP_CALENDAR)
