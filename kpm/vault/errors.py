"""What the vault refuses, in words without content: codes and owner ids, never a value."""

from enum import StrEnum
from uuid import UUID


class Cause(StrEnum):
    """Why a sealed value could not be opened."""

    CHANGED = "the stored bytes were changed or belong elsewhere"
    WRONG_KEY = "the key is not the one it was sealed with"
    SHAPE = "the stored bytes have the wrong shape"
    GENERATION = "it was sealed under another generation of the key"
    SUITE = "it was sealed with a cipher suite that this program does not have"
    VERSION = "it was sealed by a newer version of the program"
    LENGTH = "it ends too early or too late"
    MISSING = "there are no stored bytes"
    NO_KEY = "its key does not exist"
    DESTROYED = "its key was destroyed"


class VaultError(Exception):
    """The root of everything the vault raises."""


class Sealed(VaultError):
    """A sealed value was asked for without opening its group first."""


class UnknownSuite(VaultError):
    """A cipher suite that this program does not have."""


class KeysUnavailable(VaultError):
    """The root key or the vault key cannot be used; the words are for the operator."""


class Unreadable(VaultError):
    """Stored bytes that do not open: model code, group and owner id, nothing else."""

    # Set by whoever has written it down.
    is_told = False

    def __init__(self, model_code: int, group: int, owner: UUID, cause: Cause) -> None:
        super().__init__(model_code, group, owner, cause)
        self.model_code = model_code
        self.group = group
        self.owner = owner
        self.cause = cause

    def __str__(self) -> str:
        return f"model {self.model_code}, group {self.group}, owner {self.owner}: {self.cause}"


class KeyDestroyed(Unreadable):
    """The key of this owner is gone for good, and everything under it with it."""

    def __init__(
        self, model_code: int, group: int, owner: UUID, cause: Cause = Cause.DESTROYED
    ) -> None:
        super().__init__(model_code, group, owner, cause)
