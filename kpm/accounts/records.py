"""What the pages of accounts show: own log entries, roles by account, grants with their state."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.events import Outcome
from audit.labels import event_label, outcome_label, purpose_label
from audit.models import LoggedEvent
from kpm.accounts import rules
from kpm.accounts.models import RoleGrant, User
from kpm.accounts.scoping import POPULATIONS
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

COLOURS: dict[str, str] = {Outcome.OK: "green", Outcome.DENIED: "yellow"}
PLANNED, IN_FORCE, ENDED = _("planned"), _("in force"), _("ended")


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did, as the log has it."""

    at: datetime
    words: str
    subject: str
    purpose: str
    outcome: str
    colour: str


@dataclass(frozen=True)
class GrantRow:
    """A grant, where it stands today, and the colour that says so."""

    grant: RoleGrant
    state: Promise
    colour: str = ""
    can_end: bool = True

    @classmethod
    def of(cls, grant: RoleGrant, today: date) -> "GrantRow":
        """Judge a grant by its days."""
        if grant.until_on is not None and grant.until_on <= today:
            return cls(grant, ENDED, can_end=False)
        return cls(grant, IN_FORCE, "green") if grant.start_on <= today else cls(grant, PLANNED)


@dataclass(frozen=True)
class AccountRow:
    """An account, its role of today, and what the reader may do with it."""

    account: User
    grant: RoleGrant | None
    may_issue: bool
    may_close: bool
    may_reopen: bool


def account_rows(users: Iterable[User], *, by: User, today: date) -> list[AccountRow]:
    """Accounts as the list shows them to this reader, in two queries."""
    users = list(users)
    roles = roles_of(users, today) if is_granted(by, Permission.VIEW_GRANTS) else {}
    with_grant = set(
        RoleGrant.objects.not_over(today)
        .filter(user__in=[user.pk for user in users])
        .values_list("user_id", flat=True)
    )
    return [
        AccountRow(
            user,
            roles.get(user.pk),
            may_issue=_holds(
                rules.check_can_issue_password, by, user, has_grant=user.pk in with_grant
            ),
            may_close=_holds(rules.check_can_close_account, by, user),
            may_reopen=_holds(rules.check_can_reopen_account, by, user),
        )
        for user in users
    ]


def _holds(check: Callable[..., None], *args: Any, **kwargs: Any) -> bool:
    try:
        check(*args, **kwargs)
    except Refused:
        return False
    return True


def entries_of(user: User) -> QuerySet[LoggedEvent]:
    """What the log says that this person did, the latest first."""
    return LoggedEvent.objects.filter(actor=user.log_reference).order_by("-id")


def spell_out(events: Iterable[LoggedEvent]) -> list[Entry]:
    """Rows of the log in words; colleagues by name, files by number."""
    events = list(events)
    accounts = {event.subject for event in events if event.subject_type == User.log_type}
    named = User.objects.filter(log_reference__in=accounts)
    names: dict[str, str] = dict(named.values_list("log_reference", "name"))
    return [
        Entry(
            at=datetime.fromisoformat(event.at),
            words=event_label(event.event),
            subject=names.get(event.subject or "", event.subject or ""),
            purpose=purpose_label(event.purpose),
            outcome=outcome_label(event.outcome),
            colour=COLOURS.get(event.outcome, "red"),
        )
        for event in events
    ]


def roles_of(users: Iterable[User], day: date) -> dict[UUID, RoleGrant]:
    """The grants in force on a day, by account, in one query."""
    grants = RoleGrant.objects.in_force(day).filter(user__in=[user.pk for user in users])
    return {grant.user_id: grant for grant in grants.select_related("unit")}


def population_labels(codes: Iterable[str]) -> list[Any]:
    """The names of groups."""
    return [POPULATIONS.get(code, code) for code in codes]
