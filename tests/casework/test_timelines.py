"""The history of a file in words, row by row."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import log
from casework.actions import assignments, plans
from casework.dashboards import timelines
from casework.models import CaseFile, TeamMember
from kpm.permissions import Role
from kpm.vault.errors import Sealed
from kpm.vault.opening import open_groups
from tests.factories import (
    TODAY,
    VILLAGE,
    assign,
    make_case_file,
    make_proposal,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker():
    return make_user(name="何敏")


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


def reading(by, *things):
    return log.reading(by, event="case_file.read", purpose="service", about=things)


def told(case_file, by):
    fresh = CaseFile.objects.select_related("person", "risk_level").get(pk=case_file.pk)
    with reading(by, fresh) as opened:
        return timelines.entries_of(fresh, opened)


def titles(case_file, by):
    return [str(entry.title) for entry in told(case_file, by)]


def test_the_latest_comes_first(case_file, worker):
    assert titles(case_file, worker) == [
        "何敏 joined the team: Lead worker",
        "The file was opened",
        "The person was taken in",
    ]


def test_changed_fields_are_told_before_and_after_with_why(case_file, worker):
    with reading(worker, case_file) as opened:
        open_groups([case_file], "body", reading=opened)
    case_file.remark = "坐轮椅"
    case_file.close(on=TODAY)
    case_file.details = {"living": "alone", "child_phone": "13700001111"}
    case_file.save_as(by=worker, reason="Moved away")

    latest = told(case_file, worker)[0]

    assert (str(latest.title), latest.who, latest.text) == (
        "The file was changed",
        "何敏",
        "Moved away",
    )
    assert [(str(each.label), each.before, each.after) for each in latest.changes] == [
        ("status", "Open", "Closed"),
        ("closed on", "", str(TODAY)),
        ("Lives", "", "Alone"),
        ("Phone of the son or daughter", "", "1**********"),
        ("remark", "", ""),
    ]
    assert not latest.changes[-1].is_shown
    with reading(worker, case_file) as opened:
        (remark,) = timelines.entries_of(case_file, opened, is_team=True)[0].changes[-1:]
    assert (remark.before, remark.after) == ("", "坐轮椅")


def test_what_identifies_somebody_stays_masked(case_file, worker):
    person = case_file.person
    with reading(worker, case_file) as opened:
        open_groups([person], "head", "body", reading=opened)
    person.name, person.phone, person.birth_on = "欧阳娜娜", "02088886666", TODAY
    person.save_as(by=worker)

    latest = told(case_file, worker)[0]

    assert {str(each.label): (each.before, each.after) for each in latest.changes} == {
        "name": ("王**", "欧阳**"),
        "date of birth": ("***", "***"),
        "phone": ("1**********", "0**********"),
    }
    with reading(worker, case_file) as opened:
        names = timelines.entries_of(case_file, opened, is_team=True)[0].changes[0]
    assert (names.before, names.after) == ("王秀英", "欧阳娜娜")


def test_a_move_names_both_villages(case_file, worker):
    with reading(worker, case_file) as opened:
        open_groups([case_file], "body", reading=opened)
    case_file.unit = make_unit("100122101202", name="Taocun")
    case_file.save_as(by=worker)

    (change,) = told(case_file, worker)[0].changes
    assert (change.before, change.after) == (f"Unit {VILLAGE}", "Taocun")


def test_of_a_long_past_the_newest_is_told(case_file, worker, monkeypatch):
    monkeypatch.setattr(timelines, "MOST", 3)
    for number in range(6):
        with reading(worker, case_file) as opened:
            open_groups([case_file], "body", reading=opened)
        case_file.details = {"health": f"30→{number}"}
        case_file.save_as(by=worker)

    entries = told(case_file, worker)

    assert [[(each.before, each.after) for each in entry.changes] for entry in entries] == [
        [("30→4", "30→5")],
        [("30→3", "30→4")],
        [("30→2", "30→3")],
    ]


def test_saving_without_a_change_is_no_news(case_file, worker):
    before = titles(case_file, worker)

    case_file.save_as(by=worker)

    assert titles(case_file, worker) == before


def test_who_leaves_is_told(case_file, worker):
    supervisor, other = make_user(Role.SUPERVISOR), make_user(name="许静")

    assignments.assign(case_file=case_file, worker=other, role="lead", by=supervisor, today=TODAY)

    assert "何敏 left the team: Lead worker" in titles(case_file, worker)


def test_somebody_from_outside_is_not_named(case_file, worker):
    member = TeamMember(
        key_owner=case_file.id,
        case_file=case_file,
        district=case_file.district,
        name="戴主任",
        place="village",
        start_on=TODAY,
    )
    member.save_as(by=worker)
    member.until_on = TODAY
    member.save_as(by=worker)

    entries = told(case_file, worker)

    assert [str(entry.title) for entry in entries[:2]] == [
        "The entry of somebody from outside was changed",
        "Somebody from outside joined the team",
    ]
    assert "戴主任" not in str(entries)
    assert str(member) == str(member.pk)


def draft(case_file, worker, what="Sign up"):
    return plans.draft(
        case_file=case_file,
        goal="Warm meals",
        steps=[{"what": what}],
        by=worker,
        today=timezone.localdate(),
    )


def test_a_plan_is_told_from_draft_to_end(case_file, worker):
    supervisor, today = make_user(Role.SUPERVISOR), timezone.localdate()
    plan = draft(case_file, worker)
    with reading(worker, case_file) as opened:
        open_groups([plan], "body", reading=opened)
    plan.goal = "Warm meals, daily"
    plan.save_as(by=worker)
    plans.approve(plan=plan, by=supervisor, today=today)
    plans.approve(plan=draft(case_file, worker), by=supervisor, today=today)

    assert [title for title in titles(case_file, worker) if "plan" in title] == [
        "The support plan was approved",
        "The support plan was ended",
        "A support plan was drafted",
        "The support plan was approved",
        "The support plan was changed",
        "A support plan was drafted",
    ]


def test_a_proposal_is_told_in_its_order(case_file, worker):
    make_proposal(case_file, worker, now=timezone.now() + timedelta(seconds=1))

    told = [title for title in titles(case_file, worker) if title.startswith("Proposal")]
    assert told == [
        "Proposal of Red: Waiting for a decision",
        "Proposal of Red: Draft",
    ]


def test_nothing_is_told_without_a_reading(case_file):
    with pytest.raises(Sealed):
        timelines.entries_of(case_file, None)


def test_rows_print_without_anything_about_anybody(case_file, worker):
    place = assign(case_file, make_user(), "deputy")

    assert str(case_file) == case_file.log_reference == case_file.number
    assert str(place) == f"{case_file.pk}: deputy"
    assert str(draft(case_file, worker)).count("-") == 4
