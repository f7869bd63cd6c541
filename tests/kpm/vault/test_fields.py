"""Sealed fields: readable when opened or set, loud otherwise, never in the database's reach."""

import copy
import pickle
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import orjson
import pytest
from django.apps import apps
from django.core import serializers
from django.core.exceptions import FieldError, ValidationError
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.state import ModelState
from django.template import Context, Engine
from django.test.utils import isolate_apps

from kpm.ids import uuid7
from kpm.vault.errors import Sealed
from kpm.vault.fields import (
    SealedCharField,
    SealedDateField,
    SealedGroup,
    SealedIntegerField,
    SealedModel,
    SealedTextField,
)
from kpm.vault.groups import layout_of, snake
from kpm.vault.opening import open_groups
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Diary, Human

pytestmark = pytest.mark.django_db
Make = Callable[..., Human]


# --- in memory


def test_what_was_given_or_assigned_is_readable_before_the_first_save() -> None:
    made = Human(name="王秀英", birth_on=date(1941, 2, 3), details={"keys": ["a"]})
    made.notes = "quiet"
    assert (made.name, made.birth_on, made.notes) == ("王秀英", date(1941, 2, 3), "quiet")
    assert made.details == {"keys": ["a"]}


def test_what_was_not_given_has_its_default() -> None:
    made = Human(name="王秀英")
    assert (made.sex, made.phone, made.children, made.lives_alone) == ("", "", None, False)
    assert made.nickname == "none"
    made.details["from"] = "the instance"
    assert made.details == {"from": "the instance"}
    assert Human(name="other").details == {}


def test_choices_have_their_display() -> None:
    assert Human(name="x", sex="f").get_sex_display() == "female"


def test_an_unknown_argument_is_refused_as_ever() -> None:
    with pytest.raises(TypeError, match="nope"):
        Human(name="x", nope=1)


def test_the_class_gives_out_the_descriptor() -> None:
    assert Human.name.field.name == "name"


def test_an_unopened_value_is_sealed_and_nothing_softer(human: Make) -> None:
    found = Human.objects.get(pk=human().pk)
    for read in (
        lambda: found.name,
        lambda: hasattr(found, "name"),
        lambda: getattr(found, "name", None),
        lambda: found.get_sex_display(),
        lambda: Engine().from_string("{{ row.name }}").render(Context({"row": found})),
        lambda: Engine().from_string("{{ row.name|default:'-' }}").render(Context({"row": found})),
    ):
        with pytest.raises(Sealed, match=r"human\.head was not opened"):
            read()


def test_saved_values_stay_readable_in_the_instance_that_wrote_them(human: Make) -> None:
    assert human(name="李强").name == "李强"


# --- out of the database's reach


@pytest.mark.parametrize(
    "query",
    [
        lambda: Human.objects.filter(name="x"),
        lambda: Human.objects.exclude(name="x"),
        lambda: Human.objects.filter(name__startswith="x"),
        lambda: Human.objects.filter(diary__text="x"),
        lambda: list(Diary.objects.filter(human__name="x")),
        lambda: list(Human.objects.order_by("name")),
        lambda: list(Human.objects.values("name")),
        lambda: list(Human.objects.values_list("name", flat=True)),
        lambda: list(Human.objects.annotate(n=models.F("name"))),
        lambda: Human.objects.aggregate(models.Max("birth_on")),
        lambda: Human.objects.update(name="x"),
        lambda: Human.objects.filter(pk=uuid7()).update(village="x", name="x"),
        lambda: models.QuerySet(Human).update(name="x"),
        lambda: Human.objects.update(village=models.F("name")),
        lambda: layout_of(Human).group_of["name"].fields[0].cached_col,
        lambda: Human.objects.get_or_create(name="x"),
        lambda: Human.objects.update(head=b"plain text"),
        lambda: Human.objects.create(head=b"plain text", body=b"plain text"),
    ],
)
def test_the_database_cannot_be_asked_about_a_sealed_value(query: Callable[[], Any]) -> None:
    with pytest.raises((FieldError, ValueError)):
        query()


def test_loaded_columns_may_be_chosen_but_not_sealed_ones(human: Make, reading: Notes) -> None:
    made = human()
    found = Human.objects.only("village").get(pk=made.pk)
    assert {"head", "body", "key_gen"} <= found.get_deferred_fields()
    open_groups([found], "head", reading=reading)
    assert found.name == made.name


