"""The Merkle tree of RFC 6962: hashes, growing it leaf by leaf, and checking proofs. Pure."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

SIZE = 32
EMPTY = sha256(b"").digest()


class ProofFailed(ValueError):
    """A proof does not show what it claims."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry; the prefix keeps a leaf from passing for a node."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hashes of many entries; nothing is called for each but the hash itself."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


class Range:
    """The tree so far, as the roots of its complete subtrees from left to right.

    There is one for each bit that is set in the size, so a tree of any size grows and shows its
    root from at most 63 hashes.
    """

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self.roots = list(roots)
        if len(self.roots) != size.bit_count():
            raise ValueError(f"A tree of {size} has {size.bit_count()} complete subtrees.")

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add several, by the largest complete subtrees that they make where they come to stand."""
        start, end = self.size, self.size + len(leaves)
        while rest := end - self.size:
            width = 1 << rest.bit_length() - 1
            if self.size:
                width = min(width, self.size & -self.size)
            at = self.size - start
            self._add(subtree(leaves[at : at + width]), width)

    def _add(self, carry: bytes, width: int) -> None:
        same = self.size // width
        while same & 1:
            carry = node_hash(self.roots.pop(), carry)
            same >>= 1
        self.roots.append(carry)
        self.size += width

    def root(self) -> bytes:
        """The root hash of the tree so far."""
        if not self.roots:
            return EMPTY
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node_hash(left, root)
        return root


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    tree = Range()
    tree.extend(list(leaves))
    return tree.root()


def subtree(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree of a power of two neighbours."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected: bytes
) -> None:
    """Check that `leaf` stands at `index` of the tree of `size` with this root."""
    if not 0 <= index < size:
        raise ProofFailed("There is no such leaf in a tree of this size.")
    _check_lengths([leaf, expected, *proof])
    inner, border = _shape(index, size)
    if len(proof) != inner + border:
        raise ProofFailed("The proof has the wrong length.")
    found = leaf
    for level, other in enumerate(proof[:inner]):
        is_right = index >> level & 1
        found = node_hash(other, found) if is_right else node_hash(found, other)
    for other in proof[inner:]:
        found = node_hash(other, found)
    if found != expected:
        raise ProofFailed("The proof leads to another root.")


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `size2` begins with the whole tree of `size1`."""
    if not 0 < size1 <= size2:
        raise ProofFailed("A proof leads from a tree that is not empty to one not smaller.")
    if size1 == size2:
        if proof or root1 != root2:
            raise ProofFailed("Trees of one size have one root and need no proof.")
        return
    _check_lengths([root1, root2, *proof])
    # The first tree ends with a complete subtree of 2**shift leaves: start from that one.
    shift = (size1 & -size1).bit_length() - 1
    rest = list(proof)
    old = new = root1 if size1 == 1 << shift else _first(rest)
    inner, border = _shape(size1 - 1, size2)
    inner -= shift
    if len(rest) != inner + border:
        raise ProofFailed("The proof has the wrong length.")
    # On the left border of the second tree everything belongs to the first one too.
    mask = (size1 - 1) >> shift
    is_shared = [mask >> level & 1 == 1 for level in range(inner)] + [True] * border
    for other, shared in zip(rest, is_shared, strict=True):
        old = node_hash(other, old) if shared else old
        new = node_hash(other, new) if shared else node_hash(new, other)
    if old != root1:
        raise ProofFailed("The proof leads to another first root.")
    if new != root2:
        raise ProofFailed("The proof leads to another second root.")


def _shape(index: int, size: int) -> tuple[int, int]:
    """How many hashes of a proof lie below, and how many on, the right edge of the tree."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _first(proof: list[bytes]) -> bytes:
    if not proof:
        raise ProofFailed("The proof is empty.")
    return proof.pop(0)


def _check_lengths(hashes: Iterable[bytes]) -> None:
    if any(len(one) != SIZE for one in hashes):
        raise ProofFailed("A hash has 32 bytes.")
