"""What ended in accounts since a backup, kept outside the database and ended again after a restore.

Sessions need no line: after a restore every one of them ends.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from audit import log
from audit.events import Event
from kpm import replay_log
from kpm.accounts.actions import Opened, issue_password
from kpm.accounts.models import RoleGrant, Session, User
from kpm.permissions import Permission, is_granted

NEVER = "9999-12-31"


@dataclass
class Replayed:
    """What was ended again."""

    grants: int = 0
    accounts: int = 0
    passwords: int = 0
    # Of those who look after everybody else's password: nobody could make them another one.
    opened: list[Opened] = field(default_factory=list)


@dataclass
class Known:
    """What the replay log says, one line after the other."""

    ends: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    changed: dict[str, datetime] = field(default_factory=dict)

    def end_of(self, grant: str) -> str:
        """The first day without the role; later than any day, if none was said."""
        return self.ends.get(grant, NEVER)


def note_missing() -> int:
    """Write down what the rows say and the replay log does not; how many lines that were."""
    known = _known()
    count = 0
    for grant in RoleGrant.objects.filter(until_on__isnull=False):
        if known.end_of(grant.log_reference) > str(grant.until_on):
            replay_log.append(
                replay_log.GRANT_ENDED, grant=grant.log_reference, until_on=str(grant.until_on)
            )
            count += 1
    for user in User.objects.filter(is_system=False):
        if user.is_active == (user.log_reference in known.closed):
            kind = replay_log.ACCOUNT_REOPENED if user.is_active else replay_log.ACCOUNT_CLOSED
            replay_log.append(kind, account=user.log_reference)
            count += 1
    return count


def _known() -> Known:
    known = Known()
    if not replay_log.path().exists():
        return known
    for line in replay_log.lines():
        if line["kind"] == replay_log.GRANT_ENDED:
            known.ends[line["grant"]] = min(known.end_of(line["grant"]), line["until_on"])
        elif line["kind"] == replay_log.ACCOUNT_CLOSED:
            known.closed.add(line["account"])
        elif line["kind"] == replay_log.ACCOUNT_REOPENED:
            known.closed.discard(line["account"])
        elif line["kind"] == replay_log.PASSWORD_CHANGED:
            known.changed[line["account"]] = datetime.fromisoformat(line["at"])
    return known


@transaction.atomic
def end_all_sessions() -> int:
    """Everybody signs in again; an old cookie is worth nothing, whatever the table says."""
    count, _by_model = Session.objects.all().delete()
    User.objects.filter(is_system=False).update(session_epoch=F("session_epoch") + 1)
    return count


@transaction.atomic
def replay(*, since: datetime, by: User, today: date) -> Replayed:
    """End again what had ended; what stands as it was left is not touched."""
    done, known = Replayed(), _known()
    for grant in RoleGrant.objects.filter(log_reference__in=known.ends).select_related("user"):
        until_on = date.fromisoformat(known.end_of(grant.log_reference))
        done.grants += _end(grant, until_on, by, today)
    for user in User.objects.filter(log_reference__in=known.closed, is_active=True):
        user.is_active = False
        user.save_as(by=by)
        log.record(Event.BACKUP_REPLAYED, by=by, target=user, rule="account_closed")
        done.accounts += 1
    changed = [account for account, at in known.changed.items() if at >= since]
    for user in User.objects.filter(log_reference__in=changed, is_active=True):
        _forget_password(user, by, today, done)
    return done


def _end(grant: RoleGrant, until_on: date, by: User, today: date) -> bool:
    """At the day that was said; where that is over, today: nobody writes the past again."""
    until_on = max(until_on, today, grant.start_on)
    if grant.until_on is not None and grant.until_on <= until_on:
        return False
    grant.until_on = until_on
    grant.save_as(by=by)
    log.record(
        Event.GRANT_ENDED,
        by=by,
        target=grant.user,
        grant=grant.log_reference,
        detail={"from": str(grant.role)},
    )
    return True


def _forget_password(user: User, by: User, today: date, done: Replayed) -> None:
    """The old one may be the reason why it was changed: a one-time password takes its place."""
    user.set_unusable_password()
    user.must_change_password = True
    user.save_as(by=by)
    log.record(Event.BACKUP_REPLAYED, by=by, target=user, rule="password_changed")
    done.passwords += 1
    if is_granted(user, Permission.GRANT_ROLE):
        done.opened.append(issue_password(user=user, by=by, today=today))
