"""Checking one row of a ledger: every cell read, every reason named by its column; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from casework.identity import (
    FormatError,
    parse_date,
    parse_id_number,
    parse_phone,
    plain,
)
from casework.sheets.problems import Problem
from casework.sheets.tables import TableRow, is_filled
from casework.sheets.units import Villages
from kpm.ages import age_on
from kpm.vault.search import normalised
from risk_levels.populations import Field, Population

LENGTHS: Final = {"name": 50, "address": 200, "emergency_relation": 20, "emergency_name": 50}
LONGEST: Final = 500
IDENTITY: Final = frozenset(
    {
        "name",
        "sex",
        "id_number",
        "birth_on",
        "phone",
        "address",
        "emergency_name",
        "emergency_relation",
        "emergency_phone",
        "remark",
    }
)
# Compared or used to find something, never stored from a ledger.
PASSING: Final = frozenset(
    {"serial", "age", "residence", "lead_worker", "level", "level_on", "next_visit_on"}
)


@dataclass
class CheckedRow:
    """One row as it would be taken in, or with what stands against it."""

    number: int
    serial: str = ""
    unit_code: str = ""
    identity: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether anything stands against it."""
        return bool(self.problems)


class Checker:
    """Checks the rows of one ledger in their order; remembers whom it has seen."""

    def __init__(self, population: Population, villages: Villages, today: date) -> None:
        self.population = population
        self.villages = villages
        self.today = today
        self.columns = {each.code: each for each in population.columns}
        self.forget()

    def forget(self) -> None:
        """Begin another round over rows that were checked before."""
        self.numbers: dict[str, int] = {}
        self.phones: dict[tuple[str, str], list[tuple[int, str]]] = {}

    def check_all(self, rows: Iterable[TableRow]) -> list[CheckedRow]:
        """Every row of a table."""
        return [self.check(row) for row in rows]

    def check(self, row: TableRow) -> CheckedRow:
        """One row: cell by cell, then cells against each other."""
        found = CheckedRow(row.number, serial=plain(row.cells.get("serial")).removesuffix(".0"))
        for code, value in row.cells.items():
            self._cell(found, self.columns[code], value)
        # A number that stands twice is in doubt itself: nothing is compared with it.
        is_in_doubt = self._is_twice(found)
        self._identity(found, row, is_in_doubt=is_in_doubt)
        if not is_in_doubt:
            self._is_described_twice(found)
        self._unit(found, row.cells.get("residence"))
        self._findable(found, row)
        return found

    def _cell(self, found: CheckedRow, column: Field, value: Any) -> None:
        if not is_filled(value):
            if column.is_required:
                found.problems.append(Problem(column.code, "missing"))
            return
        if column.code in PASSING:
            return
        try:
            read = self._read(column, value)
        except FormatError as wrong:
            found.problems.append(Problem(column.code, wrong.reason, self._hints(column)))
            return
        target = found.identity if column.code in IDENTITY else found.details
        target[column.code] = read

    def _hints(self, column: Field) -> dict[str, str]:
        names = "、".join(each.names[0] for each in column.choices)
        return {"choices": names, "most": str(LENGTHS.get(column.code, LONGEST))}

    def _read(self, column: Field, value: Any) -> Any:
        if column.code == "id_number":
            return self._id_number(value)
        match column.kind:
            case "phone":
                return parse_phone(_digits(value))
            case "date":
                return parse_date(_digits(value)).isoformat()
            case "integer":
                return _integer(value)
            case "choice":
                return _choice(column, value)
            case "yes_no":
                return _choice(column, value) == "yes"
        return _text(column, value)

    def _id_number(self, value: Any) -> str:
        if isinstance(value, int | float):
            # Excel keeps fifteen digits of a number; the others are gone for good.
            raise FormatError("typed_as_number")
        return parse_id_number(value).value

    def _identity(self, found: CheckedRow, row: TableRow, *, is_in_doubt: bool) -> None:
        """Sex, day of birth and age must agree with the ID number, where there is one."""
        if "sex" in found.identity:
            found.identity["sex"] = int(found.identity["sex"])
        if "birth_on" in found.identity:
            found.identity["birth_on"] = date.fromisoformat(found.identity["birth_on"])
        number = found.identity.get("id_number")
        if number and not is_in_doubt:
            known = parse_id_number(number)
            for code, said in (("sex", known.sex), ("birth_on", known.birth_on)):
                if found.identity.get(code) not in (None, 0, 9, said):
                    found.problems.append(Problem(code, "contradicts_id_number"))
                found.identity[code] = said
        birth_on = found.identity.get("birth_on")
        if birth_on is not None and birth_on > self.today:
            found.problems.append(Problem("birth_on", "in_the_future"))
        self._age(found, row.cells.get("age"))

    def _age(self, found: CheckedRow, value: Any) -> None:
        """An age that is off by more than the year in which it was written contradicts."""
        birth_on = found.identity.get("birth_on")
        if not is_filled(value) or birth_on is None:
            return
        try:
            age = _integer(value)
        except FormatError as wrong:
            found.problems.append(Problem("age", wrong.reason))
            return
        if abs(age - age_on(birth_on, self.today)) > 1:
            found.problems.append(Problem("age", "contradicts_id_number"))

    def _unit(self, found: CheckedRow, residence: Any) -> None:
        if not is_filled(residence):
            return
        unit = self.villages.find(residence)
        if unit is None:
            nearest = "、".join(self.villages.nearest(residence))
            found.problems.append(Problem("residence", "no_such_unit", {"nearest": nearest}))
        else:
            found.unit_code = unit.code

    def _findable(self, found: CheckedRow, row: TableRow) -> None:
        """Without ID number and phone, a second upload would not know the person again."""
        if not any(is_filled(row.cells.get(code)) for code in ("id_number", "phone")):
            found.problems.append(Problem("id_number", "no_way_to_find"))

    def _is_twice(self, found: CheckedRow) -> bool:
        number = found.identity.get("id_number")
        if not number:
            return False
        first = self.numbers.setdefault(number, found.number)
        if first == found.number:
            return False
        found.problems.append(Problem("id_number", "twice_in_the_file", {"row": str(first)}))
        return True

    def _is_described_twice(self, found: CheckedRow) -> None:
        """One phone and one name are one person, unless two ID numbers say that they are two."""
        phone, name = found.identity.get("phone"), found.identity.get("name")
        if not phone or not name:
            return
        number = found.identity.get("id_number", "")
        earlier = self.phones.setdefault((phone, normalised(name)), [])
        for first, other in earlier:
            if not (number and other):
                found.problems.append(Problem("phone", "twice_in_the_file", {"row": str(first)}))
                return
        earlier.append((found.number, number))


def _digits(value: Any) -> Any:
    """A whole number without the point that spreadsheets put behind it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _integer(value: Any) -> int:
    text = plain(_digits(value)).removesuffix("岁")
    if not text.isdecimal() or len(text) > 4:
        raise FormatError("not_a_number")
    return int(text)


def _choice(column: Field, value: Any) -> str:
    chosen = column.choice_named(plain(_digits(value)))
    if chosen is None:
        raise FormatError("not_a_choice")
    return chosen.code


def _text(column: Field, value: Any) -> str:
    text = plain(_digits(value))
    if len(text) > LENGTHS.get(column.code, LONGEST):
        raise FormatError("too_long")
    return text
