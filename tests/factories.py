"""Makes what tests are about: units, people who work here, and their browsers."""

from collections.abc import Iterable
from datetime import date
from itertools import count

from django.test import Client

from kpm.accounts.models import RoleGrant, Unit, User, normalise_username
from kpm.permissions import Role

numbers = count(1)

CITY = "100100000000"
COUNTY = "100122000000"
TOWNSHIP = "100122101000"
VILLAGE = "100122101201"
OTHER_TOWNSHIP = "100122202000"
OTHER_VILLAGE = "100122202201"
# The same digits that name a unit say how deep it lies.
ABOVE = {4: 9, 3: 6, 2: 4}


def level_of(code: str) -> int:
    """How deep the unit with this code lies: 1 city, 2 county, 3 township, 4 village."""
    if code[9:] != "000":
        return 4
    if code[6:9] != "000":
        return 3
    return 2 if code[4:6] != "00" else 1


def make_unit(code: str = VILLAGE, name: str = "") -> Unit:
    """The unit with this code, and everything above it, made when it is not there."""
    found = Unit.objects.filter(code=code).first()
    if found is not None:
        return found
    level = level_of(code)
    parent = make_unit(code[: ABOVE[level]].ljust(12, "0")) if level > 1 else None
    unit = Unit(
        code=code, name=name or f"Unit {code}", level=level, parent=parent, district=code[:6]
    )
    unit.save_as(by=None)
    return unit


def make_user(
    role: Role | None = Role.SOCIAL_WORKER,
    *,
    unit: Unit | None = None,
    username: str = "",
    name: str = "",
    password: str = "",
    populations: Iterable[str] = (),
    start_on: date = date(2020, 1, 1),
    until_on: date | None = None,
    must_change_password: bool = False,
) -> User:
    """Somebody with a role over a unit: a worker in the village, the others over the county."""
    if unit is None:
        unit = make_unit(VILLAGE if role == Role.SOCIAL_WORKER else COUNTY)
    number = next(numbers)
    user = User(
        username=normalise_username(username or f"user{number}"),
        name=name or f"Colleague {number}",
        unit=unit,
        must_change_password=must_change_password,
    )
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save_as(by=None)
    if role is not None:
        RoleGrant(
            user=user,
            role=role,
            unit=unit,
            populations=list(populations),
            start_on=start_on,
            until_on=until_on,
        ).save_as(by=None)
    return user


def client_for(user: User | None) -> Client:
    """A browser in which this user has signed in; None gives a visitor's."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client
