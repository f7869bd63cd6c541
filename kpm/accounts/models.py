"""Units, users, the roles granted to them, their sessions, and the forms they have sent."""

import unicodedata
from datetime import date
from functools import cached_property
from typing import ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Substr
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from kpm.ids import reference, uuid7
from kpm.permissions import Role
from kpm.vault.history import History, RecordedModel


def normalise_username(username: str) -> str:
    """One spelling for names that look alike: width, case, spaces and invisible marks go."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())
    return "".join(c for c in folded if unicodedata.category(c) not in {"Cc", "Cf"}).strip()


class Unit(RecordedModel):
    """A place in the tree of city, county, township and village, by its 12-digit code."""

    class Level(models.IntegerChoices):
        """How far down the tree."""

        CITY = 1, _("City")
        COUNTY = 2, _("County")
        TOWNSHIP = 3, _("Township or sub-district")
        VILLAGE = 4, _("Village or community")

    # How many digits of the code name the unit itself; everything below it shares them.
    DIGITS: ClassVar[dict[int, int]] = {1: 4, 2: 6, 3: 9, 4: 12}

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=100)
    level = models.PositiveSmallIntegerField(_("level"), choices=Level.choices)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("belongs to"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )
    # The six digits of the county: case-owned tables and blind indexes are kept apart by it.
    district = models.CharField(_("district"), max_length=6, db_index=True)

    history = History()

    log_type = "unit"

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(
                name="a_unit_has_one_of_four_levels", condition=Q(level__gte=1, level__lte=4)
            ),
            models.CheckConstraint(
                name="only_a_city_has_nothing_above_it",
                condition=Q(level=1, parent__isnull=True) | Q(level__gt=1, parent__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def level_of(cls, code: str) -> int:
        """How deep the unit with this code lies: its own digits end where the zeros begin."""
        return next(level for level, own in cls.DIGITS.items() if code[own:].strip("0") == "")

    @classmethod
    def codes_above(cls, code: str) -> list[str]:
        """The codes that a unit above this one may have, the nearest first."""
        digits = [own for level, own in cls.DIGITS.items() if level < cls.level_of(code)]
        return [code[:own].ljust(12, "0") for own in reversed(digits)]

    @classmethod
    def prefix_in(cls, path: str) -> Case:
        """The same as `prefix`, of the unit at this path, for a query."""
        return Case(
            *(
                When(**{f"{path}__level": level}, then=Substr(f"{path}__code", 1, digits))
                for level, digits in cls.DIGITS.items()
            ),
            output_field=models.CharField(),
        )

    @property
    def prefix(self) -> str:
        """The digits that the codes of this unit and everything below it begin with."""
        return self.code[: self.DIGITS[self.level]]

    @property
    def log_reference(self) -> str:
        """A unit is public: its code names it in the log."""
        return self.code


# The parts of the system that act by themselves.
SYSTEM_ACCOUNTS: Final = {
    "ledger": _("Ledger import"),
    "clock": _("Daily sweeps"),
    "demo": _("Demo world"),
    "work": _("Command line"),
}


class UserManager(BaseUserManager["User"]):
    """Finds users by the one spelling of their name."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user whose name this is, however it was typed."""
        return self.get(username=normalise_username(username or ""))


