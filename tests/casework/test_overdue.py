"""What is overdue climbs: to the supervisor of the unit, then to the one above it."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework.dashboards import lists, overdue
from casework.models import CaseFile
from casework.overdue_rules import Step
from kpm.permissions import Role
from tests.factories import (
    COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
# A first visit is due seven days after a file was opened.
FIRST_VISIT = 7


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def overdue_file(days, **more):
    """A file whose first visit was due so many days ago."""
    opened_on = timezone.localdate() - timedelta(days=FIRST_VISIT + days)
    return make_case_file(today=opened_on, **more)


def passed_to(user):
    files = lists.files_of(user, "care")
    return set(overdue.passed_to(user, files, timezone.localdate()))


@pytest.fixture
def near():
    """The supervisor of the township."""
    return make_user(Role.SUPERVISOR, unit=make_unit(TOWNSHIP))


@pytest.fixture
def above():
    """The supervisor of the county."""
    return make_user(Role.SUPERVISOR, unit=make_unit(COUNTY))


def test_a_file_is_passed_to_the_nearest_supervisor_and_then_to_the_next_above(near, above):
    fresh, passed, climbed = (overdue_file(days) for days in (6, 7, 14))
    assert passed_to(near) == {passed.pk}
    assert passed_to(above) == {climbed.pk}
    assert fresh.pk not in passed_to(near) | passed_to(above)


def test_where_the_unit_above_has_nobody_the_supervisor_keeps_the_file(near):
    climbed = overdue_file(30)
    assert passed_to(near) == {climbed.pk}


def test_a_red_file_is_passed_on_earlier_than_any_other(near):
    red, green = (overdue_file(3) for _each in range(2))
    make_level(red, "red")
    red.refresh_from_db()
    # The decision brings its own duties; how late they are is what counts.
    CaseFile.objects.filter(pk=red.pk).update(next_due_on=timezone.localdate() - timedelta(days=3))
    assert passed_to(near) == {red.pk}
    assert green.pk not in passed_to(near)


def test_nothing_of_another_unit_is_passed_to_a_supervisor(near):
    overdue_file(8, unit=make_unit(OTHER_VILLAGE))
    assert passed_to(near) == set()


def test_what_lies_with_whom_is_counted_by_the_same_rule(above):
    for days in (1, 6, 7, 13, 14, 90):
        overdue_file(days)
    files = lists.files_of(above, "care")
    assert overdue.steps_in(files, timezone.localdate()) == {Step.SUPERVISOR: 2, Step.ABOVE: 2}


def test_the_supervisor_finds_exactly_the_files_that_the_tile_counts(near, above):
    passed = overdue_file(8)
    other = overdue_file(1)
    browser = client_for(near)
    page = browser.get("/today/").content.decode()
    tile = page[: page.index("overdue and passed to you")]
    assert tile.endswith("<strong>1</strong><span>")
    assert "due=passed" in tile
    found = browser.get("/files/?group=care&due=passed").content.decode()
    assert passed.number in found
    assert other.number not in found
    assert "the supervisor helps" in found


def test_the_worker_sees_who_is_asked_beside_them():
    worker = make_user()
    for days in (2, 8, 20):
        overdue_file(days, lead=worker)
    page = client_for(worker).get("/today/").content.decode()
    assert page.count("the supervisor helps") == 1
    assert page.count("the unit above helps") == 1


def test_the_ladder_writes_nothing_about_whoever_is_late(near):
    worker = make_user()
    overdue_file(20, lead=worker)
    before = set(LoggedEvent.objects.values_list("event", flat=True))
    client_for(near).get("/today/")
    client_for(near).get("/files/?group=care&due=passed")
    new = set(LoggedEvent.objects.values_list("event", flat=True)) - before
    assert new <= {"case_file.listed", "session.started"}


def test_a_list_of_what_is_passed_on_can_be_narrowed_further(near):
    passed = overdue_file(8)
    browser = client_for(near)
    assert passed.number in browser.get("/files/?due=passed&level=ungraded").content.decode()
    assert passed.number not in browser.get("/files/?due=passed&level=red").content.decode()
