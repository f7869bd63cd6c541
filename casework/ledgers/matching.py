"""What a checked row is, compared with what is on record: new, changed, same, or refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from audit import log
from audit.events import Event, Purpose
from casework.actions import matches, people
from casework.models import CaseFile, Ledger, Person
from casework.models.case_files import Status
from casework.models.ledgers import RowOutcome
from casework.sheets.problems import Problem
from casework.sheets.rows import CheckedRow
from kpm.accounts.models import Unit, User
from kpm.vault.opening import open_groups

# What a ledger may correct of a person; an ID number is only ever added.
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

    def refuse(self, code: str, reason: str, **hints: str) -> None:
        """Something stands against it after all."""
        self.row.problems.append(Problem(code, reason, hints))
        self.outcome = RowOutcome.REFUSED


def match(
    rows: Sequence[CheckedRow], *, ledger: Ledger, units: dict[str, Unit], by: User
) -> list[Match]:
    """Every row with its outcome; what is on record is opened in readings of its own."""
    found = [Match(row, RowOutcome.REFUSED if row.is_refused else RowOutcome.NEW) for row in rows]
    asked = [each for each in found if each.outcome == RowOutcome.NEW]
    here = _people(asked, ledger=ledger, units=units, by=by)
    if here:
        _compare(here, ledger=ledger, units=units, by=by)
    return found


@dataclass(frozen=True)
class _Sought:
    """What a row says of somebody."""

    name: str
    id_number: str
    phone: str


def _sought(match_: Match) -> _Sought:
    said = match_.row.identity
    return _Sought(*(str(said.get(code) or "") for code in ("name", "id_number", "phone")))


def _people(
    asked: Iterable[Match], *, ledger: Ledger, units: dict[str, Unit], by: User
) -> list[tuple[Match, Person]]:
    """The rows that mean somebody on record; what can't be said for sure is refused."""
    by_district: dict[str, list[Match]] = {}
    for each in asked:
        by_district.setdefault(units[each.row.unit_code].district, []).append(each)
    here = []
    for district, mine in by_district.items():
        answers = matches.look_up(district, [_sought(each) for each in mine], by=by, ledger=ledger)
        for each, answer in zip(mine, answers, strict=True):
            if answer.problem in matches.LOGGED:
                # Somebody else's: "already known", naming no unit and no population.
                log.refused(Event.PERSON_REFUSED, by=by, target=answer.person, rule=answer.problem)
            if answer.problem:
                each.refuse(answer.field, answer.problem)
            elif answer.person is not None:
                here.append((each, answer.person))
    return here


def _compare(
    here: Sequence[tuple[Match, Person]], *, ledger: Ledger, units: dict[str, Unit], by: User
) -> None:
    # Two rows may mean one person: one object for both, opened once.
    persons = {person.pk: person for _match, person in here}
    files = {
        each.person_id: each
        for each in CaseFile.objects.visible_to(by)
        .filter(person__in=persons, population=ledger.population, status=Status.OPEN)
        .select_related("unit", "risk_level")
    }
    if not files:
        return
    for pk, case_file in files.items():
        case_file.person = persons[pk]
    # A reading of its own: an entry of the log is about things of one kind.
    with log.reading(
        by,
        event=Event.CASE_FILE_READ,
        purpose=Purpose.INTAKE,
        about=list(files.values()),
        rule="intake",
    ) as reading:
        open_groups(list(files.values()), "body", reading=reading)
    first = _first_rows(here, files, ledger)
    for each, person in here:
        known = files.get(person.pk)
        if known is None:
            continue
        if first[known.pk] < each.row.number:
            each.refuse("name", "twice_in_the_file", row=str(first[known.pk]))
        else:
            _classify(each, known, units)


def _first_rows(
    here: Sequence[tuple[Match, Person]], files: Mapping[UUID, CaseFile], ledger: Ledger
) -> dict[UUID, int]:
    """The first row of the ledger that means each file, however the others describe it."""
    numbers = [each.row.number for each, _person in here]
    earlier = ledger.rows.filter(case_file__in=files.values(), number__lt=min(numbers))
    first = {
        files[person.pk].pk: each.row.number
        for each, person in reversed(here)
        if person.pk in files
    }
    return first | dict(earlier.order_by("-number").values_list("case_file_id", "number"))


def _classify(match_: Match, case_file: CaseFile, units: dict[str, Unit]) -> None:
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
    if row.identity.get("id_number") and not case_file.person.id_number:
        # Known by phone and name so far; whoever has another number was not met here.
        found.append("id_number")
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
