"""Changing keys: asked for by command or page, done by the worker, written down at both ends."""

from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import LoggedEvent
from kpm.custody import actions, handlers
from kpm.custody.kinds import Kind
from kpm.errors import Refused
from kpm.ids import uuid7
from kpm.jobs.models import Job, State
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.permissions import Role
from kpm.vault import keys, rotations, search
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, ScopeKey, VaultKey
from kpm.vault.providers import FileKeyProvider
from tests.factories import client_for, make_user
from tests.settings import TEST_DIR

pytestmark = pytest.mark.django_db
BY = SimpleNamespace(log_reference="s:test", log_role="system")


@pytest.fixture
def root_key(settings, tmp_path):
    """A root key file that a test may change."""
    path = tmp_path / "root.key"
    path.write_bytes((TEST_DIR / "root.key").read_bytes())
    path.chmod(0o400)
    settings.KPM_ROOT_KEY_FILE = path
    return path


def events():
    found = LoggedEvent.objects.filter(event__startswith="rotation.").order_by("id")
    return [(each.event, each.subject, each.outcome) for each in found]


def work():
    worker = Worker(around=in_the_log)
    while worker.run_job():
        pass


def run(command, *arguments):
    told = StringIO()
    call_command(command, *arguments, stdout=told)
    return told.getvalue()


def test_the_vault_key_changes_in_the_background():
    keys.create_data_keys([uuid7() for _ in range(5)])
    assert "manage.py work" in run("rotate_keys", "vault")
    with pytest.raises(CommandError, match="being changed already"):
        call_command("rotate_keys", "vault")
    work()
    job = Job.objects.get()
    assert (job.state, job.done, job.total) == (State.DONE, 5, 5)
    assert rotations.keys_under() == {2: 5}
    assert events() == [
        ("rotation.started", "k:vault", "ok"),
        ("rotation.finished", "k:vault", "ok"),
    ]


def test_a_vault_key_stays_while_a_key_under_it_does_not_open():
    keys.create_data_keys([uuid7(), owner := uuid7()])
    DataKey.objects.filter(owner=owner).update(check_value=bytes(32))
    actions.change(kind="vault", by=BY)
    work()
    job = Job.objects.get()
    assert (job.state, job.problem) == (State.FAILED, "keys_left")
    assert VaultKey.objects.count() == 2
    assert events() == [("rotation.started", "k:vault", "ok")]


def test_a_key_that_was_added_meanwhile_moves_in_the_next_round(monkeypatch):
    keys.create_data_keys([uuid7()])
    actions.change(kind="vault", by=BY)
    real, left = rotations.retire_vault_keys, [1]

    def not_yet():
        if left:
            left.pop()
            raise keys.KeysUnavailable("1 keys")
        return real()

    monkeypatch.setattr(handlers.rotations, "retire_vault_keys", not_yet)
    work()
    assert Job.objects.get().state == State.DONE


def test_search_keys_change_scope_by_scope():
    scopes = [f"district:{number}" for number in (321102, 321183)]
    for scope in scopes:
        search.add(scope, [search.Record.of(uuid7(), name="王秀英")])
    run("rotate_keys", "search")
    # As if it had been cut off after the first.
    Job.objects.update(checkpoint={"after": scopes[0]})
    work()
    assert dict(ScopeKey.objects.values_list("scope", "generation")) == dict(
        zip(scopes, (1, 2), strict=True)
    )
    assert all(search.find(scope, "王秀英") for scope in scopes)
    assert Job.objects.get().state == State.DONE
    assert events()[-1] == ("rotation.finished", "k:search", "ok")


def test_the_root_key_changes_at_once_and_the_operator_is_told(root_key):
    before = root_key.read_bytes()
    assert "NOW" in run("rotate_keys", "root")
    assert root_key.read_bytes() != before
    ring.forget()
    assert ring.active_vault_key().material
    assert events() == [
        ("rotation.started", "k:root", "ok"),
        ("rotation.finished", "k:root", "ok"),
    ]


