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


def test_an_edge_of_the_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match="2 complete subtrees"):
        merkle.Range(3, [merkle.EMPTY])


def test_a_leaf_never_passes_for_a_node() -> None:
    left, right = LEAVES[0], LEAVES[1]
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
