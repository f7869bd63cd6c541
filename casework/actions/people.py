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
from casework.actions import case_files, matches, team_checks
from casework.actions.matches import Found, scope_of
from casework.models import CaseFile, Ledger, Person
from casework.models.people import Sex
from casework.sheets.problems import PROBLEMS
from kpm.accounts.models import Unit, User
from kpm.errors import Refused
from kpm.vault import search
from kpm.vault.blind_index import IndexKeys, index_keys
from kpm.vault.history import bulk_create_as
from risk_levels.actions import Opening, bulk_open_levels


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

    def person(self, indexes: IndexKeys) -> Person:
        """The row of somebody who is not here yet."""
        person = Person(
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
        )
        person.set_indexes(indexes)
        return person


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
        # Sex and age say who has to be in the team.
        team_checks.forget(*CaseFile.objects.filter(person=person))
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
    person.set_indexes(index_keys(scope))
    try:
        with transaction.atomic():
            person.save_as(by=by)
    except IntegrityError:
        raise Refused(_("Somebody else has this ID number."), field="id_number") from None
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
    ledger: Ledger | None = None,
) -> list[CaseFile]:
    """Take people in to one population: people, files, levels, search, history, one event.

    `at` is the moment that the history says; only the invented past of a demo has one. `ledger`
    is the table that they stand in.
    """
    if not admissions:
        return []
    _check(admissions, population, by)
    people = _people(admissions, by, ledger)
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
        if not by.is_system:
            rules.check_is_findable(id_number=each.id_number, phone=each.phone)
    _check_are_several(admissions)


def _check_are_several(admissions: Sequence[Admission]) -> None:
    """Nobody is taken in twice in one go."""
    numbers = [each.id_number for each in admissions if each.id_number]
    if len(set(numbers)) < len(numbers):
        raise Refused(_("Two of these people have one ID number."), field="id_number")
    by_phone: dict[str, list[Admission]] = {}
    for each in admissions:
        earlier = by_phone.setdefault(each.phone, [])
        if any(matches.are_one(each, other) for other in earlier):
            raise Refused(_("Two of these people have one phone and one name."), field="phone")
        earlier.append(each)


def _people(admissions: Sequence[Admission], by: User, ledger: Ledger | None) -> list[Person]:
    """A new person each, or whoever is on record and may be met here."""
    found: dict[int, Found] = {}
    keys: dict[str, IndexKeys] = {}
    for district in sorted({each.unit.district for each in admissions}):
        mine = [each for each in admissions if each.unit.district == district]
        _hold(district, mine)
        keys[district] = index_keys(scope_of(district))
        for each, answer in zip(
            mine, matches.look_up(district, mine, by=by, ledger=ledger), strict=True
        ):
            found[id(each)] = answer
    for answer in found.values():
        if answer.problem:
            raise _refused(answer, by)
    return [found[id(each)].person or each.person(keys[each.unit.district]) for each in admissions]


def _hold(district: str, admissions: Iterable[Admission]) -> None:
    """Let nobody else take people in here meanwhile: a phone and a name are no unique column."""
    if not all(each.id_number for each in admissions):
        list(Unit.objects.select_for_update().filter(code=district.ljust(12, "0")))


def _refused(answer: Found, by: User) -> Refused:
    """Why nobody is taken in; whose files are all somebody else's, and nothing more of them."""
    if answer.problem in matches.LOGGED:
        log.refused(
            Event.PERSON_REFUSED,
            by=by,
            target=answer.person,
            rule=answer.problem,
            purpose=Purpose.INTAKE,
        )
    if answer.problem == "known_elsewhere":
        return Refused(rules.words_of_known_elsewhere(by), field=answer.field)
    return Refused(PROBLEMS[answer.problem].told, field=answer.field)


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
