"""Days and moments: written as the language writes them, in one way everywhere."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from kpm import days

# A quarter past eleven at night there is the next morning here.
AT = datetime(2026, 11, 25, 23, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "day", "moment", "second"),
    [
        ("zh-hans", "2026年11月26日", "2026年11月26日 07:15", "2026年11月26日 07:15:07"),
        ("en", "2026-11-26", "2026-11-26 07:15", "2026-11-26 07:15:07"),
    ],
)
def test_a_day_is_written_as_the_language_writes_it(language, day, moment, second):
    with translation.override(language):
        assert days.in_words(date(2026, 11, 26)) == day
        assert days.in_words("2026-11-26") == day
        assert days.in_words(AT) == day
        assert days.moment_in_words(AT) == moment
        assert days.second_in_words(AT) == second


def test_no_day_is_no_words():
    for write in (days.in_words, days.moment_in_words, days.second_in_words):
        assert write(None) == ""
    assert days.in_words("") == ""


def test_what_is_no_day_stays_as_it_was_typed():
    assert days.in_words("after the harvest") == "after the harvest"


def test_no_page_writes_a_day_in_a_way_of_its_own():
    root = Path(settings.BASE_DIR)
    pages = [each for app in ("kpm", "casework", "audit") for each in (root / app).rglob("*.html")]
    # What machines read is written with the other kind of quotes.
    assert [page for page in pages if '|date:"' in page.read_text()] == []
