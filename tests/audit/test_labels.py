"""Whatever is in the log has a word."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from audit import labels
from audit.events import Event, Outcome, Purpose
from casework.rules import REVEALED_OF_PERSON
from kpm.vault.errors import Cause
from kpm.vault.fields import SealedModel
from kpm.vault.groups import layout_of
from risk_levels.populations import POPULATIONS


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
    assert labels.rule_label("view_grants") == "not part of this role"
    assert labels.rule_label("not_visible") == "outside their units, groups or files"
    assert labels.group_label("person.phone") == "phone"
    assert labels.group_label("space.ship") == "space.ship"


def test_whoever_acts_without_an_account_has_a_name() -> None:
    said = re.compile(r'System\("(\w+)"\)')
    parts = {
        f"s:{name}"
        for app in ("audit", "kpm", "casework", "risk_levels")
        for module in (Path(settings.BASE_DIR) / app).rglob("*.py")
        for name in said.findall(module.read_text())
    }
    assert len(parts) > 4
    assert parts | {"x:anon"} == labels.SYSTEMS.keys()
    assert labels.actor_label("s:heartbeat") == "Heartbeat of the access log"
    assert labels.actor_label("u:somebody") == "u:somebody"


def test_every_sealed_group_and_field_has_its_words() -> None:
    sealed = {
        group.label
        for model in apps.get_models()
        if issubclass(model, SealedModel) and model._meta.app_label != "sealed"
        for group in layout_of(model).groups.values()
    }
    fields = {f"case_file.{each.code}" for kind in POPULATIONS.values() for each in kind.fields}
    revealed = {f"person.{each}" for each in REVEALED_OF_PERSON}
    assert (sealed | fields | revealed) - labels.GROUPS.keys() == set()


def test_every_reason_why_content_does_not_open_has_its_words() -> None:
    assert {cause.name.lower() for cause in Cause} - labels.RULES.keys() == set()


def test_filters_offer_everything_there_is() -> None:
    assert {code for code, _ in labels.event_choices()} == {"", *map(str, Event)}
    assert {code for code, _ in labels.outcome_choices()} == {"", *map(str, Outcome)}
    assert {code for code, _ in labels.purpose_choices()} == {"", *map(str, Purpose)}