class User(AbstractBaseUser, RecordedModel):
    """Somebody who signs in, or a named part of the system that acts by itself."""

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid7, editable=False)
    username = models.CharField(_("user name"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=50)
    # Where they work. What they may see is in their grant, not here.
    unit = models.ForeignKey(
        Unit,
        verbose_name=_("unit"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
    )
    # The random name that stands for this account in the log.
    log_reference = models.CharField(
        _("reference in the log"), max_length=32, unique=True, default=reference, editable=False
    )
    is_system = models.BooleanField(_("part of the system"), default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    # Raised to end every session of this account at once.
    session_epoch = models.PositiveIntegerField(_("session epoch"), default=0)
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now)
    # Null until somebody signs in with the one-time password that was made last.
    first_seen_at = models.DateTimeField(_("first sign-in"), null=True, blank=True)
    # The log knows every sign-in; a column that each of them rewrites would only make history.
    last_login = None

    objects = UserManager()
    history = History(excluded_fields=["password", "session_epoch"])

    USERNAME_FIELD = "username"
    log_type = "account"

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("username",)
        constraints = (
            models.CheckConstraint(
                name="a_system_account_has_its_own_kind_of_reference",
                condition=Q(is_system=True, log_reference__startswith="s:")
                | Q(is_system=False, log_reference__startswith="u:"),
            ),
            models.CheckConstraint(
                name="a_system_account_never_signs_in",
                condition=Q(is_system=False) | Q(is_active=False),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def called(self) -> str:
        """The name on a page: a part of the system has one in the language of whoever reads."""
        part = self.log_reference.removeprefix("s:") if self.is_system else ""
        return str(SYSTEM_ACCOUNTS.get(part, self.name))

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must still agree with: a new password or epoch ends it."""
        state = f"{self.session_epoch}:{self.password}"
        return salted_hmac("kpm.accounts.session", state, secret, algorithm="sha256").hexdigest()

    @cached_property
    def grant(self) -> "RoleGrant | None":
        """The grant in force today; there is at most one."""
        return self.grant_on(timezone.localdate())

    def grant_on(self, day: date) -> "RoleGrant | None":
        """The grant in force on a day; the database lets no two overlap."""
        return self.grants.in_force(day).select_related("unit").first()

    @property
    def role(self) -> Role | None:
        """The role held today."""
        return Role(self.grant.role) if self.grant else None

    @property
    def log_role(self) -> str:
        """The role that the log writes beside what this user does."""
        if self.is_system:
            return "system"
        return self.role.value if self.role else "none"

    @property
    def log_grant(self) -> str | None:
        """The grant that carries the role, as the log names it."""
        return self.grant.log_reference if self.grant else None

    @property
    def populations(self) -> list[str]:
        """The populations that the grant is limited to; an empty list means all of them."""
        return self.grant.populations if self.grant else []


def grant_reference() -> str:
    """A new random name for a grant."""
    return reference("g:")


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    """Grants by day."""

    def in_force(self, day: date) -> "RoleGrantQuerySet":
        """Those that hold on this day; the day in until_on is the first without the role."""
        return self.filter(Q(until_on__isnull=True) | Q(until_on__gt=day), start_on__lte=day)

    def not_over(self, day: date) -> "RoleGrantQuerySet":
        """Those that hold on this day or will hold later."""
        return self.filter(Q(until_on__isnull=True) | Q(until_on__gt=day))


class RoleGrant(RecordedModel):
    """One person holds one role, over one unit and what is below it, from a day until a day."""

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, verbose_name=_("account"), on_delete=models.PROTECT, related_name="grants"
    )
    role = models.CharField(_("role"), max_length=32, choices=Role.choices)
    unit = models.ForeignKey(
        Unit, verbose_name=_("unit"), on_delete=models.PROTECT, related_name="grants"
    )
    populations = models.JSONField(_("populations"), default=list, blank=True)
    start_on = models.DateField(_("from"))
    until_on = models.DateField(_("until"), null=True, blank=True)
    # The random name that stands for this grant in the log and in addresses.
    log_reference = models.CharField(
        _("reference in the log"),
        max_length=32,
        unique=True,
        default=grant_reference,
        editable=False,
    )
    # The first grants of an installation are the command line's, which has an account as well.
    granted_by = models.ForeignKey(
        User, verbose_name=_("granted by"), on_delete=models.PROTECT, related_name="granted"
    )

    objects = RoleGrantQuerySet.as_manager()
    history = History()

    log_type = "grant"

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering = ("-start_on", "-id")
        constraints = (
            models.CheckConstraint(
                name="nobody_grants_a_role_to_themselves", condition=~Q(user=F("granted_by"))
            ),
            models.CheckConstraint(
                name="a_grant_does_not_end_before_it_starts",
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("start_on")),
            ),
            models.CheckConstraint(
                name="a_grant_names_a_known_role", condition=Q(role__in=Role.values)
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()} ({self.unit})"


class Session(models.Model):
    """A sign-in that lasts: only the hash of its key is kept, so a stolen copy opens nothing."""

    key_hash = models.BinaryField(_("hash of the key"), max_length=32, primary_key=True)
    user = models.ForeignKey(
        User,
        verbose_name=_("account"),
        on_delete=models.CASCADE,
        null=True,
        related_name="sessions",
    )
    # The random name that stands for this session in the log; never the key.
    log_reference = models.CharField(_("reference in the log"), max_length=32, unique=True)
    payload = models.TextField(_("content"))
    started_at = models.DateTimeField(_("started at"))
    seen_at = models.DateTimeField(_("last seen at"))
    expires_at = models.DateTimeField(_("expires at"), db_index=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return self.log_reference


class Submission(models.Model):
    """The mark that one filled-in form has had its effect, so that a second copy has none."""

    key = models.BinaryField(_("hash of the form"), max_length=32, primary_key=True)
    location = models.CharField(_("where it led"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent at"), db_index=True)

    class Meta:
        verbose_name = _("sent form")
        verbose_name_plural = _("sent forms")

    def __str__(self) -> str:
        return self.location


class UnknownSignIn(models.Model):
    """How often a name that is no account was tried from a network on a day; never the name.

    People type passwords into the field for the name, so such a name is not kept anywhere.
    """

    day = models.DateField(_("day"))
    network = models.CharField(_("network"), max_length=64)
    tries = models.PositiveIntegerField(_("tries"), default=0)

    class Meta:
        verbose_name = _("tries with unknown names")
        verbose_name_plural = _("tries with unknown names")
        constraints = (
            models.UniqueConstraint(
                name="a_network_is_counted_once_a_day", fields=("day", "network")
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.network}"


class FailedTry(models.Model):
    """How often something was tried in vain of late, and from when on it may be tried again."""

    # Says nothing of whose: see kpm.accounts.throttles.
    key = models.BinaryField(_("what was tried"), max_length=32, primary_key=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    tried_at = models.DateTimeField(_("last tried at"), db_index=True)
    opens_at = models.DateTimeField(_("may be tried from"))

    class Meta:
        verbose_name = _("failed tries")
        verbose_name_plural = _("failed tries")

    def __str__(self) -> str:
        return str(self.tries)


class SignedInRequest(HttpRequest):
    """What a view behind @requires is given."""

    user: User
