"""Root keys in a PKCS#11 token: made, used and destroyed in there; refused in words otherwise."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pkcs11
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import CommandError, call_command
from pkcs11 import Attribute

from kpm.custody import states
from kpm.custody.states import state
from kpm.ids import uuid7
from kpm.vault import keys, providers, tokens, vault_keys
from kpm.vault.ciphers import Forged
from kpm.vault.errors import KeysUnavailable
from kpm.vault.keys import ring
from kpm.vault.models import VaultKey
from kpm.vault.providers import FileKeyProvider, TokenKeyProvider, check_place, configured
from tests.architecture.sources import ROOT
from tests.conftest import RealCommits
from tests.kpm.vault.softhsm import LABEL, PIN, SoftHsm
from tests.settings import TEST_DIR
from tests.threads import at_once

pytestmark = pytest.mark.django_db
KEY = bytes(range(32))
ROOT_KEY = bytes(range(64, 96))


@pytest.fixture
def hsm(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """An empty token, and a site that is set to it."""
    made = SoftHsm(tmp_path / "hsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.config))
    made.make_token()
    made.point(settings)
    return made


@pytest.fixture
def provider(hsm: SoftHsm) -> TokenKeyProvider:
    made = TokenKeyProvider()
    made.create()
    return made


def said(act: Any, *arguments: Any) -> str:
    """In which words something is refused; never with the PIN in them."""
    with pytest.raises(KeysUnavailable) as refused:
        act(*arguments)
    assert PIN not in str(refused.value)
    return str(refused.value)


# --- one key


def test_the_token_makes_a_key_that_never_leaves_it(
    provider: TokenKeyProvider, hsm: SoftHsm
) -> None:
    def look(session: pkcs11.Session) -> None:
        (key,) = session.get_objects({Attribute.LABEL: "kpm-root"})
        wanted = {
            "TOKEN": True,
            "PRIVATE": True,
            "SENSITIVE": True,
            "ALWAYS_SENSITIVE": True,
            "EXTRACTABLE": False,
            "NEVER_EXTRACTABLE": True,
            "MODIFIABLE": False,
            "LOCAL": True,
            "ENCRYPT": True,
            "DECRYPT": True,
            "WRAP": False,
            "UNWRAP": False,
            "SIGN": False,
            "DERIVE": False,
            "VALUE_LEN": 32,
            "ID": b"\0\1",
        }
        assert {name: key[getattr(Attribute, name)] for name in wanted} == wanted
        with pytest.raises(pkcs11.AttributeSensitive):
            key[Attribute.VALUE]
        wrapping = session.generate_key(pkcs11.KeyType.AES, 256)
        with pytest.raises(pkcs11.KeyUnextractable):
            wrapping.wrap_key(key)
        with pytest.raises(pkcs11.PKCS11Error):
            key[Attribute.LABEL] = "another"

    hsm.look(look)
    assert configured().name == "pkcs11"
    assert not provider.renews
    assert provider.exists()


def test_it_wraps_and_unwraps(provider: TokenKeyProvider) -> None:
    check = provider.check_value()
    assert check == provider.check_value()
    assert len(check) == 32
    wrapped = provider.wrap(KEY, 3, check)
    assert wrapped != provider.wrap(KEY, 3, check)
    assert len(wrapped) == 64
    assert wrapped[:4] == b"\xc3\x01\x00\x03"
    assert provider.unwrap(wrapped, check) == KEY


def test_another_program_with_the_same_key_comes_to_the_same(hsm: SoftHsm) -> None:
    hsm.put(ROOT_KEY)
    provider = TokenKeyProvider()
    made = Cipher(algorithms.AES(ROOT_KEY), modes.ECB()).encryptor()  # noqa: S305 two blocks of a constant, beside the token's
    check = made.update(b"kpm root 1\0\0\0\0\0\0kpm root 2\0\0\0\0\0\0") + made.finalize()
    assert provider.check_value() == check
    wrapped = provider.wrap(KEY, 1, check)
    assert AESGCM(ROOT_KEY).decrypt(wrapped[4:16], wrapped[16:], wrapped[:4] + b"vault") == KEY


def test_the_check_value_in_the_description_is_right(hsm: SoftHsm) -> None:
    hsm.put(KEY)
    text = (ROOT / "kpm" / "docs" / "vault_formats.md").read_text(encoding="utf-8")
    written = re.search(r"00 to 1f it is `([0-9a-f]{64})`", " ".join(text.split()))
    assert written is not None
    assert TokenKeyProvider().check_value().hex() == written[1]


def test_what_is_there_is_never_made_again(provider: TokenKeyProvider, hsm: SoftHsm) -> None:
    assert "already" in said(provider.create)
    assert hsm.keys() == [b"\0\1"]


def test_without_a_key_the_operator_is_told(hsm: SoftHsm) -> None:
    provider = TokenKeyProvider()
    assert not provider.exists()
    assert "no root key in the token" in said(provider.check_value)
    assert "not the one" in said(provider.wrap, KEY, 1, bytes(32))


@pytest.mark.parametrize("at", [2, 3, 4, 15, 16, 47, 48, 63])
def test_a_changed_bit_is_told(provider: TokenKeyProvider, at: int) -> None:
    check = provider.check_value()
    wrapped = bytearray(provider.wrap(KEY, 1, check))
    wrapped[at] ^= 1
    with pytest.raises(Forged):
        provider.unwrap(bytes(wrapped), check)
    # The token still does what it is asked.
    assert provider.unwrap(provider.wrap(KEY, 1, check), check) == KEY


@pytest.mark.parametrize(
    "damage",
    [lambda w: w[:-1], lambda w: b"\xc2" + w[1:], lambda w: b"\xc3\x03" + w[2:], lambda w: b""],
)
def test_the_wrong_shape_is_refused(provider: TokenKeyProvider, damage: Any) -> None:
    check = provider.check_value()
    with pytest.raises(Forged):
        provider.unwrap(damage(provider.wrap(KEY, 1, check)), check)


def test_another_key_is_told_apart_from_changed_bytes(
    provider: TokenKeyProvider, hsm: SoftHsm, settings: Any
) -> None:
    check = provider.check_value()
    wrapped = provider.wrap(KEY, 1, check)
    settings.KPM_PKCS11_KEY = "another"
    provider.create()
    assert provider.check_value() != check
    assert "not the one" in said(provider.unwrap, wrapped, check)
    with pytest.raises(Forged):
        provider.unwrap(wrapped, provider.check_value())


def test_a_token_that_breaks_is_told_apart_from_changed_bytes(
    provider: TokenKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = provider.check_value()
    wrapped = provider.wrap(KEY, 1, check)

    class Broken:
        def __init__(self, key: Any) -> None:
            self.id, self.encrypt = key.id, key.encrypt

        def decrypt(self, *_arguments: Any, **_how: Any) -> bytes:
            raise pkcs11.DeviceError

    real = tokens.TokenKey
    monkeypatch.setattr(tokens, "TokenKey", lambda key: real(Broken(key)))
    assert "DeviceError" in said(provider.unwrap, wrapped, check)


@pytest.mark.parametrize("seal", [lambda sealed: sealed + bytes(12), lambda sealed: sealed[::-1]])
def test_a_token_that_seals_in_its_own_way_gets_no_vault_key(
    provider: TokenKeyProvider, monkeypatch: pytest.MonkeyPatch, seal: Any
) -> None:
    real = tokens.TokenKey.encrypt
    monkeypatch.setattr(
        tokens.TokenKey, "encrypt", lambda key, *arguments: seal(real(key, *arguments))
    )
    assert "does not unwrap" in said(provider.wrap, KEY, 1, provider.check_value())


@pytest.mark.parametrize("more", [{"EXTRACTABLE": True}, {"SENSITIVE": False}])
def test_a_key_that_can_be_taken_out_is_no_root_key(hsm: SoftHsm, more: Any) -> None:
    hsm.generate(**more)
    assert "can be taken out" in said(TokenKeyProvider().exists)
    assert "can be taken out" in said(TokenKeyProvider().create)


# --- no token, no PIN, no module


def test_a_refused_pin_is_not_tried_again_until_it_changes(
    provider: TokenKeyProvider, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    hsm.write_pin("wrong-pin")
    words = said(provider.check_value)
    assert words == "The token refuses the PIN."
    with monkeypatch.context() as patched:
        # Whoever asked the module now would be told that this is none.
        patched.setattr(pkcs11, "lib", None)
        assert "not tried again until pin is changed" in said(provider.check_value)
    assert "wrong-pin" not in words
    hsm.write_pin(PIN)
    assert provider.check_value()


def test_a_pin_file_must_be_there_and_closed_to_others(
    provider: TokenKeyProvider, hsm: SoftHsm
) -> None:
    hsm.pin_file.chmod(0o440)
    assert "can be read by others" in said(provider.check_value)
    hsm.write_pin("")
    assert said(provider.check_value) == "The PIN file pin holds no PIN."
    hsm.pin_file.unlink()
    assert said(provider.check_value) == "The PIN file pin cannot be read."
    hsm.pin_file.write_bytes(b"\xff\xfe")
    hsm.pin_file.chmod(0o400)
    assert said(provider.check_value) == "The PIN file pin holds no PIN."


def test_a_missing_token_is_told(provider: TokenKeyProvider, settings: Any, hsm: SoftHsm) -> None:
    settings.KPM_PKCS11_TOKEN = "elsewhere"
    assert "no token elsewhere" in said(provider.check_value)
    hsm.make_token("elsewhere")
    hsm.make_token("elsewhere")
    assert "more than one token elsewhere" in said(provider.check_value)


@pytest.mark.parametrize("module", ["/nowhere/vendor.so", str(ROOT / "README.md")])
def test_a_module_that_does_not_start_is_told_by_name_and_not_by_place(
    provider: TokenKeyProvider, settings: Any, module: str
) -> None:
    settings.KPM_PKCS11_MODULE = module
    words = said(provider.check_value)
    assert words == f"The PKCS#11 module {Path(module).name} does not start."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (pkcs11.PinLocked, "is locked"),
        (pkcs11.DeviceRemoved, "does not do what it is asked (DeviceRemoved)"),
    ],
)
def test_what_the_token_says_against_it_is_told(
    provider: TokenKeyProvider, error: type[Exception], words: str
) -> None:
    def ask() -> None:
        with tokens.session():
            raise error(f"with the PIN {PIN}")

    assert words in said(ask)


@pytest.mark.parametrize("name", ["MODULE", "TOKEN", "PIN_FILE", "KEY"])
def test_what_is_not_set_is_told(provider: TokenKeyProvider, settings: Any, name: str) -> None:
    setattr(settings, f"KPM_PKCS11_{name}", "")
    assert f"KPM_PKCS11_{name} is not set" in said(provider.check_value)
    assert [found.id for found in check_place()] == ["vault.E002"]


def test_a_site_without_the_package_is_told(
    provider: TokenKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    assert "not installed: see deploy/README.md" in said(provider.check_value)


def test_the_check_of_the_site_asks_the_token(hsm: SoftHsm, settings: Any) -> None:
    assert [found.msg for found in check_place()] == ["There is no root key."]
    TokenKeyProvider().create()
    assert check_place() == []
    settings.KPM_PKCS11_TOKEN = "elsewhere"
    assert "no token elsewhere" in check_place()[0].msg
    settings.DATA_DIR = hsm.place
    assert [found.id for found in check_place()] == ["vault.E005"]


# --- threads and processes


def test_threads_wait_for_each_other(provider: TokenKeyProvider) -> None:
    check = provider.check_value()

    def turn(number: int) -> bool:
        key = bytes([number]) * 32
        return all(provider.unwrap(provider.wrap(key, 1, check), check) == key for _ in range(5))

    assert at_once(6, turn) == [True] * 6


def test_processes_that_were_forked_take_turns(provider: TokenKeyProvider, hsm: SoftHsm) -> None:
    # In a process of its own, as a server does it: the parent has used the token before.
    code = (
        "import os, django; django.setup(); "
        "from kpm.vault.providers import TokenKeyProvider as P; before = P().check_value(); "
        "child = os.fork(); same = all(P().check_value() == before for _ in range(30)); "
        "os._exit(0 if same and (child == 0 or os.waitpid(child, 0)[1] == 0) else 1)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=surroundings(hsm), check=False)
    assert done.returncode == 0


def surroundings(hsm: SoftHsm) -> dict[str, str]:
    """What another process is told of the token."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "KPM_KEY_PROVIDER": "pkcs11",
        "KPM_PKCS11_MODULE": tokens.settings.KPM_PKCS11_MODULE,
        "KPM_PKCS11_TOKEN": LABEL,
        "KPM_PKCS11_PIN_FILE": str(hsm.pin_file),
    }


