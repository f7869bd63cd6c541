"""Ledgers as they arrive: the table is found, and exactly the faulty cells are refused."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from casework.sheets.rows import CheckedRow, Checker
from casework.sheets.tables import NotThisLedger, find_table
from casework.sheets.units import Villages
from kpm.accounts.models import Unit
from kpm.excel import read_rows
from kpm.management.demo.county import places
from risk_levels.populations import POPULATIONS

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 11, 24)
REASONS = {
    "contradicts the ID number": "contradicts_id_number",
    "check digit": "check_digit",
    "twice in the file": "twice_in_the_file",
    "no such date": "no_such_date",
    "missing": "missing",
    "not a phone number": "not_a_phone_number",
}
# So many of a population's own columns make a table its ledger.
OWN = ["自理能力", "能力等级", "健康状况", "子女姓名", "子女电话"]
HEADINGS = ["序号", "姓名", "性别", "身份证号码", "联系电话", "现居住地", "居住方式", *OWN]
GOOD = [1, "张三", "男", "100101195512310036", "13812345678", "石桥街道新桥社区", "独居"]


def villages() -> Villages:
    """Those of the county that the sample ledgers come from."""
    return Villages.of(Unit(code=each.code, name=each.name, level=each.level) for each in places())


def check(rows: list[list[Any]], population: str = "empty_nest_elder") -> list[CheckedRow]:
    """The rows of one sheet, checked."""
    kind = POPULATIONS[population]
    return Checker(kind, villages(), TODAY).check_all(find_table(rows, kind).rows)


def problems(row: CheckedRow) -> list[tuple[str, str]]:
    """What stands against a row, by field and reason."""
    return [(each.code, each.reason) for each in row.problems]


def one(**cells: Any) -> CheckedRow:
    """A good row with some cells written differently."""
    row = dict.fromkeys(HEADINGS) | dict(zip(HEADINGS[:7], GOOD, strict=True)) | cells
    return check([list(row), list(row.values())])[0]


@pytest.mark.parametrize("population", sorted(POPULATIONS))
def test_of_each_sample_ledger_exactly_the_faulty_cells_are_refused(population: str) -> None:
    expected = json.loads((DATA / f"ledger_{population}.expected.json").read_text("utf-8"))
    kind = POPULATIONS[population]
    table = find_table(read_rows((DATA / f"ledger_{population}.xlsx").read_bytes()).rows, kind)
    rows = Checker(kind, villages(), TODAY).check_all(table.rows)
    found = [
        (int(row.serial), table.heading(each.code), each.reason)
        for row in rows
        for each in row.problems
    ]
    assert found == [
        (each["serial"], each["column"], REASONS[each["reason"]]) for each in expected["refused"]
    ]
    assert len(rows) == expected["rows"]
    assert sum(not row.is_refused for row in rows) == expected["accepted"]
    assert table.unknown == ()


def test_headings_are_found_in_any_order_below_titles_and_with_hints() -> None:
    title = ["某县台账", *[None] * 6]
    headings = ["居住方式(独居/双老/其他)", "姓 名*", "居住地", "身份证号", "手机", "性别", "No."]
    row = ["独居", "张三", "新桥社区", "100101195512310036", "13812345678", "男", 1]
    (found,) = check([title, [None] * 7, [*headings, *OWN], row])
    assert problems(found) == []
    assert found.details == {"living": "alone"}
    assert found.unit_code == "100122001001"


def test_notes_blank_rows_and_repeated_headings_are_nobody() -> None:
    note = ["填表说明:每月报送", *[None] * 6]
    preprinted = [7, *[None] * 6]
    assert len(check([HEADINGS, GOOD, [None] * 7, preprinted, HEADINGS, note])) == 1


def test_another_table_is_said_to_be_none() -> None:
    with pytest.raises(NotThisLedger) as refused:
        find_table([["日期", "金额"], ["2026-01-01", 3]], POPULATIONS["drug"])
    assert refused.value.missing == ("姓名", "现居住地")


def test_who_somebody_is_does_not_make_a_table_the_ledger_of_a_group() -> None:
    with pytest.raises(NotThisLedger) as refused:
        find_table([HEADINGS, GOOD], POPULATIONS["drug"])
    assert refused.value.lacking[0] == "措施类型"
    looks_like = refused.value.looks_like
    assert looks_like is not None
    assert looks_like.population.code == "empty_nest_elder"
    assert looks_like.signs[:2] == ("居住方式", "自理能力")


def test_half_of_its_own_columns_are_enough_and_fewer_are_not() -> None:
    assert find_table([HEADINGS, GOOD], POPULATIONS["empty_nest_elder"]).rows
    with pytest.raises(NotThisLedger):
        find_table([HEADINGS[:-1], GOOD], POPULATIONS["empty_nest_elder"])


def test_a_phone_and_a_name_that_stand_twice_are_one_person_without_an_id_number() -> None:
    nameless = [2, GOOD[1], "男", None, *GOOD[4:]]
    another = [3, "张四", "男", None, *GOOD[4:]]
    first, second, third = check([HEADINGS, GOOD, nameless, another])
    assert problems(first) == problems(third) == []
    assert problems(second) == [("phone", "twice_in_the_file")]


def test_an_id_number_that_excel_took_for_a_number_is_refused_and_not_repaired() -> None:
    assert problems(one(身份证号码=1.00101195512310e17)) == [("id_number", "typed_as_number")]


def test_full_width_digits_and_country_codes_are_read() -> None:
    row = one(身份证号码="１００１０１１９５５１２３１００３６", 联系电话="+86 138-1234-5678")
    assert row.identity["id_number"] == "100101195512310036"
    assert row.identity["phone"] == "13812345678"
    assert row.identity["birth_on"] == date(1955, 12, 31)


def test_a_phone_that_excel_took_for_a_number_is_read() -> None:
    assert one(联系电话=13812345678.0).identity["phone"] == "13812345678"


@pytest.mark.parametrize(
    ("column", "value", "code", "reason"),
    [
        ("姓名", " ", "name", "missing"),
        ("姓名", "张" * 51, "name", "too_long"),
        ("性别", "女", "sex", "contradicts_id_number"),
        ("性别", "甲", "sex", "not_a_choice"),
        ("居住方式", "船上", "living", "not_a_choice"),
        ("联系电话", "138001", "phone", "not_a_phone_number"),
        ("现居住地", "石桥街道新乔社区", "residence", "no_such_unit"),
        ("现居住地", None, "residence", "missing"),
    ],
)
def test_a_faulty_cell_is_named_with_its_reason(
    column: str, value: Any, code: str, reason: str
) -> None:
    (problem,) = one(**{column: value}).problems
    assert (problem.code, problem.reason) == (code, reason)
    assert problem.words
    assert problem.fix


def test_an_unknown_village_is_answered_with_the_nearest() -> None:
    (problem,) = one(现居住地="石桥街道新乔社区").problems
    assert "石桥街道新桥社区" in problem.fix


def test_the_second_row_with_one_id_number_is_refused_and_names_the_first() -> None:
    first, second = check([HEADINGS, GOOD, GOOD])
    assert problems(first) == []
    assert problems(second) == [("id_number", "twice_in_the_file")]
    assert "2" in second.problems[0].fix


def test_an_age_must_fit_the_date_of_birth() -> None:
    headings = [*HEADINGS[:7], "年龄", *OWN]
    nameless = [2, "张四", "男", None, *GOOD[4:], "abc"]
    first, second = check([headings, [*GOOD, "70岁"], nameless])
    assert problems(first) == []
    assert problems(second) == []
    assert problems(check([headings, [*GOOD, 50]])[0]) == [("age", "contradicts_id_number")]
    assert problems(check([headings, [*GOOD, "abc"]])[0]) == [("age", "not_a_number")]


def test_a_birth_in_the_future_is_refused() -> None:
    rows = [[*HEADINGS[:7], "出生日期", *OWN], [1, "张三", "男", None, *GOOD[4:], "2030-01-01"]]
    assert problems(check(rows)[0]) == [("birth_on", "in_the_future")]


def test_villages_are_found_by_every_way_to_write_them() -> None:
    for name in (
        "新桥社区",
        "石桥街道 新桥社区",
        "云溪县石桥街道新桥社区",
        "江州市云溪县石桥街道/新桥社区",
    ):
        unit = villages().find(name)
        assert unit is not None
        assert unit.code == "100122001001"
    assert villages().find("石桥街道") is None
