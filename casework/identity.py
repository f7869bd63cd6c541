"""ID numbers, phones and dates as people and spreadsheets write them; pure."""

import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from stdnum.cn import ric

# Provinces of GB/T 2260 and the codes of the residence permits for Hong Kong, Macao and Taiwan.
# Counties are not looked up: the code is where somebody was first registered, often long abolished.
PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
# Foreigners' permanent residence cards: 9, the place, the country, the day of birth ...
FOREIGNERS = "9"
# Area 10 is assigned to nobody, so these numbers cannot belong to a real person.
SYNTHETIC = "10"

ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
LEGACY_ID_NUMBER = re.compile(r"[0-9]{15}")
MOBILE = re.compile(r"1[3-9][0-9]{9}")
LANDLINE = re.compile(r"(0[0-9]{2,3})?([2-9][0-9]{6,7})")
# Blanks and every kind of dash, underscore or dot that people put between digits.
SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212_.\u00b7]+")
PHONE_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212()./]+")
DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})(?:[-/.月]([0-9]{1,2})日?|月)?")
COMPACT_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
SERIAL = re.compile(r"[0-9]{1,6}(\.[0-9]+)?")
# Day 0 of spreadsheets, shifted by their day 60, the 29 February 1900 that never was.
SERIAL_ZERO = date(1899, 12, 30)
# 1910-01-01 to 2199-12-31: below it a bare year, such as 1996, would pass for a day.
SERIALS = range(3_654, 109_574)
EARLIEST = date(1880, 1, 1)


class FormatError(ValueError):
    """A value that is not what it should be; `reason` is a code, never the value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IdNumber(NamedTuple):
    """An ID number that passed every check; sex in the codes of GB/T 2261.1."""

    value: str
    birth_on: date
    sex: int


def plain(text: object) -> str:
    """Full-width signs folded, invisible marks and outer blanks gone."""
    folded = unicodedata.normalize("NFKC", str(text if text is not None else ""))
    return "".join(c for c in folded if unicodedata.category(c) != "Cf").strip()


def parse_id_number(text: object) -> IdNumber:
    """An ID number of GB 11643, eighteen digits or the fifteen of before 1999."""
    number = SEPARATORS.sub("", plain(text)).upper()
    if LEGACY_ID_NUMBER.fullmatch(number):
        number = f"{number[:6]}19{number[6:]}"
        number += ric.calc_check_digit(number + "0")
    if not ID_NUMBER.fullmatch(number):
        raise FormatError("not_18_digits")
    if not is_assigned(number):
        raise FormatError("unassigned_area")
    try:
        birth_on = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError:
        raise FormatError("no_such_date") from None
    if birth_on < EARLIEST:
        raise FormatError("no_such_date")
    if number[-1] != ric.calc_check_digit(number):
        raise FormatError("check_digit")
    return IdNumber(number, birth_on, 1 if int(number[16]) % 2 else 2)


def is_assigned(number: str) -> bool:
    """Whether numbers of this area are given to people here."""
    area = number[:2]
    if area == SYNTHETIC:
        return bool(settings.KPM_SYNTHETIC_ID_NUMBERS)
    return bool(PROVINCE.fullmatch(area)) or area.startswith(FOREIGNERS)


def parse_phone(text: object) -> str:
    """A mobile or landline number, digits only, without the country code."""
    number = PHONE_SEPARATORS.sub("", plain(text))
    number = re.sub(r"^(\+|00)86", "", number)
    if MOBILE.fullmatch(number) or LANDLINE.fullmatch(number):
        return number
    raise FormatError("not_a_phone_number")


def parse_date(value: object) -> date:
    """A day in any of the ways that ledgers write one; a month alone is its first day."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = re.sub(r"\s+", "", plain(value)).removesuffix(".0")
    # Midnight after a day is how spreadsheets print a day that was typed as a moment.
    text = re.sub(r"(?<=[0-9])T?00:00(:00)?$", "", text)
    found = COMPACT_DAY.fullmatch(text) or DAY.fullmatch(text)
    if found:
        year, month, day = (int(part or 1) for part in found.groups())
        try:
            return date(year, month, day)
        except ValueError:
            raise FormatError("no_such_date") from None
    if SERIAL.fullmatch(text):
        serial = int(float(text))
        if serial in SERIALS:
            return SERIAL_ZERO + timedelta(days=serial)
        raise FormatError("no_such_date")
    raise FormatError("not_a_date")
