"""A sample of what is sealed is tried with the keys that are there, and nothing is handed out."""

from collections.abc import Callable

import pytest

from kpm.vault.keys import ring
from kpm.vault.models import DataKey
from kpm.vault.rehearsals import sample
from tests.sealed.models import Human

pytestmark = pytest.mark.django_db


def test_everything_opens_with_its_own_key(human: Callable[..., Human]) -> None:
    assert sample("default", 1000) == (0, 0)
    for _ in range(3):
        human()
    tried, opened = sample("default", 1000)
    assert tried == opened
    assert tried % 3 == 0
    assert tried > 3
    # Some of each table are enough.
    some, opened = sample("default", 1)
    assert some == opened
    assert 0 < some < tried


def test_what_has_no_key_is_not_asked_for_and_what_does_not_open_is_told(
    human: Callable[..., Human],
) -> None:
    kept, closed, changed, newer = (human() for _ in range(4))
    every, _opened = sample("default", 1000)
    each = every // 4
    DataKey.objects.filter(owner=closed.pk).delete()
    ring.forget()
    assert sample("default", 1000) == (3 * each, 3 * each)
    blob = bytearray(Human.objects.values_list("head", flat=True).get(pk=changed.pk))
    blob[-1] ^= 1
    Human.objects.filter(pk=changed.pk).update(head=bytes(blob))
    assert sample("default", 1000) == (3 * each, 3 * each - 1)
    blob = bytearray(Human.objects.values_list("head", flat=True).get(pk=newer.pk))
    blob[2] = 9
    Human.objects.filter(pk=newer.pk).update(head=bytes(blob))
    assert sample("default", 1000) == (3 * each, 3 * each - 2)
    Human.objects.filter(pk=kept.pk).update(key_gen=0)
    assert sample("default", 1000)[0] < 3 * each
