"""The only door to PKCS#11: root keys that stay in a token, which seals and opens with them.

The module of the token lives for one call and is ended after it. What is left between two calls is
nothing: no session that could time out or be logged out by another thread, no state that a process
could inherit when it is forked. A process needs one call for each vault key, so that is cheap.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from kpm.vault.ciphers import KEY_BYTES, TAG_BYTES, Forged, Octets, new_nonce
from kpm.vault.errors import KeysUnavailable

if TYPE_CHECKING:
    from pkcs11 import Session
    from pkcs11._pkcs11 import lib

# What tells a key that nobody can read from others: these two blocks under it. GCM never encrypts
# them. The counter that its blocks end in starts at 1, theirs is 0; and its own key is made of a
# block of zeros.
CHECK_BLOCKS: Final = b"kpm root 1\0\0" + bytes(4) + b"kpm root 2\0\0" + bytes(4)
GENERATION_BYTES: Final = 2

# The PKCS#11 module is told that one thread uses it, and a login counts for the whole process.
_one = threading.Lock()
# The PIN files, as they were, whose PIN was refused. Some tokens lock themselves after three.
_refused: set[tuple[str, int, int]] = set()


class TokenKey:
    """A root key in the token: an Aead for the envelope, with AES-256-GCM done in there."""

    def __init__(self, key: Any) -> None:
        from pkcs11 import Mechanism

        self.key = key
        self.generation = int.from_bytes(key.id)
        self.check = bytes(key.encrypt(CHECK_BLOCKS, mechanism=Mechanism.AES_ECB))

    def encrypt(self, nonce: bytes, data: Octets, associated_data: bytes | None) -> bytes:
        """Ciphertext, then the tag."""
        return bytes(self.key.encrypt(bytes(data), **_gcm(nonce, associated_data)))

    def decrypt(self, nonce: bytes, data: Octets, associated_data: bytes | None) -> bytes:
        """The plaintext; raises Forged when a bit differs."""
        from pkcs11 import PKCS11Error

        try:
            return bytes(self.key.decrypt(bytes(data), **_gcm(nonce, associated_data)))
        except PKCS11Error:
            # Tokens do not agree on how a wrong tag is told, and some just say that they failed.
            # What opens a message of its own is well: then it was the bytes.
            self._open_another()
            raise Forged from None

    def _open_another(self) -> None:
        how = _gcm(new_nonce(), None)
        self.key.decrypt(self.key.encrypt(bytes(KEY_BYTES), **how), **how)


class Token:
    """A session with the token of this site."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def root_keys(self) -> list[TokenKey]:
        """The root keys of this site, the oldest first: one, or two while it is changed."""
        from pkcs11 import Attribute, KeyType, ObjectClass

        wanted = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.AES,
            Attribute.LABEL: settings.KPM_PKCS11_KEY,
            Attribute.TOKEN: True,
        }
        found: list[Any] = list(self._session.get_objects(wanted))
        for key in found:
            if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
                raise KeysUnavailable(
                    f"A key {settings.KPM_PKCS11_KEY} can be taken out of the token "
                    f"{settings.KPM_PKCS11_TOKEN}: it is no root key."
                )
        return sorted(map(TokenKey, found), key=lambda key: (key.generation, key.check))

    def root_key(self, check: bytes) -> TokenKey:
        """The root key with this check value: chosen by it, never tried."""
        for key in self.root_keys():
            if key.check == check:
                return key
        raise KeysUnavailable("The root key is not the one that the vault keys were wrapped with.")

    def generate(self, generation: int) -> TokenKey:
        """A new root key, which nobody ever sees."""
        from pkcs11 import Attribute, KeyType, MechanismFlag

        made = self._session.generate_key(
            KeyType.AES,
            KEY_BYTES * 8,
            id=generation.to_bytes(GENERATION_BYTES),
            label=settings.KPM_PKCS11_KEY,
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
            template={
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.MODIFIABLE: False,
            },
        )
        return TokenKey(made)

    def destroy(self, key: TokenKey) -> None:
        """Nothing under this key opens again."""
        key.key.destroy()


def missing_settings() -> list[str]:
    """What has to be set before there is a token to ask."""
    names = ("KPM_PKCS11_MODULE", "KPM_PKCS11_TOKEN", "KPM_PKCS11_PIN_FILE", "KPM_PKCS11_KEY")
    return [name for name in names if not getattr(settings, name)]


@contextmanager
def session(*, changing: bool = False) -> Iterator[Token]:
    """Log in to the token, one at a time; what it says against it becomes words without the PIN."""
    if missing := missing_settings():
        raise KeysUnavailable(f"{missing[0]} is not set: see deploy/env.example.")
    try:
        import pkcs11
    except ImportError:
        raise KeysUnavailable(
            "The Python package for PKCS#11 is not installed: see deploy/README.md."
        ) from None
    with _one, _pin() as (pin, state):
        try:
            with _module() as module:
                token = module.get_token(token_label=settings.KPM_PKCS11_TOKEN)
                with token.open(rw=changing, user_pin=pin) as opened:
                    yield Token(opened)
        except pkcs11.PKCS11Error as error:
            if isinstance(error, pkcs11.PinIncorrect):
                _refused.add(state)
            raise KeysUnavailable(_words(error)) from None


@contextmanager
def _module() -> Iterator["lib"]:
    import pkcs11

    try:
        module = pkcs11.lib(settings.KPM_PKCS11_MODULE)
    except pkcs11.PKCS11Error:
        name = Path(settings.KPM_PKCS11_MODULE).name
        raise KeysUnavailable(f"The PKCS#11 module {name} does not start.") from None
    try:
        yield module
    finally:
        module.finalize()


def _gcm(nonce: bytes, associated_data: bytes | None) -> dict[str, Any]:
    from pkcs11 import GCMParams, Mechanism

    how = GCMParams(nonce, associated_data, TAG_BYTES * 8)
    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": how}


@contextmanager
def _pin() -> Iterator[tuple[str, tuple[str, int, int]]]:
    """The PIN, and what its file looks like: a refused one is not tried until that changes.

    The file is locked meanwhile, so that the processes of a machine take turns, too: a token made
    of software writes its files at every login, and who reads them just then finds no token.
    """
    path = Path(settings.KPM_PKCS11_PIN_FILE)
    try:
        file = path.open(encoding="utf-8")
    except OSError:
        raise KeysUnavailable(f"The PIN file {path.name} cannot be read.") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        status = os.fstat(file.fileno())
        if status.st_mode & 0o077:
            raise KeysUnavailable(f"The PIN file {path.name} can be read by others: chmod 0400 it.")
        try:
            pin = file.read().strip()
        except UnicodeDecodeError:
            pin = ""
        if not pin:
            raise KeysUnavailable(f"The PIN file {path.name} holds no PIN.")
        state = (str(path), status.st_ino, status.st_mtime_ns)
        if state in _refused:
            raise KeysUnavailable(
                f"{_PIN_REFUSED} It is not tried again until {path.name} is changed."
            )
        yield pin, state


_PIN_REFUSED: Final = "The token refuses the PIN."


def _words(error: Exception) -> str:
    """What the token said, for the operator. Its own words may hold anything; its kind may not."""
    name = type(error).__name__
    label = settings.KPM_PKCS11_TOKEN
    return {
        "NoSuchToken": f"There is no token {label}: is it plugged in, and its service running?",
        "MultipleTokensReturned": f"There is more than one token {label}.",
        "PinIncorrect": _PIN_REFUSED,
        "PinLocked": f"The PIN of the token {label} is locked.",
    }.get(name, f"The token {label} does not do what it is asked ({name}).")
