"""Taking people in: the only door, and it looks whether they are here already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.actions import case_files
from casework.models import CaseFile, Person
from casework.models.people import Sex
from kpm.accounts.models import Unit, User
from kpm.errors import Refused
from kpm.vault import search
from kpm.vault.blind_index import blind_index
from kpm.vault.history import bulk_create_as
from kpm.vault.opening import open_groups
from risk_levels.actions import Opening, bulk_open_levels

# How many indexes one query asks for.
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Somebody who is to be taken in: values as casework.identity returns them."""

    name: str
    unit: Unit
    sex: int = Sex.UNKNOWN
    birth_on: date | None = None
    id_number: str = ""
    phone: str = ""
    address: str = ""
    emergency_name: str = ""
    emergency_relation: str = ""
    emergency_phone: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    remark: str = ""

    def person(self) -> Person:
        """The row of somebody who is not here yet."""
        scope = scope_of(self.unit.district)
        return Person(
            district=self.unit.district,
            name=self.name,
            sex=self.sex,
            birth_on=self.birth_on,
            id_number=self.id_number,
            phone=self.phone,
            address=self.address,
            emergency_name=self.emergency_name,
            emergency_relation=self.emergency_relation,
            emergency_phone=self.emergency_phone,
            id_number_index=blind_index(scope, "id_number", self.id_number),
            phone_index=blind_index(scope, "phone", self.phone),
        )


def scope_of(district: str) -> str:
    """The scope of keys that searching a district takes."""
    return f"district:{district}"


def known(district: str, id_numbers: Iterable[str]) -> dict[str, Person]:
    """The people of a district who have one of these ID numbers; nothing is opened."""
    scope = scope_of(district)
    asked = {blind_index(scope, "id_number", number): number for number in id_numbers if number}
    found: dict[str, Person] = {}
    indexes = list(asked)
    for start in range(0, len(indexes), BATCH):
        rows = Person.objects.filter(
            district=district, id_number_index__in=indexes[start : start + BATCH]
        )
        found.update({asked[row.id_number_index]: row for row in rows})
    return found


def known_by_phone(district: str, phones: Iterable[str]) -> dict[str, Person]:
    """The people of a district who have no ID number and one of these phones; nothing is opened.

    A phone that several share names nobody.
    """
    scope = scope_of(district)
    asked = {blind_index(scope, "phone", phone): phone for phone in phones if phone}
    found: dict[str, list[Person]] = {}
    indexes = list(asked)
    for start in range(0, len(indexes), BATCH):
        rows = Person.objects.filter(
            district=district,
            phone_index__in=indexes[start : start + BATCH],
            id_number_index__isnull=True,
        )
        for row in rows:
            found.setdefault(asked[row.phone_index], []).append(row)
    return {phone: rows[0] for phone, rows in found.items() if len(rows) == 1}


def is_found_by(person: Person, *, id_number: str, phone: str) -> bool:
    """Whether somebody whose body is open has the number that an index found them by.

    An index is 64 bits that lie beside the sealed record: two numbers may share one by chance, and
    somebody with the database in hand may have moved it.
    """
    return bool(person.id_number == id_number if id_number else person.phone == phone)


@transaction.atomic
def correct(
    *,
    case_file: CaseFile,
    identity: Mapping[str, Any],
    details: Mapping[str, Any],
    unit: Unit,
    by: User,
    today: date,
) -> None:
    """Write down what is known better now; person and file come opened, empty says nothing."""
    rules.check_can_correct_case_file(by, case_file, unit)
    rules.check_details_fit(case_file.population, details)
    person = case_file.person
    said = {code: value for code, value in identity.items() if value not in (None, "")}
    case_file.remark = said.pop("remark", case_file.remark)
    changed = {code: value for code, value in said.items() if value != getattr(person, code)}
    if changed:
        _correct_person(person, changed, by)
        log.record(Event.PERSON_CHANGED, by=by, target=case_file, purpose=Purpose.INTAKE)
    case_file.details = {**case_file.details, **details}
    case_file.unit = unit
    case_file.save_as(by=by)
    log.record(Event.CASE_FILE_CHANGED, by=by, target=case_file, purpose=Purpose.INTAKE)
    case_files.refresh_due(case_file, today)


def _correct_person(person: Person, changed: Mapping[str, Any], by: User) -> None:
    scope = scope_of(person.district)
    for code, value in changed.items():
        setattr(person, code, value)
    person.id_number_index = blind_index(scope, "id_number", person.id_number)
    person.phone_index = blind_index(scope, "phone", person.phone)
    person.save_as(by=by)
    search.replace(
        scope,
        [
            search.Record.of(
                person.id, name=person.name, id_number=person.id_number, phone=person.phone
            )
        ],
    )


def admit(*, population: str, by: User, today: date, **values: Any) -> CaseFile:
    """Take somebody in, or open another file of somebody who is here."""
    return admit_many(admissions=[Admission(**values)], population=population, by=by, today=today)[
        0
    ]


