"""Seeds of signing keys: sealed like every key of a scope, one generation after the other."""

from kpm.vault.keys import ring

PURPOSE = "signing"


def seed(scope: str, generation: int) -> bytes:
    """The seed of this generation."""
    return ring.scope_key(scope, PURPOSE, generation=generation).material


def make(scope: str, generation: int) -> bytes:
    """The seed of a generation that may have been made before, by somebody who was interrupted."""
    return ring.make_scope_key(scope, PURPOSE, generation).material
