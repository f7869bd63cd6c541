"""Committed events become leaves, tiles and roots, each exactly once."""

import pytest

from audit import checkpoints, merkle
from audit.models import Checkpoint, Leaf, LoggedEvent, Tile
from audit.trees import WIDTH
from audit.verifications import verify
from tests.audit.things import NOW, sequence_all, write_events
from tests.conftest import RealCommits


def test_events_become_leaves_in_the_order_of_their_commits(real_commits: RealCommits) -> None:
    write_events(3)
    assert sequence_all() == 3
    bodies = list(LoggedEvent.objects.order_by("id").values_list("body", flat=True))
    leaves = [merkle.leaf_hash(body.encode()) for body in bodies]
    assert [bytes(leaf.hash) for leaf in Leaf.objects.order_by("leaf_index")] == leaves
    last = Checkpoint.objects.get(size=3)
    assert bytes(last.root) == merkle.root(leaves)
    assert last.at == "2026-11-24T08:00:00.000000Z"
    assert sequence_all() == 0


def test_the_tree_goes_on_after_a_restart(
    real_commits: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "BATCH", 100)
    write_events(2 * WIDTH + 30)
    while checkpoints.sequence_once(NOW):
        checkpoints._kept.clear()
    assert Tile.objects.count() == 2
    assert verify().is_good
    write_events(WIDTH)
    checkpoints._kept.clear()
    assert sequence_all() == WIDTH
    result = verify()
    assert (result.is_good, result.size, result.waiting) == (True, 3 * WIDTH + 30, 0), result
