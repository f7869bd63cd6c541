"""A ledger that says something else than the files: shown first, corrected when confirmed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit import log
from audit.bodies import NotLoggable
from audit.events import Event, Purpose
from audit.models import LoggedEvent, Subject
from casework.actions import ledgers, people
from casework.models import CaseFile, Ledger, Person
from casework.models.ledgers import LedgerRow, RowOutcome
from kpm.accounts.models import User
from kpm.errors import Refused
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
    "自理能力": "",
    "能力等级": "",
    "健康状况": "",
    "子女姓名": "",
    "子女电话": "",
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


def test_looking_at_people_on_record_is_in_the_log_at_the_first_attempt() -> None:
    by = somebody()
    taken_in(by, WEI, SHI)
    before = LoggedEvent.objects.count()
    ledger = handed_in(by, WEI, SHI)
    job = Job.objects.latest_for(ledgers.CHECK, ledger.number)
    assert job is not None
    assert (job.state, job.attempt, job.problem) == ("done", 1, "")
    seen = LoggedEvent.objects.filter(id__gt=before).values_list("event", "outcome")
    assert ("person.matched", "ok") in seen
    assert ("case_file.read", "ok") in seen
    for model in (Person, CaseFile):
        for thing in model.objects.all():
            assert Subject.objects.filter(event_id__gt=before, subject=thing.log_reference).exists()


def test_rows_that_could_not_be_compared_in_writing_stay_unchecked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by = somebody()
    taken_in(by, WEI)

    def unloggable(_reading: log.Reading) -> None:
        raise NotLoggable("An event is about things of one kind.")

    real = log.Reading.close
    monkeypatch.setattr(
        log.Reading,
        "close",
        lambda each: unloggable(each) if each._event == Event.PERSON_MATCHED else real(each),
    )
    ledger = handed_in(by, WEI)
    assert outcomes(ledger) == {RowOutcome.WAITING: 1}
    job = Job.objects.latest_for(ledgers.CHECK, ledger.number)
    assert job is not None
    assert (job.state, job.problem) == ("waiting", "NotLoggable")


def test_what_differs_is_named_and_corrected_once_confirmed() -> None:
    by = somebody()
    taken_in(by, WEI, SHI)
    changed = WEI | {
        "联系电话": "13900001111",
        "现居住地": "南塘乡塘头村",
        "居住方式": "双老",
        "备注": "常来",
    }
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


NAMELESS = WEI | {"身份证号码": ""}
HUSBAND = NAMELESS | {"姓名": "史建国"}


def reasons(ledger: Ledger, by: User) -> list[list[tuple[str, str]]]:
    """What stands against each row."""
    rows = opened(ledger, by)
    return [[(each["code"], each["reason"]) for each in row.problems] for row in rows]


def test_a_couple_with_one_phone_and_no_id_number_is_taken_in_once() -> None:
    by = somebody()
    taken_in(by, NAMELESS, HUSBAND)
    for _again in range(2):
        assert outcomes(handed_in(by, NAMELESS, HUSBAND)) == {RowOutcome.SAME: 2}
    # One after the other as well, and in the other order.
    assert outcomes(handed_in(by, HUSBAND)) == {RowOutcome.SAME: 1}
    assert Person.objects.count() == 2


def test_a_row_that_stands_twice_without_an_id_number_is_one_person() -> None:
    by = somebody()
    ledger = taken_in(by, NAMELESS, NAMELESS, WEI)
    assert reasons(ledger, by) == [
        [],
        [("phone", "twice_in_the_file")],
        [("phone", "twice_in_the_file")],
    ]
    assert Person.objects.count() == 1
    assert outcomes(handed_in(by, NAMELESS)) == {RowOutcome.SAME: 1}


def test_a_phone_that_several_share_is_nobody_new_without_a_name_that_fits() -> None:
    by = somebody()
    taken_in(by, NAMELESS, HUSBAND)
    ledger = handed_in(by, NAMELESS | {"姓名": "史小妹"})
    assert reasons(ledger, by) == [[("phone", "phone_of_another")]]
    assert Person.objects.count() == 2


@pytest.mark.parametrize("step", [1, 2, 200])
def test_the_outcome_does_not_depend_on_where_a_step_ends(
    monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr("casework.handlers.STEP", step)
    by = somebody()
    rows = (SHI, NAMELESS, HUSBAND, NAMELESS | {"姓名": "史小妹"}, HUSBAND)
    ledger = taken_in(by, *rows)
    assert outcomes(ledger) == {RowOutcome.NEW: 4, RowOutcome.REFUSED: 1}
    assert outcomes(handed_in(by, *rows)) == {RowOutcome.SAME: 4, RowOutcome.REFUSED: 1}
    assert Person.objects.count() == 4


def test_one_refusal_does_not_turn_against_the_family_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by = somebody()
    ledger = handed_in(by, SHI, NAMELESS, HUSBAND)
    really = people.admit_many

    def admit_many(*, admissions: Any, **more: Any) -> Any:
        if any(each.id_number for each in admissions):
            raise Refused("Somebody was quicker.")
        return really(admissions=admissions, **more)

    monkeypatch.setattr(people, "admit_many", admit_many)
    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    work()
    assert outcomes(ledger) == {RowOutcome.NEW: 2, RowOutcome.REFUSED: 1}


def test_an_id_number_is_added_to_whoever_had_none() -> None:
    by = somebody()
    taken_in(by, NAMELESS)
    ledger = taken_in(by, WEI)
    (row,) = opened(ledger, by)
    assert sorted(row.changes) == ["birth_on", "id_number", "sex"]
    person, _file = on_record(by)
    assert person.id_number == WEI["身份证号码"]
    assert outcomes(handed_in(by, WEI)) == {RowOutcome.SAME: 1}
    assert outcomes(handed_in(by, NAMELESS)) == {RowOutcome.SAME: 1}


def test_two_rows_that_mean_one_file_are_one_row_too_many() -> None:
    by = somebody()
    taken_in(by, WEI)
    moved = WEI | {"联系电话": "13900001111"}
    ledger = handed_in(by, moved, NAMELESS)
    assert reasons(ledger, by) == [[], [("name", "twice_in_the_file")]]


def test_whoever_is_described_otherwise_meanwhile_is_not_taken_for_new() -> None:
    by = somebody()
    taken_in(by, NAMELESS)
    ledger = handed_in(by, NAMELESS | {"备注": "常来"})
    assert outcomes(ledger) == {RowOutcome.CHANGED: 1}
    _person, case_file = on_record(by)
    people.correct(
        case_file=case_file,
        identity={"phone": "13900001111"},
        details={},
        unit=case_file.unit,
        by=by,
        today=NOW.date(),
    )
    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    work()
    assert outcomes(ledger) == {RowOutcome.REFUSED: 1}
    assert Person.objects.count() == 1


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


def test_what_was_answered_is_not_proposed_again_with_every_other_change() -> None:
    by = somebody()
    taken_in(by, WEI)
    waiting = Proposal.objects.get()
    waiting.withdraw(at=NOW)
    waiting.save_as(by=by)
    taken_in(by, WEI | {"备注": "常来"})
    assert Proposal.objects.count() == 1


ILL = {
    "姓名": "魏旭",
    "身份证号码": "100711193512022794",
    "联系电话": "14552241789",
    "现居住地": "清溪镇枫林村",
    "病情分类": "不稳定",
    "危险性评估": "",
    "评估日期": "2026-11-20",
    "评估医生": "王医生",
    "监护人姓名": "",
}


def test_the_class_is_that_of_the_file_and_not_of_the_row() -> None:
    by = somebody()

    def brought(**change: str) -> None:
        row = ILL | change
        data = write_rows("台账", list(row), [list(row.values())])
        workbook = ledgers.read(SimpleUploadedFile("x.xlsx", data), "mental_disorder")
        ledger = ledgers.upload(population="mental_disorder", workbook=workbook, by=by, now=NOW)
        work()
        ledgers.confirm(ledger=ledger, by=by, now=NOW)
        work()

    brought()
    waiting = Proposal.objects.get()
    assert waiting.to_level == "red"
    waiting.withdraw(at=NOW)
    waiting.save_as(by=by)
    # "Unstable" is on record and still holds: the harmless answer beside it does not hide it.
    brought(病情分类="", 危险性评估="0", 评估日期="", 评估医生="")
    assert [each.to_level for each in Proposal.objects.order_by("id")] == ["red", "red"]


def test_a_correction_that_is_refused_stays_with_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
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
