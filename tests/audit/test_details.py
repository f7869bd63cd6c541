"""Details can be erased, words in them are sealed, and the event commits to both."""

import base64
import hashlib
import json
from uuid import uuid4

import pytest

from audit import details
from audit.bodies import NotLoggable
from kpm.vault.blobs import open_bytes

EV = uuid4()


class Anything:
    """A reading that allows everything."""

    def note(self, *, group: str, owner: object) -> None:
        """Nothing to write down here."""


def test_codes_and_addresses_lie_open_beside_their_commitment() -> None:
    detail = details.commit(EV, {"address": "10.0.0.7", "count": 3}, None)
    assert detail.owner is None
    assert json.loads(detail.body) == {"address": "10.0.0.7", "count": 3}
    assert details.commitment(detail.salt, detail.body) == detail.commitment
    assert len(detail.salt) == 32
    assert (
        details.commit(EV, {"address": "10.0.0.7", "count": 3}, None).commitment
        != detail.commitment
    )


@pytest.mark.django_db
def test_words_are_sealed_under_the_key_of_whom_they_are_about() -> None:
    owner = uuid4()
    detail = details.commit(EV, {"reason": "家访前核对电话", "address": "10.0.0.7"}, owner)
    assert detail.owner == owner
    assert "家访".encode() not in detail.body
    opened = open_bytes(owner, details.PURPOSE, detail.body, Anything(), row=EV)
    assert details.commitment(detail.salt, opened) == detail.commitment


def test_words_without_a_key_are_refused() -> None:
    with pytest.raises(NotLoggable, match="need a key"):
        details.commit(EV, {"reason": "anything"}, None)


@pytest.mark.parametrize(
    "detail",
    [{"name": "x"}, {"count": 1.5}, {"count": True}, {"address": None}, {"reason": "x" * 2_001}],
)
def test_a_detail_is_a_closed_list_of_short_values(detail: dict[str, object]) -> None:
    with pytest.raises(NotLoggable):
        details.commit(EV, detail, uuid4())


def test_the_commitment_is_the_documented_one() -> None:
    salt = bytes(range(32))
    digest = hashlib.sha256(b"audit-detail-v1" + salt + b'{"count":1}').digest()
    found = details.commitment(salt, b'{"count":1}')
    assert base64.urlsafe_b64decode(found + "=") == digest
