"""Everything that changes accounts, units, grants, passwords and sessions."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_address, ip_network
from typing import cast

from django.conf import settings
from django.contrib import auth
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _

from audit import log
from audit.events import Event
from kpm import replay_log
from kpm.accounts import rules, throttles
from kpm.accounts.models import (
    SYSTEM_ACCOUNTS,
    RoleGrant,
    Session,
    Unit,
    UnknownSignIn,
    User,
    normalise_username,
)
from kpm.accounts.passwords import one_time_password
from kpm.accounts.sessions import SessionStore, hash_key
from kpm.errors import Refused
from kpm.permissions import Role


@dataclass(frozen=True)
class Opened:
    """An account and the password for its first sign-in, which is shown once and kept nowhere."""

    user: User
    password: str


def system_account(name: str) -> User:
    """The account under which a part of the system acts; it never signs in."""
    reference = f"s:{name}"
    found = User.objects.filter(log_reference=reference).first()
    if found is not None:
        return found
    with translation.override(settings.LANGUAGE_CODE):
        called = str(SYSTEM_ACCOUNTS[name])
    user = User(
        username=reference,
        name=called,
        log_reference=reference,
        is_system=True,
        is_active=False,
    )
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save_as(by=user)
            log.record(Event.ACCOUNT_OPENED, by=user, target=user)
    except IntegrityError:
        # Another process was quicker.
        return User.objects.get(log_reference=reference)
    return user


def sign_in(
    *, request: HttpRequest, username: str, password: str, address: str, now: datetime
) -> User:
    """Check name and password and begin a session; one answer for everything that is wrong."""
    tried = [
        (throttles.NAME, normalise_username(username)),
        (throttles.NETWORK, network_of(address)),
    ]
    try:
        throttles.enter(tried, now=now)
    except throttles.TooSoon as early:
        # Not even looked at, so that the right password is no answer either.
        _record_failure(username, address=address, day=now.date(), rule="too_soon")
        raise Refused(
            _("Too many failed tries with this name or from this network. Wait %(seconds)d s.")
            % {"seconds": early.seconds}
        ) from None
    user = auth.authenticate(request, username=username, password=password)
    if user is not None:
        throttles.succeeded(tried, now=now)
        # Refused where it was closed, or given another password, while the password was looked at.
        with suppress(Refused):
            return admit(request=request, user=user, now=now)
    _record_failure(username, address=address, day=now.date(), rule="password")
    raise Refused(_("This name and password do not belong together."))


def admit(*, request: HttpRequest, user: User, now: datetime) -> User:
    """Begin the session of somebody whose password was right.

    Everybody who signs in passes here, after the password and before the session: this is the
    one place where a second factor is asked for and where a locked account is stopped.
    """
    with transaction.atomic():
        user = _unchanged(user, user.get_session_auth_hash())
        # A new key, so that a session somebody planted before the sign-in is worth nothing.
        auth.login(request, user)
        if context := log.current():
            context.session = cast(SessionStore, request.session).log_reference
        log.record(Event.SESSION_STARTED, by=user, target=user)
        if user.first_seen_at is None:
            # Told to whoever looks after roles: was it the person whom they handed the account?
            user.first_seen_at = now
            user.save_as(by=user)
            log.record(Event.ACCOUNT_CLAIMED, by=user, target=user)
    return user


def _unchanged(user: User, seen: str) -> User:
    """The account held until the transaction ends, as it was when its password was looked at."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    rules.check_is_unchanged(locked, seen)
    return locked


def sign_out(*, request: HttpRequest, user: User) -> None:
    """End the session here."""
    with transaction.atomic():
        log.record(Event.SESSION_ENDED, by=user, target=user)
        auth.logout(request)


def change_password(
    *, request: HttpRequest, user: User, current: str, password: str, now: datetime
) -> None:
    """Set one's own password; every other session of the account ends."""
    _check_present_password(request, user, current, now)
    seen = user.get_session_auth_hash()
    # Hashed before the row is locked: it takes a tenth of a second.
    user.set_password(password)
    with transaction.atomic():
        locked = _unchanged(user, seen)
        locked.password = user.password
        locked.must_change_password = False
        locked.save_as(by=locked)
        auth.update_session_auth_hash(request, locked)
        here = hash_key(request.session.session_key or "")
        Session.objects.filter(user=locked).exclude(key_hash=here).delete()
        log.record(Event.PASSWORD_CHANGED, by=locked, target=locked)
        _note_password(locked)


def _check_present_password(request: HttpRequest, user: User, current: str, now: datetime) -> None:
    """Whoever finds an open page does not know the password, and guesses a few times only."""
    session = cast(SessionStore, request.session).log_reference or ""
    tried = [(throttles.SESSION, session)]
    try:
        tries = throttles.enter(tried, now=now)
    except throttles.TooSoon:
        # Several at one moment: the session has ended, or is about to.
        tries = throttles.SESSION.free + 1
    if tries <= throttles.SESSION.free and user.check_password(current):
        throttles.succeeded(tried, now=now)
        return
    log.refused(Event.PASSWORD_REFUSED, by=user, target=user, rule="password")
    if tries >= throttles.SESSION.free:
        sign_out(request=request, user=user)
    raise Refused(_("This is not your present password."), field="current")


@transaction.atomic
def open_account(*, username: str, name: str, unit: Unit, by: User) -> Opened:
    """An account without any role, and the password for its first sign-in."""
    username = normalise_username(username)
    rules.check_can_open_account(by, username)
    user = User(username=username, name=name, unit=unit, must_change_password=True)
    password = one_time_password()
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save_as(by=by)
    except IntegrityError:
        # Somebody else opened it between the question and the answer.
        raise rules.name_is_taken() from None
    log.record(Event.ACCOUNT_OPENED, by=by, target=user)
    return Opened(user, password)


