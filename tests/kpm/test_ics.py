"""The calendar that leaves the house: what RFC 5545 asks of every line."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from kpm import ics

NOW = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)


def lines(content: bytes) -> list[bytes]:
    assert content.endswith(b"\r\n")
    return content.split(b"\r\n")[:-1]


def test_every_line_is_short_and_ends_as_the_standard_asks():
    text = "随访三次，联系两次；" * 20
    content = ics.written("到期", [ics.Happening("a", date(2026, 11, 27), text, text)], NOW)
    assert all(len(line) <= 75 for line in lines(content))
    # No sign is cut in two where a line is folded.
    assert all(line.decode() for line in lines(content))
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert event["summary"] == text


def test_signs_that_mean_something_are_escaped():
    content = ics.written("x", [ics.Happening("a", NOW, "a,b;c\\d\ne")], NOW)
    assert b"SUMMARY:a\\,b\\;c\\\\d\\ne" in content


def test_a_whole_day_hides_no_time_and_ends_with_the_next():
    content = ics.written("x", [ics.Happening("a", date(2026, 12, 31), "y")], NOW)
    for line in (
        b"DTSTART;VALUE=DATE:20261231",
        b"DTEND;VALUE=DATE:20270101",
        b"TRANSP:TRANSPARENT",
        b"DTSTAMP:20261126T143000Z",
        b"UID:a@kpm.invalid",
    ):
        assert line in lines(content)


def test_a_moment_is_told_in_universal_time():
    content = ics.written("x", [ics.Happening("a", NOW, "y")], NOW)
    assert b"DTSTART:20261126T143000Z" in lines(content)
    assert b"DTEND:20261126T150000Z" in lines(content)


def test_a_calendar_without_anything_is_one_all_the_same():
    assert Calendar.from_ical(ics.written("x", [], NOW)).walk("VEVENT") == []


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_what_is_written_is_read_as_it_was(text):
    content = ics.written("x", [ics.Happening("a", NOW, text)], NOW)
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert event["summary"] == text
    assert all(len(line) <= 75 for line in lines(content))
