"""kill -9 in the middle of every change of keys and of a destruction: nothing is lost or left."""

import threading
import time
from datetime import timedelta
from itertools import count

import pytest
from django.db import connections, transaction
from django.utils import timezone

from casework.actions import matches
from casework.models import CaseFile, Destruction, Person
from casework.models.case_files import Status
from casework.models.destructions import DestructionState
from kpm.custody import actions
from kpm.jobs.models import Job, State
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.permissions import Role
from kpm.vault import rotations, search
from kpm.vault.errors import KeyDestroyed
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, ScopeKey, VaultKey
from kpm.vault.opening import open_groups
from tests.casework.test_destructions import approved, sealed_rows
from tests.factories import TODAY, make_case_file, make_user
from tests.kpm.custody.crashes import work
from tests.kpm.vault.conftest import Notes

pytestmark = pytest.mark.django_db
SCOPE = matches.scope_of("100122")
FILES = 10

POINTS = {
    "vault": [
        ("kpm.vault.vault_keys", "add", 1, "after"),
        ("kpm.database.key_rows", "rewrite", 1, "before"),
        ("kpm.database.key_rows", "rewrite", 2, "after"),
        ("kpm.vault.rotations", "_rewrap_scopes", 1, "after"),
        ("kpm.vault.rotations", "retire_vault_keys", 1, "before"),
        ("kpm.vault.rotations", "retire_vault_keys", 1, "after"),
    ],
    "search": [
        ("kpm.vault.search", "fold", 1, "before"),
        ("kpm.vault.search", "fold", 1, "after"),
        ("kpm.vault.rotations", "_retire", 1, "before"),
        ("kpm.vault.rotations", "_retire", 1, "after"),
    ],
    "index": [
        ("kpm.vault.rotations", "begin_index", 1, "after"),
        ("casework.actions.indexes", "fill", 1, "after"),
        ("casework.actions.indexes", "swap", 1, "before"),
        ("kpm.vault.rotations", "finish_index", 1, "after"),
        ("casework.actions.indexes", "swap", 1, "after"),
        ("kpm.vault.rotations", "retire_index_keys", 1, "after"),
    ],
}
DESTROYING = [
    ("casework.actions.destructions", "certify", 1, "after"),
    ("kpm.vault.shredding", "destroy_keys", 1, "before"),
    ("kpm.vault.shredding", "destroy_keys", 1, "after"),
    ("kpm.vault.shredding", "forget", 1, "after"),
    ("casework.actions.destructions", "empty", 1, "after"),
    ("kpm.vault.search", "fold", 1, "after"),
    ("kpm.vault.rotations", "_retire", 1, "before"),
    ("casework.actions.destructions", "finish", 1, "after"),
]


@pytest.fixture
def files(real_commits):
    return [make_case_file(name=f"王{number}") for number in range(FILES)]


def check_everything_opens(files):
    """Every row and past row opens, everybody is found by name and by ID number."""
    ring.forget()
    persons = list(Person.objects.opened("head", "body", reading=Notes()))
    assert len(persons) == FILES
    open_groups([row.instance for row in Person.history.all()], "body", reading=Notes())
    open_groups(list(CaseFile.objects.all()), "body", reading=Notes())
    assert set(search.find(SCOPE, "王")) == {person.id for person in persons}
    numbers = [person.id_number for person in persons]
    with transaction.atomic():
        assert set(matches.known("100122", numbers)) == set(numbers)


@pytest.mark.parametrize(
    ("kind", "point"), [(kind, point) for kind, points in POINTS.items() for point in points]
)
def test_a_killed_change_of_keys_goes_on(real_commits, files, kind, point):
    actions.change(kind=kind, by=actions.BY)
    assert work(real_commits.environment, *point) == -9
    check_everything_opens(files)
    time.sleep(0.3)
    assert work(real_commits.environment) == 0
    assert Job.objects.get().state == State.DONE
    check_everything_opens(files)
    assert VaultKey.objects.count() == 1
    assert ScopeKey.objects.count() == 2
    assert set(rotations.keys_under()) == {rotations.newest_version()}


@pytest.mark.parametrize("point", DESTROYING)
def test_a_killed_destruction_goes_on_and_takes_nobody_else(real_commits, files, point):
    gone = files[0]
    CaseFile.objects.filter(pk=gone.pk).update(status=Status.CLOSED, closed_on=TODAY)
    approved(CaseFile.objects.get(pk=gone.pk))
    Job.objects.update(not_before=timezone.now())
    assert work(real_commits.environment, *point) == -9
    time.sleep(0.3)
    assert work(real_commits.environment) == 0
    found = Destruction.objects.get()
    assert found.state == DestructionState.DESTROYED
    assert len(found.certificate["keys"]) == 2
    owners = [gone.id, gone.person_id]
    assert not DataKey.objects.filter(owner__in=owners).exists()
    assert {row.key_gen for row, _ in sealed_rows(owners)} == {0}
    ring.forget()
    others = Person.objects.exclude(pk=gone.person_id)
    assert len(others.opened("head", "body", reading=Notes())) == FILES - 1
    assert len(search.find(SCOPE, "王")) == FILES - 1
    past = [row.instance for row in CaseFile.history.filter(id=gone.id)]
    with pytest.raises(KeyDestroyed):
        open_groups(past, "body", reading=Notes())


class Others(threading.Thread):
    """Somebody who does something again and again, and keeps what went wrong."""

    def __init__(self, act, stop):
        super().__init__()
        self.act, self.stop = act, stop
        self.got, self.problems = [], []
        self.start()

    def run(self):
        try:
            while not self.stop.is_set() and not self.problems:
                self.got.append(self.act())
        except Exception as error:  # noqa: BLE001 shown by the test
            self.problems.append(error)
        finally:
            connections.close_all()


def change_all(by):
    for kind in ("vault", "search", "index"):
        actions.change(kind=kind, by=by)
        end = timezone.now() + timedelta(seconds=60)
        while Job.objects.filter(state=State.WAITING).exists() and timezone.now() < end:
            Worker(around=in_the_log).run_job()


def test_everything_is_read_and_written_while_all_keys_change(real_commits, files):
    """Others read, search and take people in; each key changes twice under their hands."""
    by = make_user(Role.SUPERVISOR)
    unit = files[0].unit
    births = (TODAY.replace(year=1930) + timedelta(days=days) for days in count())

    def take_in():
        # Another day of birth each time: a fast machine runs out of numbers of one day.
        return make_case_file(name="王新", unit=unit, birth_on=next(births)).person_id

    def read():
        ring.forget_data_keys()
        rows = Person.objects.filter(pk__in=[each.person_id for each in files])
        found = len(rows.opened("head", "body", reading=Notes()))
        return found, len(search.find(SCOPE, "王")) >= FILES

    stop = threading.Event()
    others = [Others(take_in, stop), Others(read, stop)]
    try:
        change_all(by)
        change_all(by)
    finally:
        stop.set()
        for each in others:
            each.join()
    assert [each.problems for each in others] == [[], []]
    assert set(Job.objects.values_list("state", flat=True)) == {State.DONE}
    taken, seen = set(others[0].got), set(others[1].got)
    assert taken
    assert seen == {(FILES, True)}
    ring.forget()
    assert len(Person.objects.opened("body", reading=Notes())) == FILES + len(taken)
    assert len(search.find(SCOPE, "王")) == FILES + len(taken)
    assert ring.active_vault_key().generation == 3
