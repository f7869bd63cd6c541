"""A backup that is put back: everything is there, and nothing that had ended since comes back."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connections, transaction
from django.utils import timezone

from audit import verifications
from audit.events import Event
from audit.models import Leaf, LoggedEvent
from casework import sweeps
from casework.actions import attachments, destructions, indexes, matches
from casework.models import CaseFile, Destruction, Person
from casework.models.case_files import Status
from casework.models.destructions import DestructionState
from kpm import replay_log
from kpm.accounts import replays
from kpm.accounts.actions import end_grant, issue_password, open_account
from kpm.accounts.models import RoleGrant, Session, User
from kpm.database import dumps, readiness
from kpm.permissions import Role
from kpm.vault import files, rehearsals, rotations, search, storage, vault_keys
from kpm.vault.errors import KeyDestroyed
from kpm.vault.models import DataKey
from kpm.vault.opening import open_groups
from tests.audit.attackers import unguarded
from tests.audit.things import sequence_all, write_events
from tests.casework.documents import PDF, uploaded
from tests.casework.test_destructions import approved, destroyed, sealed_rows, work
from tests.factories import TODAY, client_for, make_case_file, make_id_number, make_user
from tests.kpm.backups.conftest import Site
from tests.kpm.vault.conftest import Notes
from tests.settings import IS_POSTGRESQL, TEST_DIR

SCOPE = matches.scope_of("100122")
COOKIE = "kpm_session"
NUMBER = make_id_number()


def close(case_file):
    CaseFile.objects.filter(pk=case_file.pk).update(status=Status.CLOSED, closed_on=TODAY)
    case_file.refresh_from_db()
    return case_file


def attach(case_file, by):
    return attachments.add(case_file=case_file, file=uploaded(PDF), by=by, now=timezone.now())


def names():
    return sorted(each.name for each in Person.objects.opened("head", reading=Notes()))


def events(*wanted):
    rows = LoggedEvent.objects.filter(event__in=wanted).order_by("id")
    return [(row.event, json.loads(row.body).get("n")) for row in rows]


def in_tree_once():
    sequence_all()
    leaves = list(Leaf.objects.order_by("leaf_index").values_list("event_id", flat=True))
    assert len(leaves) == len(set(leaves))
    assert sorted(leaves) == sorted(LoggedEvent.objects.values_list("id", flat=True))
    assert verifications.verify().is_good


@pytest.fixture
def worker(site):
    return make_user()


def test_everything_comes_back(site: Site, worker: User):
    first, second = make_case_file(name="王秀英", lead=worker), make_case_file(name="张丽")
    document = attach(first, worker)
    data, keys = site.backup()
    make_case_file(name="后来")
    late = attach(first, worker)
    told = site.restore(data, keys, "--replace")
    assert "with 1 files" in told
    assert "Everything is as it was written." in told
    assert names() == ["张丽", "王秀英"]
    assert set(search.find(SCOPE, "zl")) == {second.person_id}
    assert storage.path_of(document.file_id).exists()
    assert not storage.path_of(late.file_id).exists()
    with files.open_file(first.id, document.file_id, size=len(PDF), reading=Notes()) as opened:
        assert opened.read() == PDF
    assert not readiness.is_half_restored()
    # Whoever works here afterwards works as before.
    make_case_file(name="再来")
    assert len(names()) == 3
    in_tree_once()
    assert events("backup.created", "backup.restored") == [("backup.restored", 1)]


def test_it_comes_back_where_nothing_is(site: Site, worker: User):
    make_case_file(name="王秀英")
    data, keys = site.backup()
    connections.close_all()
    if IS_POSTGRESQL:
        with dumps.as_owner():
            for alias in ("default", "keys"):
                dumps.clear(alias)
    else:
        for name in site.commits.names.values():
            Path(name).unlink()
    site.restore(data, keys)
    assert names() == ["王秀英"]
    in_tree_once()


# --- what had ended


def test_a_file_destroyed_since_stays_closed_with_the_old_bundle(site: Site, worker: User):
    gone, other = make_case_file(name="王秀英", lead=worker), make_case_file(name="张丽")
    document = attach(gone, worker)
    data, keys = site.backup()
    was_open = DataKey.objects.filter(owner__in=[gone.id, gone.person_id]).count()
    before = destroyed(close(gone))
    told = site.restore(data, keys, "--replace")
    assert was_open == 2
    assert "destroyed again: 1 files" in told
    owners = [gone.id, gone.person_id]
    assert not DataKey.objects.filter(owner__in=owners).exists()
    assert all(row.key_gen == 0 and set(blobs) == {None} for row, blobs in sealed_rows(owners))
    assert not storage.path_of(document.file_id).exists()
    assert search.find(SCOPE, "王秀英") == []
    assert search.find(SCOPE, "张丽") == [other.person_id]
    person = Person.objects.get(pk=gone.person_id)
    assert (person.id_number_index, person.phone_index) == (None, None)
    with pytest.raises(KeyDestroyed):
        open_groups([CaseFile.history.filter(id=gone.id)[0].instance], "body", reading=Notes())
    # What was decided stands as it was decided, and goes on to its end.
    again = Destruction.objects.get()
    assert again.state == DestructionState.DESTROYED
    assert again.number == before.number
    assert again.certificate["keys"] == before.certificate["keys"]
    assert again.vault_key == 1
    # Both were opened before the backup was made.
    assert CaseFile.objects.get(pk=gone.pk).status == Status.DESTROYED
    in_tree_once()
    assert events("case_file.destroyed") == [("case_file.destroyed", 2)]
    destructions.settle(timezone.now())


def test_a_destruction_that_was_under_way_is_ended(site: Site):
    gone = close(make_case_file(name="王秀英"))
    approved(gone)
    data, keys = site.backup()
    destroyed_number = Destruction.objects.get().number
    work()
    site.restore(data, keys, "--replace")
    found = Destruction.objects.get()
    assert (found.number, found.state) == (destroyed_number, DestructionState.DESTROYED)
    # The job of the old copy finds nothing left to do.
    work()
    assert len(events("case_file.destroyed")) == 1


def test_what_was_destroyed_before_the_backup_is_left_alone(site: Site):
    destroyed(close(make_case_file(name="王秀英")))
    data, keys = site.backup()
    assert "destroyed again: 0 files" in site.restore(data, keys, "--replace")
    assert len(events("case_file.destroyed")) == 1


def test_a_file_that_came_and_went_since_is_not_missed(site: Site):
    data, keys = site.backup()
    destroyed(close(make_case_file(name="王秀英")))
    assert "destroyed again: 0 files" in site.restore(data, keys, "--replace")


def test_an_old_copy_opens_with_a_later_bundle_and_what_was_destroyed_does_not(
    site: Site, worker: User
):
    """Keys of search and of indexes were changed since: both are made anew from what opens."""
    gone, other = make_case_file(name="王秀英"), make_case_file(name="张丽", id_number=NUMBER)
    data, old_keys = site.backup()
    destroyed(close(gone))
    rotations.begin_index(SCOPE)
    while indexes.fill("100122"):
        pass
    assert indexes.swap("100122")
    rotations.retire_index_keys(SCOPE)
    rotations.renew_vault_key()
    list(rotations.rewrap())
    rotations.retire_vault_keys()
    _later, keys = site.backup()
    assert old_keys != keys
    told = site.restore(data, keys, "--replace")
    assert "destroyed again: 1 files" in told
    assert search.find(SCOPE, "张丽") == [other.person_id]
    assert search.find(SCOPE, "王秀英") == []
    with transaction.atomic():
        assert set(matches.known("100122", [NUMBER])) == {NUMBER}
    with pytest.raises(KeyDestroyed):
        open_groups([Person.objects.get(pk=gone.person_id)], "head", reading=Notes())
    assert not search.lacks_keys(SCOPE)
    assert not rotations.lacks_index_key(SCOPE)
    in_tree_once()


def test_after_a_change_of_the_root_key_a_new_bundle_opens_the_older_data(
    site: Site, settings, tmp_path
):
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    settings.KPM_ROOT_KEY_FILE.write_bytes((TEST_DIR / "root.key").read_bytes())
    settings.KPM_ROOT_KEY_FILE.chmod(0o400)
    make_case_file(name="王秀英")
    data, old_keys = site.backup()
    vault_keys.change_root()
    _later, keys = site.backup()
    with pytest.raises(CommandError, match="The root key is not the one"):
        site.restore(data, old_keys, "--replace")
    site.restore(data, keys, "--replace")
    assert names() == ["王秀英"]


def test_without_the_replay_log_a_later_bundle_opens_nothing_that_was_destroyed(site: Site):
    gone = close(make_case_file(name="王秀英"))
    data, _keys = site.backup()
    destroyed(gone)
    _later, keys = site.backup()
    Path(site.settings["KPM_REPLAY_LOG"]).unlink()
    told = site.restore(data, keys, "--replace", "--without-replay-log")
    assert "destroyed again: 0 files" in told
    assert search.find(SCOPE, "王秀英") == []
    person = Person.objects.get(pk=gone.person_id)
    assert person.key_gen == 1
    with pytest.raises(KeyDestroyed):
        open_groups([person], "head", reading=Notes())


def test_a_replay_log_that_was_lost_is_written_again_from_the_rows(site: Site):
    gone = destroyed(close(make_case_file(name="王秀英")))
    place = Path(site.settings["KPM_REPLAY_LOG"])
    (before,) = [line for line in replay_log.lines() if line["kind"] == "case_file.destroyed"]
    place.unlink()
    site.backup()
    (again,) = [line for line in replay_log.lines() if line["kind"] == "case_file.destroyed"]
    assert again | {"at": ""} == before | {"at": ""}
    sweeps.settle_destructions(timezone.now())
    numbers = [line.get("number") for line in replay_log.lines()]
    assert numbers.count(gone.number) == 1


def test_roles_accounts_passwords_and_sign_ins_that_ended_stay_ended(site: Site):
    by = make_user(Role.SECURITY_ADMINISTRATOR, password="old password of somebody")
    ended, suspended, kept = make_user(), make_user(), make_user()
    client = client_for(ended)
    cookie = client.cookies[COOKIE].value
    data, keys = site.backup()
    today = timezone.localdate()
    end_grant(grant=ended.grants.get(), until_on=today, by=by, today=today)
    suspended.is_active = False
    suspended.save_as(by=by)
    # The part of the site that would have written it at once was cut off: the hour brings it.
    assert replays.note_missing() == 1
    told = site.restore(data, keys, "--replace")
    assert "ended again: 1 roles, 1 accounts" in told
    assert RoleGrant.objects.get(user=ended).until_on == today
    assert User.objects.get(pk=ended.pk).role is None
    assert not User.objects.get(pk=suspended.pk).is_active
    assert User.objects.get(pk=kept.pk).role == Role.SOCIAL_WORKER
    assert not Session.objects.exists()
    thief = client_for(None)
    thief.cookies[COOKIE] = cookie
    assert thief.get("/me/").status_code == 302
    assert User.objects.get(pk=kept.pk).session_epoch == 1
    assert [name for name, _ in events("grant.ended", "backup.replayed")] == [
        "grant.ended",
        "backup.replayed",
    ]
    in_tree_once()
    # Once more finds nothing to end.
    assert replays.note_missing() == 0


def test_a_password_that_was_changed_since_is_not_the_old_one_again(site: Site):
    old, new = "paper lantern over the river", "seven quiet herons at dusk"
    worker, guard = make_user(password=old), make_user(Role.SECURITY_ADMINISTRATOR, password=old)
    kept = make_user(password=old)
    data, keys = site.backup()
    for user in (worker, guard):
        answer = client_for(user).post(
            "/password/", {"current": old, "password": new, "again": new}
        )
        assert answer.status_code == 302
    told = site.restore(data, keys, "--replace")
    assert "to be issued anew: 2" in told
    for user in (worker, guard):
        user.refresh_from_db()
        assert user.must_change_password
        assert not user.check_password(old)
    assert not worker.has_usable_password()
    # Who makes everybody else's is told at once: nobody could make them another one.
    shown = told.partition(f"{guard.username}  ")[2].split()[0]
    assert guard.check_password(shown)
    assert f"{worker.username}  " not in told
    assert User.objects.get(pk=kept.pk).check_password(old)


def test_a_one_time_password_from_before_is_not_worth_something_again(site: Site):
    by = make_user(Role.SYSTEM_ADMINISTRATOR)
    opened = open_account(username="newcomer", name="Newcomer", unit=by.unit, by=by)
    data, keys = site.backup()
    issue_password(user=opened.user, by=by, today=timezone.localdate())
    assert "to be issued anew: 1" in site.restore(data, keys, "--replace")
    found = User.objects.get(pk=opened.user.pk)
    assert not found.check_password(opened.password)
    assert found.must_change_password


def test_the_log_goes_on_and_nothing_is_lost_or_doubled(site: Site):
    write_events(300)
    sequence_all()
    write_events(7)
    data, keys = site.backup()
    write_events(20)
    sequence_all()
    site.restore(data, keys, "--replace")
    write_events(3)
    in_tree_once()
    write_events(2)
    in_tree_once()
    assert LoggedEvent.objects.filter(event=Event.CASE_FILE_OPENED).count() == 312
    if IS_POSTGRESQL:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT max(epoch) FROM audit_epoch")
            assert cursor.fetchone()[0] == 2


def test_what_does_not_open_after_a_restore_is_told(site: Site, monkeypatch):
    make_case_file(name="王秀英")
    data, keys = site.backup()
    told = site.restore(data, keys, "--replace")
    tried = int(told.partition("sealed values tried: ")[2].partition(",")[0])
    assert f"sealed values tried: {tried}, opened: {tried}\n" in told
    assert tried > 5
    monkeypatch.setattr(rehearsals, "_opens", lambda _key, _sealed, _context: False)
    with pytest.raises(SystemExit):
        site.restore(data, keys, "--replace")


if IS_POSTGRESQL:

    def test_in_a_cluster_that_counts_anew_the_log_goes_on(site: Site):
        """There transaction numbers begin again, far below those that the log has seen."""
        write_events(5)
        sequence_all()
        with unguarded(site.commits) as execute:
            execute("UPDATE audit_checkpoint SET xid = 9000000000")
            execute("UPDATE audit_epoch SET system_identifier = 'another', xid = '8000000000'")
            execute("UPDATE audit_event SET xid = '9000000000'")
        write_events(2)
        with unguarded(site.commits) as execute:
            execute("UPDATE audit_event SET xid = '9000000001' WHERE xid < '9000000000'")
        data, keys = site.backup()
        told = site.restore(data, keys, "--replace")
        assert "Everything is as it was written." in told
        write_events(3)
        in_tree_once()
        assert LoggedEvent.objects.filter(event=Event.CASE_FILE_OPENED).count() == 10
