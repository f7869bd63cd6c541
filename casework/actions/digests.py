"""Digests are begun, sent and noted here: one a day for each person, counts alone.

First the row says that somebody sends it, then the mail goes, then the row says that it went. Who
ends in between leaves a row that is begun and not sent; after LEASE another run sends that one
again. So of two runs one sends, and a run that is killed costs one mail too many at most: the one
that was on its way.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit import log
from audit.events import Event
from casework.models import Digest
from kpm.accounts.actions import system_account
from kpm.accounts.models import RoleGrant, User
from kpm.permissions import Role

logger = logging.getLogger(__name__)

# Longer than sending one takes.
LEASE: Final = timedelta(minutes=10)
# No mail before this hour here.
FROM_HOUR: Final = 7
# The log keeps that they went; the rows are for the day.
KEPT: Final = timedelta(days=31)
RECIPIENTS: Final = (Role.SOCIAL_WORKER, Role.SUPERVISOR)

# What waits for somebody: words and numbers.
Counts = Sequence[tuple[Any, int]]


def recipients(today: date) -> Iterable[User]:
    """Who works with files and signs in: whoever has not chosen a password yet does not."""
    grants = RoleGrant.objects.in_force(today).filter(
        role__in=RECIPIENTS, user__is_active=True, user__must_change_password=False
    )
    return [each.user for each in grants.select_related("user").order_by("user__username")]


def address_of(user: User) -> str:
    """Where somebody reads their mail: their user name in the domain of the office, if any."""
    if not settings.KPM_MAIL_DOMAIN:
        return ""
    address = f"{user.username}@{settings.KPM_MAIL_DOMAIN}"
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address


def send_all(counts_of: Callable[[User, datetime], Counts], now: datetime) -> int:
    """Send each digest of this day that has not been sent; returns how many went.

    Nothing is sent where no domain is set, and nobody is told that nothing waits.
    """
    if not settings.KPM_MAIL_DOMAIN:
        return 0
    day_on = timezone.localdate(now)
    Digest.objects.filter(day_on__lt=day_on - KEPT).delete()
    told = set(
        Digest.objects.filter(day_on=day_on, sent_at__isnull=False).values_list("to", flat=True)
    )
    waiting = [
        (user, address, counts)
        for user in recipients(day_on)
        if user.pk not in told
        and (address := address_of(user))
        and (counts := counts_of(user, now))
    ]
    if not waiting:
        return 0
    # Whoever cannot be reached at all is not asked for each person.
    with get_connection() as connection:
        went = [_send(*each, connection=connection, now=now) for each in waiting]
    if failed := went.count(False):
        raise NotAllSent(failed)
    return went.count(True)


def _send(
    user: User, address: str, counts: Counts, *, connection: Any, now: datetime
) -> bool | None:
    """Whether it went; nothing where another run sends it."""
    digest = claim(user, now)
    if digest is None:
        return None
    try:
        _message(address, counts, connection).send()
    except OSError as error:
        # Also what the mail server refuses. Its words may name somebody: they stay out.
        logger.warning("A digest was not sent: %s.", type(error).__name__)
        return False
    note_sent(digest, count=sum(count for _label, count in counts), now=now)
    return True


class NotAllSent(Exception):
    """Some digests were not taken by the mail server; they are tried again."""


def claim(user: User, now: datetime) -> Digest | None:
    """The digest of this day, to be sent by whoever asks; nothing where somebody has or does."""
    day_on = timezone.localdate(now)
    try:
        with transaction.atomic():
            found = Digest.objects.select_for_update().filter(to=user, day_on=day_on).first()
            if found is None:
                found = Digest(to=user, day_on=day_on, claimed_at=now)
                found.save(force_insert=True)
                return found
            if found.sent_at is not None or found.claimed_at > now - LEASE:
                return None
            found.claimed_at = now
            found.save(update_fields=["claimed_at"])
            return found
    except IntegrityError:
        # Another run was quicker.
        return None


@transaction.atomic
def note_sent(digest: Digest, *, count: int, now: datetime) -> None:
    """It went: the row says so, and the log."""
    digest.sent_at = now
    digest.save(update_fields=["sent_at"])
    log.record(Event.DIGEST_SENT, by=system_account("clock"), target=digest.to, count=count)


def _message(address: str, counts: Counts, connection: Any) -> EmailMessage:
    """Numbers and a link: no name, no file, no group."""
    with translation.override(settings.LANGUAGE_CODE):
        lines = [_("%(label)s: %(value)s") % {"label": label, "value": n} for label, n in counts]
        site = f"https://{settings.KPM_SITE_NAME}/"
        text = "\n".join(
            [_("Waiting for you:"), *lines, "", _("Sign in to see more: %(site)s") % {"site": site}]
        )
        return EmailMessage(_("KPM: what waits today"), text, to=[address], connection=connection)
