"""The people who work in the invented county: 40 workers, 6 supervisors, the other roles."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from audit import log
from audit.events import Event
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.management.demo import invention
from kpm.management.demo.county import COUNTY, DISTRICT, TOWNSHIPS, places
from kpm.permissions import Role
from risk_levels.populations import POPULATIONS, Group

# Everybody signs in with it. It is printed when the demo starts and opens nothing elsewhere.
PASSWORD = "jade-river-lantern-42"  # noqa: S105 a password of invented people
WORKERS = 40


@dataclass
class Staff:
    """Who was made, by what they do."""

    units: dict[str, Unit] = field(default_factory=dict)
    workers: list[User] = field(default_factory=list)
    supervisors: list[User] = field(default_factory=list)


@dataclass(frozen=True)
class Post:
    """One account to be, with its one role."""

    username: str
    role: Role
    unit: str
    populations: tuple[str, ...] = ()


def codes_of(group: Group) -> tuple[str, ...]:
    """The populations of one group."""
    return tuple(code for code, each in POPULATIONS.items() if each.group == group)


def posts() -> list[Post]:
    """Everybody, the security administrator first: every other grant is theirs."""
    county = COUNTY[0]
    townships = [f"{DISTRICT}{code}000" for code, _name in TOWNSHIPS]
    supervisors = [
        Post("supervisor1", Role.SUPERVISOR, county),
        Post("supervisor2", Role.SUPERVISOR, county, codes_of(Group.CARE)),
        Post("supervisor3", Role.SUPERVISOR, county, codes_of(Group.JUSTICE)),
        Post("supervisor4", Role.SUPERVISOR, county, codes_of(Group.HEALTH)),
        Post("supervisor5", Role.SUPERVISOR, townships[0]),
        Post("supervisor6", Role.SUPERVISOR, townships[2], codes_of(Group.CARE)),
    ]
    workers = [
        Post(f"worker{number + 1}", Role.SOCIAL_WORKER, townships[number % len(townships)])
        for number in range(WORKERS)
    ]
    return [
        Post("security", Role.SECURITY_ADMINISTRATOR, county),
        Post("system", Role.SYSTEM_ADMINISTRATOR, county),
        Post("auditor", Role.AUDITOR, county),
        Post("privacy", Role.PRIVACY_OFFICER, county),
        *supervisors,
        *workers,
    ]


def open_units(by: User) -> dict[str, Unit]:
    """The unit tree, by code."""
    made: dict[str, Unit] = {}
    for place in places():
        unit = Unit(
            code=place.code,
            name=place.name,
            level=place.level,
            parent=made[place.parent] if place.parent else None,
            district=place.code[:6],
        )
        unit.save_as(by=by)
        log.record(Event.UNIT_OPENED, by=by, target=unit)
        made[place.code] = unit
    return made


def open_accounts(random: Random, units: dict[str, Unit], *, by: User, since: date) -> Staff:
    """Every account with its role, and the hash of the one password they share."""
    staff = Staff(units=units)
    first: User | None = None
    password = ""
    for post in posts():
        user = User(
            username=post.username,
            name=invention.name(random, random.choice((1, 2))),
            unit=units[post.unit],
        )
        if password:
            user.password = password
        else:
            user.set_password(PASSWORD)
            password = user.password
        user.save_as(by=by)
        log.record(Event.ACCOUNT_OPENED, by=by, target=user)
        grant = RoleGrant(
            user=user,
            role=post.role,
            unit=units[post.unit],
            populations=list(post.populations),
            start_on=since,
            granted_by=first or by,
        )
        grant.save_as(by=first or by)
        log.record(Event.GRANT_STARTED, by=first or by, target=user, grant=grant.log_reference)
        first = first or user
        if post.role == Role.SUPERVISOR:
            staff.supervisors.append(user)
        elif post.role == Role.SOCIAL_WORKER:
            staff.workers.append(user)
    return staff
