"""The door to workbooks: read in a limited child process, written with strings only."""

import io
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any, Final, cast

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpm import children
from kpm.children import MEGABYTE, ChildFailed, ChildRefused

# What a cell may hold once it is read. Numbers are what Excel took for numbers.
Cell = str | int | float | bool | date | datetime | None

REASONS: Final[dict[str, Promise]] = {
    "empty": _("This file is empty. Please choose the workbook again."),
    "too_large": _("This file is too large: a ledger has at most 10 MB."),
    "not_a_workbook": _("This is no Excel workbook. Please save the ledger as .xlsx."),
    "web_page": _("This is a web page called .xlsx. Open it in Excel and save it as .xlsx."),
    "old_format": _("This is the old Excel format. Open it in Excel and save it as .xlsx."),
    "binary_format": _("This is a binary Excel workbook. Please save it as .xlsx."),
    "macros": _("This workbook carries macros. Please save it as .xlsx."),
    "other_office": _("This is not Excel's own format. Please save it as .xlsx."),
    "password": _("This workbook has a password. Take the password off and save it again."),
    "damaged": _("This workbook is damaged. Save it in Excel under a new name and try again."),
    "bomb": _("This workbook unpacks to far too much. Copy the table into a new workbook."),
    "far_cell": _("A cell lies far from the table. Copy the table into a new workbook."),
    "too_many_cells": _("This is more than a ledger: at most 50,000 rows and 200 columns."),
    "long_cell": _("A cell holds a very long text. The cells of a ledger are short."),
    "counts_from_1904": _("This workbook counts days from 1904. Switch that off and check them."),
    "no_rows": _("There is nothing in this workbook."),
    "busy": _("This workbook took too long to read. Copy the table into a new workbook."),
}


class UnreadableWorkbook(Exception):
    """A file that is refused; `reason` is a code, the words are for whoever uploaded it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def words(self) -> str:
        """What is wrong and what to do."""
        return str(REASONS[self.reason])


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a workbook is read at most."""

    size: int = 10 * MEGABYTE
    unpacked: int = 160 * MEGABYTE
    # Honest sheets pack 5 to 30 times; bombs more than 200 times.
    ratio: int = 120
    members: int = 300
    sheets: int = 30
    rows: int = 50_000
    columns: int = 200
    cells: int = 2_000_000
    cell_length: int = 4_000
    memory: int = 900 * MEGABYTE
    # A county's ledger takes about one second of the processor.
    cpu: int = 6
    wall: float = 10.0


@dataclass(frozen=True)
class Sheet:
    """One sheet: row 1 of Excel is rows[0]."""

    name: str
    rows: list[list[Cell]] = field(repr=False)

    def __iter__(self) -> Iterator[list[Cell]]:
        return iter(self.rows)


DEFAULT = Limits()


def read_rows(data: bytes, *, limits: Limits = DEFAULT) -> Sheet:
    """The first sheet that has anything in it."""
    return read_sheets(data, limits=limits)[0]


def read_sheets(data: bytes, *, limits: Limits = DEFAULT) -> list[Sheet]:
    """Every visible sheet that has anything in it; raises UnreadableWorkbook."""
    if not data:
        raise UnreadableWorkbook("empty")
    if len(data) > limits.size:
        raise UnreadableWorkbook("too_large")
    try:
        request = orjson.dumps(limits_of(limits)) + b"\n" + data
        answer = children.ask_once("kpm.excel:read_in_child", request, child_limits(limits))
    except ChildRefused as refusal:
        raise UnreadableWorkbook(refusal.code) from None
    except ChildFailed as failure:
        code = "busy" if failure.code == "too_long" else "damaged"
        raise UnreadableWorkbook(code) from None
    sheets = [
        Sheet(name, [[from_json(cell) for cell in row] for row in rows])
        for name, rows in orjson.loads(answer)
    ]
    if not sheets:
        raise UnreadableWorkbook("no_rows")
    return sheets


def child_limits(limits: Limits) -> children.Limits:
    """The same for the process that reads."""
    return children.Limits(memory=limits.memory, cpu=limits.cpu, wall=limits.wall)


def limits_of(limits: Limits) -> dict[str, int]:
    """What the child needs to know."""
    names = ("unpacked", "ratio", "members", "sheets", "rows", "columns", "cells", "cell_length")
    return {name: getattr(limits, name) for name in names}


