"""New index keys: everybody is found before, meanwhile and after; nobody twice."""

import json

import pytest

from audit.models import LoggedEvent
from casework.actions import indexes, matches, people
from casework.models import Person
from kpm.custody import actions
from kpm.errors import Refused
from kpm.jobs.models import Job, State
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.permissions import Role
from kpm.vault import rotations
from kpm.vault.models import ScopeKey
from tests.factories import TODAY, make_id_number, make_unit, make_user

pytestmark = pytest.mark.django_db
DISTRICT = "100122"
SCOPE = matches.scope_of(DISTRICT)


@pytest.fixture
def by():
    return make_user(Role.SUPERVISOR)


def admit(by, *, id_number="", phone="", name="李桂英"):
    return people.admit(
        population="empty_nest_elder",
        by=by,
        today=TODAY,
        unit=make_unit(),
        name=name,
        id_number=id_number,
        phone=phone,
    )


def work():
    worker = Worker(around=in_the_log)
    while worker.run_job():
        pass


def known(number):
    return set(matches.known(DISTRICT, [number]))


def test_everybody_is_found_under_the_new_key_and_history_has_no_new_row(by):
    numbers = [make_id_number() for _ in range(3)]
    for number in numbers:
        admit(by, id_number=number, phone="13800001234")
    admit(by, name="张丽", phone="13900001234")
    before = dict(Person.objects.values_list("id", "id_number_index"))
    versions = Person.history.count()
    actions.change(kind="index", by=by)
    work()
    job = Job.objects.get()
    assert (job.state, job.done, job.total) == (State.DONE, 4, 4)
    after = dict(Person.objects.values_list("id", "id_number_index"))
    assert all(after[pk] != index for pk, index in before.items() if index is not None)
    assert not Person.objects.filter(next_phone_index__isnull=False).exists()
    assert all(known(number) for number in numbers)
    assert set(matches.known_by_phone(DISTRICT, ["13900001234"])) == {"13900001234"}
    assert Person.history.count() == versions
    assert set(ScopeKey.objects.filter(purpose=2).values_list("generation", flat=True)) == {2}
    opened = LoggedEvent.objects.get(event="person.indexed")
    assert opened.purpose == "system"
    assert len(json.loads(opened.body)["os"]) == 4


def test_while_the_key_changes_nobody_is_taken_in_twice(by):
    number = make_id_number()
    admit(by, id_number=number)
    rotations.begin_index(SCOPE)
    other = make_id_number()
    admit(by, id_number=other, name="王秀英")
    row = Person.objects.get(id_number_index__isnull=False, next_id_number_index__isnull=False)
    assert row.next_id_number_index != row.id_number_index
    assert known(number)
    assert known(other)
    with pytest.raises(Refused, match="another name"):
        admit(by, id_number=other, name="别人")
    assert not indexes.swap(DISTRICT)
    assert known(other)
    assert indexes.fill(DISTRICT) == 1
    assert indexes.fill(DISTRICT) == 0
    assert indexes.swap(DISTRICT)
    assert known(number)
    assert known(other)


def test_a_change_that_was_cut_off_goes_on(by):
    for _ in range(3):
        admit(by, id_number=make_id_number())
    rotations.begin_index(SCOPE)
    indexes.STEP, before = 2, indexes.STEP
    try:
        assert indexes.fill(DISTRICT) == 2
        actions.change(kind="index", by=by)
        work()
    finally:
        indexes.STEP = before
    assert Job.objects.get().state == State.DONE
    assert set(ScopeKey.objects.filter(purpose=2).values_list("generation", flat=True)) == {2}


def test_districts_that_are_done_are_not_done_again(by):
    admit(by, id_number=make_id_number())
    actions.change(kind="index", by=by)
    Job.objects.update(checkpoint={"after": SCOPE})
    work()
    assert Job.objects.get().state == State.DONE
    assert set(ScopeKey.objects.filter(purpose=2).values_list("generation", flat=True)) == {1}
