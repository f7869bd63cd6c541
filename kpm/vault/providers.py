"""Where the root key is: in a file, the environment, what a program prints, or in a token."""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.core.checks import CheckMessage, Error

from kpm.vault import envelope, programs, root_files, tokens
from kpm.vault.ciphers import AES_GCM, Aead, Forged, cipher, key_check, new_key, suite
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

    def adopt(self, check: bytes) -> str: ...


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
        if not has_shape(wrapped):
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

    def adopt(self, check: bytes) -> str:
        """Let the one with this check value take over; says what is left for the operator to do."""
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

    def adopt(self, check: bytes) -> str:
        """The successor takes the place of the file; the old key is gone with it."""
        # Unless somebody else was quicker, and what waits now is already the one after it.
        found = self.successor()
        if found is not None and root_check(found) == check:
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


class TokenKeyProvider:
    """A root key that never leaves its PKCS#11 token, which wraps and unwraps with it."""

    name = "pkcs11"
    # How a copy of a token is made is the token's own business, and a person's.
    renews = False

    def exists(self) -> bool:
        """Whether the token has a root key of this site."""
        with tokens.session() as token:
            return bool(token.root_keys())

    def create(self) -> None:
        """Let the token make the first root key; what it has already is never touched."""
        with tokens.session(changing=True) as token:
            if token.root_keys():
                raise KeysUnavailable("The token has a root key already.")
            token.generate(1)

    def check_value(self) -> bytes:
        """What tells this root key from others."""
        with tokens.session() as token:
            keys = token.root_keys()
        if not keys:
            raise KeysUnavailable("There is no root key in the token.")
        return keys[0].check

    def wrap(self, key: bytes, version: int, root_check: bytes) -> bytes:
        """Wrap a vault key; always with AES-256-GCM, which is what tokens have."""
        head = envelope.key_header(envelope.VAULT_KEY, AES_GCM, version)
        with tokens.session() as token:
            root = token.root_key(root_check)
            wrapped = envelope.seal(root, head, WRAP_CONTEXT, key)
            # Some tokens insist on a nonce of their own. Better now than with files under it.
            if not opens(root, wrapped, key):
                raise KeysUnavailable("What the token has wrapped does not unwrap: use another.")
        return wrapped

    def unwrap(self, wrapped: bytes, root_check: bytes) -> bytes:
        """Unwrap a vault key that lies under the root key with this check value."""
        if not has_shape(wrapped) or wrapped[1] != AES_GCM:
            raise Forged
        with tokens.session() as token:
            return envelope.unseal(token.root_key(root_check), wrapped, WRAP_CONTEXT)

    def prepare(self) -> bytes:
        """Let the token make a second root key, or take up the one of a change that was cut off."""
        with tokens.session(changing=True) as token:
            keys = token.root_keys()
            if len(keys) > 1:
                return keys[-1].check
            return token.generate(keys[0].generation + 1 if keys else 1).check

    def adopt(self, check: bytes) -> str:
        """The one with this check value stays; every other root key is destroyed in the token."""
        with tokens.session(changing=True) as token:
            kept = token.root_key(check)
            for key in token.root_keys():
                if key.check != kept.check:
                    token.destroy(key)
        return (
            "The root key in the token was changed, and the old one destroyed. Back the token up "
            "again NOW, by its own means: older backups of it open nothing more. If the root key "
            "was kept elsewhere before, destroy that one, too."
        )


def has_shape(wrapped: bytes) -> bool:
    """Whether it looks like a wrapped vault key."""
    return len(wrapped) == envelope.KEY_ENVELOPE_BYTES and wrapped[0] == envelope.VAULT_KEY


def opens(root: Aead, wrapped: bytes, key: bytes) -> bool:
    """Whether a key has come to lie under a root key as it should."""
    try:
        return has_shape(wrapped) and envelope.unseal(root, wrapped, WRAP_CONTEXT) == key
    except Forged:
        return False


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


def of_row(name: str) -> KeyProvider:
    """The provider of a vault key that was wrapped by the one of this name.

    A key that can be read may have moved to another place since; one in a token never does.
    """
    here = settings.KPM_KEY_PROVIDER
    return PROVIDERS[name]() if TokenKeyProvider.name in (name, here) else configured()


def _file() -> FileKeyProvider:
    copy = settings.KPM_ROOT_KEY_COPY
    return FileKeyProvider(Path(settings.KPM_ROOT_KEY_FILE), Path(copy) if copy else None)


PROVIDERS: Final[dict[str, Callable[[], KeyProvider]]] = {
    "file": _file,
    "environment": EnvironmentKeyProvider,
    "command": CommandKeyProvider,
    "pkcs11": TokenKeyProvider,
}


def check_place(**_options: Any) -> list[CheckMessage]:
    """Whoever takes the data or its backup must not find the root key in it."""
    if settings.KPM_KEY_PROVIDER not in PROVIDERS:
        names = ", ".join(PROVIDERS)
        return [Error(f"KPM_KEY_PROVIDER is none of: {names}.", id="vault.E003")]
    provider = configured()
    if not isinstance(provider, FileKeyProvider):
        return _check_existence(provider)
    problems = []
    for path in provider.paths:
        if _is_in_the_data(path):
            problems.append("lies in the data directory")
        if path.exists() and root_files.is_open_to_others(path):
            problems.append("can be read by others")
    return [
        Error(f"The root key file {provider.path.name} {problem}.", id="vault.E002")
        for problem in dict.fromkeys(problems)
    ]


def _check_existence(provider: KeyProvider) -> list[CheckMessage]:
    path = Path(settings.KPM_PKCS11_PIN_FILE)
    if isinstance(provider, TokenKeyProvider) and path.name and _is_in_the_data(path):
        return [Error(f"The PIN file {path.name} lies in the data directory.", id="vault.E005")]
    try:
        problem = "" if provider.exists() else "There is no root key."
    except KeysUnavailable as refused:
        problem = str(refused)
    return [Error(problem, id="vault.E002")] if problem else []


def _is_in_the_data(path: Path) -> bool:
    return path.resolve().is_relative_to(Path(settings.DATA_DIR).resolve())
