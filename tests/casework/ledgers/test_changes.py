"""A ledger that says something else than the files: shown first, corrected when confirmed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit import log
from audit.events import Event, Purpose
from audit.models import LoggedEvent
from casework.actions import ledgers
from casework.models import CaseFile, Ledger, Person
from casework.models.ledgers import LedgerRow, RowOutcome
from kpm.accounts.models import User
from kpm.excel import write_rows
from kpm.jobs.actions import enqueue
from kpm.jobs.models import Job
from risk_levels.models import Proposal
from tests.casework.ledgers.test_killed import NOW, somebody
from tests.casework.ledgers.test_ledgers import outcomes, work

pytestmark = pytest.mark.django_db
WEI: dict[str, str] = {
    "姓名": "魏旭",
    "身份证号码": "100711193512022794",
    "联系电话": "14552241789",
    "现居住地": "清溪镇枫林村",
    "详细地址": "19组29号",
    "居住方式": "独居",
    "是否特殊困难老年人": "否",
    "备注": "",
}
HEADINGS = list(WEI)
SHI = WEI | {"姓名": "史雅娟", "身份证号码": "100224194612052826", "联系电话": "16733628764"}


def handed_in(by: User, *rows: dict[str, str]) -> Ledger:
    data = write_rows("台账", HEADINGS, [[row[each] for each in HEADINGS] for row in rows])
    workbook = ledgers.read(SimpleUploadedFile("x.xlsx", data), "empty_nest_elder")
    ledger = ledgers.upload(population="empty_nest_elder", workbook=workbook, by=by, now=NOW)
    work()
    return ledger


def taken_in(by: User, *rows: dict[str, str]) -> Ledger:
    ledger = handed_in(by, *rows)
    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    work()
    return ledger


def opened(ledger: Ledger, by: User) -> list[LedgerRow]:
    with log.reading(
        by, event=Event.LEDGER_READ, purpose=Purpose.INTAKE, about=[ledger]
    ) as reading:
        return list(ledger.rows.order_by("number").opened("body", reading=reading))


def on_record(by: User, number: int = 0) -> tuple[Person, CaseFile]:
    case_file = CaseFile.objects.select_related("person", "unit").order_by("id")[number]
    with log.reading(
        by, event=Event.CASE_FILE_READ, purpose=Purpose.INTAKE, about=[case_file]
    ) as reading:
        opened_file = (
            CaseFile.objects.select_related("person", "unit")
            .opened("body", "person__head", "person__body", reading=reading)
            .get(pk=case_file.pk)
        )
    return opened_file.person, opened_file


def test_what_differs_is_named_and_corrected_once_confirmed() -> None:
    by = somebody()
    taken_in(by, WEI, SHI)
    changed = WEI | {
        "联系电话": "13900001111", "现居住地": "南塘乡塘头村", "居住方式": "双老", "备注": "常来",
    }  # fmt: skip
    ledger = handed_in(by, changed, SHI)
    first, second = opened(ledger, by)
    assert (first.outcome, second.outcome) == (RowOutcome.CHANGED, RowOutcome.SAME)
    assert sorted(first.changes) == ["living", "phone", "remark", "residence"]
    person, _file = on_record(by)
    assert person.phone == "14552241789"

    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    work()
    person, case_file = on_record(by)
    assert (person.phone, person.name, person.address) == ("13900001111", "魏旭", "19组29号")
    assert case_file.unit.name == "塘头村"
    assert (case_file.details["living"], case_file.remark) == ("couple", "常来")
    assert Person.history.count() == CaseFile.history.count() == 3
    events = set(LoggedEvent.objects.values_list("event", flat=True))
    assert {"person.changed", "case_file.changed"} <= events
    again = handed_in(by, changed, SHI)
    assert outcomes(again) == {RowOutcome.SAME: 2}


def test_an_empty_cell_takes_nothing_away() -> None:
    by = somebody()
    taken_in(by, WEI)
    silent = WEI | {"联系电话": "", "详细地址": "", "居住方式": ""}
    assert outcomes(handed_in(by, silent)) == {RowOutcome.SAME: 1}


def test_what_a_check_opens_is_written_down_and_the_job_ends_well() -> None:
    by = somebody()
    taken_in(by, WEI, SHI)
    before = LoggedEvent.objects.latest("id").id
    handed_in(by, WEI, SHI)
    since = LoggedEvent.objects.filter(id__gt=before)
    matched, read = (since.get(event=name).body for name in ("person.matched", "case_file.read"))
    assert '"f":["person.body","person.head"]' in matched
    assert '"f":["case_file.body"]' in read
    for case_file in CaseFile.objects.select_related("person"):
        assert case_file.person.log_reference in matched
        assert case_file.number in read
    assert set(Job.objects.values_list("state", "problem")) == {("done", "")}


def test_another_name_under_the_number_is_refused() -> None:
    by = somebody()
    taken_in(by, WEI)
    ledger = handed_in(by, WEI | {"姓名": "王某"})
    (row,) = opened(ledger, by)
    assert row.outcome == RowOutcome.REFUSED
    assert [(each["code"], each["reason"]) for each in row.problems] == [("name", "another_name")]


@pytest.mark.parametrize(
    ("row", "values", "field"),
    [
        (WEI, {"id_number": "100101194506070018"}, "id_number"),
        (WEI | {"身份证号码": ""}, {"phone": "13900002222"}, "phone"),
    ],
    ids=["id_number", "phone"],
)
def test_whom_an_index_finds_by_a_number_that_is_not_theirs_is_refused(
    row: dict[str, str], values: dict[str, str], field: str
) -> None:
    by = somebody()
    taken_in(by, row)
    person, _file = on_record(by)
    for name, value in values.items():
        setattr(person, name, value)
    # The indexes stay, as if somebody had moved them here.
    person.save_as(by=by)
    (found,) = opened(handed_in(by, row), by)
    assert found.outcome == RowOutcome.REFUSED
    assert [(each["code"], each["reason"]) for each in found.problems] == [
        (field, "another_number")
    ]
    assert LoggedEvent.objects.get(event="person.refused").subject == person.log_reference


def test_another_official_class_is_proposed_unless_something_waits() -> None:
    by = somebody()
    taken_in(by, WEI)
    assert Proposal.objects.count() == 1
    taken_in(by, WEI | {"是否特殊困难老年人": "是"})
    assert Proposal.objects.count() == 1
    waiting = Proposal.objects.get()
    waiting.withdraw(at=NOW)
    waiting.save_as(by=by)
    taken_in(by, WEI | {"是否特殊困难老年人": "否", "备注": "改"})
    assert Proposal.objects.count() == 2


def test_a_correction_that_is_refused_stays_with_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    from casework.actions import people
    from kpm.errors import Refused

    by = somebody()
    taken_in(by, WEI)

    def correct(**_more: Any) -> None:
        raise Refused("Not now.", field="phone")

    monkeypatch.setattr(people, "correct", correct)
    ledger = taken_in(by, WEI | {"联系电话": "13900001111"})
    (row,) = opened(ledger, by)
    assert [(each["code"], each["reason"]) for each in row.problems] == [("phone", "refused_now")]
    person, _file = on_record(by)
    assert person.phone == "14552241789"


def test_work_about_a_ledger_that_is_not_there_is_given_up() -> None:
    by = somebody()
    job = enqueue(ledgers.CHECK, "7K3MQ-9TX2A", by=by, now=NOW)
    work()
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.problem) == ("failed", "gone")


def test_work_that_was_done_already_does_nothing() -> None:
    by = somebody()
    ledger = taken_in(by, WEI)
    for kind in (ledgers.CHECK, ledgers.APPLY):
        enqueue(kind, ledger.number, by=by, now=NOW)
    work()
    assert CaseFile.objects.count() == 1
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
