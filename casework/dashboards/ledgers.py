"""What a page shows of a ledger: how far it is, its rows with what stands against them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.utils.functional import Promise
from django.utils.http import urlencode

from casework.actions.ledgers import APPLY, CHECK
from casework.dashboards import lists
from casework.identity import FormatError, parse_date
from casework.models.ledgers import Ledger, LedgerRow, LedgerState, RowOutcome
from casework.sheets.problems import Problem, listed, with_name
from kpm import masking
from kpm.accounts.models import User
from kpm.excel import from_json
from kpm.jobs.models import Job
from kpm.vault.opening import Reading, open_groups
from risk_levels.populations import POPULATIONS, Field
from risk_levels.populations.parts import DATE, NAME, PEOPLE, PHONE, Sensitivity

PER_PAGE = 50
# How a value of the ledger is masked when a page repeats it.
MASKS = {"id_number": "id_number", "address": "address", "birth_on": "hidden"}


@dataclass(frozen=True)
class Fault:
    """One refused cell as a page tells it."""

    column: str
    value: str
    words: str
    fix: str


@dataclass(frozen=True)
class Row:
    """One row as a page tells it."""

    number: int
    serial: str
    name: str
    outcome: str
    label: str | Promise
    faults: list[Fault]
    changes: list[str | Promise]
    file_number: str

    @property
    def told(self) -> str:
        """What differs, in words."""
        return listed(self.changes)


def left_behind(user: User) -> QuerySet[Ledger]:
    """Ledgers that wait for somebody who may not read them any more, only discard them."""
    visible = Ledger.objects.visible_to(user)
    return Ledger.objects.left_to(user).exclude(pk__in=visible.values("pk"))


def counts(ledger: Ledger) -> dict[str, int]:
    """How many rows of each outcome."""
    found = dict.fromkeys(RowOutcome.values, 0)
    rows = ledger.rows.order_by().values("outcome").annotate(rows=Count("pk"))
    found.update({row["outcome"]: row["rows"] for row in rows})
    return found


def job_of(ledger: Ledger) -> Job | None:
    """The work that is being done on it, or was done last."""
    kind = APPLY if ledger.state in (LedgerState.APPLYING, LedgerState.APPLIED) else CHECK
    return Job.objects.latest_for(kind, ledger.number)


def first_look(found: Mapping[str, int]) -> str:
    """What to show first: what is refused, else what would change something."""
    order = (RowOutcome.REFUSED, RowOutcome.CHANGED, RowOutcome.NEW, RowOutcome.SAME)
    return next((each for each in order if found[each]), RowOutcome.WAITING)


@dataclass(frozen=True)
class Unled:
    """How many files that a ledger opened have no lead worker, and the list of exactly these."""

    count: int
    query: str


def unled(ledger: Ledger, by: User, now: datetime) -> Unled:
    """What is to be done next about a ledger that has been taken in."""
    group = lists.group_of(ledger.population)
    chosen: dict[str, Any] = {
        "lead": lists.NO_LEAD,
        "population": ledger.population,
        "ledger": ledger.number,
    }
    files = lists.Narrowed(**chosen).of(lists.files_of(by, group), by, now)
    return Unled(files.count(), urlencode({"group": group, **chosen}))


def look(
    ledger: Ledger,
    *,
    outcome: str,
    page: str | None,
    reading: Reading | None,
    by: User,
    now: datetime,
) -> dict[str, Any]:
    """Everything that the page of a ledger shows."""
    found = counts(ledger)
    outcome = outcome or first_look(found)
    rows = ledger.rows.filter(outcome=outcome).select_related("case_file").order_by("number")
    shown = Paginator(rows, PER_PAGE).get_page(page)
    if reading is not None:
        open_groups([ledger], "head", reading=reading)
        open_groups(shown.object_list, "body", reading=reading)
    return {
        "ledger": ledger,
        "job": job_of(ledger) if ledger.is_busy else None,
        "counts": [(each, each.label, found[each]) for each in RowOutcome if found[each]],
        "outcome": outcome,
        "page": shown,
        "rows": rows_of(ledger, shown.object_list) if reading is not None else [],
        "unled": unled(ledger, by, now) if ledger.state == LedgerState.APPLIED else None,
        "taken_in": found[RowOutcome.NEW],
        "corrected": found[RowOutcome.CHANGED],
        "will_change": found[RowOutcome.NEW] + found[RowOutcome.CHANGED],
        "refused": found[RowOutcome.REFUSED],
        "unknown": ledger.unknown if reading is not None else [],
    }


def rows_of(ledger: Ledger, rows: Iterable[LedgerRow]) -> list[Row]:
    """Opened rows, masked."""
    columns = {each.code: each for each in POPULATIONS[ledger.population].columns}
    return [_row(columns, row) for row in rows]


def _row(columns: Mapping[str, Field], row: LedgerRow) -> Row:
    return Row(
        number=row.number,
        serial=text_of(row.cells.get("serial")),
        name=masking.name(text_of(row.cells.get("name"))),
        outcome=row.outcome,
        label=RowOutcome(row.outcome).label,
        faults=[_fault(columns, row, each) for each in row.problems],
        changes=[columns[code].label for code in row.changes if code in columns],
        file_number=row.case_file.number if row.case_file else "",
    )


def _fault(columns: Mapping[str, Field], row: LedgerRow, kept: Mapping[str, Any]) -> Fault:
    problem = Problem(kept["code"], kept["reason"], kept["hints"])
    column = columns[problem.code]
    return Fault(
        column=column.headings[0],
        value=_masked(column, text_of(row.cells.get(problem.code), column)),
        words=problem.words,
        fix=problem.fix,
    )


def text_of(cell: Any, column: Field | None = None) -> str:
    """A cell as somebody sees it in Excel, where a day is a number that looks like one."""
    value = from_json(cell)
    if value is None:
        return ""
    is_number = not isinstance(value, str) or value.strip().isdecimal()
    if column is not None and column.kind == DATE and is_number:
        with suppress(FormatError):
            return parse_date(_whole(value)).isoformat()
    return str(_whole(value))


def _whole(value: Any) -> Any:
    """A number without the point that spreadsheets put behind it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _masked(column: Field, value: str) -> str:
    """What a page may repeat of a cell: enough to find it, not enough to learn from it."""
    if not value:
        return ""
    if column.code in MASKS:
        return masking.masked(value, MASKS[column.code])
    if column.kind == PHONE:
        return masking.phone(value)
    if column.kind == NAME:
        return masking.name(value)
    if column.kind == PEOPLE or column.sensitivity == Sensitivity.RESTRICTED:
        return masking.hidden(value)
    return value


def sheet_of(ledger: Ledger, rows: Iterable[LedgerRow]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the sheet that goes back: as typed, and what is wrong behind it."""
    codes = list(ledger.columns)
    columns = {each.code: each for each in POPULATIONS[ledger.population].columns}
    lines = []
    for row in rows:
        problems = [Problem(each["code"], each["reason"], each["hints"]) for each in row.problems]
        told = "\n".join(
            with_name(ledger.columns.get(each.code, columns[each.code].headings[0]), each.told)
            for each in problems
        )
        cells = (text_of(row.cells.get(code), columns[code]) for code in codes)
        lines.append([*cells, told])
    return [ledger.columns[code] for code in codes], lines