def test_rows_are_dumped_as_ciphertext(human: Make) -> None:
    made = human(name="王秀英", notes="very private")
    text = serializers.serialize("json", [made])
    assert "王秀英" not in text
    assert "private" not in text
    assert '"name"' not in text


def test_the_row_holds_no_plaintext(human: Make) -> None:
    made = human(name="WANG-Xiuying", phone="13800001234", notes="very private")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sealed_human")
        row = cursor.fetchone()
    stored = b"|".join(
        bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row
    )
    for word in (b"WANG", b"13800001234", b"private", b"1941"):
        assert word not in stored
    assert len(bytes(made.head)) == 32 + 64
    assert len(bytes(made.body)) == 32 + 256


# --- copies


def test_opened_values_stay_out_of_pickles_and_copies(human: Make) -> None:
    made = human(name="WANG-Xiuying")
    dumped = pickle.dumps(made)
    assert b"WANG" not in dumped
    for twin in (pickle.loads(dumped), copy.copy(made), copy.deepcopy(made)):  # noqa: S301 it was made a line ago
        assert twin == made
        assert bytes(twin.head) == bytes(made.head)
        with pytest.raises(Sealed):
            _ = twin.name
    assert made.name == "WANG-Xiuying"


def test_a_new_row_is_not_copied_before_it_is_saved() -> None:
    with pytest.raises(Sealed, match="saved before"):
        pickle.dumps(Human(name="x"))
    assert pickle.loads(pickle.dumps(Human(village="x"))).village == "x"  # noqa: S301 it was made a line ago


# --- reading again


def test_reading_again_drops_what_was_opened(human: Make) -> None:
    made = human()
    made.refresh_from_db()
    with pytest.raises(Sealed):
        _ = made.name


def test_reading_some_fields_again_drops_their_groups_only(human: Make) -> None:
    made = human(notes="quiet")
    made.refresh_from_db(fields=["village"])
    assert (made.name, made.notes) == ("王秀英", "quiet")
    made.refresh_from_db(fields=["name"])
    assert made.notes == "quiet"
    with pytest.raises(Sealed):
        _ = made.name


# --- values


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", "x" * 51),
        ("name", "\ud800"),
        ("notes", "lone \udfff surrogate"),
        ("birth_on", "1941-13-45"),
        ("birth_on", 7),
        ("children", "many"),
        ("lives_alone", "perhaps"),
        ("lives_alone", None),
        ("details", {"day": object()}),
        ("details", {1: {2: "number keys"}}),
        ("details", None),
    ],
)
def test_a_wrong_value_is_refused_without_repeating_it(field: str, value: Any) -> None:
    made = Human(**{"name": "王秀英", field: value})
    with pytest.raises(ValueError, match=r"has a value|has no value") as refused:
        made.save()
    assert "1941" not in str(refused.value)
    assert "many" not in str(refused.value)
    assert "perhaps" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert not Human.objects.exists()


def test_values_of_a_form_are_stored_as_their_kind(human: Make, reading: Notes) -> None:
    made = human(birth_on="1941-02-03", children="3", lives_alone="True", sex=Human.Sex.MALE)
    made.refresh_from_db()
    open_groups([made], "head", "body", reading=reading)
    assert (made.birth_on, made.children, made.sex) == (date(1941, 2, 3), 3, "m")
    assert made.lives_alone is True
    assert type(made.sex) is str


def test_a_moment_is_stored_as_its_day(human: Make, reading: Notes) -> None:
    made = human(birth_on=datetime(1941, 2, 3, 12, 0))  # noqa: DTZ001 what a careless caller does
    made.refresh_from_db()
    open_groups([made], "head", reading=reading)
    assert made.birth_on == date(1941, 2, 3)


@pytest.mark.parametrize(
    "name", ["阿卜杜拉·买买提", "𠮷田", "e\u0301\u200b", "\x00\u202e!", "👵🏽", ""]
)
def test_names_come_back_exactly(human: Make, reading: Notes, name: str) -> None:
    made = human(name=name)
    made.refresh_from_db()
    open_groups([made], "head", reading=reading)
    assert made.name == name


def test_fields_are_checked_where_they_are_in_memory(human: Make) -> None:
    made = human()
    made.full_clean()
    found = Human.objects.get(pk=made.pk)
    found.full_clean()
    made.sex = "?"
    with pytest.raises(ValidationError) as refused:
        made.full_clean()
    assert refused.value.error_dict.keys() == {"sex"}
    made.full_clean(exclude=["sex"])


