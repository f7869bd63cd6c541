"""Forgetting a file: two persons, six steps, closed everywhere and in every old copy."""

import re
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction

from audit.models import LoggedEvent
from casework import sweeps
from casework.actions import attachments, destructions, matches, plans
from casework.models import CaseFile, Destruction, Ledger, LedgerRow, Person
from casework.models.case_files import Status
from casework.models.destructions import DestructionState
from kpm import replay_log
from kpm.custody import actions
from kpm.errors import Refused
from kpm.jobs.models import Job, State
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.permissions import Role
from kpm.vault import rehearsals, rotations, search, shredding, storage
from kpm.vault.errors import KeyDestroyed
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, ScopeKey, VaultKey
from kpm.vault.opening import open_groups
from tests import databases
from tests.casework.documents import PDF, uploaded
from tests.factories import NOW, TODAY, client_for, make_case_file, make_level, make_user
from tests.kpm.vault.conftest import Notes
from tests.settings import IS_POSTGRESQL, TEST_DIR

pytestmark = pytest.mark.django_db


def closed(**values):
    case_file = make_case_file(**values)
    CaseFile.objects.filter(pk=case_file.pk).update(status=Status.CLOSED, closed_on=TODAY)
    case_file.refresh_from_db()
    return case_file


def work():
    worker = Worker(around=in_the_log)
    while worker.run_job():
        pass


def approved(case_file, *, ground="retention"):
    found = destructions.propose(
        case_file=case_file, ground=ground, by=make_user(Role.SUPERVISOR), now=NOW
    )
    destructions.approve(destruction=found, by=make_user(Role.PRIVACY_OFFICER), now=NOW)
    found.refresh_from_db()
    return found


def destroyed(case_file):
    found = approved(case_file)
    work()
    found.refresh_from_db()
    return found


def events():
    names = ("case_file.destroyed", "destruction.")
    rows = LoggedEvent.objects.order_by("id").values_list("event", "outcome")
    return [row for row in rows if row[0].startswith(names)]


def sealed_rows(owners):
    for model, owner, groups in rehearsals.sealed_tables():
        for row in model._base_manager.filter(**{f"{owner}__in": owners}):
            yield row, [getattr(row, name) for name in groups]


# --- who decides


def test_one_proposes_and_another_decides():
    supervisor, officer = make_user(Role.SUPERVISOR), make_user(Role.PRIVACY_OFFICER)
    case_file = closed()
    found = destructions.propose(case_file=case_file, ground="request", by=supervisor, now=NOW)
    with pytest.raises(Refused, match="privacy officer decides"):
        destructions.approve(destruction=found, by=supervisor, now=NOW)
    with pytest.raises(Refused, match="proposed already"):
        destructions.propose(case_file=case_file, ground="request", by=supervisor, now=NOW)
    assert not Job.objects.exists()
    destructions.reject(destruction=found, by=officer, now=NOW)
    with pytest.raises(Refused, match="decided already"):
        destructions.approve(destruction=found, by=officer, now=NOW)
    again = destructions.propose(case_file=case_file, ground="order", by=supervisor, now=NOW)
    destructions.approve(destruction=again, by=officer, now=NOW)
    assert Job.objects.get().object_number == str(again)
    assert [name for name, _ in events()] == [
        "destruction.proposed",
        "destruction.rejected",
        "destruction.proposed",
        "destruction.approved",
    ]


