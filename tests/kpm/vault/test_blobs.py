"""Whole payloads: sealed for one owner and one purpose."""

from collections.abc import Callable
from typing import Any

import pytest

from kpm.ids import uuid7
from kpm.vault.blobs import open_bytes, seal_bytes
from kpm.vault.errors import Cause, KeyDestroyed, Sealed, Unreadable
from kpm.vault.keys import ring
from kpm.vault.models import DataKey
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Human

pytestmark = pytest.mark.django_db

ROW = uuid7()


@pytest.mark.parametrize("payload", [b"", b"x", b"rows" * 300_000])
def test_a_payload_comes_back(payload: bytes, reading: Notes) -> None:
    owner = uuid7()
    blob = seal_bytes(owner, "ledger.rows", payload, row=ROW)
    assert blob[0] == 0xC4
    # Header, nonce, tag, length; and nobody sees how long it is but in steps of 64.
    assert len(blob) == 32 + (len(payload) + 4 + 63) // 64 * 64
    assert open_bytes(owner, "ledger.rows", blob, reading, row=ROW) == payload
    assert open_bytes(owner, "ledger.rows", memoryview(blob), reading, row=ROW) == payload
    assert reading.opened == [("ledger.rows", owner)] * 2


def test_the_key_of_an_owner_is_used_and_not_made_again(
    human: Callable[..., Human], reading: Notes
) -> None:
    made = human()
    blob = seal_bytes(made.pk, "ledger.rows", b"x", row=ROW)
    ring.forget_data_keys()
    again = seal_bytes(made.pk, "ledger.rows", b"x", row=ROW)
    assert blob != again
    assert DataKey.objects.count() == 1
    assert open_bytes(made.pk, "ledger.rows", again, reading, row=ROW) == b"x"


def test_nothing_opens_without_a_reading_or_against_its_word(reading: Notes) -> None:
    owner = uuid7()
    blob = seal_bytes(owner, "ledger.rows", b"x", row=ROW)
    nobody: Any = None
    with pytest.raises(Sealed):
        open_bytes(owner, "ledger.rows", blob, nobody, row=ROW)
    reading.refusing = True
    with pytest.raises(PermissionError):
        open_bytes(owner, "ledger.rows", blob, reading, row=ROW)


def test_a_purpose_that_is_not_registered_is_refused(reading: Notes) -> None:
    with pytest.raises(KeyError):
        seal_bytes(uuid7(), "anything", b"x", row=ROW)
    with pytest.raises(KeyError):
        open_bytes(uuid7(), "anything", b"x", reading, row=ROW)


def refusal(owner: Any, purpose: str, blob: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        open_bytes(owner, purpose, blob, Notes(), row=ROW)
    return refused.value


def test_bytes_that_belong_elsewhere_are_refused() -> None:
    owner, other = uuid7(), uuid7()
    blob = seal_bytes(owner, "ledger.rows", b"x", row=ROW)
    theirs = seal_bytes(other, "ledger.rows", b"x", row=ROW)
    assert refusal(owner, "ledger.rows", theirs).cause is Cause.CHANGED
    assert refusal(owner, "ledger.workbook", blob).cause is Cause.CHANGED
    next_to_it = seal_bytes(owner, "ledger.rows", b"x", row=uuid7())
    assert refusal(owner, "ledger.rows", next_to_it).cause is Cause.CHANGED
    assert refusal(owner, "ledger.rows", blob[:-1]).cause is Cause.CHANGED
    assert refusal(owner, "ledger.rows", blob[:31]).cause is Cause.SHAPE
    assert refusal(owner, "ledger.rows", b"\xc1" + blob[1:]).cause is Cause.SHAPE
    for generation in (0, 2):
        relabelled = blob[:2] + bytes((generation,)) + blob[3:]
        assert refusal(owner, "ledger.rows", relabelled).cause is Cause.GENERATION
    assert refusal(owner, "ledger.rows", blob[:3] + b"\x02" + blob[4:]).cause is Cause.SHAPE
    relabelled = blob[:1] + b"\x12" + blob[2:]
    assert refusal(owner, "ledger.rows", relabelled).cause is Cause.SUITE
    assert refusal(owner, "ledger.rows", b"").group == 1


def test_a_destroyed_key_is_missed_at_once() -> None:
    owner = uuid7()
    blob = seal_bytes(owner, "ledger.rows", b"x", row=ROW)
    DataKey.objects.filter(owner=owner).delete()
    assert isinstance(refusal(owner, "ledger.rows", blob), KeyDestroyed)
