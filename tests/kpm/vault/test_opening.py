"""Opening: never without a reading, never bytes that belong elsewhere."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.core.exceptions import FieldError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kpm.ids import uuid7
from kpm.vault import envelope
from kpm.vault.errors import Cause, KeyDestroyed, Sealed, Unreadable
from kpm.vault.groups import layout_of
from kpm.vault.keys import ring
from kpm.vault.models import DataKey
from kpm.vault.opening import open_all_groups, open_groups
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Diary, Human

pytestmark = pytest.mark.django_db
Make = Callable[..., Human]


def fresh(row: Human) -> Human:
    return Human.objects.get(pk=row.pk)


def refusal(row: Any, group: str = "head") -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        open_groups([row], group, reading=Notes())
    assert "name" not in row.__dict__
    return refused.value


# --- with a reading, or not at all


def test_nothing_opens_without_a_reading(human: Make) -> None:
    found = fresh(human())
    nobody: Any = None
    with pytest.raises(Sealed, match="reading"):
        open_groups([found], "head", reading=nobody)
    with pytest.raises(Sealed, match="reading"):
        Human.objects.opened("head", reading=nobody)
    with pytest.raises(TypeError):
        open_groups([found], "head")
    with pytest.raises(Sealed):
        _ = found.name


def test_every_opened_group_is_noted_with_its_key_owner(human: Make, reading: Notes) -> None:
    made = human()
    diary = Diary.objects.create(key_owner=made.pk, human=made, text="quiet")
    list(Human.objects.opened("head", "body", reading=reading))
    list(Diary.objects.opened("head", reading=reading))
    assert reading.opened == [
        ("human.head", made.pk),
        ("human.body", made.pk),
        ("diary.head", made.pk),
    ]
    assert diary.pk != made.pk


def test_a_reading_that_refuses_leaves_all_rows_closed(human: Make, reading: Notes) -> None:
    rows = [fresh(human()), fresh(human())]
    reading.refusing = True
    with pytest.raises(PermissionError):
        open_groups(rows, "head", reading=reading)
    assert not any("name" in row.__dict__ for row in rows)


def test_a_group_that_does_not_exist_is_told(human: Make, reading: Notes) -> None:
    with pytest.raises(FieldError, match="human has no sealed group heart"):
        open_groups([human()], "heart", reading=reading)
    with pytest.raises(FieldError, match="name the groups"):
        open_groups([human()], reading=reading)


def test_all_groups_of_rows_of_all_kinds_open_with_one_query_for_all_keys(
    human: Make, reading: Notes, django_assert_num_queries: Callable[..., Any]
) -> None:
    made, other = human(name="王秀英", phone="13812345678"), human(name="李芳")
    Diary.objects.create(key_owner=made.pk, human=made, text="quiet")
    rows = [fresh(made), fresh(other), Diary.objects.get()]
    ring.forget_data_keys()
    with django_assert_num_queries(1, using="keys"):
        open_all_groups(rows, reading=reading)
    opened: Any = rows
    assert [opened[0].name, opened[0].phone, opened[1].name] == ["王秀英", "13812345678", "李芳"]
    assert opened[2].text == "quiet"
    assert reading.opened[:2] == [("human.head", made.pk), ("human.body", made.pk)]
    nobody: Any = None
    with pytest.raises(Sealed, match="reading"):
        open_all_groups(rows, reading=nobody)


# --- pages


def test_a_page_opens_with_one_query_for_all_keys(
    human: Make, reading: Notes, django_assert_num_queries: Callable[..., Any]
) -> None:
    names = [human(name=f"名{number}").name for number in range(12)]
    ring.forget_data_keys()
    with (
        django_assert_num_queries(1, using="default"),
        django_assert_num_queries(1, using="keys"),
    ):
        rows = list(Human.objects.opened("head", "body", reading=reading).order_by("id"))
        assert [row.name for row in rows] == names
    with django_assert_num_queries(0, using="keys"):
        open_groups([fresh(row) for row in rows], "head", reading=reading)


def test_groups_of_related_rows_open_along(human: Make, reading: Notes) -> None:
    made = human()
    Diary.objects.create(key_owner=made.pk, human=made, text="quiet")
    Diary.objects.create(key_owner=made.pk, text="of nobody")
    rows = Diary.objects.select_related("human").order_by("id")
    one, other = rows.opened("head", "human__head", reading=reading)
    assert (one.text, one.human.name) == ("quiet", "王秀英")
    assert (other.text, other.human) == ("of nobody", None)


def test_querysets_pass_their_opening_on(human: Make, reading: Notes) -> None:
    made = human()
    opened = Human.objects.opened("head", reading=reading)
    assert opened.filter(pk=made.pk).order_by("id")[:5][0].name == made.name
    assert opened.get(pk=made.pk).name == made.name
    first = opened.first()
    assert first is not None
    assert first.name == made.name
    noted = len(reading.opened)
    assert opened.count() == 1
    assert opened.exists()
    assert len(reading.opened) == noted
    rows = opened.all()
    assert list(rows) == list(rows)
    assert len(reading.opened) == noted + 1


def test_an_iterator_opens_its_rows_in_chunks(human: Make, reading: Notes) -> None:
    for number in range(5):
        human(name=f"名{number}")
    opened = Human.objects.order_by("id").opened("head", reading=reading)
    assert [row.name for row in opened.iterator(chunk_size=2)] == [f"名{n}" for n in range(5)]
    assert len(list(Human.objects.iterator())) == 5


def test_values_cannot_be_opened(human: Make, reading: Notes) -> None:
    human()
    with pytest.raises(FieldError, match="gives rows"):
        list(Human.objects.values("id").opened("head", reading=reading))


def test_opening_again_keeps_what_was_assigned(human: Make, reading: Notes) -> None:
    found = fresh(human(sex="f"))
    found.name = "改名"
    open_groups([found], "head", reading=reading)
    assert (found.name, found.sex) == ("改名", "f")


def test_a_new_row_has_nothing_to_open(reading: Notes) -> None:
    made = Human(name="王秀英")
    open_groups([made], "head", "body", reading=reading)
    assert made.name == "王秀英"
    assert reading.opened == []


def test_a_deferred_group_is_loaded_to_be_opened(human: Make, reading: Notes) -> None:
    made = human()
    found = Human.objects.defer("head", "key_gen").get(pk=made.pk)
    open_groups([found], "head", reading=reading)
    assert found.name == made.name


def test_bytes_may_come_as_a_memoryview(human: Make, reading: Notes) -> None:
    found = fresh(human())
    found.head = memoryview(bytes(found.head))
    open_groups([found], "head", reading=reading)
    assert found.name == "王秀英"


# --- bytes that belong elsewhere


def test_swapped_between_rows(human: Make) -> None:
    one, other = fresh(human()), fresh(human())
    one.head, other.head = other.head, one.head
    assert refusal(one).cause is Cause.CHANGED
    assert refusal(other).cause is Cause.CHANGED


def test_swapped_between_rows_under_one_key(human: Make, reading: Notes) -> None:
    made = human()
    rows = [Diary(key_owner=made.pk, text=text) for text in ("one", "other")]
    Diary.objects.bulk_create(rows)
    one, other = Diary.objects.order_by("id")
    one.head = other.head
    assert refusal(one).cause is Cause.CHANGED


def test_swapped_between_groups(human: Make) -> None:
    found = fresh(human())
    found.head, found.body = found.body, found.head
    refused = refusal(found)
    assert refused.cause is Cause.CHANGED
    assert (refused.model_code, refused.group, refused.owner) == (0xF001, 1, found.pk)


def test_swapped_between_models_that_share_id_and_key(human: Make) -> None:
    made = human()
    diary = Diary(id=made.pk, key_owner=made.pk, text="x")
    diary.save()
    diary.head = fresh(made).head
    assert refusal(diary).cause is Cause.CHANGED


def test_moved_under_another_key_owner(human: Make) -> None:
    made, other = human(), human()
    diary = Diary.objects.create(key_owner=made.pk, text="x")
    Diary.objects.filter(pk=diary.pk).update(key_owner=other.pk)
    assert refusal(Diary.objects.get()).cause is Cause.CHANGED


def test_a_key_of_another_owner_in_the_key_table(human: Make) -> None:
    made, other = human(), human()
    row = DataKey.objects.get(owner=other.pk)
    DataKey.objects.filter(owner=made.pk).update(
        wrapped=bytes(row.wrapped), check_value=bytes(row.check_value)
    )
    ring.forget()
    refused = refusal(fresh(made))
    assert (refused.model_code, refused.group, refused.cause) == (0, 0, Cause.CHANGED)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(data=st.data())
def test_one_flipped_bit(human: Make, data: st.DataObject) -> None:
    found = fresh(human())
    blob = bytearray(found.head)
    bit = data.draw(st.integers(0, len(blob) * 8 - 1).filter(lambda bit: bit // 8 != 1))
    blob[bit // 8] ^= 1 << bit % 8
    found.head = bytes(blob)
    refusal(found)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 15, 31, 32, 60, 95])
def test_truncated(human: Make, length: int) -> None:
    found = fresh(human())
    found.head = bytes(found.head)[:length]
    assert refusal(found).cause is (Cause.SHAPE if length < 32 else Cause.CHANGED)


def test_wiped(human: Make) -> None:
    found = fresh(human())
    Human.objects.update(head=None)
    assert refusal(fresh(found)).cause is Cause.MISSING


@pytest.mark.parametrize(
    ("at", "value", "cause"),
    [
        (0, 0xC4, Cause.SHAPE),
        (1, 0x02, Cause.CHANGED),
        (1, 0x03, Cause.CHANGED),
        (1, 0x12, Cause.SUITE),
        (2, 0x02, Cause.GENERATION),
        (2, 0x00, Cause.GENERATION),
        (3, 0x02, Cause.CHANGED),
    ],
)
def test_downgraded_or_relabelled(human: Make, at: int, value: int, cause: Cause) -> None:
    found = fresh(human())
    blob = bytearray(found.head)
    blob[at] = value
    found.head = bytes(blob)
    assert refusal(found).cause is cause


def test_a_refusal_names_codes_and_the_owner_and_nothing_else(human: Make) -> None:
    found = fresh(human(name="WANG-Xiuying"))
    blob = bytes(found.head)
    found.head = blob[:-1] + bytes((blob[-1] ^ 1,))
    refused = refusal(found)
    assert str(refused) == f"model 61441, group 1, owner {found.pk}: {Cause.CHANGED}"
    assert refused.__cause__ is None


# --- generations and destroyed keys


def test_a_destroyed_file_stays_closed_although_its_key_is_still_in_memory(
    human: Make, reading: Notes
) -> None:
    made = human()
    assert made.pk.int in ring._owners
    Human.objects.update(key_gen=0)
    with pytest.raises(KeyDestroyed) as refused:
        open_groups([fresh(made)], "head", reading=reading)
    assert refused.value.cause is Cause.DESTROYED
    assert reading.opened == []


def test_a_file_whose_key_row_is_gone_is_closed(human: Make, reading: Notes) -> None:
    made = human()
    DataKey.objects.filter(owner=made.pk).delete()
    ring.forget_data_keys()
    with pytest.raises(KeyDestroyed) as refused:
        open_groups([fresh(made)], "head", reading=reading)
    assert refused.value.cause is Cause.NO_KEY


def test_a_row_that_claims_another_generation_is_refused(human: Make) -> None:
    made = human()
    Human.objects.update(key_gen=2)
    assert refusal(fresh(made)).cause is Cause.GENERATION


# --- versions of a group


def reseal(row: Human, version: int, values: Any) -> Human:
    """What an earlier or later program wrote."""
    group = layout_of(Human).groups["body"]
    key = ring.load([row.pk])[row.pk.int][1]
    head = envelope.header(envelope.GROUP, 1, 1, version)
    row.body = envelope.seal(key[1], head, group.context + row.pk.bytes, orjson.dumps(values))
    return row


def test_an_older_version_takes_the_defaults_of_what_came_later(
    human: Make, reading: Notes
) -> None:
    found = reseal(fresh(human()), 1, ["138", "", 2, True, {}])
    open_groups([found], "body", reading=reading)
    assert (found.phone, found.children, found.nickname) == ("138", 2, "none")


def test_saving_an_unchanged_older_version_keeps_its_bytes(human: Make, reading: Notes) -> None:
    found = reseal(fresh(human()), 1, ["138", "", 2, True, {}])
    open_groups([found], "body", reading=reading)
    before = bytes(found.body)
    found.save()
    assert bytes(fresh(found).body) == before
    found.nickname = "奶奶"
    found.save()
    assert bytes(fresh(found).body)[3] == 2


@pytest.mark.parametrize(
    ("version", "values", "cause"),
    [
        (3, ["138", "", 2, True, {}, "x", "y"], Cause.VERSION),
        (3, ["138", "", 2, True, {}, "x"], Cause.VERSION),
        (0, [], Cause.SHAPE),
        (1, ["138", "", 2, True, {}, "x"], Cause.SHAPE),
        (2, ["138", "", 2, True, {}], Cause.SHAPE),
    ],
)
def test_other_versions_and_lengths_are_refused(
    human: Make, version: int, values: list[Any], cause: Cause
) -> None:
    assert refusal(reseal(fresh(human()), version, values), "body").cause is cause


# --- an independent reader of the stored bytes


def test_plaintext_is_a_positional_array_padded_with_blanks(human: Make) -> None:
    made = fresh(human(name="王"))
    key = ring.load([made.pk])[made.pk.int][1]
    context = b"\xf0\x01\x01" + made.pk.bytes
    plain = envelope.unseal(key[1], bytes(made.head), context)
    assert len(plain) == 64
    assert plain.rstrip(b" ").decode() == '["王","f","1941-02-03"]'


def test_rows_with_unknown_owners_are_closed(human: Make) -> None:
    made = human()
    diary = Diary.objects.create(key_owner=made.pk, text="x")
    Diary.objects.update(key_owner=uuid7())
    assert refusal(Diary.objects.get(pk=diary.pk)).cause is Cause.NO_KEY
