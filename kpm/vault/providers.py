"""Where the root key comes from: a file, the environment, or a program that prints it."""

import base64
import binascii
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.core.checks import CheckMessage, Error

from kpm.vault import envelope, programs, root_files
from kpm.vault.ciphers import Forged, cipher, key_check, new_key, suite
from kpm.vault.errors import KeysUnavailable

MARK: Final = "kpm-root-key-1:"
CHECK_CONTEXT: Final = b"root"
WRAP_CONTEXT: Final = b"vault"


class KeyProvider(Protocol):
    """Wraps and unwraps vault keys; what it holds never leaves it."""

    name: str
    # Whether it can put a new root key in its place by itself, and a copy of it elsewhere.
    renews: bool

    def exists(self) -> bool: ...

    def create(self) -> None: ...

    def check_value(self) -> bytes: ...

    def wrap(self, key: bytes, version: int, root_check: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, root_check: bytes) -> bytes: ...

    def prepare(self) -> bytes: ...

    def adopt(self) -> str: ...


class HeldRootKey:
    """A root key that this process can read; while it is replaced there are two."""

    name = ""
    renews = False

    def current(self) -> bytes:
        """The root key in use."""
        raise NotImplementedError

    def successor(self) -> bytes | None:
        """The root key that is about to take its place, if there is one."""
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether there is a root key, right or wrong."""
        raise NotImplementedError

    def check_value(self) -> bytes:
        """What tells this root key from others."""
        return root_check(self.current())

    def wrap(self, key: bytes, version: int, root_check: bytes) -> bytes:
        """Wrap a vault key under the root key with this check value."""
        code = suite()
        head = envelope.key_header(envelope.VAULT_KEY, code, version)
        return envelope.seal(cipher(code, self._root(root_check)), head, WRAP_CONTEXT, key)

    def unwrap(self, wrapped: bytes, root_check: bytes) -> bytes:
        """Unwrap a vault key that lies under the root key with this check value."""
        if len(wrapped) != envelope.KEY_ENVELOPE_BYTES or wrapped[0] != envelope.VAULT_KEY:
            raise Forged
        above = cipher(wrapped[1], self._root(root_check))
        return envelope.unseal(above, wrapped, WRAP_CONTEXT)

    def create(self) -> None:
        """Make the first root key, where that is this provider's business."""
        raise KeysUnavailable(
            "There is no root key. Make one with: manage.py create_keys --print, and put it where "
            "deploy/env.example says."
        )

    def prepare(self) -> bytes:
        """The check value of the root key that is to take over."""
        found = self.successor()
        if found is None:
            raise KeysUnavailable(
                "There is no root key to change to. Make one with: manage.py create_keys --print, "
                "and give it as the next one, as deploy/env.example says."
            )
        return root_check(found)

    def adopt(self) -> str:
        """Let the successor take its place; says what is left for the operator to do."""
        return (
            "Every vault key lies under the next root key now. Put it in the place of the current "
            "one and start the processes again; then destroy the old one wherever it is kept."
        )

    def _root(self, check: bytes) -> bytes:
        """The one of the two with this check value: chosen by it, never tried."""
        current = self.current()
        if root_check(current) == check:
            return current
        found = self.successor()
        if found is not None and root_check(found) == check:
            return found
        raise KeysUnavailable("The root key is not the one that the vault keys were wrapped with.")


class FileKeyProvider(HeldRootKey):
    """A root key in a file of its own that only its owner may read."""

    name = "file"

    def __init__(self, path: Path, copy: Path | None = None) -> None:
        self.path = path
        # The main one last: until it has changed, the change can be taken up again.
        self.paths = (path,) if copy is None else (copy, path)
        self.renews = copy is not None

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def create(self) -> None:
        """Write a new root key with mode 0400; an existing file is never touched."""
        root_files.write(self.path, written(new_key()))

    def current(self) -> bytes:
        """What the file holds."""
        return read(root_files.read(self.path), f"The root key file {self.path.name}")

    def successor(self) -> bytes | None:
        """What the file beside it holds while the root key is changed."""
        path = root_files.beside(self.path)
        if not path.exists():
            return None
        return read(root_files.read(path), f"The root key file {path.name}")

    def prepare(self) -> bytes:
        """Write the successor beside the current one, and beside its copy."""
        found = self.successor() or new_key()
        for path in reversed(self.paths):
            root_files.write(root_files.beside(path), written(found), again=True)
        return root_check(found)

    def adopt(self) -> str:
        """The successor takes the place of the file; the old key is gone with it."""
        for path in self.paths:
            root_files.replace(path)
        if self.renews:
            return "The root key and its copy were changed. Older backups of it open nothing more."
        return (
            f"The root key file {self.path.name} was changed. Back it up again NOW: without it "
            "nothing opens, and the backup of the old one opens nothing more. Destroy that one."
        )


