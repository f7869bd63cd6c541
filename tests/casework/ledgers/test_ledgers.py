"""Ledgers from upload to the last file: nothing twice, nothing half, nothing of others."""

import io
import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from casework.actions import ledgers
from casework.models import CaseFile, Ledger, Person
from casework.models.ledgers import LedgerState, RowOutcome
from kpm.accounts.models import Unit, User
from kpm.errors import Refused
from kpm.excel import write_rows
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.management.demo.county import places
from kpm.permissions import Role
from risk_levels.models import Proposal
from tests.factories import make_user

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Asia/Shanghai"))

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisor() -> User:
    """Somebody who supervises the county of the sample ledgers."""
    made: dict[str, Unit] = {}
    for place in places():
        made[place.code] = Unit(
            code=place.code,
            name=place.name,
            level=place.level,
            parent=made[place.parent] if place.parent else None,
            district=place.code[:6],
        )
        made[place.code].save_as(by=None)
    return make_user(Role.SUPERVISOR, unit=made["100122000000"])


def workbook(population: str = "empty_nest_elder") -> SimpleUploadedFile:
    """A sample ledger."""
    path = DATA / f"ledger_{population}.xlsx"
    return SimpleUploadedFile(path.name, path.read_bytes())


def work() -> None:
    """Let the worker do what waits."""
    worker = Worker(around=in_the_log, clock=lambda: NOW)
    while worker.run_job():
        pass


def uploaded(by: User, population: str = "empty_nest_elder") -> Ledger:
    """A sample ledger, uploaded and checked."""
    read = ledgers.read(workbook(population), population)
    ledger = ledgers.upload(population=population, workbook=read, by=by, now=NOW)
    work()
    ledger.refresh_from_db()
    return ledger


def taken_in(by: User, population: str = "empty_nest_elder") -> Ledger:
    """A sample ledger, gone all the way through."""
    ledger = uploaded(by, population)
    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    work()
    ledger.refresh_from_db()
    return ledger


def outcomes(ledger: Ledger) -> dict[str, int]:
    """How many rows of each outcome."""
    found = dict.fromkeys(RowOutcome.values, 0)
    for row in ledger.rows.all():
        found[row.outcome] += 1
    return {outcome: count for outcome, count in found.items() if count}


def test_a_ledger_is_checked_and_nothing_is_taken_in_before_somebody_says_so(
    supervisor: User,
) -> None:
    ledger = uploaded(supervisor)
    assert ledger.state == LedgerState.CHECKED
    assert outcomes(ledger) == {RowOutcome.NEW: 113, RowOutcome.REFUSED: 7}
    assert not Person.objects.exists()


def test_a_confirmed_ledger_becomes_people_files_and_proposals(supervisor: User) -> None:
    ledger = taken_in(supervisor)
    assert ledger.state == LedgerState.APPLIED
    assert Person.objects.count() == CaseFile.objects.count() == 113
    assert ledger.rows.filter(is_applied=True).count() == 113
    proposals = Proposal.objects.all()
    assert len(proposals) == 113
    assert {each.state for each in proposals} == {"submitted"}
    assert {each.proposer.log_reference for each in proposals} == {"s:ledger"}
    assert {each.entered_by for each in proposals} == {supervisor}
    assert {each.risk_level.level for each in CaseFile.objects.all()} == {"ungraded"}


def test_a_second_upload_changes_nothing(supervisor: User) -> None:
    taken_in(supervisor)
    before = sorted(CaseFile.objects.values_list("number", "body"))
    second = uploaded(supervisor)
    assert outcomes(second) == {RowOutcome.SAME: 113, RowOutcome.REFUSED: 7}
    # Nobody has to say yes to nothing.
    assert second.state == LedgerState.UNCHANGED
    with pytest.raises(Refused):
        ledgers.confirm(ledger=second, by=supervisor, now=NOW)
    work()
    assert sorted(CaseFile.objects.values_list("number", "body")) == before
    assert Proposal.objects.count() == 113


def test_two_identical_uploads_at_once_make_one_set_of_files(supervisor: User) -> None:
    first, second = uploaded(supervisor), uploaded(supervisor)
    for ledger in (first, second):
        ledgers.confirm(ledger=ledger, by=supervisor, now=NOW)
    work()
    assert CaseFile.objects.count() == 113
    assert outcomes(second) == {RowOutcome.SAME: 113, RowOutcome.REFUSED: 7}


