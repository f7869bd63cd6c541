"""Proofs made from tiles hold, and those of other logs are judged as they should be."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import actions, checkpoints, log, merkle, notes, proofs, tree_heads
from audit.models import Checkpoint, Leaf, LoggedEvent
from audit.notes import Malformed, NotSigned, VerifierKey
from audit.proofs import NothingToProve, Proof, Tree
from audit.trees import WIDTH, Missing, Stored
from kpm.ids import uuid7
from tests.audit.attackers import unguarded
from tests.audit.known import unpacked, vectors
from tests.audit.things import NOW, WORKER, sequence_all, write_events
from tests.conftest import RealCommits

SIZE = 2 * WIDTH + 88


def tree_of(leaves: Sequence[bytes]) -> Tree:
    """A tree over these leaves whose tiles are computed when asked for."""
    levels = [list(leaves)]
    while len(levels[-1]) >= WIDTH:
        row = levels[-1]
        tiles = (row[at : at + WIDTH] for at in range(0, len(row) - WIDTH + 1, WIDTH))
        levels.append([merkle.subtree(tile) for tile in tiles])
    return Tree(len(leaves), lambda level, idx: levels[level][idx * WIDTH : (idx + 1) * WIDTH])


def leaves(number: int) -> list[bytes]:
    return [merkle.leaf_hash(str(n).encode()) for n in range(number)]


@given(st.integers(1, 700), st.data())
def test_every_proof_made_is_one_that_holds(size: int, data: st.DataObject) -> None:
    hashes = leaves(size)
    tree = tree_of(hashes)
    assert tree.root() == merkle.root(hashes)
    index = data.draw(st.integers(0, size - 1))
    merkle.verify_inclusion(index, size, hashes[index], tree.inclusion(index), tree.root())
    before = data.draw(st.integers(1, size))
    old = merkle.root(hashes[:before])
    merkle.verify_consistency(before, size, old, tree.root(), tree.consistency(before))


def test_a_tree_of_three_levels_of_tiles() -> None:
    size = WIDTH * WIDTH + 3 * WIDTH + 5
    hashes = leaves(size)
    tree = tree_of(hashes)
    root = tree.root()
    for index in (0, 255, 256, 65_535, 65_536, size - 1):
        merkle.verify_inclusion(index, size, hashes[index], tree.inclusion(index), root)
        old = merkle.root(hashes[: index + 1])
        merkle.verify_consistency(index + 1, size, old, root, tree.consistency(index + 1))


def test_there_is_no_proof_about_what_is_not_there() -> None:
    tree = tree_of(leaves(5))
    for index in (-1, 5):
        with pytest.raises(NothingToProve):
            tree.inclusion(index)
    for size in (0, 6):
        with pytest.raises(NothingToProve):
            tree.consistency(size)
    assert tree_of([]).root() == merkle.EMPTY


# --- other people's logs

TESSERA = vectors("tessera/tessera_log")


def test_a_whole_log_of_another_implementation_is_ours_too() -> None:
    """Leaf hashes, roots and signatures of each size: 46 checks; then every consistency proof."""
    key = VerifierKey.parse(TESSERA["vkey"])
    roots = []
    for size, text in enumerate(TESSERA["checkpoints"]):
        note = notes.parse(text)
        assert note.verified([key]) == [key]
        roots.append(tree_heads.parse(note.text).root)
        assert tree_heads.parse(note.text).size == size
    proven = 0
    for size in range(1, 16):
        tile = bytes.fromhex(TESSERA["tiles_hex"][str(size)])
        hashes = [tile[at : at + 32] for at in range(0, len(tile), 32)]
        data, entries = bytes.fromhex(TESSERA["bundles_hex"][str(size)]), []
        while data:
            length = 2 + int.from_bytes(data[:2])
            entries.append(data[2:length])
            data = data[length:]
        assert [merkle.leaf_hash(entry) for entry in entries] == hashes
        tree = tree_of(hashes)
        assert tree.root() == merkle.root(hashes) == roots[size]
        for other in range(1, size + 1):
            proof = tree.consistency(other)
            merkle.verify_consistency(other, size, roots[other], roots[size], proof)
            merkle.verify_inclusion(
                other - 1, size, hashes[other - 1], tree.inclusion(other - 1), roots[size]
            )
            proven += 2
    assert proven == 240


@pytest.mark.parametrize(
    "case", vectors("rekor2/rekor2_bundles")["cases"], ids=lambda case: case["name"]
)
def test_entries_of_a_real_log_are_judged_as_they_should_be(case: dict[str, Any]) -> None:
    keys = [VerifierKey.parse(vkey) for vkey in case["log_vkeys"]]
    if case["expect"] == "proof-missing":
        assert case["checkpoint"] is None
        return
    if case["expect"] == "checkpoint-reject":
        with pytest.raises((Malformed, NotSigned)):
            opened(case["checkpoint"], keys)
        return
    head = opened(case["checkpoint"], keys)
    leaf = merkle.leaf_hash(unpacked(case["leaf_b64"]))
    proof = [unpacked(one) for one in case["proof_b64"]]
    merkle.verify_inclusion(case["leaf_index"], head.size, leaf, proof, head.root)


def opened(checkpoint: str, keys: list[VerifierKey]) -> tree_heads.TreeHead:
    """A checkpoint that a key of this very log signed."""
    note = notes.parse(checkpoint)
    head = tree_heads.parse(note.text)
    note.verified([key for key in keys if key.name == head.origin])
    return head


@pytest.mark.parametrize(
    "case", vectors("tlog_proof/tlog_proof")["cases"], ids=lambda case: case["name"]
)
def test_proofs_are_read_exactly_where_they_should(case: dict[str, Any]) -> None:
    if case["expect"] == "reject":
        with pytest.raises(Malformed):
            proofs.parse(case["data"])
        return
    proof = proofs.parse(case["data"])
    extra = case.get("extra_b64")
    assert proof == Proof(
        case["index"],
        tuple(unpacked(one) for one in case["hashes_b64"]),
        case["checkpoint"],
        None if extra is None else unpacked(extra),
    )
    assert str(proof) == case["data"]


def test_a_proof_that_ends_before_its_index_is_refused() -> None:
    for text in ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\n\nx\n"):
        with pytest.raises(Malformed):
            proofs.parse(text)


# --- our own log


@pytest.fixture
def signed_log(real_commits: RealCommits, monkeypatch: pytest.MonkeyPatch) -> RealCommits:
    """Two full tiles and a partial one; roots on record after every 200 events."""
    monkeypatch.setattr(checkpoints, "BATCH", 200)
    actions.start_key(by=log.System("keys"), now=NOW)
    write_events(SIZE - 1)
    sequence_all()
    return real_commits


def test_proofs_out_of_the_database_hold(signed_log: RealCommits) -> None:
    hashes = [
        bytes(one) for one in Leaf.objects.order_by("leaf_index").values_list("hash", flat=True)
    ]
    roots = {row.size: bytes(row.root) for row in Checkpoint.objects.all()}
    assert set(roots) == {200, 400, SIZE}
    for size, root in roots.items():
        tree = proofs.stored("auditor", size)
        assert tree.root() == root
        for index in (0, 1, 199, size // 2, size - 1):
            merkle.verify_inclusion(index, size, hashes[index], tree.inclusion(index), root)
        for old, old_root in roots.items():
            if old <= size:
                merkle.verify_consistency(old, size, old_root, root, tree.consistency(old))


def test_the_proof_of_an_event_stands_alone(signed_log: RealCommits) -> None:
    event = LoggedEvent.objects.order_by("id")[300]
    body, proof = actions.prove(by=WORKER, ev=name_of(event))
    again = proofs.parse(str(proof))
    assert (body, again) == (event.body, proof)
    note = notes.parse(again.checkpoint)
    head = tree_heads.parse(note.text)
    assert note.verified([VerifierKey.parse(TESSERA["vkey"]), *actions.signers.known()])
    leaf = merkle.leaf_hash(body.encode())
    merkle.verify_inclusion(again.index, head.size, leaf, again.hashes, head.root)
    asked = LoggedEvent.objects.order_by("-id")[0]
    assert (asked.event, asked.subject) == ("audit.proved", str(name_of(event)))


def name_of(event: LoggedEvent) -> UUID:
    return UUID(event.body.partition('"ev":"')[2][:36])


def test_what_is_not_in_a_signed_tree_has_no_proof(real_commits: RealCommits) -> None:
    write_events(1)
    first = name_of(LoggedEvent.objects.get())
    with pytest.raises(NothingToProve, match="not in the tree"):
        proofs.of_event(first)
    sequence_all()
    with pytest.raises(NothingToProve, match="No such signed checkpoint"):
        proofs.of_event(first)
    for unknown in (uuid7(), UUID(int=2**128 - 1), UUID(int=0)):
        with pytest.raises(NothingToProve, match="no such event"):
            proofs.of_event(unknown)


def test_a_tile_that_is_gone_is_said(signed_log: RealCommits) -> None:
    with unguarded(signed_log) as execute:
        execute("DELETE FROM audit_tile WHERE idx = 1")
        execute("DELETE FROM audit_leaf WHERE leaf_index = ?", SIZE - 1)
    stored = Stored("auditor", SIZE)
    for level, idx in ((0, 1), (0, 2), (1, 0)):
        with pytest.raises(Missing):
            stored.tile(level, idx)
    assert (stored.width(0, 2), stored.width(1, 0), stored.width(2, 0)) == (88, 2, 0)