class EnvironmentKeyProvider(HeldRootKey):
    """A root key in a variable that a service manager or an orchestrator sets."""

    name = "environment"

    def current(self) -> bytes:
        """The variable KPM_ROOT_KEY."""
        return read(settings.KPM_ROOT_KEY, "The variable KPM_ROOT_KEY")

    def successor(self) -> bytes | None:
        """The variable KPM_ROOT_KEY_NEXT."""
        text = settings.KPM_ROOT_KEY_NEXT
        return read(text, "The variable KPM_ROOT_KEY_NEXT") if text else None

    def exists(self) -> bool:
        """Whether the variable is set."""
        return bool(settings.KPM_ROOT_KEY)


class CommandKeyProvider(HeldRootKey):
    """A root key that a program prints: age, pass, the client of a key server."""

    name = "command"

    def current(self) -> bytes:
        """What KPM_ROOT_KEY_COMMAND prints."""
        command = settings.KPM_ROOT_KEY_COMMAND
        return read(programs.output_of(command), "What KPM_ROOT_KEY_COMMAND prints")

    def successor(self) -> bytes | None:
        """What KPM_ROOT_KEY_NEXT_COMMAND prints."""
        command = settings.KPM_ROOT_KEY_NEXT_COMMAND
        if not command:
            return None
        return read(programs.output_of(command), "What KPM_ROOT_KEY_NEXT_COMMAND prints")

    def exists(self) -> bool:
        """Whether a program is named; what it prints is looked at when it is needed."""
        return bool(settings.KPM_ROOT_KEY_COMMAND)


def root_check(root: bytes) -> bytes:
    """The check value of a root key."""
    return key_check(root, CHECK_CONTEXT)


def written(root: bytes) -> str:
    """A root key as it is kept."""
    return MARK + base64.urlsafe_b64encode(root).decode("ascii")


def read(text: str, what: str) -> bytes:
    """The root key in a text; refused without showing the text."""
    text = text.strip()
    try:
        key = base64.b64decode(text.removeprefix(MARK), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(MARK) or len(key) != 32:
        raise KeysUnavailable(f"{what} is not a root key.")
    return key


def configured() -> KeyProvider:
    """The provider of this site."""
    return PROVIDERS[settings.KPM_KEY_PROVIDER]()


def _file() -> FileKeyProvider:
    copy = settings.KPM_ROOT_KEY_COPY
    return FileKeyProvider(Path(settings.KPM_ROOT_KEY_FILE), Path(copy) if copy else None)


PROVIDERS: Final = {
    "file": _file,
    "environment": EnvironmentKeyProvider,
    "command": CommandKeyProvider,
}


def check_place(**_options: Any) -> list[CheckMessage]:
    """Whoever takes the data or its backup must not find the root key in it."""
    if settings.KPM_KEY_PROVIDER not in PROVIDERS:
        names = ", ".join(PROVIDERS)
        return [Error(f"KPM_KEY_PROVIDER is none of: {names}.", id="vault.E003")]
    provider = configured()
    if not isinstance(provider, FileKeyProvider):
        missing = not provider.exists()
        return [Error("There is no root key.", id="vault.E002")] if missing else []
    problems = []
    for path in provider.paths:
        if path.resolve().is_relative_to(Path(settings.DATA_DIR).resolve()):
            problems.append("lies in the data directory")
        if path.exists() and root_files.is_open_to_others(path):
            problems.append("can be read by others")
    return [
        Error(f"The root key file {provider.path.name} {problem}.", id="vault.E002")
        for problem in dict.fromkeys(problems)
    ]
