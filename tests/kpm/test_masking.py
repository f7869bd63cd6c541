"""Masking: what a page may show of a name, a number, a phone, an address, an age."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpm import masking


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("张三", "张*"),
        ("张小三", "张**"),
        ("陈李小明", "陈***"),
        ("欧阳娜", "欧阳*"),
        ("欧阳娜娜", "欧阳**"),
        ("諸葛亮", "諸葛*"),
        # A compound surname alone may be a surname and a given name: never shown whole.
        ("东方", "东*"),
        ("阿卜杜拉·买买提", "阿**·**"),
        ("阿卜杜拉•买买提", "阿**·**"),
        ("古丽・艾山・克里木", "古**·**·**"),
        ("张 三", "张*"),
        ("张\u3000三", "张*"),
        ("𮧵小明", "𮧵**"),
        ("㛃䶮", "㛃*"),
        ("葛\U000e0100明", "葛*"),
        ("Maria Silva", "M***"),
        ("张", "*"),
        ("", ""),
    ],
)
def test_a_name_shows_its_surname_only(value: str, shown: str) -> None:
    assert masking.name(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("100101198001010019", "1****************9"),
        ("１００１０１１９８００１０１００１９", "1****************9"),
        ("10010119750520009x", "1****************x"),
        ("110105491231002", "1*************2"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_an_id_number_shows_its_ends_only(value: str, shown: str) -> None:
    assert masking.id_number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("13812341234", "1**********"),
        ("138 1234 1234", "1**********"),
        ("+8613812341234", "1**********"),
        ("0512-65551234", "0***********"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_a_phone_shows_its_first_digit_only(value: str, shown: str) -> None:
    assert masking.phone(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            "江苏省苏州市姑苏区金阊街道养育巷社区12号楼3单元501室",
            "江苏省苏州市姑苏区金阊街道养育巷社区***",
        ),
        ("青禾县柳林镇先锋村3组12号", "青禾县柳林镇先锋村***"),
        ("柳林镇先锋村村民委员会东侧", "柳林镇先锋村***"),
        ("北京市海淀区中关村街道科源社区7号", "北京市海淀区中关村街道科源社区***"),
        ("柳林镇李家村路12号", "柳林镇***"),
        ("朝阳区建国路12号", "朝阳区***"),
        ("幸福小区5栋", "***"),
        ("318国道旁先锋村", "***"),
        ("", ""),
    ],
)
def test_an_address_stops_at_the_village(value: str, shown: str) -> None:
    assert masking.address(value) == shown


@pytest.mark.parametrize(
    ("born_on", "band"),
    [
        (date(2024, 1, 1), "0–5"),
        (date(2013, 1, 1), "6–13"),
        # On the birthday itself the year is not full yet.
        (date(2012, 11, 23), "14–17"),
        (date(2012, 11, 24), "6–13"),
        (date(2008, 11, 24), "14–17"),
        (date(2008, 11, 23), "18–29"),
        (date(1950, 1, 1), "70–79"),
        (date(1936, 12, 1), "80–89"),
        (date(1930, 1, 1), "90+"),
        (date(1956, 2, 29), "70–79"),
    ],
)
def test_an_age_is_a_band(born_on: date, band: str) -> None:
    assert masking.age_band(born_on, date(2026, 11, 24)) == band


def test_an_unknown_kind_is_a_mistake_and_not_a_value() -> None:
    with pytest.raises(KeyError):
        masking.masked("张三", "nickname")


def test_a_missing_value_stays_empty() -> None:
    assert [masking.masked(None, kind) for kind in masking.KINDS] == [""] * len(masking.KINDS)


def test_what_has_no_shape_shows_only_that_it_is_there() -> None:
    assert masking.masked("anything", "hidden") == "***"


@given(st.text(min_size=1), st.sampled_from(sorted(masking.KINDS)))
def test_no_value_comes_through_whole(value: str, kind: str) -> None:
    shown = masking.masked(value, kind)
    assert shown != value or set(shown) <= {"*"}


@given(st.text("0123456789号栋村社区镇县路", min_size=1, max_size=20))
def test_an_address_never_shows_a_digit(value: str) -> None:
    assert not any(sign.isdigit() for sign in masking.address(value))
