"""The tree of RFC 6962 against the vectors of an independent implementation."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle

VECTORS = Path(__file__).parent / "vectors" / "merkle"


def cases(kind: str) -> list[Any]:
    """One parameter per case, under its name."""
    found = json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in found]


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def proof_of(case: dict[str, Any]) -> list[bytes]:
    return [decoded(one) for one in case["proof"] or []]


REFERENCE = json.loads((VECTORS / "rfc6962_reference_tree.json").read_text(encoding="utf-8"))
LEAVES = [merkle.leaf_hash(bytes.fromhex(one)) for one in REFERENCE["leaf_inputs_hex"]]


def test_every_node_of_the_reference_tree_is_reproduced() -> None:
    for level, expected in enumerate(REFERENCE["node_hashes_hex_by_level"]):
        width = 1 << level
        for index, one in enumerate(expected):
            hashes = LEAVES[index * width : (index + 1) * width]
            assert merkle.subtree(hashes).hex() == one


@pytest.mark.parametrize("size", range(9))
def test_every_root_of_the_reference_tree_is_reproduced(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == REFERENCE["root_hashes_hex_by_size"][size]


@pytest.mark.parametrize("case", cases("inclusion"))
def test_inclusion_proofs_hold_exactly_where_they_should(case: dict[str, Any]) -> None:
    def verify() -> None:
        merkle.verify_inclusion(
            case["leafIdx"],
            case["treeSize"],
            decoded(case["leafHash"]),
            proof_of(case),
            decoded(case["root"]),
        )

    if case["wantErr"]:
        with pytest.raises(merkle.ProofFailed):
            verify()
    else:
        verify()


@pytest.mark.parametrize("case", cases("consistency"))
def test_consistency_proofs_hold_exactly_where_they_should(
    case: dict[str, Any],
) -> None:
    def verify() -> None:
        merkle.verify_consistency(
            case["size1"],
            case["size2"],
            decoded(case["root1"]),
            decoded(case["root2"]),
            proof_of(case),
        )

    if case["wantErr"]:
        with pytest.raises(merkle.ProofFailed):
            verify()
    else:
        verify()


def slow_root(leaves: list[bytes]) -> bytes:
    """The definition in RFC 6962, word for word."""
    if not leaves:
        return merkle.EMPTY
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(slow_root(leaves[:split]), slow_root(leaves[split:]))


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_growing_tree_agrees_with_the_definition(entries: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert merkle.root(leaves) == slow_root(leaves)


@given(st.integers(0, 60), st.integers(0, 40))
def test_a_tree_goes_on_from_its_edge(before: int, more: int) -> None:
    leaves = [merkle.leaf_hash(str(n).encode()) for n in range(before + more)]
    tree = merkle.Range()
    for leaf in leaves[:before]:
        tree.append(leaf)
    later = merkle.Range(tree.size, tree.roots)
    for leaf in leaves[before:]:
        later.append(leaf)
    assert later.root() == slow_root(leaves)


@given(st.lists(st.integers(0, 40), max_size=6))
def test_a_tree_that_grows_by_pieces_is_the_one_that_grows_leaf_by_leaf(pieces: list[int]) -> None:
    leaves = [merkle.leaf_hash(str(n).encode()) for n in range(sum(pieces))]
    tree, single = merkle.Range(), merkle.Range()
    for piece in pieces:
        tree.extend(leaves[tree.size : tree.size + piece])
    for leaf in leaves:
        single.append(leaf)
    assert (tree.size, tree.roots) == (single.size, single.roots)


def test_many_entries_have_the_hashes_that_each_of_them_has() -> None:
    entries = [b"", b"a", b"ab" * 500]
    assert merkle.leaf_hashes(iter(entries)) == [merkle.leaf_hash(entry) for entry in entries]


# --- proofs of every tree up to a size, as the definition in RFC 6962 makes them

MOST = 34
MANY = [merkle.leaf_hash(str(n).encode()) for n in range(MOST)]
ROOTS = [slow_root(MANY[:size]) for size in range(MOST + 1)]


def slow_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*slow_path(index, leaves[:split]), slow_root(leaves[split:])]
    return [*slow_path(index - split, leaves[split:]), slow_root(leaves[:split])]


def slow_proof(size: int, leaves: list[bytes], *, is_known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962."""
    if size == len(leaves):
        return [] if is_known else [slow_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= split:
        return [*slow_proof(size, leaves[:split], is_known=is_known), slow_root(leaves[split:])]
    rest = slow_proof(size - split, leaves[split:], is_known=False)
    return [*rest, slow_root(leaves[:split])]


def spoilt(proof: list[bytes]) -> list[list[bytes]]:
    """Each hash another one, too short or gone, and one too many at either end."""
    others = [bytes((one[0] ^ 1,)) + one[1:] for one in proof]
    changed = [[*proof[:at], other, *proof[at + 1 :]] for at, other in enumerate(others)]
    changed += [[*proof[:at], proof[at][:-1], *proof[at + 1 :]] for at in range(len(proof))]
    changed += [[*proof[:at], *proof[at + 1 :]] for at in range(len(proof))]
    return [*changed, [merkle.EMPTY, *proof], [*proof, merkle.EMPTY]]


def test_every_leaf_of_every_small_tree_is_proved_and_nothing_else() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            proof, root = slow_path(index, MANY[:size]), ROOTS[size]
            merkle.verify_inclusion(index, size, MANY[index], proof, root)
            for other in spoilt(proof):
                with pytest.raises(merkle.ProofFailed):
                    merkle.verify_inclusion(index, size, MANY[index], other, root)


def test_every_small_tree_goes_on_in_every_larger_one_and_nothing_else() -> None:
    for size2 in range(1, MOST + 1):
        for size1 in range(1, size2 + 1):
            proof = slow_proof(size1, MANY[:size2])
            merkle.verify_consistency(size1, size2, ROOTS[size1], ROOTS[size2], proof)
            for other in spoilt(proof):
                with pytest.raises(merkle.ProofFailed):
                    merkle.verify_consistency(size1, size2, ROOTS[size1], ROOTS[size2], other)


NO_LEAF = "There is no such leaf in a tree of this size."
LENGTH, HASH = "The proof has the wrong length.", "A hash has 32 bytes."
NOT_LARGER = "A proof leads from a tree that is not empty to one not smaller."
SAME = "Trees of one size have one root and need no proof."
FIRST, SECOND = bytes(32), bytes((255,)) * 32


@pytest.mark.parametrize(
    ("index", "size", "leaf", "proof", "root", "words"),
    [
        (-1, 1, MANY[0], [], MANY[0], NO_LEAF),
        (1, 1, MANY[0], [], MANY[0], NO_LEAF),
        (0, 0, MANY[0], [], MANY[0], NO_LEAF),
        (0, 1, MANY[0][1:], [], MANY[0], HASH),
        (0, 1, MANY[0], [], MANY[0] + b"x", HASH),
        (0, 1, MANY[0], [b""], MANY[0], HASH),
        (0, 2, MANY[0], [], ROOTS[2], LENGTH),
        (0, 1, MANY[0], [MANY[1]], MANY[0], LENGTH),
        (0, 1, MANY[0], [], FIRST, "The proof leads to another root."),
        (0, 1, MANY[0], [], SECOND, "The proof leads to another root."),
    ],
)
def test_what_is_wrong_with_a_proof_of_a_leaf_is_said(
    index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes, words: str
) -> None:
    with pytest.raises(merkle.ProofFailed) as refusal:
        merkle.verify_inclusion(index, size, leaf, proof, root)
    assert str(refusal.value) == words


@pytest.mark.parametrize(
    ("size1", "size2", "root1", "root2", "proof", "words"),
    [
        (0, 1, ROOTS[0], ROOTS[1], [], NOT_LARGER),
        (2, 1, ROOTS[2], ROOTS[1], [], NOT_LARGER),
        (2, 2, ROOTS[2], ROOTS[2], [MANY[0]], SAME),
        (2, 2, ROOTS[2], ROOTS[1], [], SAME),
        (1, 2, ROOTS[1], ROOTS[2], [b""], HASH),
        (1, 2, ROOTS[1][1:], ROOTS[2], [MANY[1]], HASH),
        (1, 2, ROOTS[1], ROOTS[2][1:], [MANY[1]], HASH),
        (3, 4, ROOTS[3], ROOTS[4], [], "The proof is empty."),
        (1, 2, ROOTS[1], ROOTS[2], [], LENGTH),
        (1, 2, ROOTS[1], ROOTS[2], [MANY[1], MANY[1]], LENGTH),
        (3, 4, FIRST, ROOTS[4], slow_proof(3, MANY[:4]), "The proof leads to another first root."),
        (3, 4, SECOND, ROOTS[4], slow_proof(3, MANY[:4]), "The proof leads to another first root."),
        (1, 2, ROOTS[1], FIRST, [MANY[1]], "The proof leads to another second root."),
        (1, 2, ROOTS[1], SECOND, [MANY[1]], "The proof leads to another second root."),
    ],
)
def test_what_is_wrong_with_a_proof_between_trees_is_said(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: list[bytes], words: str
) -> None:
    with pytest.raises(merkle.ProofFailed) as refusal:
        merkle.verify_consistency(size1, size2, root1, root2, proof)
    assert str(refusal.value) == words


def test_an_edge_of_the_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^A tree of 3 has 2 complete subtrees\.$"):
        merkle.Range(3, [merkle.EMPTY])


def test_neighbours_that_make_no_complete_subtree_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        merkle.subtree(MANY[:3])


def test_a_leaf_never_passes_for_a_node() -> None:
    left, right = LEAVES[0], LEAVES[1]
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