@transaction.atomic
def issue_password(*, user: User, by: User, today: date) -> Opened:
    """A new one-time password for an account whose owner has not chosen one yet."""
    user = User.objects.select_for_update().get(pk=user.pk)
    has_grant = user.grants.not_over(today).exists()
    rules.check_can_issue_password(by, user, has_grant=has_grant)
    password = one_time_password()
    user.set_password(password)
    # Whoever uses this one is told anew.
    user.first_seen_at = None
    user.save_as(by=by)
    log.record(Event.PASSWORD_ISSUED, by=by, target=user)
    _note_password(user)
    return Opened(user, password)


@transaction.atomic
def close_account(*, user: User, by: User) -> User:
    """Nobody signs in with it any more, and whoever has, is signed out at once."""
    user, by = _both(user, by)
    rules.check_can_close_account(by, user)
    user.is_active = False
    user.session_epoch += 1
    user.save_as(by=by)
    Session.objects.filter(user=user).delete()
    log.record(Event.ACCOUNT_CLOSED, by=by, target=user)
    replay_log.note(replay_log.ACCOUNT_CLOSED, account=user.log_reference)
    return user


@transaction.atomic
def reopen_account(*, user: User, by: User) -> User:
    """Its owner may sign in again, with the password that they had."""
    user, by = _both(user, by)
    rules.check_can_reopen_account(by, user)
    user.is_active = True
    user.save_as(by=by)
    log.record(Event.ACCOUNT_REOPENED, by=by, target=user)
    replay_log.note(replay_log.ACCOUNT_REOPENED, account=user.log_reference)
    return user


def _both(user: User, by: User) -> tuple[User, User]:
    """Both accounts as they are now, held in one order until the transaction ends.

    Of two who close each other's at one moment one is refused, and so is whoever opens their own.
    """
    rows = User.objects.select_for_update().filter(pk__in=(user.pk, by.pk)).order_by("pk")
    held = {each.pk: each for each in rows}
    return held[user.pk], held[by.pk]


@transaction.atomic
def open_unit(*, code: str, name: str, by: User) -> Unit:
    """A unit; its code says how deep it lies and below which other one."""
    parent = Unit.objects.filter(code__in=Unit.codes_above(code)).order_by("-level").first()
    rules.check_can_open_unit(by, code, parent)
    level = Unit.level_of(code)
    unit = Unit(code=code, name=name, level=level, parent=parent, district=code[:6])
    unit.save_as(by=by)
    log.record(Event.UNIT_OPENED, by=by, target=unit)
    return unit


@transaction.atomic
def grant_role(
    *,
    user: User,
    role: Role,
    unit: Unit,
    start_on: date,
    by: User,
    today: date,
    until_on: date | None = None,
    populations: list[str] | None = None,
) -> RoleGrant:
    """Somebody holds a role over a unit from a day on."""
    user = User.objects.select_for_update().get(pk=user.pk)
    rules.check_can_grant_role(by, user)
    grant = RoleGrant(
        user=user,
        role=role,
        unit=unit,
        populations=populations or [],
        start_on=start_on,
        until_on=until_on,
        granted_by=by,
    )
    rules.check_grant_fits(grant, today=today)
    grant.save_as(by=by)
    if user.must_change_password and not by.is_system:
        # Whoever opened the account has seen this one, and must not sign in to the role with it.
        user.set_unusable_password()
        user.save_as(by=by)
        _note_password(user)
    log.record(
        Event.GRANT_STARTED,
        by=by,
        target=user,
        grant=grant.log_reference,
        detail={"to": str(role)},
    )
    return grant


@transaction.atomic
def end_grant(*, grant: RoleGrant, until_on: date, by: User, today: date) -> RoleGrant:
    """From this day on the role is no longer held; today ends it at once."""
    grant = RoleGrant.objects.select_for_update().select_related("user").get(pk=grant.pk)
    rules.check_can_end_grant(by, grant)
    rules.check_end_fits(grant, until_on, today=today)
    grant.until_on = until_on
    grant.save_as(by=by)
    log.record(
        Event.GRANT_ENDED,
        by=by,
        target=grant.user,
        grant=grant.log_reference,
        detail={"from": str(grant.role)},
    )
    _note_end(grant)
    return grant


def _note_password(user: User) -> None:
    """Keep where no old copy of the data brings it back that the one before is worth nothing."""
    replay_log.note(replay_log.PASSWORD_CHANGED, account=user.log_reference)


def _note_end(grant: RoleGrant) -> None:
    """Keep the end of a role where no old copy of the data brings the role back."""
    replay_log.note(replay_log.GRANT_ENDED, grant=grant.log_reference, until_on=str(grant.until_on))


def _record_failure(username: str, *, address: str, day: date, rule: str) -> None:
    """Log a failed try under the account it was aimed at; a name of nobody is only counted."""
    user = User.objects.filter(username=normalise_username(username)).first()
    if user is not None:
        log.refused(Event.SESSION_REFUSED, by=log.ANONYMOUS, target=user, rule=rule)
        return
    with transaction.atomic():
        count, _made = UnknownSignIn.objects.get_or_create(day=day, network=network_of(address))
        UnknownSignIn.objects.filter(pk=count.pk).update(tries=F("tries") + 1)


def network_of(address: str) -> str:
    """The network an address belongs to: close enough to see an attack, too wide for a person."""
    try:
        width = 24 if ip_address(address).version == 4 else 48
        return str(ip_network(f"{address}/{width}", strict=False))
    except ValueError:
        return "unknown"