# --- another root key


def test_the_second_key_takes_over_and_the_first_is_destroyed(
    provider: TokenKeyProvider, hsm: SoftHsm
) -> None:
    old = provider.check_value()
    below = provider.wrap(KEY, 1, old)
    new = provider.prepare()
    assert new != old == provider.check_value()
    assert hsm.keys() == [b"\0\1", b"\0\2"]
    wrapped = provider.wrap(KEY, 1, new)
    assert provider.unwrap(below, old) == KEY
    assert "NOW" in provider.adopt(new)
    assert hsm.keys() == [b"\0\2"]
    assert provider.check_value() == new
    assert provider.unwrap(wrapped, new) == KEY
    assert "not the one" in said(provider.unwrap, below, old)
    # A second time there is nothing left to destroy, and what is not there destroys nothing.
    provider.adopt(new)
    assert "not the one" in said(provider.adopt, old)
    assert hsm.keys() == [b"\0\2"]


def test_a_process_that_is_killed_after_the_second_key_was_made_leaves_it(
    provider: TokenKeyProvider, hsm: SoftHsm
) -> None:
    old = provider.check_value()
    code = (
        "import os, signal, django; django.setup(); from kpm.vault import tokens; "
        "from kpm.vault.providers import TokenKeyProvider as P; real = tokens.Token.generate; "
        "tokens.Token.generate = lambda *a: (real(*a), os.kill(os.getpid(), signal.SIGKILL)); "
        "P().prepare()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=surroundings(hsm), check=False)
    assert done.returncode == -9
    assert hsm.keys() == [b"\0\1", b"\0\2"]
    assert provider.check_value() == old
    new = provider.prepare()
    assert hsm.keys() == [b"\0\1", b"\0\2"]
    provider.adopt(new)
    assert provider.check_value() == new != old


# --- under a vault


@pytest.fixture
def owner(hsm: SoftHsm) -> UUID:
    """Somebody whose key lies under the root key in the token."""
    VaultKey.objects.all().delete()
    ring.forget()
    keys.create_missing()
    made = uuid7()
    keys.create_data_keys([made])
    return made


def test_the_first_start_makes_the_key_in_the_token(
    real_commits: RealCommits, hsm: SoftHsm
) -> None:
    VaultKey.objects.all().delete()
    told = StringIO()
    call_command("create_keys", stdout=told)
    assert told.getvalue().startswith("Made: root key, vault key 1, key of the log 1.")
    assert VaultKey.objects.get().provider == "pkcs11"
    assert keys.create_missing() == []
    assert hsm.keys() == [b"\0\1"]
    told = StringIO()
    call_command("vault_status", stdout=told)
    assert "root key from: pkcs11\n" in told.getvalue()
    assert "under another root key" not in told.getvalue()
    assert "PKCS#11" in str(state().provider_words)
    assert states.PROVIDERS.keys() == providers.PROVIDERS.keys()


def test_a_token_without_its_key_is_never_given_a_new_one(
    hsm: SoftHsm, owner: UUID, settings: Any
) -> None:
    settings.KPM_PKCS11_KEY = "lost"
    with pytest.raises(CommandError, match="its own backup"):
        call_command("create_keys")
    assert hsm.keys() == [b"\0\1"]


def test_a_process_asks_the_token_once_for_each_vault_key(
    hsm: SoftHsm, owner: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.forget()
    asked = []
    real = TokenKeyProvider.unwrap
    monkeypatch.setattr(TokenKeyProvider, "unwrap", lambda *a: asked.append(1) or real(*a))
    ring.load([owner])
    ring.forget_data_keys()
    ring.load([owner])
    assert len(asked) == 1


def test_a_changed_row_and_a_broken_token_are_told_apart(
    hsm: SoftHsm, owner: UUID, settings: Any
) -> None:
    row = VaultKey.objects.get()
    wrapped = bytearray(row.wrapped)
    wrapped[30] ^= 1
    VaultKey.objects.update(wrapped=bytes(wrapped))
    assert "was changed" in said(vault_keys.opened, VaultKey.objects.get())
    settings.KPM_PKCS11_TOKEN = "elsewhere"
    assert "no token" in said(vault_keys.opened, row)


@pytest.mark.parametrize("suite", [1, 2, 3, 0x11])
def test_whatever_a_site_seals_with_its_vault_keys_lie_under_aes(
    hsm: SoftHsm, owner: UUID, settings: Any, suite: int
) -> None:
    settings.KPM_VAULT_SUITE = suite
    version = vault_keys.add()
    row = VaultKey.objects.get(version=version)
    assert bytes(row.wrapped)[1] == 1
    assert vault_keys.opened(row)
    vault_keys.change_root()
    second = uuid7()
    keys.create_data_keys([second])
    ring.forget()
    assert len(ring.load([owner, second])) == 2


@pytest.mark.parametrize("cut", ["prepare", "_wrap", "adopt"])
def test_a_change_that_was_cut_off_is_taken_up_again(
    hsm: SoftHsm, owner: UUID, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    vault_keys.add()
    ring.forget()
    before = ring.vault_key(1).material, ring.vault_key(2).material
    place: Any = vault_keys if cut == "_wrap" else TokenKeyProvider
    real = getattr(place, cut)

    def cut_off(*arguments: Any) -> None:
        if cut != "adopt":
            real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(place, cut, cut_off)
        with pytest.raises(KeyboardInterrupt):
            vault_keys.change_root()
    assert hsm.keys() == [b"\0\1", b"\0\2"]
    # Everything opens meanwhile, and a new vault key goes under the root key of the others.
    ring.forget()
    assert ring.load([owner])
    assert vault_keys.add() == 3
    assert "NOW" in vault_keys.change_root()
    ring.forget()
    assert ring.load([owner])
    assert (ring.vault_key(1).material, ring.vault_key(2).material) == before
    assert hsm.keys() == [b"\0\2"]
    check = TokenKeyProvider().check_value()
    assert {bytes(row.root_check) for row in VaultKey.objects.all()} == {check}


def test_a_change_that_is_killed_before_the_first_key_is_destroyed_goes_on(
    hsm: SoftHsm, real_commits: RealCommits
) -> None:
    keys.create_data_keys([owner := uuid7()])
    # Out of the file of the tests, into the token.
    vault_keys.change_root()
    code = (
        "import os, signal, django; django.setup(); from kpm.vault import tokens, vault_keys; "
        "tokens.Token.destroy = lambda *a: os.kill(os.getpid(), signal.SIGKILL); "
        "vault_keys.change_root()"
    )
    environment = real_commits.environment | surroundings(hsm)
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == -9
    assert hsm.keys() == [b"\0\1", b"\0\2"]
    ring.forget()
    assert ring.load([owner])
    # Every vault key lies under the second key; who looks is told so until the first is gone.
    assert {version.is_current_root for version in state().versions} == {False}
    vault_keys.change_root()
    assert hsm.keys() == [b"\0\2"]
    assert {version.is_current_root for version in state().versions} == {True}
    ring.forget()
    assert ring.load([owner])


def test_no_root_key_is_destroyed_while_a_vault_key_lies_under_it(
    hsm: SoftHsm, owner: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if another change had come between re-wrapping and destroying.
    monkeypatch.setattr(VaultKey, "save", lambda _row: None)
    assert "Somebody else" in said(vault_keys.change_root)
    assert hsm.keys() == [b"\0\1", b"\0\2"]
    ring.forget()
    assert ring.load([owner])


def test_a_site_moves_from_a_file_into_a_token_and_back(
    hsm: SoftHsm, settings: Any, tmp_path: Path
) -> None:
    owner = uuid7()
    settings.KPM_KEY_PROVIDER = "file"
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    settings.KPM_ROOT_KEY_FILE.write_bytes((TEST_DIR / "root.key").read_bytes())
    settings.KPM_ROOT_KEY_FILE.chmod(0o400)
    keys.create_data_keys([owner])
    for place in ("pkcs11", "file"):
        settings.KPM_KEY_PROVIDER = place
        # What was wrapped elsewhere opens there until the root key is changed.
        ring.forget()
        assert ring.load([owner])
        vault_keys.change_root()
        assert {row.provider for row in VaultKey.objects.all()} == {place}
        if place == "pkcs11":
            # Nothing of the old key is needed any more; on the way back there is a new one.
            settings.KPM_ROOT_KEY_FILE.unlink()
            FileKeyProvider(settings.KPM_ROOT_KEY_FILE).create()
        ring.forget()
        assert ring.load([owner])
    assert hsm.keys() == [b"\0\1"]