def to_json(cell: Cell) -> Any:
    """A cell as JSON keeps it, days and moments marked as such."""
    if isinstance(cell, datetime):
        return {"at": cell.isoformat()}
    if isinstance(cell, date):
        return {"on": cell.isoformat()}
    return cell


def from_json(kept: Any) -> Cell:
    """A cell back from JSON."""
    if isinstance(kept, dict):
        if "on" in kept:
            return date.fromisoformat(kept["on"])
        return datetime.fromisoformat(kept["at"])
    return cast(Cell, kept)


# --- Inside the child -------------------------------------------------------------------------
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
# Where a cell stands, if it has anything in it: what is only coloured does not count.
PLACE = re.compile(
    rb"<(?:\w+:)?c\b[^<>]*?\br\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^<>]*?(?<!/)>"
)
# How a cell can begin, with or without a place and whatever its part of the file is called.
CELLS = [a + b"c" + z for a in (b"<", b":") for z in (b" ", b">", b"/", b"\n", b"\r", b"\t")]
DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
FROM_1904 = re.compile(rb"date1904\s*=\s*[\"'](?:1|true)", re.IGNORECASE)
LONGEST_PLACE = 200
PIECE = 1 << 18


def read_in_child(request: bytes) -> bytes:
    """Look at the container, then at the cells; everything from here on may be hostile."""
    head, data = request.split(b"\n", 1)
    limits = Limits(**orjson.loads(head))
    check_kind(data)
    check_members(data, limits)
    sheets = load(data, limits)
    return orjson.dumps(sheets)


def check_kind(data: bytes) -> None:
    """Tell workbooks from what is only called one."""
    if data.startswith(ZIP):
        return
    if data.startswith(OLE):
        raise ChildRefused("password" if ENCRYPTED in data else "old_format")
    if data.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
        raise ChildRefused("web_page")
    raise ChildRefused("not_a_workbook")


def check_members(data: bytes, limits: Limits) -> None:
    """The container and every part of it, before any of it reaches the reader."""
    # The directory says how long it is: so many parts are never listed in vain.
    if len(data) > 22 and _directory_bytes(data) > limits.members * 400:
        raise ChildRefused("bomb")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_sizes(members, limits)
            _check_format({member.filename.lower() for member in members})
            cells = 0
            for member in members:
                cells += _check_member(archive, member, limits, limits.cells - cells)
    except ChildRefused:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise ChildRefused("damaged") from None


def _directory_bytes(data: bytes) -> int:
    end = data.rfind(b"PK\x05\x06")
    return int.from_bytes(data[end + 12 : end + 16], "little") if end >= 0 else 0


def _check_sizes(members: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > limits.members or unpacked > limits.unpacked:
        raise ChildRefused("bomb")
    if unpacked > MEGABYTE and unpacked > packed * limits.ratio:
        raise ChildRefused("bomb")
    if any(member.flag_bits & 1 for member in members):
        raise ChildRefused("password")


def _check_format(names: set[str]) -> None:
    if "xl/workbook.bin" in names:
        raise ChildRefused("binary_format")
    if any(name.endswith("vbaproject.bin") for name in names):
        raise ChildRefused("macros")
    if "xl/workbook.xml" not in names:
        raise ChildRefused("other_office" if "content.xml" in names else "not_a_workbook")
    if any(name.startswith("/") or ".." in name for name in names):
        raise ChildRefused("damaged")


def _check_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits, most: int
) -> int:
    """Unpack one part piece by piece: its size is true, and it holds nothing that explodes.

    Returns how many cells it has, which are at most so many.
    """
    name = member.filename.lower()
    is_sheet = SHEET.fullmatch(name) is not None
    is_xml = name.endswith((".xml", ".rels"))
    rest, cells, size = b"", 0, 0
    with archive.open(member) as source:
        while piece := source.read(PIECE):
            size += len(piece)
            text = rest + piece
            # In two bytes a letter, nothing of what is looked for here would be found.
            if is_xml and (b"\0" in piece or DOCTYPE.search(text)):
                raise ChildRefused("damaged")
            if name == "xl/workbook.xml" and FROM_1904.search(text):
                raise ChildRefused("counts_from_1904")
            # What is not finished in this piece is counted with the next.
            rest = _unfinished(text)
            finished = text[: len(text) - len(rest)]
            cells += sum(finished.count(start) for start in CELLS)
            if is_sheet:
                _check_places(finished, limits)
            if cells > most:
                raise ChildRefused("too_many_cells")
    if size != member.file_size:
        raise ChildRefused("damaged")
    return cells


