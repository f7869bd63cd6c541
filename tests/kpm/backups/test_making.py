"""A backup that is made: whole, sealed, while others work, and bundles that go in time."""

import base64
import fcntl
import io
import json
import os
import tarfile
import threading
import tracemalloc
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from audit.models import LoggedEvent
from casework.actions import attachments
from casework.models import Attachment
from kpm.database import dumps, readiness
from kpm.errors import Refused
from kpm.management.backups import artefacts
from kpm.management.backups.making import make
from kpm.management.backups.restoring import verified
from kpm.vault import archives, storage
from kpm.vault.errors import KeysUnavailable
from kpm.vault.models import ScopeKey
from tests.audit.things import FILE, WORKER
from tests.casework.documents import PDF, uploaded
from tests.factories import make_case_file, make_user
from tests.kpm.backups.conftest import Site
from tests.kpm.vault import plain_gcm
from tests.kpm.vault.test_files import independently
from tests.proofs import haystacks
from tests.settings import IS_POSTGRESQL, TEST_DIR


def told():
    rows = LoggedEvent.objects.filter(event__startswith="backup.").order_by("id")
    return [(row.event, row.subject, row.outcome) for row in rows]


def silent(_what, _count):
    pass


def opened(data, keys):
    """Every part of both artefacts, joined."""
    pair = verified(data, keys, silent)
    found = {}
    for artefact, key in ((pair.data, pair.data_key), (pair.bundle, pair.bundle_key)):
        for name, content in artefact.parts(key):
            part = name.partition("/")[0] if "files/" not in name else name
            found[part] = found.get(part, b"") + content.read()
    return found


def test_both_artefacts_hold_what_they_say_and_show_nothing(site: Site):
    worker = make_user(name="范林国")
    case_file = make_case_file(name="王秀英", lead=worker)
    document = attachments.add(
        case_file=case_file, file=uploaded(PDF), by=worker, now=timezone.now()
    )
    data, keys = site.backup()
    assert [each.name for each in (data, keys)] == site.whole
    assert {each.name for each in data.iterdir()} == {"manifest.json", "sealed"}
    for each in (data, keys):
        said = json.loads((each / "manifest.json").read_text("ascii"))
        assert said["size"] == (each / "sealed").stat().st_size
        assert each.stat().st_mode & 0o777 == 0o700
    found = opened(data, keys)
    assert set(found) == {
        "default",
        "keys",
        "backup_keys",
        "contents.json",
        f"files/{document.file_id.hex}.cvf",
    }
    start = b"PGDMP" if IS_POSTGRESQL else b"SQLite format 3\0"
    assert found["default"].startswith(start)
    assert found["keys"].startswith(start)
    # Colleagues stand in clear in the database, and not in its backup.
    needles = haystacks.Needles(["范林国", case_file.number])
    for each in (data, keys):
        assert needles.found_in(b"".join(part.read_bytes() for part in each.iterdir())) == set()
    assert needles.found_in(found["default"]) or IS_POSTGRESQL
    assert told() == [("backup.created", data.name.removesuffix(".data"), "ok")]


def test_nothing_in_clear_is_left_beside_the_database(site: Site):
    make_case_file()
    before = {name: set(os.listdir(Path(name).parent)) for name in names_of_files(site)}
    site.backup()
    for name in before:
        new = set(os.listdir(Path(name).parent)) - before[name]
        assert not [each for each in new if not each.endswith(("-wal", "-shm"))]


def names_of_files(site):
    return [] if IS_POSTGRESQL else list(site.commits.names.values())


def test_what_an_earlier_one_left_that_was_cut_off_is_taken_away(site: Site):
    left = site.folder / "kpm-20261101T000000Z.data.part"
    left.mkdir(parents=True)
    (left / "sealed").write_bytes(b"half")
    copies = [Path(name).with_name("kpm-backup-left") for name in names_of_files(site)]
    for each in copies:
        each.write_bytes(b"half")
    site.backup()
    assert not left.exists()
    assert not any(each.exists() for each in copies)


def test_nothing_is_overwritten(site: Site):
    now = timezone.now()
    site.folder.mkdir()

    def make_one():
        make(site.folder, site.folder, keep=timedelta(days=1), now=now, heard=silent)

    make_one()
    before = {each: each.stat().st_mtime_ns for each in site.folder.rglob("*")}
    with pytest.raises(Refused, match=r"There is a kpm-.*\.data already"):
        make_one()
    assert {each: each.stat().st_mtime_ns for each in site.folder.rglob("*")} == before
    assert [row[2] for row in told()] == ["ok", "error"]
    # The key of what was not made is gone.
    assert ScopeKey.objects.filter(purpose=4).count() == 1


