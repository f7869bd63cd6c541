"""kill -9 and a full disk in the middle: no half backup looks whole, no half site is served."""

import pytest
from django.utils import timezone

from audit import verifications
from audit.models import LoggedEvent
from casework.actions import attachments
from casework.models import CaseFile, Destruction, Person
from casework.models.destructions import DestructionState
from kpm.database import readiness
from kpm.management.backups import artefacts
from kpm.management.backups.restoring import verified
from kpm.vault.keys import ring
from kpm.vault.models import DataKey
from tests.casework.documents import PDF, uploaded
from tests.casework.test_destructions import destroyed
from tests.factories import make_case_file, make_user
from tests.kpm.backups.conftest import Site
from tests.kpm.backups.test_restoring import close, in_tree_once, names
from tests.kpm.vault.conftest import Notes
from tests.settings import IS_POSTGRESQL

MAKING = [
    ("kpm.vault.archives", "key_of_data", 1, "after"),
    ("kpm.vault.archives", "sealer", 1, "after"),
    ("kpm.database.dumps", "_taken_by_pg_dump" if IS_POSTGRESQL else "_copied", 1, "after"),
    ("kpm.management.backups.making", "_files", 1, "after"),
    ("kpm.management.backups.artefacts", "keep_names", 1, "before"),
    ("kpm.management.backups.artefacts", "keep_names", 2, "before"),
    ("kpm.management.backups.making", "_bundle", 1, "before"),
    ("kpm.vault.archives", "keys_of_data", 1, "after"),
    ("kpm.management.backups.artefacts", "keep_names", 3, "before"),
    ("kpm.management.backups.making", "_bundle", 1, "after"),
]
RESTORING = [
    ("kpm.management.backups.restoring", "_mark", 1, "after"),
    ("kpm.database.dumps", "clear", 1, "after"),
    ("kpm.database.dumps", "clear", 2, "after"),
    ("kpm.database.dumps", "put_back", 1, "after"),
    ("kpm.management.backups.restoring", "_put_file", 1, "before"),
    ("kpm.management.backups.restoring", "call_command", 1, "after"),
    ("kpm.management.backups.restoring", "call_command", 2, "after"),
    ("kpm.database.commit_orders", "begin_epoch", 1, "after"),
    ("kpm.accounts.replays", "end_all_sessions", 1, "after"),
    ("kpm.vault.shredding", "destroy_keys", 1, "before"),
    ("kpm.vault.shredding", "forget", 1, "after"),
    ("kpm.vault.rotations", "reseal", 1, "after"),
    ("casework.actions.replays", "make_findable", 1, "after"),
    ("kpm.management.backups.restoring", "verify_log", 1, "after"),
]


@pytest.fixture
def files(site: Site):
    worker = make_user()
    kept, gone = (
        make_case_file(name="王秀英", lead=worker),
        make_case_file(name="张丽", lead=worker),
    )
    for each in (kept, gone):
        attachments.add(case_file=each, file=uploaded(PDF), by=worker, now=timezone.now())
    return kept, gone


# What is killed is the same program on both: SQLite tries every point, PostgreSQL some of them.
EACH = 3 if IS_POSTGRESQL else 1


@pytest.mark.parametrize("point", MAKING[::EACH])
def test_a_backup_that_was_killed_is_whole_or_not_there(site: Site, files, point):
    done = site.run("backup", str(site.folder), point=point)
    assert done.returncode == -9, done.stderr
    assert all(each.endswith(".data") for each in site.whole[:1])
    killed = site.whole
    # Everything goes on, and the next one cleans up.
    make_case_file(name="后来")
    done = site.run("backup", str(site.folder))
    assert done.returncode == 0, done.stderr
    assert list(site.folder.glob("*.part")) == []
    newest = sorted(set(site.whole) - set(killed))
    assert [each.rpartition(".")[2] for each in newest] == ["data", "keys"]
    bundle = site.folder / newest[1]
    for name in site.whole:
        # The data that had been whole by then opens with the bundle that came later.
        if name.endswith(".data"):
            assert verified(site.folder / name, bundle, lambda *_: None).files == 2


@pytest.mark.parametrize("point", RESTORING[::EACH])
def test_a_restore_that_was_killed_is_not_served_and_begins_again(site: Site, files, point):
    kept, gone = files
    data, keys = site.backup()
    destroyed(close(gone))
    command = ("restore", str(data), f"--keys={keys}", "--replace")
    done = site.run(*command, point=point)
    assert done.returncode == -9, done.stderr
    assert readiness.is_half_restored()
    assert len(readiness.problems()) == 1
    # There is no need to say again that there is something to lose.
    done = site.run(*command[:-1])
    assert done.returncode == 0, done.stderr
    ring.forget()
    assert not readiness.is_half_restored()
    assert names_of(kept) == ["王秀英"]
    assert not DataKey.objects.filter(owner__in=[gone.id, gone.person_id]).exists()
    assert Destruction.objects.get().state == DestructionState.DESTROYED
    in_tree_once()
    assert LoggedEvent.objects.filter(event="backup.restored").count() == 1
    assert LoggedEvent.objects.filter(event="case_file.destroyed").count() == 1


def names_of(case_file):
    rows = Person.objects.filter(pk=case_file.person_id)
    return [each.name for each in rows.opened("head", reading=Notes())]


@pytest.mark.parametrize("most", [50_000, 300_000, *([] if IS_POSTGRESQL else [1_000_000])])
def test_a_backup_on_a_full_disk_says_so_and_leaves_nothing(site: Site, files, most):
    whole, _keys = site.backup()
    before = {each: each.read_bytes() for each in site.folder.rglob("*") if each.is_file()}
    done = site.run("backup", str(site.folder), most=most)
    assert done.returncode == 1
    assert "CommandError" in done.stderr
    assert "Traceback" not in done.stderr
    assert {each: each.read_bytes() for each in site.folder.rglob("*") if each.is_file()} == before
    assert whole.exists()
    # The site goes on.
    make_case_file(name="后来")
    assert verifications.verify().is_good


def test_a_restore_on_a_full_disk_is_not_served(site: Site, files):
    data, keys = site.backup()
    command = ("restore", str(data), f"--keys={keys}", "--replace")
    # On PostgreSQL the server's disk is another one: what does not fit is an attachment.
    done = site.run(*command, most=100 if IS_POSTGRESQL else 20_000)
    assert done.returncode == 1
    assert "does not start before" in done.stderr
    assert readiness.is_half_restored()
    assert site.run(*command).returncode == 0
    assert names() == ["张丽", "王秀英"]
    assert CaseFile.objects.count() == 2


def test_removing_a_bundle_that_was_cut_off_leaves_none(site: Site, monkeypatch):
    _data, keys = site.backup()
    monkeypatch.setattr(artefacts.shutil, "rmtree", lambda _path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        artefacts.remove(keys)
    assert [each.rpartition(".")[2] for each in site.whole] == ["data"]
