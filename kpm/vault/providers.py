"""Where the root key comes from: in this step a file outside the data and its backups."""

import base64
import binascii
import os
import stat
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.core.checks import CheckMessage, Error

from kpm.vault import envelope
from kpm.vault.ciphers import AES_GCM, Forged, cipher, key_check, new_key
from kpm.vault.errors import KeysUnavailable

FILE_MARK: Final = "kpm-root-key-1:"
CHECK_CONTEXT: Final = b"root"
WRAP_CONTEXT: Final = b"vault"


class KeyProvider(Protocol):
    """Wraps and unwraps vault keys; what it holds never leaves it."""

    name: str

    def check_value(self) -> bytes: ...

    def wrap(self, key: bytes, version: int) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> bytes: ...


class FileKeyProvider:
    """A root key in a file of its own that only its owner may read."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return self.path.exists()

    def create(self) -> None:
        """Write a new root key with mode 0400; an existing file is never touched."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = FILE_MARK + base64.urlsafe_b64encode(new_key()).decode("ascii") + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def check_value(self) -> bytes:
        return key_check(self._root(), CHECK_CONTEXT)

    def wrap(self, key: bytes, version: int) -> bytes:
        head = envelope.key_header(envelope.VAULT_KEY, AES_GCM, version)
        return envelope.seal(cipher(AES_GCM, self._root()), head, WRAP_CONTEXT, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        if len(wrapped) != envelope.KEY_ENVELOPE_BYTES or wrapped[0] != envelope.VAULT_KEY:
            raise Forged
        return envelope.unseal(cipher(wrapped[1], self._root()), wrapped, WRAP_CONTEXT)

    def _root(self) -> bytes:
        try:
            mode = self.path.stat().st_mode
            text = self.path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise KeysUnavailable(
                f"The root key file {self.path.name} cannot be read. Put it back from its own "
                "backup; for a new site make it with: manage.py create_keys"
            ) from None
        if stat.S_IMODE(mode) & 0o077:
            raise KeysUnavailable(
                f"The root key file {self.path.name} can be read by others: chmod 0400 it."
            )
        try:
            key = base64.b64decode(text.removeprefix(FILE_MARK), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not text.startswith(FILE_MARK) or len(key) != 32:
            raise KeysUnavailable(f"The root key file {self.path.name} does not hold a root key.")
        return key


def configured() -> FileKeyProvider:
    """The provider of this site."""
    return FileKeyProvider(Path(settings.KPM_ROOT_KEY_FILE))


def check_place(**_options: Any) -> list[CheckMessage]:
    """Whoever takes the data or its backup must not find the root key in it."""
    provider = configured()
    problems = []
    if provider.path.resolve().is_relative_to(Path(settings.DATA_DIR).resolve()):
        problems.append("lies in the data directory")
    if provider.exists() and stat.S_IMODE(provider.path.stat().st_mode) & 0o077:
        problems.append("can be read by others")
    return [
        Error(f"The root key file {provider.path.name} {problem}.", id="vault.E002")
        for problem in problems
    ]
