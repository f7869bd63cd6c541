"""Ledgers, index keys and destructions in the background, a few rows per transaction."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from audit import log
from audit.events import Event, Purpose
from casework import harm_rules
from casework.actions import destructions, digests, indexes, ledgers, loads, people
from casework.dashboards.boards import weigh_all
from casework.dashboards.digests import digest_of
from casework.ledgers.matching import Match, admission, match
from casework.models import CaseFile, Destruction
from casework.models.destructions import DestructionState
from casework.models.ledgers import Ledger, LedgerRow, LedgerState, RowOutcome
from casework.sheets.problems import Problem
from casework.sheets.rows import CheckedRow, Checker
from casework.sheets.tables import TableRow
from casework.sheets.units import Villages
from kpm.accounts.actions import system_account
from kpm.accounts.models import Unit, User
from kpm.accounts.scoping import units_under
from kpm.custody.actions import record_finished
from kpm.custody.kinds import Kind
from kpm.errors import Refused
from kpm.excel import from_json
from kpm.jobs.registers import GiveUp, Run, handles, sweep
from kpm.vault import rotations, shredding
from risk_levels.actions import bulk_follow_classes, bulk_propose, official_draft
from risk_levels.populations import POPULATIONS

STEP = 200


class Table:
    """A ledger with what its rows are checked against; rows are opened a few at a time."""

    def __init__(self, run: Run) -> None:
        ledger = (
            Ledger.objects.select_related("uploaded_by").filter(number=run.object_number).first()
        )
        if ledger is None:
            raise GiveUp("gone")
        self.ledger: Ledger = ledger
        self.by: User = ledger.uploaded_by
        self.today: date = timezone.localdate(run.now())
        units = list(units_under(self.by))
        above = Unit.objects.filter(code__in={unit.code[:6] + "0" * 6 for unit in units})
        self.units = {unit.code: unit for unit in [*above, *units]}
        # Above the importer's own unit only for the names of places, never to take people in.
        own = {unit.code for unit in units}
        villages = Villages.of(self.units.values())
        villages.units = {code: each for code, each in villages.units.items() if code in own}
        self.checker = Checker(POPULATIONS[ledger.population], villages, self.today)

    def steps(self, **chosen: Any) -> Iterable[list[LedgerRow]]:
        """The chosen rows in their order, a few at a time, opened."""
        last = 0
        while rows := list(
            self.ledger.rows.filter(number__gt=last, **chosen).order_by("number")[:STEP]
        ):
            last = rows[-1].number
            yield self.opened(rows)

    def opened(self, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
        """The rows with their cells."""
        with log.reading(
            self.by,
            event=Event.LEDGER_READ,
            purpose=Purpose.INTAKE,
            about=[self.ledger],
            rule="intake",
        ) as reading:
            return list(
                LedgerRow.objects.filter(pk__in=[row.pk for row in rows])
                .order_by("number")
                .opened("body", reading=reading)
            )

    def checked(self, rows: Iterable[LedgerRow]) -> list[CheckedRow]:
        """The rows read and checked, in their order."""
        return [
            self.checker.check(
                TableRow(row.number, {c: from_json(cell) for c, cell in row.cells.items()})
            )
            for row in rows
        ]

    def matched(self, rows: Sequence[CheckedRow]) -> list[Match]:
        """The rows beside what is on record."""
        return match(rows, ledger=self.ledger, units=self.units, by=self.by)


def send_digests(now: datetime) -> int:
    """Tell everybody by mail how much waits for them today; returns how many mails went."""

    def counts_of(user: User, at: datetime) -> list[tuple[Any, int]]:
        return [(each.label, each.count) for each in digest_of(user, at)]

    return digests.send_all(counts_of, now)


@sweep("send_digests", gettext_lazy("Send the daily digests"), every=timedelta(minutes=30))
def send_morning_digests(now: datetime) -> int:
    """The same each morning, once somebody may be there to read it."""
    here = timezone.localtime(now)
    return send_digests(here) if here.hour >= digests.FROM_HOUR else 0


@sweep("record_loads", gettext_lazy("Write down what everybody carries"), every=timedelta(days=1))
def record_loads(now: datetime) -> int:
    """One row for each social worker and week; a second look in the same week changes nothing."""
    return loads.record_week(weigh_all(timezone.localdate(now)), now=now)


@handles(ledgers.CHECK, gettext_lazy("Check a ledger"))
def check(run: Run) -> None:
    """Give every row its outcome, so that a person can confirm what would happen."""
    table = Table(run)
    if table.ledger.state != LedgerState.CHECKING:
        return
    last = int(run.checkpoint.get("row", 0))
    done = run.done
    for rows in table.steps():
        # Rows before the checkpoint are read again only for the ID numbers that they hold.
        checked = table.checked(rows)
        fresh = [row for row in checked if row.number > last]
        if not fresh:
            continue
        with run.step():
            matches = table.matched(fresh)
            _write(rows, matches)
            done += len(fresh)
            run.advance(done=done, total=table.ledger.total, checkpoint={"row": fresh[-1].number})
    with run.step():
        ledgers.finish(ledger=table.ledger, by=table.by, now=run.now())


@handles(ledgers.APPLY, gettext_lazy("Take in a ledger"))
def apply(run: Run) -> None:
    """Take in what is new and correct what has changed; every step is done once."""
    table = Table(run)
    if table.ledger.state != LedgerState.APPLYING:
        return
    taken = table.ledger.rows.filter(outcome__in=(RowOutcome.NEW, RowOutcome.CHANGED))
    total = taken.count()
    done = taken.filter(is_applied=True).count()
    # Those that were refused in this very step keep their outcome and are passed.
    chosen = {"outcome__in": (RowOutcome.NEW, RowOutcome.CHANGED), "is_applied": False}
    for rows in table.steps(**chosen):
        with run.step():
            _take_in(table, rows, run)
            done += len(rows)
            run.advance(done=done, total=total, checkpoint={"row": rows[-1].number})
    with run.step():
        ledgers.finish(ledger=table.ledger, by=table.by, now=run.now())


def _take_in(table: Table, rows: list[LedgerRow], run: Run) -> None:
    # What was new when it was checked may be on record by now: look once more.
    table.checker.forget()
    matches = table.matched(table.checked(rows))
    seen = {row.number for row in rows if row.case_file_id is not None}
    for each in matches:
        if each.outcome == RowOutcome.NEW and each.row.number in seen:
            # Whom it meant is described otherwise by now: nobody guesses that they are new.
            each.refuse("name", "refused_now")
    _admit(table, [each for each in matches if each.outcome == RowOutcome.NEW], run)
    for each in matches:
        if each.outcome == RowOutcome.CHANGED and each.case_file is not None:
            _correct(table, each)
    _propose(table, [each for each in matches if not each.row.is_refused], run)
    _write(rows, matches, is_applied=True)


def _admit(table: Table, new: list[Match], run: Run) -> None:
    """All at once; where one of them can't be, one after the other, so that one refusal is one."""
    if not new:
        return
    try:
        files = people.admit_many(
            admissions=[admission(each.row, table.units[each.row.unit_code]) for each in new],
            population=table.ledger.population,
            by=table.by,
            today=table.today,
            ledger=table.ledger,
        )
    except Refused as refusal:
        # Somebody else may have taken some of them in a moment ago: look again.
        for each, again in zip(new, table.matched([each.row for each in new]), strict=True):
            each.see(again)
            if each.outcome == RowOutcome.NEW and len(new) > 1:
                _admit(table, [each], run)
            elif each.outcome == RowOutcome.NEW:
                each.refuse(refusal.field or "name", "refused_now")
        return
    for each, case_file in zip(new, files, strict=True):
        each.case_file = case_file
    if len(new) == 1:
        # The next one may share their phone, as it does in the table.
        row = table.ledger.rows.filter(number=new[0].row.number)
        row.update(is_applied=True, case_file=new[0].case_file)