@pytest.mark.parametrize(
    "population",
    ["community_correction", "drug", "left_behind_child", "mental_disorder", "released"],
)
def test_the_ledgers_of_the_other_populations_go_through_as_well(
    supervisor: User, population: str
) -> None:
    expected = json.loads((DATA / f"ledger_{population}.expected.json").read_text("utf-8"))
    ledger = taken_in(supervisor, population)
    assert CaseFile.objects.count() == expected["accepted"]
    assert ledger.state == LedgerState.APPLIED


def test_people_of_another_supervisor_are_only_ever_already_known(supervisor: User) -> None:
    taken_in(supervisor)
    other = make_user(
        Role.SUPERVISOR, unit=Unit.objects.get(code="100122000000"), populations=["drug"]
    )
    rows = list(workbook_rows())
    assert rows
    read = ledgers.read(as_drug_ledger(rows), "drug")
    ledger = ledgers.upload(population="drug", workbook=read, by=other, now=NOW)
    work()
    assert outcomes(ledger) == {RowOutcome.REFUSED: len(rows)}


def test_a_worker_imports_no_ledger(supervisor: User) -> None:
    worker = make_user(Role.SOCIAL_WORKER)
    read = ledgers.read(workbook(), "empty_nest_elder")
    with pytest.raises(Refused):
        ledgers.upload(population="empty_nest_elder", workbook=read, by=worker, now=NOW)
    assert not Ledger.objects.exists()


def test_a_ledger_of_another_population_is_told_by_its_headings(supervisor: User) -> None:
    junk = SimpleUploadedFile("x.xlsx", b"junk" * 100)
    with pytest.raises(Refused) as refused:
        ledgers.read(junk, "drug")
    assert refused.value.field == "workbook"


@pytest.mark.parametrize("population", ["drug", "left_behind_child", "released"])
def test_the_ledger_of_elders_is_taken_for_no_other(supervisor: User, population: str) -> None:
    with pytest.raises(Refused) as refused:
        ledgers.read(workbook(), population)
    assert refused.value.field == "workbook"
    words = str(refused.value)
    assert "looks more like a ledger of the group “Empty-nest elders”" in words
    assert "居住方式、自理能力" in words
    assert not Ledger.objects.exists()


def test_what_looks_like_no_ledger_at_all_names_what_is_missing(supervisor: User) -> None:
    people = write_rows(
        "表", ["姓名", "性别", "联系电话", "现居住地"], [["张三", "男", "13812345678", "枫林村"]]
    )
    book = SimpleUploadedFile("x.xlsx", people)
    with pytest.raises(Refused, match="Fewer than half of this group's own columns") as refused:
        ledgers.read(book, "drug")
    assert "措施类型、" in str(refused.value)


def test_a_discarded_ledger_leaves_nothing_of_its_rows(supervisor: User) -> None:
    ledger = uploaded(supervisor)
    ledgers.discard(ledger=ledger, by=supervisor, now=NOW)
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.DISCARDED
    assert not ledger.rows.exists()


def test_a_ledger_that_is_stuck_can_be_discarded(supervisor: User) -> None:
    read = ledgers.read(workbook(), "empty_nest_elder")
    ledger = ledgers.upload(population="empty_nest_elder", workbook=read, by=supervisor, now=NOW)
    ledgers.discard(ledger=ledger, by=supervisor, now=NOW)
    work()
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.DISCARDED
    assert not ledger.rows.exists()


def test_nobody_confirms_twice_or_for_somebody_else(supervisor: User) -> None:
    ledger = uploaded(supervisor)
    with pytest.raises(Refused):
        ledgers.confirm(ledger=ledger, by=make_user(Role.SUPERVISOR), now=NOW)
    ledgers.confirm(ledger=ledger, by=supervisor, now=NOW)
    with pytest.raises(Refused):
        ledgers.confirm(ledger=ledger, by=supervisor, now=NOW)


def workbook_rows() -> list[list[str]]:
    """Three of the elders, by name and number."""
    return [
        ["魏旭", "100711193512022794", "14552241789", "清溪镇枫林村"],
        ["史雅娟", "100224194612052826", "16733628764", "清溪镇枫林村"],
    ]


def as_drug_ledger(rows: list[list[str]]) -> SimpleUploadedFile:
    """The same people in another population's table."""
    book = openpyxl.Workbook()
    sheet = book.active
    own = ["措施类型", "决定日期", "报到日期", "期满日期", "风险等级"]
    sheet.append(["姓名", "身份证号码", "联系电话", "现居住地", *own])
    for row in rows:
        sheet.append([*row, "", "", "", "", "低"])
    stream = io.BytesIO()
    book.save(stream)
    return SimpleUploadedFile("drug.xlsx", stream.getvalue())