def _unfinished(text: bytes) -> bytes:
    """The end of a piece from its last tag on, which the next piece completes."""
    last = text.rfind(b"<")
    return text[last:][-LONGEST_PLACE:] if last >= 0 and b">" not in text[last:] else b""


def _check_places(text: bytes, limits: Limits) -> None:
    for letters, row in PLACE.findall(text):
        if int(row) > limits.rows or column_number(letters) > limits.columns:
            raise ChildRefused("far_cell")


def column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def load(data: bytes, limits: Limits) -> list[tuple[str, list[list[Any]]]]:
    """The rows of every visible sheet that has any, as JSON can carry them."""
    import python_calamine as calamine

    try:
        workbook = calamine.load_workbook(io.BytesIO(data))
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == calamine.SheetVisibleEnum.Visible
            and sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        if len(visible) > limits.sheets:
            raise ChildRefused("too_many_cells")
        found, cells = [], 0
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            # Two cells far apart make a large table of nothing: it is counted before it is made.
            cells += _size(sheet, limits)
            if cells > limits.cells:
                raise ChildRefused("too_many_cells")
            if kept := _kept(sheet.to_python(skip_empty_area=False), limits):
                found.append((name, kept))
    except calamine.PasswordError:
        raise ChildRefused("password") from None
    except calamine.CalamineError:
        raise ChildRefused("damaged") from None
    return found


def _size(sheet: Any, limits: Limits) -> int:
    """How many cells the table of a sheet has, the empty ones too."""
    if sheet.total_height > limits.rows or sheet.total_width > limits.columns:
        raise ChildRefused("too_many_cells")
    return int(sheet.total_height * sheet.total_width)


def _kept(rows: list[list[Any]], limits: Limits) -> list[list[Any]]:
    """Cells as JSON, without the empty ones at the ends of rows and of the sheet."""
    if len(rows) > limits.rows or sum(map(len, rows)) > limits.cells:
        raise ChildRefused("too_many_cells")
    kept = [_trimmed([_cell(value, limits) for value in row]) for row in rows]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _trimmed(row: list[Any]) -> list[Any]:
    while row and row[-1] is None:
        row.pop()
    return row


def _cell(value: Any, limits: Limits) -> Any:
    if isinstance(value, str):
        if len(value) > limits.cell_length:
            raise ChildRefused("long_cell")
        # What cannot stand in UTF-8 cannot stand in a name either.
        return value.encode("utf-8", "ignore").decode() if value else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < sys.maxsize else value
    if isinstance(value, date | bool | int):
        return to_json(value)
    return str(value)


# --- Writing ----------------------------------------------------------------------------------
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
WIDEST = 60
TEXT = {"num_format": "@", "quote_prefix": True, "text_wrap": True, "valign": "top"}


def write_rows(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[object]], *, marked: int = 0
) -> bytes:
    """A workbook with one table in which every cell is text: no formula, no link, no number.

    The last `marked` columns stand out.
    """
    import xlsxwriter

    out = io.BytesIO()
    options = {
        # In memory only: half a temporary file would be a copy of the ledger in clear.
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as workbook:
        plain = workbook.add_format(TEXT)
        bold = workbook.add_format(TEXT | {"bold": True, "bottom": 1})
        stand_out = workbook.add_format(TEXT | {"font_color": "#8F1C13", "bg_color": "#FDECEA"})
        sheet = workbook.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", name)[:31].strip() or "1")
        widths = [8] * len(headings)
        for index, row in enumerate(chain([headings], rows)):
            for column, value in enumerate(row):
                text = FORBIDDEN.sub("", "" if value is None else str(value))
                if column >= len(headings) - marked and index:
                    style = stand_out
                else:
                    style = plain if index else bold
                sheet.write_string(index, column, text, style)
                longest = max((_width(line) for line in text.splitlines()), default=0)
                widths[column] = max(widths[column], min(longest + 2, WIDEST))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        if headings:
            sheet.autofilter(0, 0, 0, len(headings) - 1)
    return out.getvalue()


def _width(line: str) -> int:
    """Chinese characters are as wide as two letters."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in line)