@transaction.atomic
def admit_many(
    *,
    admissions: Sequence[Admission],
    population: str,
    by: User,
    today: date,
    at: datetime | None = None,
) -> list[CaseFile]:
    """Take people in to one population: people, files, levels, search, history, one event.

    `at` is the moment that the history says; only the invented past of a demo has one.
    """
    if not admissions:
        return []
    _check(admissions, population, by)
    people = _people(admissions, by)
    new = [person for person in people if person._state.adding]
    files = [
        CaseFile(
            person=person,
            population=population,
            unit=each.unit,
            district=each.unit.district,
            opened_on=today,
            details=each.details,
            remark=each.remark,
        )
        for each, person in zip(admissions, people, strict=True)
    ]
    try:
        with transaction.atomic():
            _give_levels(files, by=by, today=today, at=at)
            bulk_create_as(Person, new, by=by, at=at)
            bulk_create_as(CaseFile, files, by=by, at=at)
    except IntegrityError:
        # Somebody else took them in a moment ago.
        raise Refused(_("This person is already known. Please look again.")) from None
    _make_findable(new)
    _record(files, by)
    return files


def _record(files: Sequence[CaseFile], by: User) -> None:
    named: dict[str, Any] = {"target": files[0]} if len(files) == 1 else {"targets": files}
    log.record(Event.CASE_FILE_OPENED, by=by, purpose=Purpose.INTAKE, count=len(files), **named)


def _check(admissions: Sequence[Admission], population: str, by: User) -> None:
    for unit in {each.unit.pk: each.unit for each in admissions}.values():
        rules.check_can_admit_person(by, population, unit)
    for each in admissions:
        rules.check_details_fit(population, each.details)
    numbers = [each.id_number for each in admissions if each.id_number]
    if len(set(numbers)) < len(numbers):
        raise Refused(_("Two of these people have one ID number."), field="id_number")


def _people(admissions: Sequence[Admission], by: User) -> list[Person]:
    """A new person each, or whoever has the ID number already and may be met here."""
    here: dict[str, Person] = {}
    for district in {each.unit.district for each in admissions}:
        numbers = [each.id_number for each in admissions if each.unit.district == district]
        here.update(known(district, numbers))
    _check_may_meet(list(here.values()), by)
    _check_same(here, admissions, by)
    return [here.get(each.id_number) or each.person() for each in admissions]


def _check_may_meet(people: Sequence[Person], by: User) -> None:
    """Whose files are all somebody else's is "already known", and nothing more is said."""
    if by.is_system or not people:
        return
    met = set(
        CaseFile.objects.visible_to(by)
        .filter(person__in=people)
        .values_list("person_id", flat=True)
    )
    for person in people:
        if person.pk not in met:
            log.refused(
                Event.PERSON_REFUSED,
                by=by,
                target=person,
                rule="known_elsewhere",
                purpose=Purpose.INTAKE,
            )
            raise Refused(
                _("This person is already known. Please ask your supervisor."),
                field="id_number",
            )


def _check_same(here: dict[str, Person], admissions: Sequence[Admission], by: User) -> None:
    """One ID number under two names is a mistake somewhere, and nobody guesses where.

    So is an index that leads to somebody with another number.
    """
    if not here:
        return
    people = list(here.values())
    with log.reading(
        by, event=Event.PERSON_MATCHED, purpose=Purpose.INTAKE, about=people, rule="intake"
    ) as reading:
        open_groups(people, "head", "body", reading=reading)
    for each in admissions:
        person = here.get(each.id_number)
        if person is None:
            continue
        if not is_found_by(person, id_number=each.id_number, phone=each.phone):
            log.refused(Event.PERSON_REFUSED, by=by, target=person, rule="another_number")
            raise Refused(
                _("The record found by this number holds another one. Tell the administrators."),
                field="id_number",
            )
        if search.normalised(person.name) != search.normalised(each.name):
            raise Refused(
                _("This ID number is on record with another name. Please check both."),
                field="name",
            )


def _give_levels(files: Sequence[CaseFile], *, by: User, today: date, at: datetime | None) -> None:
    """Open an ungraded level for each file, and say when it is first due."""
    openings = [
        Opening(
            key_owner=each.id,
            population=each.population,
            district=each.district,
            opened_on=each.opened_on,
        )
        for each in files
    ]
    for case_file, level in zip(files, bulk_open_levels(openings, by=by, at=at), strict=True):
        case_file.risk_level = level
    for case_file, due_on in case_files.due_days(files, today).items():
        case_file.next_due_on = due_on


def _make_findable(people: Sequence[Person]) -> None:
    for district in {person.district for person in people}:
        search.add(
            scope_of(district),
            [
                search.Record.of(
                    person.id,
                    name=person.name,
                    id_number=person.id_number,
                    phone=person.phone,
                )
                for person in people
                if person.district == district
            ],
        )
