"""Blind indexes: equal in a scope, unrelated elsewhere, never in history."""

import pytest

from kpm.ids import uuid7
from kpm.vault.blind_index import BlindIndexField, blind_index, normalised
from kpm.vault.keys import ring
from tests.sealed.models import Human

SCOPE = "district:321102"


@pytest.mark.django_db
def test_equal_values_meet_and_nothing_else_does() -> None:
    number = "321102194102031234"
    first = blind_index(SCOPE, "id_number", number)
    assert first is not None
    assert -(2**63) <= first < 2**63
    ring.forget()
    assert blind_index(SCOPE, "id_number", number) == first
    others = {
        blind_index(SCOPE, "phone", number),
        blind_index("district:321183", "id_number", number),
        blind_index(SCOPE, "id_number", number[:-1]),
    }
    assert len(others | {first}) == 4


@pytest.mark.django_db
def test_nothing_has_no_index() -> None:
    assert blind_index(SCOPE, "phone", "") is None


@pytest.mark.django_db
def test_a_kind_that_is_not_registered_is_refused() -> None:
    with pytest.raises(KeyError):
        blind_index(SCOPE, "name", "王秀英")
    with pytest.raises(KeyError):
        normalised("name", "王秀英")


@pytest.mark.django_db
def test_indexes_are_found_and_spread() -> None:
    wanted = blind_index(SCOPE, "phone", "13800001234")
    made = Human.objects.create(id=uuid7(), name="x", phone_index=wanted)
    assert Human.objects.get(phone_index=wanted) == made
    spread = {blind_index(SCOPE, "phone", f"138{number:08d}") for number in range(2_000)}
    assert len(spread) == 2_000
    assert 800 < sum(index is not None and index > 0 for index in spread) < 1_200


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("id_number", " 32110219410203123x ", "32110219410203123X"),
        ("id_number", "３２１１０２１９４１０２０３１２３４", "321102194102031234"),
        ("phone", "+86 138-0000-1234", "13800001234"),
        ("phone", "0086 13800001234", "13800001234"),
        ("phone", "（0511）8520 1234", "051185201234"),
        ("phone", "", ""),
    ],
)
def test_one_value_has_one_spelling(kind: str, text: str, expected: str) -> None:
    assert normalised(kind, text) == expected


def test_migrations_see_a_plain_integer() -> None:
    field = BlindIndexField()
    field.set_attributes_from_name("phone_index")
    assert field.deconstruct() == (
        "phone_index",
        "django.db.models.BigIntegerField",
        [],
        {"null": True},
    )
    assert not field.editable
    assert type(field.clone()).__name__ == "BlindIndexField"
