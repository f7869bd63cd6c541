"""Checking one row of a ledger: every cell read, every reason named by its column; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.identity import (
    FormatError,
    age_on,
    parse_date,
    parse_id_number,
    parse_phone,
    plain,
)
from casework.sheets.tables import TableRow, is_filled
from casework.sheets.units import Villages
from risk_levels.populations import Field, Population

# What is wrong with a cell, and what to do about it.
PROBLEMS: Final[dict[str, tuple[Promise, Promise]]] = {
    "missing": (_("missing"), _("Fill it in.")),
    "check_digit": (_("the check digit is wrong"), _("Compare it with the ID card.")),
    "no_such_date": (_("there is no such date"), _("Compare it with the papers.")),
    "not_18_digits": (_("not 18 digits"), _("Compare it with the ID card.")),
    "unassigned_area": (_("the area code belongs to nobody"), _("Compare it with the ID card.")),
    "typed_as_number": (
        _("typed as a number, so Excel has rounded it"),
        _("Format the column as text and type the number again."),
    ),
    "not_a_phone_number": (
        _("not a phone number"),
        _("Mobile: 11 digits; landline with area code."),
    ),
    "not_a_date": (_("not a date"), _("Write it as 2026-11-24.")),
    "not_a_number": (_("not a number"), _("Write it in digits.")),
    "not_a_choice": (_("not one of the possible answers"), _("Use one of: %(choices)s.")),
    "too_long": (_("too long"), _("Shorten it to %(most)s characters.")),
    "contradicts_id_number": (
        _("contradicts the ID number"),
        _("One of the two is wrong: compare both with the ID card."),
    ),
    "no_such_unit": (
        _("no such village in your units"),
        _("Write it as in the unit tree. The nearest: %(nearest)s."),
    ),
    "twice_in_the_file": (
        _("twice in the file"),
        _("Keep one of the two rows; the first is in row %(row)s."),
    ),
    "known_elsewhere": (
        _("this person is already known"),
        _("Ask the supervisor of your district."),
    ),
    "another_name": (
        _("the ID number is on record with another name"),
        _("Compare both with the ID card."),
    ),
    "another_number": (
        _("the record found by this number holds another one"),
        _("Tell the administrators: somebody may have changed the database."),
    ),
    "refused_now": (
        _("could not be taken in any more"),
        _("Somebody may have taken this person in meanwhile: upload the ledger again."),
    ),
    "no_way_to_find": (
        _("neither ID number nor phone"),
        _("Give one of the two, so that nobody is taken in twice."),
    ),
    "in_the_future": (_("lies in the future"), _("Check the year.")),
}
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


@dataclass(frozen=True)
class Problem:
    """One cell that is refused: its column, why, and what helps to mend it."""

    code: str
    reason: str
    hints: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What is wrong."""
        return str(PROBLEMS[self.reason][0])

    @property
    def fix(self) -> str:
        """What to do."""
        return str(PROBLEMS[self.reason][1]) % self.hints


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
    """Checks the rows of one ledger in their order; remembers ID numbers that it has seen."""

    def __init__(self, population: Population, villages: Villages, today: date) -> None:
        self.population = population
        self.villages = villages
        self.today = today
        self.columns = {each.code: each for each in population.columns}
        self.seen: dict[str, int] = {}

    def check_all(self, rows: Iterable[TableRow]) -> list[CheckedRow]:
        """Every row of a table."""
        return [self.check(row) for row in rows]

    def check(self, row: TableRow) -> CheckedRow:
        """One row: cell by cell, then cells against each other."""
        found = CheckedRow(row.number, serial=plain(row.cells.get("serial")).removesuffix(".0"))
        for code, value in row.cells.items():
            self._cell(found, self.columns[code], value)
        # A number that stands twice is in doubt itself: nothing is compared with it.
        self._identity(found, row, is_in_doubt=self._is_twice(found))
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
        first = self.seen.setdefault(number, found.number)
        if first == found.number:
            return False
        found.problems.append(Problem("id_number", "twice_in_the_file", {"row": str(first)}))
        return True


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