def test_a_root_key_that_cannot_be_changed_is_told(settings):
    settings.KPM_KEY_PROVIDER = "environment"
    settings.KPM_ROOT_KEY, settings.KPM_ROOT_KEY_NEXT = "x", ""
    with pytest.raises(CommandError, match="no root key to change to"):
        call_command("rotate_keys", "root")
    assert events()[-1] == ("rotation.finished", "k:root", "error")


def test_a_place_that_cannot_be_written_is_told(root_key, monkeypatch):
    def full(provider):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(FileKeyProvider, "prepare", full)
    with pytest.raises(CommandError, match="Permission denied"):
        call_command("rotate_keys", "root")


def test_the_root_key_changes_by_itself_only_where_its_copy_does(root_key, settings, tmp_path):
    with pytest.raises(Refused, match="on the machine itself"):
        actions.change(kind="root", by=BY)
    settings.KPM_ROOT_KEY_COPY = str(tmp_path / "elsewhere" / "root.key")
    actions.change(kind="root", by=BY)
    work()
    assert Job.objects.get().state == State.DONE
    assert (tmp_path / "elsewhere" / "root.key").read_bytes() == root_key.read_bytes()
    ring.forget()
    assert ring.active_vault_key().material


def test_a_job_that_cannot_change_the_root_key_gives_up(root_key, settings, tmp_path, monkeypatch):
    settings.KPM_ROOT_KEY_COPY = str(tmp_path / "elsewhere" / "root.key")
    actions.change(kind="root", by=BY)
    monkeypatch.setattr(
        FileKeyProvider, "prepare", lambda provider: (_ for _ in ()).throw(OSError(5, "broken"))
    )
    work()
    assert Job.objects.get().problem == "root_key"


# --- how they stand


def test_the_command_says_how_the_keys_stand(root_key):
    keys.create_data_keys([uuid7()])
    search.add("district:321102", [search.Record.of(uuid7(), name="王秀英")])
    rotations.renew_vault_key()
    told = run("vault_status")
    assert "root key from: file\nsealed with: AES-256-GCM\n" in told
    assert "vault key 2: 0 keys" in told
    assert "in use\nvault key 1: 2 keys" in told
    assert "being replaced\n" in told
    assert "search: 1 districts, 1 shards" in told
    assert "change of vault: never" in told
    actions.change(kind="vault", by=BY)
    work()
    told = run("vault_status")
    assert "change of vault: done 2/2" in told
    assert "vault key 1" not in told


def test_the_command_fails_when_the_root_key_cannot_be_used(root_key):
    root_key.unlink()
    told, complained = StringIO(), StringIO()
    with pytest.raises(SystemExit):
        call_command("vault_status", stdout=told, stderr=complained)
    assert "under another root key" in told.getvalue()
    assert "cannot be read" in complained.getvalue()


def test_the_page_shows_the_keys_and_changes_them():
    keys.create_data_keys([uuid7()])
    client = client_for(make_user(Role.SYSTEM_ADMINISTRATOR))
    page = client.get("/keys/").content.decode()
    assert "AES-256-GCM" in page
    assert 'value="vault"' in page
    assert 'value="root"' not in page
    assert client.post("/keys/", {"kind": "vault"}).status_code == 302
    assert Job.objects.get().kind == Kind.VAULT.job
    assert client.post("/keys/", {"kind": "vault"}).status_code == 422
    assert client.post("/keys/", {"kind": "root"}).status_code == 422
    assert client.post("/keys/", {"kind": "door"}).status_code == 422
    job = Job.objects.get()
    job.state, job.problem, job.ended_at = State.FAILED, "keys_left", timezone.now()
    job.total = 3
    job.save()
    assert "keys_left" in client.get("/keys/").content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SYSTEM_ADMINISTRATOR])
def test_others_have_no_keys_page(role):
    assert client_for(make_user(role)).get("/keys/").status_code == 403
