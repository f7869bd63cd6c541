"""A PKCS#11 token made of software (Debian's SoftHSM), in a directory of the test."""

import subprocess
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
LABEL = "kpm test"
PIN = "4711-kpm"


class SoftHsm:
    """Tokens below one directory; the environment says which to the module and its tool."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "tokens").mkdir(parents=True)
        self.config = place / "softhsm2.conf"
        self.config.write_text(f"directories.tokendir = {place / 'tokens'}\nlog.level = ERROR\n")
        self.pin_file = place / "pin"
        self.write_pin(PIN)

    def write_pin(self, pin: str) -> None:
        self.pin_file.unlink(missing_ok=True)
        self.pin_file.write_text(pin + "\n")
        self.pin_file.chmod(0o400)

    def make_token(self, label: str = LABEL) -> None:
        command = ["softhsm2-util", "--init-token", "--free", "--label", label]
        subprocess.run(
            [*command, "--pin", PIN, "--so-pin", "4711-officer"],
            env={"SOFTHSM2_CONF": str(self.config), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=True,
        )

    def point(self, settings: Any) -> None:
        """Make this the token of the site."""
        settings.KPM_KEY_PROVIDER = "pkcs11"
        settings.KPM_PKCS11_MODULE = MODULE
        settings.KPM_PKCS11_TOKEN = LABEL
        settings.KPM_PKCS11_PIN_FILE = str(self.pin_file)
        settings.KPM_PKCS11_KEY = "kpm-root"

    def look(self, act: Any, *, label: str = LABEL) -> Any:
        """Do something in the token without the vault."""
        module = pkcs11.lib(MODULE)
        try:
            with module.get_token(token_label=label).open(rw=True, user_pin=PIN) as session:
                return act(session)
        finally:
            module.finalize()

    def keys(self) -> list[bytes]:
        """The ids of all secret keys in the token."""
        found = {Attribute.CLASS: ObjectClass.SECRET_KEY}
        return self.look(lambda session: sorted(key.id for key in session.get_objects(found)))

    def put(self, value: bytes, **more: Any) -> None:
        """A root key that the test knows."""
        attributes = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.AES,
            Attribute.LABEL: "kpm-root",
            Attribute.ID: b"\0\1",
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.ENCRYPT: True,
            Attribute.DECRYPT: True,
            Attribute.VALUE: value,
        }
        attributes |= {getattr(Attribute, name): each for name, each in more.items()}
        self.look(lambda session: session.create_object(attributes))

    def generate(self, **more: Any) -> None:
        """Another root key beside those of the vault."""
        wanted = {getattr(Attribute, name): each for name, each in more.items()}
        self.look(
            lambda session: session.generate_key(
                KeyType.AES,
                256,
                id=b"\0\1",
                label="kpm-root",
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template=wanted,
            )
        )
