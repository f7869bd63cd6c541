"""What is damaged, changed, of another place or too old is refused before anything is touched."""

import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connections

from casework.models import Person
from kpm.database import dumps, readiness
from kpm.management.backups.artefacts import Artefact
from kpm.vault.ciphers import new_key
from kpm.vault.providers import written
from tests.factories import make_case_file
from tests.kpm.backups.conftest import Site
from tests.settings import IS_POSTGRESQL, TEST_DIR


@pytest.fixture
def made(site: Site) -> tuple[Path, Path]:
    make_case_file(name="王秀英")
    return site.backup()


def refused(site: Site, data: Path, keys: Path, words: str, *more: str) -> None:
    """Nothing has happened."""
    make_case_file(name="后来")
    with pytest.raises(CommandError, match=words):
        site.restore(data, keys, *(more or ("--replace",)))
    assert Person.objects.count() == 2
    assert not readiness.is_half_restored()


def change(artefact: Path, *, sealed: Callable[[bytearray], None] | None = None, **said) -> None:
    """Change the bytes, the manifest, or both so that they agree."""
    manifest = json.loads((artefact / "manifest.json").read_text("ascii"))
    if sealed is not None:
        content = bytearray((artefact / "sealed").read_bytes())
        sealed(content)
        (artefact / "sealed").write_bytes(content)
        said = {"size": len(content), "sha256": sha256(content).hexdigest(), **said}
    (artefact / "manifest.json").write_text(json.dumps(manifest | said), encoding="ascii")


def flip(at: int) -> Callable[[bytearray], None]:
    def flipped(content: bytearray) -> None:
        content[at] ^= 1

    return flipped


def cut(content: bytearray) -> None:
    del content[-1000:]


def add(content: bytearray) -> None:
    content += bytes(70)


def test_a_site_that_is_not_empty(site, made):
    refused(site, *made, "not empty", "--without-replay-log")


def test_a_site_that_is_running(site, made):
    place = connections.settings["default"]
    if IS_POSTGRESQL:
        import psycopg

        other = psycopg.connect(
            host=place["HOST"], port=place["PORT"], user="kpm_app", dbname=place["NAME"]
        )
    else:
        import pysqlite3

        other = pysqlite3.connect(place["NAME"])
        other.execute("SELECT count(*) FROM audit_event").fetchone()
    try:
        refused(site, *made, "The site is running")
    finally:
        other.close()


def test_a_site_that_is_running_between_two_requests(site, made):
    lock = readiness.hold(alone=False)
    try:
        refused(site, *made, "The site is running")
    finally:
        os.close(lock)


def test_without_the_list_of_what_ended(site, made):
    Path(site.settings["KPM_REPLAY_LOG"]).unlink()
    refused(site, *made, "The replay log replay.log is not there")
    make_case_file()
    told = site.restore(*made, "--replace", "--without-replay-log")
    assert "ended again: 0 roles" in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"v":1,"kind":"gra',
        '{"v":1,"at":"2026-11-26T06:30:44+00:00"}\n',
        '{"v":1,"at":"2026-11-26T06:30:44+00:00","kind":"grant.ended","grant":"g:1"}\n',
        '{"v":1,"kind":"account.closed","account":"u:1"}\n',
    ],
)
def test_a_list_of_what_ended_that_says_nothing_or_too_little(site, made, text):
    Path(site.settings["KPM_REPLAY_LOG"]).write_text(text, encoding="ascii")
    refused(site, *made, "is empty or was changed")


@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_stream(site, made, number):
    content = bytearray((made[number] / "sealed").read_bytes())
    content[len(content) // 2] ^= 1
    (made[number] / "sealed").write_bytes(content)
    refused(site, *made, "damaged")


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("how", "words"),
    [
        (flip(3), "wrong shape"),
        (flip(10), "changed or belong elsewhere"),
        (flip(30), "changed or belong elsewhere"),
        (flip(70), "changed or belong elsewhere"),
        (flip(-1), "changed or belong elsewhere"),
        (cut, "changed or belong elsewhere"),
        (add, "changed or belong elsewhere"),
    ],
)
def test_a_changed_stream_with_a_manifest_that_agrees(site, made, number, how, words):
    change(made[number], sealed=how)
    refused(site, *made, words)