def _correct(table: Table, changed: Match) -> None:
    assert changed.case_file is not None  # noqa: S101 the caller has looked
    try:
        people.correct(
            case_file=changed.case_file,
            identity=changed.row.identity,
            details=changed.row.details,
            unit=table.units[changed.row.unit_code],
            by=table.by,
            today=table.today,
        )
    except Refused as refusal:
        changed.refuse(refusal.field or "name", "refused_now")


def _propose(table: Table, taken: Iterable[Match], run: Run) -> None:
    """Official classes become proposals of the part of the system that reads ledgers."""
    drafts = []
    for each in taken:
        case_file = each.case_file
        if case_file is None or each.outcome == RowOutcome.SAME:
            continue
        level = case_file.risk_level
        if each.outcome == RowOutcome.CHANGED and (
            not _is_classed_anew(each, case_file)
            or level.proposals.filter(state__in=("draft", "submitted")).exists()
        ):
            continue
        # What the file holds now: an empty cell of the row takes none of it away.
        draft = official_draft(level, case_file.details, today=table.today)
        if draft is not None:
            drafts.append(draft)
    now = run.now()
    made = bulk_propose(drafts, by=system_account("ledger"), now=now, entered_by=table.by)
    # Less is not waited for. Another part of the system says yes: nobody answers themselves.
    # Where a mandatory report waits for its receipt nothing gets less.
    waiting = harm_rules.levels_that_wait([each.risk_level_id for each in made])
    free = [each for each in made if each.risk_level_id not in waiting]
    bulk_follow_classes(free, by=system_account("clock"), now=now)


