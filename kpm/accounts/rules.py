"""When accounts, grants and passwords may change; every refusal in words for the user."""

from datetime import date

from django.utils.translation import gettext as _

from kpm.accounts.models import RoleGrant, Unit, User
from kpm.errors import Refused
from kpm.permissions import SEPARATED, Permission, Role, is_granted


def check_can_open_account(by: User, username: str) -> None:
    """A system administrator opens accounts; one name, one account."""
    _check_may(by, Permission.OPEN_ACCOUNT)
    if User.objects.filter(username=username).exists():
        raise name_is_taken()


def name_is_taken() -> Refused:
    """What is said when a user name is in use, or came into use this very moment."""
    return Refused(_("Another account has this user name."), field="username")


def check_can_issue_password(by: User, user: User, *, has_grant: bool) -> None:
    """A one-time password may be made again until its owner has chosen their own.

    Whoever makes it can sign in with it. As long as the account can do nothing, that is whoever
    opens accounts; once a role runs or is coming, whoever grants them and opens none.
    """
    _check_may(by, Permission.ISSUE_PASSWORD)
    if user.is_system or not user.is_active:
        raise Refused(_("This account does not sign in."))
    if not user.must_change_password:
        raise Refused(_("The owner has chosen a password of their own; nobody else may set it."))
    if by.is_system:
        return
    if has_grant and not is_granted(by, Permission.GRANT_ROLE):
        raise Refused(
            _("This account has a role: the security administrator makes its one-time password.")
        )
    if not has_grant and not is_granted(by, Permission.OPEN_ACCOUNT):
        raise Refused(
            _("This account has no role yet: the system administrator makes its one-time password.")
        )


def check_is_unchanged(user: User, seen: str) -> None:
    """Between a look at the password and what follows nobody closed the account or changed it.

    The look takes a tenth of a second. `seen` is what sessions had to agree with at that moment.
    """
    if not user.is_active or user.get_session_auth_hash() != seen:
        raise Refused(_("This has changed since you opened the page. Please read it again."))


def check_can_close_account(by: User, user: User) -> None:
    """A security administrator closes an account at once, whatever its owner works on.

    Who leads files with it is not asked about: a stolen account is not left open for them. Their
    deputies, and else the supervisors above, are responsible from that moment.
    """
    _check_may(by, Permission.CLOSE_ACCOUNT)
    _check_is_still_open(by)
    if by.pk == user.pk:
        raise Refused(_("Nobody closes their own account. Ask another security administrator."))
    if user.is_system:
        raise Refused(_("A part of the system does not sign in anyway."))
    if not user.is_active:
        raise Refused(_("This account is closed."))


def check_can_reopen_account(by: User, user: User) -> None:
    """The same people open it again, with the roles that run then."""
    _check_may(by, Permission.CLOSE_ACCOUNT)
    _check_is_still_open(by)
    if user.is_system:
        raise Refused(_("A part of the system does not sign in anyway."))
    if user.is_active:
        raise Refused(_("This account is open."))


def check_can_open_unit(by: User, code: str, parent: Unit | None) -> None:
    """Units are opened by a system administrator, each code once, from the top downwards."""
    _check_may(by, Permission.OPEN_UNIT)
    if Unit.objects.filter(code=code).exists():
        raise Refused(_("There is a unit with this code already."), field="code")
    if parent is None and Unit.level_of(code) > Unit.Level.CITY:
        raise Refused(_("There is no unit above this code yet. Open that one first."), field="code")


def check_can_grant_role(by: User, user: User) -> None:
    """A security administrator grants roles to others, never to themselves."""
    _check_may(by, Permission.GRANT_ROLE)
    if by.pk == user.pk:
        raise Refused(_("Nobody grants a role to themselves."), field="user")
    if user.is_system:
        raise Refused(_("A part of the system holds no role."), field="user")
    if not user.is_active:
        raise Refused(_("This account is closed."), field="user")


def check_grant_fits(grant: RoleGrant, *, today: date) -> None:
    """A grant starts today or later, ends after it starts, and overlaps no other."""
    if grant.start_on < today:
        raise Refused(_("A role cannot start in the past."), field="start_on")
    if grant.until_on is not None and grant.until_on <= grant.start_on:
        raise Refused(_("The end must come after the start."), field="until_on")
    other = next(iter(overlapping(grant)), None)
    if other is None:
        return
    if {other.role, grant.role} & SEPARATED and other.role != grant.role:
        raise Refused(
            _(
                "This person is %(role)s. Auditors and administrators hold no other role "
                "at the same time."
            )
            % {"role": Role(other.role).label},
            field="role",
        )
    raise Refused(
        _("This person already holds a role in these days: %(role)s. End that one first.")
        % {"role": Role(other.role).label},
        field="role",
    )


def check_can_end_grant(by: User, grant: RoleGrant) -> None:
    """A security administrator ends what runs or will run; their own role somebody else ends."""
    _check_may(by, Permission.GRANT_ROLE)
    if by.pk == grant.user_id:
        raise Refused(_("Nobody ends their own role. Ask another security administrator."))


def check_end_fits(grant: RoleGrant, until_on: date, *, today: date) -> None:
    """An end lies neither in the past nor before the start, and only moves forward."""
    if grant.until_on is not None and grant.until_on <= today:
        raise Refused(_("This role has ended already."))
    if until_on < today:
        raise Refused(_("A role cannot end in the past."), field="until_on")
    if until_on < grant.start_on:
        raise Refused(_("The end must not come before the start."), field="until_on")
    if grant.until_on is not None and until_on > grant.until_on:
        raise Refused(_("A role only ever ends sooner. Grant it anew instead."), field="until_on")


def overlapping(grant: RoleGrant) -> list[RoleGrant]:
    """The person's grants that hold on some day on which this one would."""
    others = RoleGrant.objects.filter(user_id=grant.user_id).exclude(pk=grant.pk)
    return [
        other
        for other in others
        if (other.until_on is None or other.until_on > max(grant.start_on, other.start_on))
        and (grant.until_on is None or grant.until_on > other.start_on)
    ]


def _check_may(by: User, permission: Permission) -> None:
    """The view has asked already; an action called from elsewhere is asked here."""
    if not by.is_system and not is_granted(by, permission):
        raise Refused(_("Your role does not carry this."))


def _check_is_still_open(by: User) -> None:
    """Whoever was signed in a moment ago may have been closed since; give the account locked."""
    if not by.is_system and not by.is_active:
        raise Refused(_("Your account was closed meanwhile."))