def test_one_stream_in_the_place_of_another(site, made, tmp_path):
    data, keys = site.backup()
    shutil.copy(data / "sealed", made[0] / "sealed")
    change(made[0], sealed=lambda _content: None)
    refused(site, made[0], keys, "changed or belong elsewhere")


def test_a_bundle_from_before(site, made):
    data, _keys = site.backup()
    refused(site, data, made[1], "does not open")


def test_the_key_of_a_bundle_that_was_changed(site, made):
    manifest = json.loads((made[1] / "manifest.json").read_text("ascii"))
    key = bytearray.fromhex(manifest["key"])
    key[20] ^= 1
    change(made[1], key=key.hex())
    refused(site, *made, "The key of the bundle was changed")


def test_another_root_key(site, made, settings, tmp_path):
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    settings.KPM_ROOT_KEY_FILE.write_text(written(new_key()), encoding="ascii")
    settings.KPM_ROOT_KEY_FILE.chmod(0o400)
    make_case_file(name="后来")
    with pytest.raises(CommandError, match="The root key is not the one"):
        site.restore(*made, "--replace")
    settings.KPM_ROOT_KEY_FILE = TEST_DIR / "root.key"
    assert Person.objects.count() == 2


@pytest.mark.parametrize(
    "said",
    [
        {"format": 2},
        {"kind": "keys"},
        {"id": "x"},
        {"id": 7},
        {"made_at": "yesterday"},
        {"made_at": "2026-11-26T06:30:44"},
        {"key": "zz"},
        {"another": 1},
    ],
)
def test_a_manifest_that_says_something_else(site, made, said):
    change(made[0], **said)
    refused(site, *made, "is not the data of a backup")


def test_a_manifest_that_says_another_day(site, made):
    """Passwords that were changed between the two would be the old ones again."""
    change(made[0], made_at="2099-01-01T00:00:00+00:00")
    refused(site, *made, "does not hold what it says")


def test_a_dump_of_the_other_engine(site, made):
    change(made[0], engine="another")
    refused(site, *made, "was made on another")


def test_what_is_no_artefact(site, made, tmp_path):
    refused(site, tmp_path, made[1], "is not the data of a backup")
    with pytest.raises(CommandError, match="is not the keys of a backup"):
        site.restore(made[0], made[0], "--replace")


def test_one_that_lacks_its_last_words(site, made, monkeypatch):
    real = Artefact.parts

    def parts(self, key):
        return (each for each in real(self, key) if each[0] != "contents.json")

    monkeypatch.setattr(Artefact, "parts", parts)
    refused(site, *made, "does not hold what it says")


def test_a_program_that_is_missing_or_fails_is_told(site, made, monkeypatch):
    """And a database that is not whole when it is back is not served."""
    if IS_POSTGRESQL:
        monkeypatch.setattr(dumps.shutil, "which", lambda _program: None)
        words = "pg_restore is not installed"
    else:
        put_back = dumps._put_back_by_copying

        def broken(alias, pieces):
            put_back(alias, (piece[:4096] + bytes(4096) + piece[8192:] for piece in pieces))

        monkeypatch.setattr(dumps, "_put_back_by_copying", broken)
        words = "is not whole"
    with pytest.raises(CommandError, match=f"{words}.* does not start before"):
        site.restore(*made, "--replace")
    assert readiness.is_half_restored()
    assert "A restore has begun" in readiness.problems()[0]
    monkeypatch.undo()
    # Begun again as before, or even without saying that there is something to lose.
    for name, value in site.settings.items():
        setattr(dumps.settings, name, value)
    site.restore(*made)
    assert Person.objects.count() == 1


def test_a_restore_needs_the_door_of_the_sequencer(site: Site, made, monkeypatch):
    with monkeypatch.context() as without:
        without.delitem(connections.settings, "sequencer")
        refused(site, *made, words="KPM_SEQUENCER_DATABASE is not set")
