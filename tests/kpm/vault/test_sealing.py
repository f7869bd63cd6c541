"""Saving: changed groups get new bytes, all others keep theirs, nothing is wiped."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kpm.ids import uuid7
from kpm.vault.errors import Cause, KeyDestroyed, Sealed, Unreadable
from kpm.vault.groups import layout_of
from kpm.vault.keys import create_data_keys, ring
from kpm.vault.models import DataKey
from kpm.vault.opening import open_groups
from kpm.vault.sealing import seal_rows
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Diary, Human

pytestmark = pytest.mark.django_db
Make = Callable[..., Human]


def blobs(row: Human) -> tuple[bytes, bytes]:
    """The stored bytes."""
    head, body = Human.objects.values_list("head", "body").get(pk=row.pk)
    return bytes(head), bytes(body)


def opened(row: Human, *groups: str) -> Human:
    return Human.objects.opened(*(groups or ("head", "body")), reading=Notes()).get(pk=row.pk)


def test_an_unchanged_row_keeps_all_its_bytes(human: Make) -> None:
    made = human()
    before = blobs(made)
    made.save()
    Human.objects.get(pk=made.pk).save()
    opened(made).save()
    opened(made, "head").save()
    assert blobs(made) == before


def test_a_changed_group_gets_new_bytes_and_the_other_keeps_its(human: Make) -> None:
    made = human(notes="quiet")
    head, body = blobs(made)
    found = opened(made, "head")
    found.name = "改名"
    found.save()
    assert blobs(made)[0] != head
    assert blobs(made)[1] == body
    again = opened(made)
    assert (again.name, again.sex, again.notes) == ("改名", "f", "quiet")


def test_a_value_changed_in_place_is_noticed(human: Make) -> None:
    found = opened(human(details={"meals": ["noon"]}))
    found.details["meals"].append("evening")
    found.save()
    assert opened(found).details == {"meals": ["noon", "evening"]}


def test_the_same_value_again_is_no_change(human: Make) -> None:
    made = human(details={"a": 1})
    before = blobs(made)
    found = opened(made)
    found.name = "".join(["王秀", "英"])
    found.details = {"a": 1}
    found.save()
    assert blobs(made) == before


def test_a_part_of_an_unopened_group_cannot_be_changed(human: Make) -> None:
    found = Human.objects.get(pk=human().pk)
    found.name = "改名"
    with pytest.raises(Sealed, match=r"human\.head must be opened"):
        found.save()


def test_a_group_that_is_given_whole_needs_no_opening(human: Make) -> None:
    found = Human.objects.get(pk=human(notes="quiet").pk)
    found.name, found.sex, found.birth_on = "改名", "m", None
    found.save()
    again = opened(found)
    assert (again.name, again.sex, again.birth_on, again.notes) == ("改名", "m", None, "quiet")


def test_changed_bytes_are_not_written_over_unseen(human: Make) -> None:
    found = opened(human())
    blob = bytes(found.head)
    found.head = blob[:-1] + bytes((blob[-1] ^ 1,))
    found.name = "改名"
    with pytest.raises(Unreadable):
        found.save()


@pytest.mark.parametrize("load", ["defer", "only"])
def test_deferred_groups_are_never_wiped(human: Make, load: str) -> None:
    made = human(notes="quiet")
    before = blobs(made)
    rows = Human.objects.defer("head", "body") if load == "defer" else Human.objects.only("village")
    found = rows.get(pk=made.pk)
    found.village = "elsewhere"
    found.save()
    assert blobs(made) == before
    assert opened(made).village == "elsewhere"


def test_a_deferred_group_can_be_given_whole(human: Make) -> None:
    made = human(notes="quiet")
    found = Human.objects.only("village").get(pk=made.pk)
    found.name, found.sex, found.birth_on = "改名", "m", None
    found.save()
    assert opened(made).name == "改名"
    assert opened(made).notes == "quiet"


# --- update_fields


def test_update_fields_of_a_sealed_name_write_its_group(human: Make) -> None:
    found = opened(human(village="here"))
    found.name, found.notes, found.village = "改名", "loud", "elsewhere"
    found.save(update_fields=["name"])
    again = opened(found)
    assert (again.name, again.notes, again.village) == ("改名", "", "here")


def test_update_fields_may_name_the_group_or_nothing_sealed(human: Make) -> None:
    found = opened(human())
    found.name, found.village = "改名", "elsewhere"
    found.save(update_fields=["village"])
    assert opened(found).name == "王秀英"
    found.save(update_fields=["head"])
    assert opened(found).name == "改名"
    with pytest.raises(ValueError, match="do not exist"):
        found.save(update_fields=["nope"])


# --- new rows


def test_a_new_row_has_no_empty_group(db: None) -> None:
    made = Human(name="王秀英")
    made.save()
    head, body = blobs(made)
    assert head[0] == body[0] == 0xC1
    assert opened(made).nickname == "none"


def test_a_refused_row_makes_no_key(db: None) -> None:
    with pytest.raises(ValueError, match="name has no value"):
        Human(name=None).save()
    assert not DataKey.objects.exists()


def test_a_row_below_a_file_says_whose_key_it_is(human: Make) -> None:
    with pytest.raises(ValueError, match="whose key"):
        Diary(text="x").save()
    with pytest.raises(KeyDestroyed) as refused:
        Diary(text="x", key_owner=uuid7()).save()
    assert refused.value.cause is Cause.NO_KEY
    owner = uuid7()
    create_data_keys([owner])
    Diary(text="early", key_owner=owner).save()
    assert Diary.objects.opened("head", reading=Notes()).get().text == "early"


def test_a_row_below_a_file_takes_the_generation_of_now(human: Make) -> None:
    made = human()
    kept = ring.load([made.pk])[made.pk.int]
    second = type(kept[1])(bytes(range(32)), 2)
    kept.add(second)
    diary = Diary(text="x", key_owner=made.pk)
    diary.save()
    assert diary.key_gen == 2
    assert bytes(diary.head)[2] == 2


def test_a_destroyed_row_takes_no_new_content(human: Make) -> None:
    made = human()
    Human.objects.update(key_gen=0)
    found = Human.objects.get(pk=made.pk)
    found.village = "elsewhere"
    found.save()
    found.name, found.sex, found.birth_on = "改名", "m", None
    with pytest.raises(KeyDestroyed):
        found.save()
    fresh = Human(name="x", key_gen=0)
    with pytest.raises(KeyDestroyed):
        fresh.save()


def test_a_row_that_brings_its_bytes_keeps_them(human: Make) -> None:
    made = human()
    head, body = blobs(made)
    Human.objects.filter(pk=made.pk).delete()
    Human(id=made.pk, head=head, body=body).save(force_insert=True)
    assert blobs(made) == (head, body)
    assert opened(made).name == "王秀英"


def test_sealing_nothing_is_nothing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0, using="keys"):
        seal_rows([])
        assert Human.objects.bulk_create([]) == []


# --- many rows


def test_many_rows_are_sealed_with_few_queries(
    db: None, django_assert_max_num_queries: Any
) -> None:
    rows = [Human(name=f"名{number}", notes="quiet") for number in range(40)]
    # The vault key, and one insert in its own transaction.
    with django_assert_max_num_queries(5, using="keys"):
        Human.objects.bulk_create(rows, batch_size=20)
    assert DataKey.objects.count() == 40
    found = Human.objects.opened("head", "body", reading=Notes()).order_by("id")
    assert [row.name for row in found] == [f"名{number}" for number in range(40)]
    diaries = [Diary(key_owner=row.pk, text=f"of {row.name}") for row in rows]
    Diary.objects.bulk_create(diaries)
    assert Diary.objects.opened("head", reading=Notes()).first().text == "of 名0"


def test_more_rows_than_the_cache_holds_are_sealed(db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr("kpm.vault.keys.KEPT", 3)
    Human.objects.bulk_create([Human(name=f"名{number}") for number in range(10)])
    rows = list(Human.objects.opened("head", reading=Notes()).order_by("id"))
    assert [row.name for row in rows] == [f"名{number}" for number in range(10)]


def test_bulk_update_maps_names_to_groups(human: Make) -> None:
    rows = [opened(human(name=f"名{number}", notes="quiet")) for number in range(4)]
    before = [blobs(row) for row in rows]
    for row in rows:
        row.name, row.notes, row.village = f"改{row.name}", "loud", "elsewhere"
    assert Human.objects.bulk_update(rows, ["name", "village"]) == 4
    for row, (head, body) in zip(rows, before, strict=True):
        assert blobs(row)[0] != head
        assert blobs(row)[1] == body
        again = opened(row)
        assert (again.name, again.notes, again.village) == (row.name, "quiet", "elsewhere")


def test_an_upsert_maps_names_to_groups(human: Make) -> None:
    found = opened(human(notes="quiet"))
    found.name = "改名"
    Human.objects.bulk_create(
        [found], update_conflicts=True, update_fields=["name"], unique_fields=["id"]
    )
    assert opened(found).name == "改名"


def test_update_still_changes_plain_columns(human: Make) -> None:
    made = human()
    assert Human.objects.filter(pk=made.pk).update(village="elsewhere") == 1
    assert opened(made).village == "elsewhere"


# --- whatever is stored comes back

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    name=texts,
    birth_on=st.none() | st.dates(),
    notes=texts,
    children=st.none() | st.integers(-(2**63), 2**63 - 1),
    lives_alone=st.booleans(),
    details=st.dictionaries(texts, json_values, max_size=4),
)
def test_what_goes_in_comes_out(db: None, **values: Any) -> None:
    made = Human(**values)
    made.save()
    found = opened(made)
    assert {name: getattr(found, name) for name in values} == values
    before = blobs(made)
    found.save()
    assert blobs(made) == before


def test_opening_after_a_save_by_somebody_else_shows_theirs(human: Make) -> None:
    made = human()
    found = opened(made)
    found.name = "改名"
    found.save()
    made.refresh_from_db()
    open_groups([made], "head", reading=Notes())
    assert made.name == "改名"


def test_a_refusal_to_seal_names_the_group_and_the_row(human: Make) -> None:
    found = opened(human())
    DataKey.objects.filter(owner=found.pk).delete()
    ring.forget()
    found.name = "改名"
    with pytest.raises(KeyDestroyed) as refused:
        found.save()
    group = layout_of(Human).groups["head"]
    refusal = refused.value
    assert (refusal.model_code, refusal.group) == (group.model_code, group.code)
    assert refusal.owner == found.pk