def _is_classed_anew(changed: Match, case_file: CaseFile) -> bool:
    """Whether a field of the official scale says something else: what was decided is decided."""
    scale = POPULATIONS[case_file.population].official_scale
    return scale is not None and not set(scale.fields).isdisjoint(changed.changes)


def _write(
    rows: Sequence[LedgerRow], matches: Iterable[Match], *, is_applied: bool = False
) -> None:
    """What became of the rows, into the rows."""
    by_number = {row.number: row for row in rows}
    changed = []
    for each in matches:
        row = by_number[each.row.number]
        row.outcome = each.outcome
        row.problems = [_problem(problem) for problem in each.row.problems]
        row.changes = each.changes
        row.is_applied = is_applied and not each.row.is_refused
        row.case_file = each.case_file
        changed.append(row)
    LedgerRow.objects.bulk_update(changed, ("outcome", "body", "is_applied", "case_file"))


def _problem(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "reason": problem.reason, "hints": problem.hints}


@handles(Kind.INDEX.job, gettext_lazy("Change the index keys"))
def change_index_keys(run: Run) -> None:
    """Index everybody anew, district by district; until then the old key finds them."""
    scopes = rotations.index_scopes()
    after = run.checkpoint.get("after", "")
    done = run.done
    for scope in scopes:
        if scope <= after:
            continue
        district = scope.partition(":")[2]
        rotations.begin_index(scope)
        total = done + indexes.waiting(district)
        while True:
            with run.step():
                count = indexes.fill(district)
                done += count
                run.advance(done=done, total=max(done, total))
            if not count and indexes.swap(district):
                break
        # What was swapped is kept by now; the key from before finds nobody any more.
        rotations.retire_index_keys(scope)
        with run.step():
            run.advance(done=done, total=max(done, total), checkpoint={"after": scope})
    with run.step():
        record_finished(Kind.INDEX, count=len(scopes))


@handles(destructions.JOB, gettext_lazy("Destroy a file"))
def destroy_case_file(run: Run) -> None:
    """The steps that online work waits for; the keys above follow at night."""
    found = Destruction.objects.select_related("case_file").filter(number=run.object_number)
    destruction = found.first()
    if destruction is None or destruction.state != DestructionState.APPROVED:
        return
    with run.step():
        destructions.certify(destruction)
    destructions.note(destruction)
    # Not inside a step: a key that is gone must not come back with a rollback.
    shredding.destroy_keys(destructions.certified_owners(destruction))
    with run.step():
        destructions.empty(destruction)
    destructions.reseal(destruction)
    with run.step():
        destructions.finish(destruction, now=run.now())
