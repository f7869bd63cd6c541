"""Who of the people on record somebody is: by ID number, or by phone and name together."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from audit import log
from audit.events import Event, Purpose
from casework.models import CaseFile, Ledger, Person
from casework.models.ledgers import LedgerRow
from kpm.accounts.models import User
from kpm.vault.blind_index import index_keys
from kpm.vault.opening import open_groups
from kpm.vault.search import normalised

# How many indexes one query asks for.
BATCH = 500
# What the log is told of whoever looks: who was not shown, and what may have been tampered with.
LOGGED = frozenset({"known_elsewhere", "another_number"})


class Sought(Protocol):
    """What is known of somebody who may be on record: values as casework.identity has them."""

    @property
    def name(self) -> str:
        """The name; empty where only the ID number is known."""

    @property
    def id_number(self) -> str:
        """The ID number, or nothing."""

    @property
    def phone(self) -> str:
        """The phone, or nothing."""


@dataclass(frozen=True)
class Found:
    """Who it is, if anybody; or why that can't be said, by the field that says so."""

    person: Person | None = None
    field: str = ""
    problem: str = ""


def scope_of(district: str) -> str:
    """The scope of keys that searching a district takes."""
    return f"district:{district}"


def known(district: str, id_numbers: Iterable[str]) -> dict[str, Person]:
    """The people of a district who have one of these ID numbers; nothing is opened."""
    found = _indexed(district, "id_number", id_numbers)
    return {number: people[0] for number, people in found.items()}


def known_by_phone(district: str, phones: Iterable[str]) -> dict[str, list[Person]]:
    """The people of a district who have one of these phones; nothing is opened."""
    return _indexed(district, "phone", phones)


def _indexed(district: str, field: str, values: Iterable[str]) -> dict[str, list[Person]]:
    keys = index_keys(scope_of(district))
    asked = {keys.of(field, value): value for value in values if value}
    found: dict[str, list[Person]] = {}
    indexes = list(asked)
    for start in range(0, len(indexes), BATCH):
        part = {f"{field}_index__in": indexes[start : start + BATCH]}
        for row in Person.objects.filter(district=district, **part).order_by("id"):
            found.setdefault(asked[getattr(row, f"{field}_index")], []).append(row)
    return found


def are_one(one: Sought, other: Sought) -> bool:
    """Whether two descriptions mean one person: the rule that holds for people on record."""
    if one.id_number and other.id_number:
        return one.id_number == other.id_number
    return bool(one.phone) and one.phone == other.phone and same_name(one.name, other.name)


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, however they were typed."""
    return normalised(one) == normalised(other)


def look_up(
    district: str, sought: Sequence[Sought], *, by: User, ledger: Ledger | None = None
) -> list[Found]:
    """Whoever each of them is among the people of a district; names are compared in a reading.

    Without an ID number phone and name must both fit: a phone is shared in a family. People that
    a ledger brought in a moment ago share a phone with its next row as they did in the table.
    """
    numbers = known(district, [each.id_number for each in sought])
    others = [each for each in sought if each.id_number not in numbers]
    phones = known_by_phone(district, [each.phone for each in others])
    candidates = [person for people in phones.values() for person in people]
    met = met_by(by, [*numbers.values(), *candidates])
    # Of somebody else's person nothing is opened where the ID number says it all.
    mine = [person for person in numbers.values() if person.pk in met]
    _open([*mine, *candidates], by)
    brought = _brought_by(ledger, candidates) if ledger is not None else set()
    return [
        _by_number(each, numbers[each.id_number], met)
        if each.id_number in numbers
        else _by_phone(each, phones.get(each.phone, []), met, brought)
        for each in sought
    ]


def met_by(user: User, people: Collection[Person]) -> set[UUID]:
    """Whom of these the user meets in files of their own; parts of the system meet everybody."""
    if user.is_system:
        return {person.pk for person in people}
    files = CaseFile.objects.visible_to(user).filter(person__in=people) if people else ()
    return {each.person_id for each in files}


def _open(people: Collection[Person], by: User) -> None:
    if not people:
        return
    with log.reading(
        by, event=Event.PERSON_MATCHED, purpose=Purpose.INTAKE, about=people, rule="intake"
    ) as reading:
        open_groups(people, "head", "body", reading=reading)


def _brought_by(ledger: Ledger, people: Collection[Person]) -> set[UUID]:
    """Whom of these the ledger has taken in or corrected so far."""
    rows = LedgerRow.objects.filter(ledger=ledger, is_applied=True, case_file__person__in=people)
    return set(rows.values_list("case_file__person_id", flat=True))


def _by_number(sought: Sought, person: Person, met: Collection[UUID]) -> Found:
    if person.pk not in met:
        return Found(person, "id_number", "known_elsewhere")
    # An index is 64 bits that lie beside the sealed record: two numbers may share one by chance,
    # and somebody with the database in hand may have moved it.
    if person.id_number != sought.id_number:
        return Found(person, "id_number", "another_number")
    if sought.name and not same_name(person.name, sought.name):
        return Found(person, "name", "another_name")
    return Found(person)


def _by_phone(
    sought: Sought, people: Collection[Person], met: Collection[UUID], brought: Collection[UUID]
) -> Found:
    if sought.id_number:
        # Whoever has another ID number is somebody else, whatever else agrees.
        people = [person for person in people if person.id_number_index is None]
    for person in people:
        if person.phone != sought.phone:
            return Found(person, "phone", "another_number")
    fitting = [person for person in people if same_name(person.name, sought.name)]
    if len(fitting) > 1:
        return Found(None, "phone", "several_fit")
    if fitting:
        is_mine = fitting[0].pk in met
        return Found(fitting[0]) if is_mine else Found(fitting[0], "phone", "known_elsewhere")
    strangers = [person for person in people if person.pk not in brought]
    if strangers and not sought.id_number:
        return Found(None, "phone", "phone_of_another")
    return Found()