def test_one_at_a_time(site: Site):
    site.folder.mkdir()
    descriptor = os.open(site.folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(CommandError, match="Another backup or restore is at work"):
        site.backup()
    os.close(descriptor)
    site.backup()


def test_bundles_of_keys_go_in_time_and_data_stays(site: Site, tmp_path: Path):
    keys = tmp_path / "keys"
    now = timezone.now()
    for days in (40, 20, 0):
        made = make(
            site.folder,
            keys,
            keep=timedelta(days=30),
            now=now - timedelta(days=days),
            heard=silent,
        )
        if days:
            assert made.removed == []
    assert [each.name[-5:] for each in keys.iterdir()] == [".keys", ".keys"]
    assert len(site.whole) == 3
    assert [row[0] for row in told()] == [*["backup.created"] * 3, "backup.removed"]
    # What is no bundle is nobody's business.
    (keys / "notes.txt").write_text("kpm-20200101T000000000000Z.keys", encoding="ascii")
    (keys / "kpm-20200101T000000000000Z.data").mkdir()
    answer = make(site.folder, keys, keep=timedelta(days=1), now=now + A_SECOND, heard=silent)
    assert [each.name[-5:] for each in answer.removed] == [".keys"]
    assert (keys / "notes.txt").exists()
    assert (keys / "kpm-20200101T000000000000Z.data").exists()


A_SECOND = timedelta(seconds=1)


def test_bundles_are_not_kept_longer_than_certificates_say(site: Site):
    with pytest.raises(CommandError, match="KPM_KEY_BUNDLE_DAYS"):
        site.backup("--keep-days=31")
    assert site.whole == []


def test_a_half_restored_site_is_no_thing_to_keep(site: Site):
    Path(site.settings["DATA_DIR"]).mkdir()
    readiness.half_restored().touch()
    with pytest.raises(CommandError, match="not ended"):
        site.backup()


def test_what_fails_is_told_and_written_down(site: Site, monkeypatch):
    def broken(alias, _heard):
        yield b"something"
        raise dumps.Failed(f"{alias} is not there.")

    monkeypatch.setattr(dumps, "taken", broken)
    with pytest.raises(CommandError, match=r"No backup was made\. default is not there"):
        site.backup()
    monkeypatch.undo()
    monkeypatch.setattr(archives, "key_of_bundle", no_root_key)
    with pytest.raises(CommandError, match="no root key"):
        site.backup()
    # The data was whole by then, and opens with any later bundle.
    assert [name.rpartition(".")[2] for name in site.whole] == ["data"]
    assert [row[2] for row in told()] == ["error", "error"]


def no_root_key():
    raise KeysUnavailable("There is no root key.")


def test_a_file_that_goes_meanwhile_is_left_out(site: Site, monkeypatch):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    for _ in range(2):
        attachments.add(case_file=case_file, file=uploaded(PDF), by=worker, now=timezone.now())
    real = os.listdir

    def listed(place):
        found = sorted(real(place))
        gone = [name for name in found if name.endswith(".cvf")][:1]
        for name in gone:
            (Path(place) / name).unlink()
        return [*found, "something.part"]

    monkeypatch.setattr(os, "listdir", listed)
    data, keys = site.backup()
    monkeypatch.undo()
    assert verified(data, keys, silent).files == 1
    assert Attachment.objects.count() == 2


def test_progress_is_shown(site: Site):
    out, err = StringIO(), StringIO()
    call_command("backup", str(site.folder), stdout=out, stderr=err)
    assert [line.partition(":")[0] for line in err.getvalue().splitlines()] == ["data", "keys"]


def test_what_was_written_before_a_backup_began_is_in_it(site: Site):
    """Three backups under load, each put back: nothing that was acknowledged is missing."""
    site.folder.mkdir()
    told_of, stop, problems = [], threading.Event(), []

    def write():
        try:
            while not stop.is_set():
                with transaction.atomic():
                    log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)
                told_of.append(1)
        except Exception as error:  # noqa: BLE001 shown by the test
            problems.append(error)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write) for _ in range(3)]
    for each in writers:
        each.start()
    made = []
    for number in range(3):
        before = len(told_of)
        now = timezone.now() + timedelta(seconds=number)
        found = make(site.folder, site.folder, keep=timedelta(days=1), now=now, heard=silent)
        made.append((before, found))
    stop.set()
    for each in writers:
        each.join()
    assert problems == []
    assert len(told_of) > 20
    for before, found in made:
        site.restore(found.data, found.bundle, "--replace")
        assert LoggedEvent.objects.filter(event=Event.CASE_FILE_OPENED).count() >= before


def test_names_are_those_that_are_read_again():
    now = timezone.now()
    for kind in (artefacts.DATA, artefacts.KEYS):
        assert artefacts.NAME.fullmatch(artefacts.name_of(now, kind))


def test_the_root_key_and_the_document_are_enough_to_open_both(site: Site):
    """An independent program reads what kpm/docs/vault_formats.md says, and nothing of ours."""
    make_case_file(name="王秀英")
    data, keys = site.backup()
    said = {each: json.loads((each / "manifest.json").read_text("ascii")) for each in (data, keys)}
    line = (TEST_DIR / "root.key").read_text("ascii").strip()
    root = base64.urlsafe_b64decode(line.removeprefix("kpm-root-key-1:"))
    wrapped = bytes.fromhex(said[keys]["key"])
    key = plain_gcm.decrypt(root, wrapped[4:16], wrapped[16:], wrapped[:4] + b"vault")
    bundle = parts_of(independently((keys / "sealed").read_bytes(), key))
    assert set(bundle) == {"keys/00000000", "backup_keys/00000000", "contents.json"}
    known = json.loads(bundle["backup_keys/00000000"])
    key = bytes.fromhex(known[said[data]["id"]])
    content = parts_of(independently((data / "sealed").read_bytes(), key))
    assert content["default/00000000"] == opened(data, keys)["default"]
    last = json.loads(content["contents.json"])
    assert last == {"made_at": said[data]["made_at"], "parts": {"default": 1}}


def parts_of(plain: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        found = {}
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            found[member.name] = content.read()
        return found


def test_neither_needs_memory_for_what_it_carries(site: Site):
    """Files of 96 MB go out and come back with a few pieces of them in memory at a time."""
    for number in range(3):
        place = storage.path_of(UUID(int=number))
        with place.open("wb") as file:
            file.truncate(32 << 20)
    tracemalloc.start()
    try:
        data, keys = site.backup()
        _now, making = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        site.restore(data, keys, "--replace")
        _now, restoring = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert storage.path_of(UUID(int=2)).stat().st_size == 32 << 20
    assert max(making, restoring) < 40 << 20
