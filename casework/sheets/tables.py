"""Finding the table in a sheet: title rows, headings in any order, footer notes; pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from risk_levels.populations import POPULATIONS, Field, Population

# Titles and dates stand above the headings; further down nothing can be a heading.
MOST_TITLE_ROWS: Final = 15
# Fewer known headings than this, and it is some other table.
FEWEST_HEADINGS: Final = 3
BRACKETS = re.compile(r"\([^)]*\)")
MARKS = re.compile(r"[\s*:_\-]+")


@dataclass(frozen=True)
class Likeness:
    """Another population whose ledger this looks like, and the headings that say so."""

    population: Population
    signs: tuple[str, ...]


class NotThisLedger(Exception):
    """The sheet holds no table of this population.

    `missing` are headings without which there is none, `lacking` its own ones that would tell it
    from the others; `looks_like` is another population that fits better.
    """

    def __init__(
        self,
        missing: Sequence[str] = (),
        lacking: Sequence[str] = (),
        looks_like: Likeness | None = None,
    ) -> None:
        super().__init__("not this ledger")
        self.missing = tuple(missing)
        self.lacking = tuple(lacking)
        self.looks_like = looks_like


@dataclass(frozen=True)
class TableRow:
    """One row of people: its number in Excel, counted from 1, and its cells by field code."""

    number: int
    cells: dict[str, Any]

    @property
    def is_blank(self) -> bool:
        """Whether nobody was written into it; a serial number alone is a pre-printed row."""
        return not any(is_filled(value) for code, value in self.cells.items() if code != "serial")


@dataclass(frozen=True)
class Table:
    """What was found: which column is which field, and headings that are none."""

    columns: dict[int, Field]
    unknown: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def heading(self, code: str) -> str:
        """How the template heads the column of a field."""
        return next(each.headings[0] for each in self.columns.values() if each.code == code)


def is_filled(value: Any) -> bool:
    """Whether a cell holds anything but blanks."""
    return value is not None and str(value).strip() != ""


def normalised(heading: Any) -> str:
    """A heading without width, blanks and decoration."""
    return MARKS.sub("", unicodedata.normalize("NFKC", str(heading or ""))).casefold()


def find_table(rows: Sequence[Sequence[Any]], population: Population) -> Table:
    """The table of a population in a sheet, or NotThisLedger."""
    names = _names(population)
    at, columns = _headings(rows, names)
    found = {each.code for each in columns.values()}
    missing = [
        each.headings[0]
        for each in population.columns
        if each.is_required and each.code not in found
    ]
    if len(columns) < FEWEST_HEADINGS or missing:
        raise NotThisLedger(missing)
    _check_is_its_own(rows[at], population)
    unknown = tuple(
        str(cell).strip()
        for index, cell in enumerate(rows[at])
        if index not in columns and is_filled(cell)
    )
    return Table(columns, unknown, tuple(_rows(rows, at, columns)))


def _check_is_its_own(headings: Sequence[Any], population: Population) -> None:
    """Who somebody is stands in every ledger; what a population asks tells them apart."""
    own = own_headings(headings, population)
    if 2 * len(own) >= len(population.fields):
        return
    share = len(own) / len(population.fields)
    looks_like = None
    for other in POPULATIONS.values():
        found = own_headings(headings, other)
        if len(found) / len(other.fields) > share:
            share = len(found) / len(other.fields)
            signs = [name for code, name in found.items() if code not in own]
            looks_like = Likeness(other, tuple(signs))
    lacking = [each.headings[0] for each in population.fields if each.code not in own]
    raise NotThisLedger(lacking=lacking, looks_like=looks_like)


def own_headings(headings: Sequence[Any], population: Population) -> dict[str, str]:
    """The fields that a population declares itself and that are there, with their headings."""
    declared = {each.code for each in population.fields}
    columns = _columns(headings, _names(population))
    return {each.code: each.headings[0] for each in columns.values() if each.code in declared}


def _names(population: Population) -> dict[str, Field]:
    """Every spelling of every heading; the first field that claims one has it."""
    names: dict[str, Field] = {}
    for field in population.columns:
        for heading in field.headings:
            names.setdefault(normalised(heading), field)
            names.setdefault(normalised(_bare(heading)), field)
    return names


def _bare(heading: Any) -> str:
    """A heading without the hint in brackets."""
    return BRACKETS.sub("", unicodedata.normalize("NFKC", str(heading or "")))


def _headings(
    rows: Sequence[Sequence[Any]], names: dict[str, Field]
) -> tuple[int, dict[int, Field]]:
    """The row that holds the most known headings, and its columns; the first column counts."""
    best: tuple[int, dict[int, Field]] = (0, {})
    for at, row in enumerate(rows[:MOST_TITLE_ROWS]):
        columns = _columns(row, names)
        if len(columns) > len(best[1]):
            best = (at, columns)
    return best


def _columns(row: Sequence[Any], names: dict[str, Field]) -> dict[int, Field]:
    columns: dict[int, Field] = {}
    taken: set[str] = set()
    for index, cell in enumerate(row):
        field = names.get(normalised(cell)) or names.get(normalised(_bare(cell)))
        if field is not None and field.code not in taken:
            columns[index] = field
            taken.add(field.code)
    return columns


def _rows(rows: Sequence[Sequence[Any]], at: int, columns: dict[int, Field]) -> Iterator[TableRow]:
    """Rows below the headings, without blank ones, notes and headings printed again."""
    headings = {index: normalised(rows[at][index]) for index in columns}
    for number, row in enumerate(rows[at + 1 :], start=at + 2):
        cells = {
            field.code: row[index] if index < len(row) else None for index, field in columns.items()
        }
        is_repeated = all(
            normalised(row[index] if index < len(row) else "") == heading
            for index, heading in headings.items()
        )
        if (
            not is_repeated
            and not _is_note(row)
            and not (found := TableRow(number, cells)).is_blank
        ):
            yield found


def _is_note(row: Sequence[Any]) -> bool:
    """One text alone in a row, such as "how to fill this in" or "made by": nobody's row."""
    filled = [cell for cell in row if is_filled(cell)]
    return len(filled) == 1 and isinstance(filled[0], str) and len(filled[0].strip()) > 4
