"""The copy of the calendar agrees with what it follows from, or is made to."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import LoggedEvent
from casework import sweeps
from casework.actions import case_files, visits
from casework.actions.people import scope_of
from casework.models import CaseFile, Visit
from kpm.errors import Refused
from kpm.jobs.registers import SWEEPS
from kpm.vault import search
from tests.factories import TODAY, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def due_on(case_file):
    return CaseFile.objects.get(pk=case_file.pk).next_due_on


def corrections():
    return [json.loads(e.body) for e in LoggedEvent.objects.filter(event="due_date.corrected")]


def test_what_agrees_is_left_alone():
    make_case_file()

    assert sweeps.correct_due_dates(NOW) == 0
    assert corrections() == []


def test_what_differs_is_corrected_and_reported():
    case_file, other = make_case_file(), make_case_file()
    right = case_file.next_due_on
    CaseFile.objects.filter(pk=case_file.pk).update(next_due_on=TODAY - timedelta(days=900))

    assert sweeps.correct_due_dates(NOW) == 1
    assert (due_on(case_file), due_on(other)) == (right, other.next_due_on)
    (body,) = corrections()
    assert (body["a"], body["n"], body["os"]) == ("s:clock", 1, [case_file.number])
    assert sweeps.correct_due_dates(NOW) == 0


def test_all_files_are_looked_at(monkeypatch):
    monkeypatch.setattr(sweeps, "BATCH", 2)
    for _number in range(5):
        make_case_file()
    CaseFile.objects.update(next_due_on=None)

    assert sweeps.correct_due_dates(NOW) == 5


def test_a_correction_is_no_change_that_somebody_made():
    case_file = make_case_file()
    CaseFile.objects.update(next_due_on=None)

    sweeps.correct_due_dates(NOW)

    assert CaseFile.history.filter(id=case_file.id).count() == 1


def test_closed_files_are_not_looked_at():
    make_case_file()
    CaseFile.objects.update(next_due_on=None, status="closed", closed_on=TODAY)

    assert sweeps.correct_due_dates(NOW) == 0


def test_one_visit_moves_what_is_due():
    worker = make_user()
    case_file = make_case_file(lead=worker)

    visits.record(
        case_file=case_file,
        way="visit",
        outcome="done",
        happened_at=NOW,
        notes="x",
        by=worker,
        now=NOW,
    )

    assert due_on(case_file) > case_file.next_due_on
    assert sweeps.correct_due_dates(NOW) == 0


@pytest.mark.parametrize("outcome", ["planned", "not_met", "declined"])
def test_a_visit_that_did_not_take_place_moves_nothing(outcome):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    happened_at = NOW + timedelta(days=1) if outcome == "planned" else NOW

    visits.record(
        case_file=case_file,
        way="visit",
        outcome=outcome,
        happened_at=happened_at,
        by=worker,
        now=NOW,
    )

    assert due_on(case_file) == case_file.next_due_on


def test_many_are_refreshed_like_one():
    files = [make_case_file() for _number in range(3)]
    right = [each.next_due_on for each in files]
    CaseFile.objects.update(next_due_on=None)

    case_files.refresh_many(files, timezone.localdate())

    assert [due_on(each) for each in files] == right


def test_many_visits_leave_the_same_traces_as_one():
    worker = make_user()
    case_file = make_case_file(lead=worker)
    planned_at = NOW + timedelta(days=3)
    rows = [
        Visit(
            case_file=case_file,
            way=way,
            outcome=outcome,
            happened_at=at,
            recorded_at=NOW,
            notes="x",
        )
        for way, outcome, at in (("visit", "done", NOW), ("phone", "planned", planned_at))
    ]

    visits.record_many(visits=rows, by=worker, now=NOW)

    assert {row.worker for row in Visit.objects.all()} == {worker}
    assert Visit.history.count() == 2
    names = LoggedEvent.objects.filter(event__startswith="visit.").values_list("event", flat=True)
    assert sorted(names) == ["visit.planned", "visit.recorded"]


def test_many_visits_are_recorded_together_or_not_at_all():
    worker = make_user()
    mine, other = make_case_file(lead=worker), make_case_file()
    rows = [
        Visit(case_file=each, way="visit", outcome="done", happened_at=NOW, recorded_at=NOW)
        for each in (mine, other)
    ]

    with pytest.raises(Refused, match="team"):
        visits.record_many(visits=rows, by=worker, now=NOW)

    assert Visit.objects.count() == 0


def test_what_was_added_to_the_search_in_small_parts_is_merged():
    for _number in range(search.FOLD_AT):
        make_case_file()
    before = search.find(scope_of(make_unit().district), "王秀英")
    assert len(before) == search.FOLD_AT
    assert sweeps.fold_search(NOW) == 1
    assert sorted(search.find(scope_of(make_unit().district), "王秀英")) == sorted(before)
    assert sweeps.fold_search(NOW) == 0


def test_the_sweeps_of_the_site_are_entered():
    wanted = {"correct_due_dates", "fold_search", "end_old_sessions", "forget_sent_forms"}
    assert wanted <= set(SWEEPS)
