"""Root keys: files for their owner only, variables and programs; refused in words otherwise."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from kpm.vault import ciphers, providers
from kpm.vault.errors import KeysUnavailable
from kpm.vault.providers import MARK, FileKeyProvider, check_place, configured

KEY = bytes(range(32))


@pytest.fixture
def provider(tmp_path: Path) -> FileKeyProvider:
    made = FileKeyProvider(tmp_path / "keys" / "root.key")
    made.create()
    return made


def test_a_made_file_is_for_its_owner_only(provider: FileKeyProvider) -> None:
    assert provider.exists()
    assert stat.S_IMODE(provider.path.stat().st_mode) == 0o400
    assert stat.S_IMODE(provider.path.parent.stat().st_mode) == 0o700
    assert provider.path.read_text().startswith(MARK)


def test_an_existing_file_is_never_written_over(provider: FileKeyProvider) -> None:
    before = provider.path.read_bytes()
    with pytest.raises(FileExistsError):
        provider.create()
    assert provider.path.read_bytes() == before


def test_it_wraps_and_unwraps(provider: FileKeyProvider) -> None:
    wrapped = provider.wrap(KEY, 1, provider.check_value())
    assert len(wrapped) == 64
    assert wrapped[:4] == b"\xc3\x01\x00\x01"
    assert provider.unwrap(wrapped, provider.check_value()) == KEY


def test_another_root_key_neither_unwraps_nor_has_the_same_check_value(
    provider: FileKeyProvider, tmp_path: Path
) -> None:
    other = FileKeyProvider(tmp_path / "other.key")
    other.create()
    assert other.check_value() != provider.check_value()
    wrapped = provider.wrap(KEY, 1, provider.check_value())
    with pytest.raises(KeysUnavailable, match="not the one"):
        other.unwrap(wrapped, provider.check_value())
    with pytest.raises(ciphers.Forged):
        other.unwrap(wrapped, other.check_value())


@pytest.mark.parametrize("damage", [lambda w: w[:-1], lambda w: b"\xc2" + w[1:], lambda w: b""])
def test_the_wrong_shape_is_refused(provider: FileKeyProvider, damage: object) -> None:
    assert callable(damage)
    check = provider.check_value()
    with pytest.raises(ciphers.Forged):
        provider.unwrap(damage(provider.wrap(KEY, 1, check)), check)


def test_a_missing_file_is_told_by_name_and_not_by_place(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable, match=r"root\.key cannot be read") as told:
        FileKeyProvider(tmp_path / "root.key").check_value()
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(provider: FileKeyProvider, mode: int) -> None:
    provider.path.chmod(mode)
    with pytest.raises(KeysUnavailable, match="can be read by others"):
        provider.check_value()


@pytest.mark.parametrize("text", ["", "secret", MARK, MARK + "!!!!", MARK + "YWJj", "x" * 59])
def test_a_file_without_a_key_is_refused(provider: FileKeyProvider, text: str) -> None:
    provider.path.chmod(0o600)
    provider.path.write_text(text)
    with pytest.raises(KeysUnavailable, match="is not a root key"):
        provider.check_value()


def test_a_file_of_binary_rubbish_is_refused(provider: FileKeyProvider) -> None:
    provider.path.chmod(0o600)
    provider.path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeysUnavailable, match="cannot be read"):
        provider.check_value()


def test_a_root_key_beside_the_data_or_open_to_others_is_an_error(
    settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.KPM_ROOT_KEY_FILE = tmp_path / "keys" / "root.key"
    assert check_place() == []
    FileKeyProvider(settings.KPM_ROOT_KEY_FILE).create()
    assert check_place() == []
    settings.KPM_ROOT_KEY_FILE.chmod(0o644)
    settings.DATA_DIR = tmp_path
    assert [found.msg for found in check_place()] == [
        "The root key file root.key lies in the data directory.",
        "The root key file root.key can be read by others.",
    ]


# --- the environment


@pytest.fixture
def held(settings: Any) -> Any:
    settings.KPM_KEY_PROVIDER = "environment"
    settings.KPM_ROOT_KEY = providers.written(KEY)
    settings.KPM_ROOT_KEY_NEXT = ""
    return settings


def test_a_root_key_comes_from_the_environment(held: Any) -> None:
    provider = configured()
    assert provider.name == "environment"
    assert provider.exists()
    check = provider.check_value()
    assert provider.unwrap(provider.wrap(KEY, 3, check), check) == KEY
    assert check_place() == []
    held.KPM_ROOT_KEY = ""
    assert not provider.exists()
    assert [found.id for found in check_place()] == ["vault.E002"]
    with pytest.raises(KeysUnavailable, match="KPM_ROOT_KEY is not a root key"):
        provider.check_value()
    with pytest.raises(KeysUnavailable, match="--print"):
        provider.create()


def test_what_is_wrong_is_never_shown(held: Any) -> None:
    held.KPM_ROOT_KEY = "a-secret-that-is-no-root-key"
    with pytest.raises(KeysUnavailable) as told:
        configured().check_value()
    assert "secret" not in str(told.value)


def test_the_successor_is_chosen_by_its_check_value(held: Any) -> None:
    provider = configured()
    with pytest.raises(KeysUnavailable, match="no root key to change to"):
        provider.prepare()
    held.KPM_ROOT_KEY_NEXT = providers.written(bytes(32))
    check = provider.prepare()
    assert check != provider.check_value()
    assert provider.unwrap(provider.wrap(KEY, 1, check), check) == KEY
    with pytest.raises(KeysUnavailable, match="not the one"):
        provider.wrap(KEY, 1, bytes(32))
    assert "in the place" in provider.adopt(check)


def test_nothing_that_is_started_inherits_the_root_key() -> None:
    code = (
        "import os, django; django.setup(); from django.conf import settings; "
        "print(settings.KPM_ROOT_KEY, 'KPM_ROOT_KEY' in os.environ)"
    )
    environment = {**os.environ, "KPM_ROOT_KEY": "abc", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout == "abc False\n"


# --- a program


@pytest.fixture
def program(settings: Any, tmp_path: Path) -> Callable[[str], None]:
    def make(body: str, name: str = "KPM_ROOT_KEY_COMMAND") -> None:
        path = tmp_path / f"{name.lower()}.sh"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o700)
        settings.KPM_KEY_PROVIDER = "command"
        setattr(settings, name, f"{path} --identity 'a b'")

    settings.KPM_ROOT_KEY_NEXT_COMMAND = ""
    return make


def test_a_root_key_comes_from_a_program(
    program: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPM_OF_OURS", "x")
    # Its arguments arrive as they were written, and nothing of ours does.
    program(f'[ "$2" = "a b" ] && [ -z "$KPM_OF_OURS" ] && echo {providers.written(KEY)}')
    provider = configured()
    assert provider.name == "command"
    assert provider.exists()
    check = provider.check_value()
    assert check == providers.root_check(KEY)
    assert provider.unwrap(provider.wrap(KEY, 1, check), check) == KEY
    with pytest.raises(KeysUnavailable, match="no root key to change to"):
        provider.prepare()
    program(f"echo {providers.written(bytes(32))}", "KPM_ROOT_KEY_NEXT_COMMAND")
    assert provider.prepare() == providers.root_check(bytes(32))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 3", "ended with 3"),
        ("echo secret", "is not a root key"),
        ("printf '\\377\\376'", "is not a root key"),
        ("echo secret >&2; exit 1", "ended with 1"),
        ("head -c 100000 /dev/zero | tr '\\0' s", "is not a root key"),
    ],
)
def test_a_program_without_a_key_is_refused_without_its_words(
    program: Callable[..., None], body: str, words: str
) -> None:
    program(body)
    with pytest.raises(KeysUnavailable, match=words) as told:
        configured().check_value()
    assert "secret" not in str(told.value)


def test_a_program_that_takes_too_long_ends_with_all_it_started(
    program: Callable[..., None], settings: Any, tmp_path: Path
) -> None:
    settings.KPM_ROOT_KEY_SECONDS = 2
    program(f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    with pytest.raises(KeysUnavailable, match="gave no key in"):
        configured().check_value()
    left = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 60
    # It has been killed; when the kernel gets round to it is its own business.
    while is_running(left) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(left)


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("command", "words"), [("/nowhere/age -d", "age did not start"), ("''  ", "start"), (" ", "no")]
)
def test_a_program_that_is_not_there_is_told(settings: Any, command: str, words: str) -> None:
    settings.KPM_KEY_PROVIDER = "command"
    settings.KPM_ROOT_KEY_COMMAND = command
    with pytest.raises(KeysUnavailable, match=words):
        configured().check_value()


def test_an_unknown_provider_is_an_error(settings: Any) -> None:
    settings.KPM_KEY_PROVIDER = "paper"
    assert [found.id for found in check_place()] == ["vault.E003"]


# --- changing a file


def test_a_file_and_its_copy_are_changed_together(tmp_path: Path) -> None:
    provider = FileKeyProvider(tmp_path / "a" / "root.key", tmp_path / "b" / "root.key")
    provider.create()
    assert provider.renews
    assert not FileKeyProvider(provider.path).renews
    old = provider.check_value()
    new = provider.prepare()
    assert new != old == provider.check_value()
    # Cut off before it took over: the same one is taken up again.
    assert provider.prepare() == new
    wrapped = provider.wrap(KEY, 1, new)
    # What another process has prepared meanwhile is not this one's to adopt.
    provider.adopt(old)
    assert provider.check_value() == old
    assert "its copy" in provider.adopt(new)
    assert provider.check_value() == new
    assert provider.unwrap(wrapped, new) == KEY
    assert (tmp_path / "b" / "root.key").read_bytes() == provider.path.read_bytes()
    assert {path.name for path in tmp_path.glob("*/*")} == {"root.key"}
    assert stat.S_IMODE(provider.path.stat().st_mode) == 0o400


def test_without_a_copy_the_operator_is_told_to_make_a_backup(provider: FileKeyProvider) -> None:
    assert "NOW" in provider.adopt(provider.prepare())


def test_a_new_root_key_can_be_printed_for_a_pipe() -> None:
    told = StringIO()
    call_command("create_keys", "--print", stdout=told)
    assert len(providers.read(told.getvalue(), "it")) == 32
