"""Ledgers are uploaded, confirmed and discarded here; the work itself is done in the background."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from audit import log
from audit.events import Event, Purpose
from casework import ledger_rules
from casework.models.ledgers import Ledger, LedgerRow, LedgerState, RowOutcome
from casework.sheets.tables import NotThisLedger, Table, find_table
from kpm.accounts.models import RoleGrant, User
from kpm.errors import Refused
from kpm.excel import Sheet, UnreadableWorkbook, read_sheets, to_json
from kpm.jobs.actions import enqueue
from risk_levels.populations import POPULATIONS, Population

CHECK, APPLY = "ledger.check", "ledger.apply"
BATCH = 1000
# So many headings make clear which table is meant.
MOST_NAMED = 5


@dataclass(frozen=True)
class Workbook:
    """A workbook that has been read: its table, and what it was called."""

    name: str
    table: Table = field(repr=False)


def read(workbook: "UploadedFile[bytes]", population: str) -> Workbook:
    """Read a workbook; it may take seconds, so no transaction may be open meanwhile."""
    try:
        sheets = read_sheets(workbook.read())
    except UnreadableWorkbook as refused:
        raise Refused(refused.words, field="workbook") from None
    return Workbook((workbook.name or "")[:255], _table(sheets, POPULATIONS[population]))


def upload(*, population: str, workbook: Workbook, by: User, now: datetime) -> Ledger:
    """Keep the rows of a workbook sealed, and have them checked; nothing is taken in yet."""
    ledger_rules.check_can_import_ledger(by, population)
    table = workbook.table
    # Whoever may import holds a grant.
    unit = cast(RoleGrant, by.grant).unit
    ledger = Ledger(
        population=population,
        district=unit.district,
        unit=unit,
        uploaded_by=by,
        uploaded_at=now,
        total=len(table.rows),
        file_name=workbook.name,
        columns={each.code: each.headings[0] for each in table.columns.values()},
        unknown=list(table.unknown),
    )
    with transaction.atomic():
        ledger.save_as(by=by)
        LedgerRow.objects.bulk_create(_rows(ledger, table), batch_size=BATCH)
        enqueue(CHECK, ledger.number, by=by, now=now)
        log.record(
            Event.LEDGER_UPLOADED, by=by, target=ledger, purpose=Purpose.INTAKE, count=ledger.total
        )
    return ledger


def _table(sheets: Sequence[Sheet], population: Population) -> Table:
    """The table of the first sheet that holds one."""
    refusals: list[NotThisLedger] = []
    for sheet in sheets:
        try:
            table = find_table(sheet.rows, population)
        except NotThisLedger as refusal:
            refusals.append(refusal)
            continue
        if table.rows:
            return table
        raise Refused(_("The headings are there, but no rows below them."), field="workbook")
    raise Refused(_words_of(refusals), field="workbook")


def _words_of(refusals: Sequence[NotThisLedger]) -> str:
    """Why none of the sheets is a ledger of this group: what helps most comes first."""
    for each in refusals:
        if each.looks_like is not None:
            return _(
                "This table looks more like a ledger of the group “%(group)s” (it has: %(signs)s). "
                "Please check the group that you chose."
            ) % {"group": each.looks_like.population.label, "signs": _some(each.looks_like.signs)}
    for each in refusals:
        if each.missing:
            return _("This is no ledger of this group: the column %(columns)s is missing.") % {
                "columns": "、".join(each.missing)
            }
    for each in refusals:
        if each.lacking:
            return _(
                "Fewer than half of this group's own columns are there. Missing: %(columns)s."
            ) % {"columns": _some(each.lacking)}
    return _("No table with the headings of this group's ledger was found.")


def _some(headings: Sequence[str]) -> str:
    """The first headings, as ledgers write them."""
    shown = "、".join(headings[:MOST_NAMED])
    return f"{shown}…" if len(headings) > MOST_NAMED else shown


def _rows(ledger: Ledger, table: Table) -> list[LedgerRow]:
    return [
        LedgerRow(
            key_owner=ledger.id,
            ledger=ledger,
            district=ledger.district,
            number=row.number,
            # Empty cells as well: that a name is missing is found only where it should be.
            cells={code: to_json(cell) for code, cell in row.cells.items()},
        )
        for row in table.rows
    ]


def locked(ledger: Ledger) -> Ledger:
    """The ledger as it is now, held until the transaction ends."""
    return Ledger.objects.select_for_update(of=("self",)).select_related("unit").get(pk=ledger.pk)


@transaction.atomic
def confirm(*, ledger: Ledger, by: User, now: datetime) -> Ledger:
    """Have everything that is new or changed taken in."""
    ledger = locked(ledger)
    ledger_rules.check_can_go_on_with_ledger(by, ledger, LedgerState.CHECKED)
    ledger.confirm(at=now)
    ledger.save_as(by=by)
    enqueue(APPLY, ledger.number, by=by, now=now)
    log.record(Event.LEDGER_CONFIRMED, by=by, target=ledger, purpose=Purpose.INTAKE)
    return ledger


@transaction.atomic
def discard(*, ledger: Ledger, by: User, now: datetime) -> Ledger:
    """Take nothing in; the rows are deleted. Work that is still at them finds none."""
    ledger = locked(ledger)
    ledger_rules.check_can_discard_ledger(by, ledger, LedgerState.CHECKING, LedgerState.CHECKED)
    _discard(ledger, by=by, now=now, purpose=Purpose.INTAKE)
    return ledger


def discard_forgotten(*, by: User, now: datetime) -> int:
    """Discard what nobody confirmed in a month, each in a transaction of its own."""
    forgotten = list(Ledger.objects.forgotten(now).order_by("uploaded_at"))
    return sum(_forget(ledger, by=by, now=now) for ledger in forgotten)


@transaction.atomic
def _forget(ledger: Ledger, *, by: User, now: datetime) -> bool:
    ledger = locked(ledger)
    if ledger.state not in (LedgerState.CHECKING, LedgerState.CHECKED):
        # Confirmed or discarded between the question and now.
        return False
    _discard(ledger, by=by, now=now, purpose=Purpose.SYSTEM)
    return True


def _discard(ledger: Ledger, *, by: User, now: datetime, purpose: Purpose) -> None:
    ledger.discard(at=now)
    ledger.save_as(by=by)
    ledger.rows.all().delete()
    log.record(Event.LEDGER_DISCARDED, by=by, target=ledger, purpose=purpose)


@transaction.atomic
def finish(*, ledger: Ledger, by: User, now: datetime) -> None:
    """The last row has been looked at: checked, or taken in."""
    ledger = locked(ledger)
    if ledger.state == LedgerState.CHECKING:
        if ledger.rows.filter(outcome__in=(RowOutcome.NEW, RowOutcome.CHANGED)).exists():
            ledger.finish_check()
        else:
            ledger.finish_unchanged(at=now)
        event = Event.LEDGER_CHECKED
    elif ledger.state == LedgerState.APPLYING:
        ledger.finish(at=now)
        event = Event.LEDGER_APPLIED
    else:
        return
    ledger.save_as(by=by)
    log.record(event, by=by, target=ledger, purpose=Purpose.INTAKE, count=ledger.total)