def test_nobody_decides_about_their_own_proposal():
    officer = make_user(Role.PRIVACY_OFFICER)
    found = Destruction(case_file=closed(), ground="order", proposed_by=officer, proposed_at=NOW)
    found.save()
    with pytest.raises(Refused, match="second person"):
        destructions.approve(destruction=found, by=officer, now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Destruction.objects.update(decided_by=officer, decided_at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Destruction.objects.update(state=DestructionState.APPROVED)


@pytest.mark.parametrize("role", [Role.SOCIAL_WORKER, Role.PRIVACY_OFFICER, Role.AUDITOR])
def test_only_supervisors_propose(role):
    with pytest.raises(Refused, match="Supervisors propose"):
        destructions.propose(case_file=closed(), ground="order", by=make_user(role), now=NOW)


def test_only_a_closed_file_of_ones_own_is_destroyed():
    supervisor = make_user(Role.SUPERVISOR)
    with pytest.raises(Refused, match="Only a closed file"):
        destructions.propose(case_file=make_case_file(), ground="order", by=supervisor, now=NOW)
    with pytest.raises(Refused, match="not yours"):
        destructions.propose(
            case_file=closed(),
            ground="order",
            by=make_user(Role.SUPERVISOR, populations=["released"]),
            now=NOW,
        )


def ledger_with(case_file, *, is_applied=False):
    ledger = Ledger(
        population="empty_nest_elder",
        district=case_file.district,
        unit=case_file.unit,
        uploaded_by=make_user(Role.SUPERVISOR),
        uploaded_at=NOW,
        file_name="名单.xlsx",
    )
    ledger.save()
    if is_applied:
        ledger.finish_check()
        ledger.save()
        ledger.confirm(at=NOW)
        ledger.save()
        ledger.finish(at=NOW)
        ledger.save()
    for number, each in enumerate((case_file, None), start=2):
        LedgerRow(
            key_owner=ledger.id,
            ledger=ledger,
            district=ledger.district,
            number=number,
            case_file=each,
            cells={"name": "王秀英"},
        ).save()
    return ledger


def test_a_ledger_under_way_is_waited_for():
    case_file = closed()
    ledger_with(case_file)
    with pytest.raises(Refused, match="still being taken in"):
        destructions.propose(
            case_file=case_file, ground="order", by=make_user(Role.SUPERVISOR), now=NOW
        )


# --- what is gone


def test_everything_under_its_keys_is_empty_and_says_so():
    worker = make_user(Role.SOCIAL_WORKER)
    case_file = make_case_file(lead=worker)
    make_level(case_file, "yellow")
    other = make_case_file(name="张丽")
    ledger = ledger_with(case_file, is_applied=True)
    plan = plans.draft(
        case_file=case_file, goal="温饱", steps=[{"what": "送餐"}], by=worker, today=TODAY
    )
    plans.approve(plan=plan, by=make_user(Role.SUPERVISOR), today=TODAY)
    document = attachments.add(
        case_file=case_file, file=uploaded(PDF, "低保通知书.pdf"), by=worker, now=NOW
    )
    CaseFile.objects.filter(pk=case_file.pk).update(status=Status.CLOSED, closed_on=TODAY)
    owners = [case_file.id, case_file.person_id, ledger.id]
    before = [row for row, _ in sealed_rows(owners)]
    assert len(before) > 8
    found = destroyed(case_file)
    assert Job.objects.get().state == State.DONE
    assert found.state == DestructionState.DESTROYED
    assert len(found.certificate["keys"]) == 3
    assert found.certificate["rows"] == len(before)
    assert not storage.path_of(document.file_id).exists()
    for row, blobs in sealed_rows(owners):
        assert row.key_gen == 0
        assert set(blobs) == {None}
    assert not DataKey.objects.filter(owner__in=owners).exists()
    assert CaseFile.objects.get(pk=case_file.pk).status == Status.DESTROYED
    assert search.find(matches.scope_of(case_file.district), "王秀英") == []
    assert search.find(matches.scope_of(case_file.district), "张丽") == [other.person_id]
    assert ScopeKey.objects.filter(purpose=1).values_list("generation", flat=True).get() == 2
    row = Person.objects.get(pk=case_file.person_id)
    assert (row.id_number_index, row.phone_index) == (None, None)
    with pytest.raises(KeyDestroyed):
        open_groups([row], "head", reading=Notes())
    # The list of ledgers goes on without the one that is gone.
    assert client_for(ledger.uploaded_by).get("/ledgers/").status_code == 200
    told = destructions.certificate(found)
    assert told["file"] == case_file.number
    assert "王" not in str(told)
    assert events()[-1] == ("case_file.destroyed", "ok")


def test_the_person_stays_with_another_file():
    first = closed()
    number = Person.objects.opened("body", reading=Notes()).get(pk=first.person_id).id_number
    second = make_case_file(population="released", id_number=number)
    assert second.person_id == first.person_id
    destroyed(first)
    assert DataKey.objects.filter(owner=first.person_id).exists()
    assert search.find(matches.scope_of(first.district), "王秀英") == [first.person_id]
    assert set(matches.known(first.district, [number])) == {number}
    CaseFile.objects.filter(pk=second.pk).update(status=Status.CLOSED, closed_on=TODAY)
    second.refresh_from_db()
    destroyed(second)
    assert not DataKey.objects.filter(owner=first.person_id).exists()


def test_it_stays_closed_in_a_process_that_still_has_the_key():
    case_file = closed()
    kept = ring.load([case_file.id, case_file.person_id])
    destroyed(case_file)
    ring._keep(kept)
    with pytest.raises(KeyDestroyed):
        open_groups([CaseFile.objects.get(pk=case_file.pk)], "body", reading=Notes())
    with pytest.raises(KeyDestroyed):
        open_groups([Person.history.get(id=case_file.person_id).instance], "body", reading=Notes())


@pytest.mark.parametrize("step", ["certify", "empty", "reseal", "finish"])
def test_what_was_cut_off_goes_on(step, monkeypatch):
    case_file = closed()
    found = approved(case_file)
    real = getattr(destructions, step)

    def broken(*args, **kwargs):
        if step != "finish":
            real(*args, **kwargs)
        raise RuntimeError

    monkeypatch.setattr(destructions, step, broken)
    work()
    monkeypatch.setattr(destructions, step, real)
    Job.objects.update(not_before=NOW)
    work()
    found.refresh_from_db()
    assert found.state == DestructionState.DESTROYED
    assert len(found.certificate["keys"]) == 2
    assert {row.key_gen for row, _ in sealed_rows([case_file.id, case_file.person_id])} == {0}
    # Done once, and asked again nothing happens.
    destructions.enqueue(destructions.JOB, found.number, by=actions.BY)
    work()
    assert [name for name, _ in events()].count("case_file.destroyed") == 1


def test_it_is_on_record_outside_the_database_before_the_key_goes(monkeypatch, settings, tmp_path):
    settings.KPM_REPLAY_LOG = tmp_path / "replay.log"
    seen = []
    really = shredding.destroy_keys

    def destroy_keys(owners):
        seen.extend(replay_log.lines())
        really(owners)

    monkeypatch.setattr(shredding, "destroy_keys", destroy_keys)
    found = destroyed(closed())
    (line,) = seen
    assert (line["kind"], line["number"]) == ("case_file.destroyed", found.number)
    assert line["owners"] == found.certificate["owners"]
    assert re.search("[\u4e00-\u9fff]|13812345678", settings.KPM_REPLAY_LOG.read_text()) is None


# --- the keys above it


def test_the_vault_key_goes_at_night_and_it_is_complete_with_the_last_bundle(settings):
    found = destroyed(closed())
    assert found.vault_key == 1
    assert sweeps.settle_destructions(NOW) == 0
    assert sweeps.settle_destructions(NOW) == 0
    work()
    assert list(VaultKey.objects.values_list("version", flat=True)) == [2]
    sweeps.settle_destructions(NOW)
    found.refresh_from_db()
    assert found.vault_key_gone_at == NOW
    assert not Job.objects.filter(kind="keys.root").exists()
    late = NOW + timedelta(days=settings.KPM_KEY_BUNDLE_DAYS)
    assert sweeps.settle_destructions(late - timedelta(days=1)) == 0
    assert sweeps.settle_destructions(late) == 1
    found.refresh_from_db()
    assert (found.state, found.complete_at) == (DestructionState.COMPLETE, late)
    assert events()[-1] == ("destruction.finished", "ok")
    assert sweeps.settle_destructions(late) == 0


def test_the_root_key_goes_too_where_its_copy_is_kept(settings, tmp_path):
    settings.KPM_ROOT_KEY_FILE = tmp_path / "root.key"
    settings.KPM_ROOT_KEY_FILE.write_bytes((TEST_DIR / "root.key").read_bytes())
    settings.KPM_ROOT_KEY_FILE.chmod(0o400)
    settings.KPM_ROOT_KEY_COPY = str(tmp_path / "elsewhere" / "root.key")
    before = settings.KPM_ROOT_KEY_FILE.read_bytes()
    destroyed(closed())
    for _ in range(2):
        sweeps.settle_destructions(NOW)
        work()
    assert settings.KPM_ROOT_KEY_FILE.read_bytes() != before
    assert Job.objects.get(kind="keys.root").state == State.DONE


# --- an old copy


@contextmanager
def old_copy():
    """The data as it is now, kept aside."""
    name = str(connections["default"].settings_dict["NAME"])
    kept = f"{name}_old" if IS_POSTGRESQL else f"{name}.old"
    if not IS_POSTGRESQL:
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    databases.create(kept, template=name)
    place = kept
    if IS_POSTGRESQL:
        server = connections.settings["default"]
        place = f"host={server['HOST']} port={server['PORT']} user=kpm_app dbname={kept}"
    try:
        yield place
    finally:
        databases.drop(kept)


def rehearse(number, place):
    told = StringIO()
    call_command("rehearse_destruction", number, "--data", place, stdout=told)
    return told.getvalue()


def test_an_old_copy_does_not_open_with_the_keys_of_today(real_commits):
    worker = make_user(Role.SOCIAL_WORKER)
    case_file = make_case_file(lead=worker)
    make_case_file(name="张丽")
    CaseFile.objects.filter(pk=case_file.pk).update(status=Status.CLOSED, closed_on=TODAY)
    case_file.refresh_from_db()
    with old_copy() as place:
        kept_keys = list(DataKey.objects.filter(owner=case_file.id))
        destroyed(case_file)
        told = rehearse(case_file.number, place)
        assert "opened: 0 and 0\n" in told
        assert "The file is destroyed." in told
        # With its key back the same trial opens it: so the trial can fail.
        DataKey.objects.bulk_create(kept_keys)
        with pytest.raises(SystemExit):
            rehearse(case_file.number, place)
        DataKey.objects.filter(owner=case_file.id).delete()
        # Until the vault key goes, an old row of the keys database would open it.
        rotations.renew_vault_key()
        list(rotations.rewrap())
        rotations.retire_vault_keys()
        with pytest.raises(DatabaseError, match="newest_vault_key"):
            DataKey.objects.bulk_create(kept_keys)
    assert [row for row in events() if "rehearsed" in row[0]] == [
        ("destruction.rehearsed", "ok"),
        ("destruction.rehearsed", "error"),
    ]


def test_a_file_that_was_not_destroyed_is_not_rehearsed():
    case_file = closed()
    with pytest.raises(CommandError, match="No file"):
        call_command("rehearse_destruction", case_file.number, "--data", "x")
