"""ID numbers, phones and dates as ledgers write them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from casework.identity import (
    FormatError,
    parse_date,
    parse_id_number,
    parse_phone,
)

VALID = (
    ("11010519491231002X", date(1949, 12, 31), 2),
    ("360426199101010071", date(1991, 1, 1), 1),
    ("120103198806018241", date(1988, 6, 1), 2),
    # Its county was abolished; the number stays good.
    ("230306196304054513", date(1963, 4, 5), 1),
)
SYNTHETIC = (
    ("100101198001010019", date(1980, 1, 1), 1),
    ("100101201602290049", date(2016, 2, 29), 2),
    ("100101195512310036", date(1955, 12, 31), 1),
    ("100101201406150049", date(2014, 6, 15), 2),
    ("100101199003074379", date(1990, 3, 7), 1),
    ("10010119750520009X", date(1975, 5, 20), 1),
)


@pytest.fixture(autouse=True)
def _synthetic_numbers(settings):
    settings.KPM_SYNTHETIC_ID_NUMBERS = True


def numbered(stem: str) -> str:
    return stem + ric.calc_check_digit(stem + "0")


@pytest.mark.parametrize(("number", "birth_on", "sex"), VALID + SYNTHETIC)
def test_a_good_number_tells_the_day_of_birth_and_the_sex(number, birth_on, sex):
    assert parse_id_number(number) == (number, birth_on, sex)


@pytest.mark.parametrize(
    "written",
    [
        "１１０１０５１９４９１２３１００２Ｘ",
        " 11010519491231002x ",
        "110105 19491231 002X",
        "110105-19491231-002X",
        "11010519491231002X\u200b",
        "110105\u300019491231002X",
    ],
)
def test_a_number_is_read_however_it_was_typed(written):
    assert parse_id_number(written).value == "11010519491231002X"


def test_fifteen_digits_of_before_1999_become_eighteen():
    assert parse_id_number("110105491231002").value == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("360426199101010072", "check_digit"),
        ("230307196304054513", "check_digit"),
        (numbered("36042620150229007"), "no_such_date"),
        (numbered("36042618790101007"), "no_such_date"),
        (numbered("99042620151329007"), "no_such_date"),
        ("3604261991010100", "not_18_digits"),
        ("36042619910101007A", "not_18_digits"),
        ("36042619910101X071", "not_18_digits"),
        ("", "not_18_digits"),
        (None, "not_18_digits"),
        ("٣٦٠٤٢٦١٩٩١٠١٠١٠٠٧١", "not_18_digits"),
        (numbered("16042619910101007"), "unassigned_area"),
        (numbered("00042619910101007"), "unassigned_area"),
    ],
)
def test_a_bad_number_is_refused_with_the_reason(number, reason):
    with pytest.raises(FormatError, match=f"^{reason}$") as caught:
        parse_id_number(number)
    assert caught.value.reason == reason


@pytest.mark.parametrize("number", [number for number, _, _ in SYNTHETIC])
def test_invented_numbers_pass_only_where_people_are_invented(number, settings):
    settings.KPM_SYNTHETIC_ID_NUMBERS = False

    with pytest.raises(FormatError, match="unassigned_area"):
        parse_id_number(number)


@pytest.mark.parametrize("area", ["810000", "820000", "830000", "911156"])
def test_residence_permits_and_cards_of_foreigners_are_numbers_too(area):
    number = numbered(f"{area}19900307437")

    assert parse_id_number(number).value == number


@given(st.text(max_size=24))
def test_any_text_is_read_or_refused(text):
    for parse in (parse_id_number, parse_phone, parse_date):
        try:
            parse(text)
        except FormatError as refusal:
            assert refusal.reason.isidentifier()  # noqa: PT017 both ways are right


@given(st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place, shift):
    number = "360426199101010071"
    wrong = str((int(number[place]) + shift) % 10)

    with pytest.raises(FormatError):
        parse_id_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("13812345678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("0086-138-1234-5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        (13812345678, "13812345678"),
        ("0512-65123456", "051265123456"),
        ("(010) 6512 3456", "01065123456"),
        ("6512345", "6512345"),
    ],
)
def test_a_phone_number_is_read_however_it_was_typed(written, phone):
    assert parse_phone(written) == phone


@pytest.mark.parametrize("text", ["", None, "12812345678", "1381234567", "1234567", "无", "119"])
def test_what_is_no_phone_number_is_refused(text):
    with pytest.raises(FormatError, match="not_a_phone_number"):
        parse_phone(text)


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-05",
        "2024/1/5",
        "2024.01.05",
        "2024年1月5日",
        " ２０２４年１月５日 ",
        "2024年 1月 5日",
        "20240105",
        20240105,
        20240105.0,
        45296,
        45296.0,
        "45296",
        45296.75,
        "2024-01-05 00:00:00",
        date(2024, 1, 5),
        datetime(2024, 1, 5, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai")),
    ],
)
def test_a_date_is_read_however_it_was_typed(written):
    assert parse_date(written) == date(2024, 1, 5)


@pytest.mark.parametrize("written", ["2024-1", "2024年1月", "2024/01", "2024.1"])
def test_a_month_alone_is_its_first_day(written):
    assert parse_date(written) == date(2024, 1, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-02-30", "no_such_date"),
        ("20241301", "no_such_date"),
        ("0000-01-01", "no_such_date"),
        ("1996", "no_such_date"),
        (0, "no_such_date"),
        ("999999", "no_such_date"),
        ("", "not_a_date"),
        (None, "not_a_date"),
        ("tomorrow", "not_a_date"),
        ("2024-01-05 10:30", "not_a_date"),
        ("-45296", "not_a_date"),
    ],
)
def test_what_is_no_date_is_refused_with_the_reason(text, reason):
    with pytest.raises(FormatError, match=f"^{reason}$"):
        parse_date(text)