def test_a_form_field_comes_from_the_model() -> None:
    assert layout_of(Human).group_of["name"].fields[0].formfield().max_length == 50


# --- schema


def test_sealed_fields_leave_no_trace_in_migrations() -> None:
    state = ModelState.from_model(Human)
    assert "name" not in state.fields
    assert type(state.fields["head"]) is models.BinaryField
    assert state.fields["head"].deconstruct()[1:] == (
        "django.db.models.BinaryField",
        [],
        {"null": True},
    )
    assert state.fields["phone_index"].deconstruct()[1] == "django.db.models.BigIntegerField"
    assert "name" not in ModelState.from_model(Human.history.model).fields


def test_nothing_is_left_to_migrate_in_the_vault() -> None:
    call_command("makemigrations", "vault", check=True, dry_run=True, verbosity=0)


def test_a_sealed_field_can_be_described() -> None:
    name, path, args, kwargs = layout_of(Human).groups["body"].fields[-1].deconstruct()
    assert (name, args) == ("nickname", [])
    assert path.endswith("SealedCharField")
    assert kwargs == {"group": "body", "since": 2, "max_length": 20, "default": "none"}


@pytest.mark.parametrize("wrong", ["unique", "db_index", "primary_key"])
def test_a_sealed_field_has_no_column_of_its_own(wrong: str) -> None:
    with pytest.raises(TypeError, match="no column"):
        SealedCharField(group="head", max_length=5, **{wrong: True})


@pytest.mark.parametrize(
    "wrong", [{"code": 0}, {"code": 256}, {"version": 0}, {"version": 256}, {"pad": 0}]
)
def test_codes_versions_and_padding_have_their_bounds(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        SealedGroup(**{"code": 1, "version": 1, "pad": 64, **wrong})


def test_positions_follow_the_declaration() -> None:
    body = layout_of(Human).groups["body"]
    assert body.names == ("phone", "notes", "children", "lives_alone", "details", "nickname")
    assert body.sizes == {1: 5, 2: 6}
    assert layout_of(Diary).owner == "key_owner"
    assert layout_of(Human).owner == "id"


def test_labels_are_words() -> None:
    assert [snake(n) for n in ("Person", "CaseFile", "A")] == ["person", "case_file", "a"]


# --- checks at the start


def problems(model: type[SealedModel]) -> list[str]:
    return [found.msg.split(": ", 1)[1] for found in model.check() if found.id == "vault.E001"]


def test_our_own_models_pass() -> None:
    sealed = [m for m in apps.get_models() if issubclass(m, SealedModel)]
    assert {Human, Diary} <= set(sealed)
    assert [problem for model in sealed for problem in problems(model)] == []


@isolate_apps("tests.sealed")
def test_a_wrong_layout_is_found_at_the_start() -> None:
    class Wrong(SealedModel):
        model_code = 0x00EF
        head = SealedGroup(code=1, pad=64)
        body = SealedGroup(code=1, pad=64)
        name = SealedCharField(group="heart", max_length=5)
        born = SealedDateField(group="body", since=2)
        text = SealedTextField(group="head", since=2)
        count = SealedIntegerField(group="head")
        objects = models.Manager()

        class Meta:
            app_label = "sealed"

    assert problems(Wrong) == [
        "its model code is not registered for it",
        "name names no sealed group",
        "two groups have one code",
        "the fields of head are not in the order of its versions",
        "the fields of body are not in the order of its versions",
        "its manager is not made from a SealedQuerySet",
        "it neither owns a key nor has a key_owner",
    ]


@isolate_apps("tests.sealed")
def test_fields_of_an_abstract_base_are_sealed_too() -> None:
    class Base(SealedModel):
        head = SealedGroup(code=1, pad=64)
        name = SealedCharField(group="head", max_length=5)

        class Meta:
            abstract = True
            app_label = "sealed"

    class Child(Base):
        model_code = 0xF0FF
        owns_key = True
        more = SealedCharField(group="head", max_length=5)

        class Meta:
            app_label = "sealed"

    assert problems(Child) == []
    assert layout_of(Child).groups["head"].names == ("name", "more")
    assert Child(name="x").name == "x"
    assert orjson.dumps(Child(name="x", more="y").more) == b'"y"'
