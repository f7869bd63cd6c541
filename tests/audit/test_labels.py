"""Whatever is in the log has a word."""

import pytest

from audit import labels
from audit.events import Event, Outcome, Purpose


@pytest.mark.parametrize("event", list(Event))
def test_every_event_has_its_words(event: Event) -> None:
    noun, verb = event.split(".")
    assert noun in labels.NOUNS, f"Give {noun!r} its word in audit/labels.py."
    assert verb in labels.VERBS, f"Give {verb!r} its word in audit/labels.py."


def test_codes_become_words() -> None:
    assert labels.event_label("case_file.opened") == "Case file: opened"
    assert labels.event_label("space_ship.took_off") == "space ship: took off"
    assert labels.purpose_label(None) == ""
    assert labels.purpose_label("cover") == "Standing in"
    assert labels.outcome_label("denied") == "refused"


def test_filters_offer_everything_there_is() -> None:
    assert {code for code, _ in labels.event_choices()} == {"", *map(str, Event)}
    assert {code for code, _ in labels.outcome_choices()} == {"", *map(str, Outcome)}
    assert {code for code, _ in labels.purpose_choices()} == {"", *map(str, Purpose)}
