"""The root key file: made once, readable by its owner only, refused in words otherwise."""

import stat
from pathlib import Path
from typing import Any

import pytest

from kpm.vault import ciphers
from kpm.vault.errors import KeysUnavailable
from kpm.vault.providers import FILE_MARK, FileKeyProvider, check_place

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
    assert provider.path.read_text().startswith(FILE_MARK)


def test_an_existing_file_is_never_written_over(provider: FileKeyProvider) -> None:
    before = provider.path.read_bytes()
    with pytest.raises(FileExistsError):
        provider.create()
    assert provider.path.read_bytes() == before


def test_it_wraps_and_unwraps(provider: FileKeyProvider) -> None:
    wrapped = provider.wrap(KEY, 1)
    assert len(wrapped) == 64
    assert wrapped[:4] == b"\xc3\x01\x00\x01"
    assert provider.unwrap(wrapped) == KEY


def test_another_root_key_neither_unwraps_nor_has_the_same_check_value(
    provider: FileKeyProvider, tmp_path: Path
) -> None:
    other = FileKeyProvider(tmp_path / "other.key")
    other.create()
    assert other.check_value() != provider.check_value()
    with pytest.raises(ciphers.Forged):
        other.unwrap(provider.wrap(KEY, 1))


@pytest.mark.parametrize("damage", [lambda w: w[:-1], lambda w: b"\xc2" + w[1:], lambda w: b""])
def test_the_wrong_shape_is_refused(provider: FileKeyProvider, damage: object) -> None:
    assert callable(damage)
    with pytest.raises(ciphers.Forged):
        provider.unwrap(damage(provider.wrap(KEY, 1)))


def test_a_missing_file_is_told_by_name_and_not_by_place(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable, match=r"root\.key cannot be read") as told:
        FileKeyProvider(tmp_path / "root.key").check_value()
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(provider: FileKeyProvider, mode: int) -> None:
    provider.path.chmod(mode)
    with pytest.raises(KeysUnavailable, match="can be read by others"):
        provider.check_value()


@pytest.mark.parametrize(
    "text", ["", "secret", FILE_MARK, FILE_MARK + "!!!!", FILE_MARK + "YWJj", "x" * 59]
)
def test_a_file_without_a_key_is_refused(provider: FileKeyProvider, text: str) -> None:
    provider.path.chmod(0o600)
    provider.path.write_text(text)
    with pytest.raises(KeysUnavailable, match="does not hold a root key"):
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
