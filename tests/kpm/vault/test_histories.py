"""History: a row for every save, who and why, sealed bytes as they are."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from simple_history.manager import HistoryManager

from kpm.vault.errors import Cause, KeyDestroyed
from kpm.vault.history import bulk_create_as, bulk_update_as
from kpm.vault.keys import ring
from kpm.vault.models import DataKey
from kpm.vault.opening import open_groups
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Human, Plain

pytestmark = pytest.mark.django_db
Make = Callable[..., Human]


def test_every_save_leaves_a_row_with_who_and_why(actor: Any) -> None:
    made = Human(name="王秀英")
    made.save_as(by=actor, reason="taken in")
    made.village = "elsewhere"
    made.save_as(by=actor, reason="moved", update_fields=["village"])
    made.delete_as(by=actor)
    gone, moved, new = Human.history.order_by("-history_date")
    assert [row.history_type for row in (new, moved, gone)] == ["+", "~", "-"]
    assert [row.history_change_reason for row in (new, moved)] == ["taken in", "moved"]
    assert {row.history_user_id for row in (new, moved, gone)} == {actor.pk}
    assert new.history_id.version == 7
    assert new.history_user is None


def test_actor_and_reason_do_not_stick(actor: Any) -> None:
    made = Human(name="王秀英")
    made.save_as(by=actor, reason="taken in")
    made.save()
    latest = Human.history.latest()
    assert (latest.history_user_id, latest.history_change_reason) == (None, None)


def test_they_come_off_after_a_failure_too(actor: Any) -> None:
    made = Human(name=None)
    with pytest.raises(ValueError, match="no value"):
        made.save_as(by=actor, reason="taken in")
    assert "_history_user" not in made.__dict__
    assert "_change_reason" not in made.__dict__


def test_row_and_history_row_are_written_together(
    actor: Any, real_commits: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Human.history.model, "save", full_disk)
    with pytest.raises(OSError, match="disk full"):
        Human(name="王秀英").save_as(by=actor)
    assert not Human.objects.exists()


def test_sealed_bytes_are_copied_byte_for_byte(actor: Any, human: Make) -> None:
    made = human(notes="quiet")
    first = Human.history.get()
    assert bytes(first.head) == bytes(made.head)
    assert bytes(first.body) == bytes(made.body)
    made.name = "改名"
    made.save_as(by=actor)
    second = Human.history.latest()
    assert bytes(second.head) == bytes(made.head) != bytes(first.head)
    assert bytes(second.body) == bytes(first.body)
    assert second.key_gen == 1


def test_saving_with_a_deferred_group_still_copies_it(actor: Any, human: Make) -> None:
    made = human()
    found = Human.objects.only("village").get(pk=made.pk)
    found.village = "elsewhere"
    found.save_as(by=actor)
    assert bytes(Human.history.latest().head) == bytes(made.head)


def test_no_sealed_value_and_no_blind_index_has_a_column() -> None:
    names = {field.name for field in Human.history.model._meta.get_fields()}
    assert {"head", "body", "key_gen", "village"} <= names
    assert not {"name", "phone", "notes", "phone_index"} & names


def test_an_old_version_opens_with_a_reading(actor: Any, human: Make, reading: Notes) -> None:
    made = human(name="王秀英")
    made.name = "改名"
    made.save_as(by=actor)
    versions = [row.instance for row in Human.history.order_by("history_date")]
    open_groups(versions, "head", reading=reading)
    assert [version.name for version in versions] == ["王秀英", "改名"]
    assert reading.opened == [("human.head", made.pk)] * 2


def test_an_old_version_of_a_destroyed_file_stays_closed(human: Make, reading: Notes) -> None:
    made = human()
    assert made.pk.int in ring._owners
    DataKey.objects.filter(owner=made.pk).delete()
    # The key is still in this process; the old version does not know that it is destroyed.
    with pytest.raises(KeyDestroyed) as refused:
        open_groups([Human.history.get().instance], "head", reading=reading)
    assert refused.value.cause is Cause.NO_KEY


def test_many_rows_leave_the_same_history(actor: Any) -> None:
    rows = [Human(name=f"名{number}", village="here") for number in range(7)]
    at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    made = bulk_create_as(Human, rows, by=actor, reason="ledger 7K3MQ-9TX2A", at=at)
    assert made == rows
    for row in rows:
        past = Human.history.get(id=row.pk)
        assert bytes(past.head) == bytes(row.head)
        assert (past.history_type, past.history_date) == ("+", at)
        assert past.history_user_id == actor.pk
        assert past.history_change_reason == "ledger 7K3MQ-9TX2A"
        assert past.village == "here"


def test_many_changes_leave_the_same_history(actor: Any) -> None:
    rows = [Human(name=f"名{number}") for number in range(3)]
    bulk_create_as(Human, rows, by=actor)
    for row in rows:
        row.name = f"改{row.name}"
    bulk_update_as(Human, rows, ["name"], by=actor, reason="second upload")
    for row in rows:
        past = Human.history.filter(id=row.pk).latest()
        assert bytes(past.head) == bytes(row.head)
        assert (past.history_type, past.history_change_reason) == ("~", "second upload")
        assert past.history_user_id == actor.pk


def test_nothing_of_a_bulk_stays_when_its_history_fails(
    actor: Any, real_commits: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(HistoryManager, "bulk_history_create", full_disk)
    with pytest.raises(OSError, match="disk full"):
        bulk_create_as(Human, [Human(name="x")], by=actor)
    assert not Human.objects.exists()


def test_plain_rows_are_recorded_in_the_same_way(actor: Any) -> None:
    values = {"name": "x", "sex": "f", "phone": "", "notes": "", "lives_alone": False}
    made = Plain(**values, details={}, nickname="")
    made.save_as(by=actor, reason="taken in")
    bulk_create_as(Plain, [Plain(**values, details={}, nickname="")], by=actor)
    assert Plain.history.count() == 2


def test_the_house_settings_are_in_force() -> None:
    model = Human.history.model
    assert model._meta.get_field("history_change_reason").get_internal_type() == "TextField"
    assert model._meta.get_field("history_user_id").remote_field is None
    assert any("history_date" in index.fields for index in model._meta.indexes)
