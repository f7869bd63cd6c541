"""What a checked row is, compared with what is on record: new, changed, same, or refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from audit import log
from audit.events import Event, Purpose
from casework.actions import people
from casework.models import CaseFile, Person
from casework.models.case_files import Status
from casework.models.ledgers import RowOutcome
from casework.sheets.rows import CheckedRow, Problem
from kpm.accounts.models import Unit, User
from kpm.vault import search
from kpm.vault.opening import open_groups

# What a ledger may correct of a person; the ID number is how they were found.
CORRECTED = (
    "name",
    "sex",
    "birth_on",
    "phone",
    "address",
    "emergency_name",
    "emergency_relation",
    "emergency_phone",
)


@dataclass
class Match:
    """One row and what it is; `changes` names the fields that differ."""

    row: CheckedRow
    outcome: RowOutcome = RowOutcome.NEW
    case_file: CaseFile | None = None
    changes: list[str] = field(default_factory=list)

    def see(self, again: "Match") -> None:
        """Become what the same row turned out to be at a second look."""
        self.outcome, self.case_file = again.outcome, again.case_file
        self.changes = again.changes

    def refuse(self, code: str, reason: str) -> None:
        """Something stands against it after all."""
        self.row.problems.append(Problem(code, reason))
        self.outcome = RowOutcome.REFUSED


def match(
    rows: Sequence[CheckedRow], *, population: str, units: dict[str, Unit], by: User
) -> list[Match]:
    """Every row with its outcome; what is on record is opened under one reading."""
    matches = [Match(row, RowOutcome.REFUSED if row.is_refused else RowOutcome.NEW) for row in rows]
    asked = [each for each in matches if each.outcome == RowOutcome.NEW]
    if not asked:
        return matches
    here = _people(asked, units)
    if here:
        _compare(asked, here, population=population, units=units, by=by)
    return matches


def _people(asked: Iterable[Match], units: dict[str, Unit]) -> dict[int, Person]:
    """Who is on record, by the number of the row that means them."""
    found: dict[int, Person] = {}
    by_district: dict[str, list[Match]] = {}
    for each in asked:
        by_district.setdefault(units[each.row.unit_code].district, []).append(each)
    for district, mine in by_district.items():
        numbers = people.known(district, [_said(each, "id_number") for each in mine])
        phones = people.known_by_phone(
            district, [_said(each, "phone") for each in mine if not _said(each, "id_number")]
        )
        for each in mine:
            number = _said(each, "id_number")
            person = numbers.get(number) if number else phones.get(_said(each, "phone"))
            if person is not None:
                found[each.row.number] = person
    return found


def _said(match_: Match, code: str) -> str:
    return str(match_.row.identity.get(code) or "")


def _compare(
    asked: Sequence[Match],
    here: dict[int, Person],
    *,
    population: str,
    units: dict[str, Unit],
    by: User,
) -> None:
    persons = {person.pk: person for person in here.values()}
    files = {
        each.person_id: each
        for each in CaseFile.objects.visible_to(by)
        .filter(person__in=persons, population=population, status=Status.OPEN)
        .select_related("unit")
    }
    met = set(
        CaseFile.objects.visible_to(by)
        .filter(person__in=persons)
        .values_list("person_id", flat=True)
    )
    mine = [persons[pk] for pk in persons if pk in met]
    # Two readings: an entry of the log is about things of one kind.
    if mine:
        with log.reading(
            by, event=Event.PERSON_MATCHED, purpose=Purpose.INTAKE, about=mine
        ) as reading:
            open_groups(mine, "head", "body", reading=reading)
    if files:
        here_too = list(files.values())
        with log.reading(
            by, event=Event.CASE_FILE_READ, purpose=Purpose.INTAKE, about=here_too
        ) as reading:
            open_groups(here_too, "body", reading=reading)
    for each in asked:
        person = here.get(each.row.number)
        if person is None:
            continue
        person = persons[person.pk]
        if person.pk not in met:
            # Somebody else's: "already known", naming no unit and no population.
            log.refused(Event.PERSON_REFUSED, by=by, target=person, rule="known_elsewhere")
            each.refuse("id_number", "known_elsewhere")
        elif _is_another(person, each):
            each.refuse("name", "another_name")
        else:
            _classify(each, person, files.get(person.pk), units)


def _is_another(person: Person, match_: Match) -> bool:
    return search.normalised(person.name) != search.normalised(_said(match_, "name"))


def _classify(
    match_: Match, person: Person, case_file: CaseFile | None, units: dict[str, Unit]
) -> None:
    if case_file is None:
        return
    case_file.person = person
    match_.case_file = case_file
    match_.changes = differences(match_.row, case_file, units[match_.row.unit_code])
    match_.outcome = RowOutcome.CHANGED if match_.changes else RowOutcome.SAME


def differences(row: CheckedRow, case_file: CaseFile, unit: Unit) -> list[str]:
    """The codes of what the ledger says otherwise; an empty cell says nothing."""
    found = [
        code
        for code in CORRECTED
        if _is_said(row.identity.get(code))
        and row.identity[code] != getattr(case_file.person, code)
    ]
    found += [
        code
        for code, value in row.details.items()
        if _is_said(value) and value != case_file.details.get(code)
    ]
    if _is_said(row.identity.get("remark")) and row.identity["remark"] != case_file.remark:
        found.append("remark")
    if unit.pk != case_file.unit_id:
        found.append("residence")
    return found


def _is_said(value: Any) -> bool:
    return value is not None and value != ""


def admission(row: CheckedRow, unit: Unit) -> people.Admission:
    """A row as it is taken in."""
    return people.Admission(unit=unit, details=row.details, **_admitted(row))


def _admitted(row: CheckedRow) -> dict[str, Any]:
    birth_on: date | None = row.identity.get("birth_on")
    return {**row.identity, "birth_on": birth_on}
