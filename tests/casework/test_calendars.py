"""Working days that the office corrects: counted from then on, and no told day moves."""

from datetime import date, timedelta

import pytest
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework.dashboards.calendars import special_days
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.workdays import after_workdays, is_workday
from risk_levels import actions
from risk_levels.models import CalendarDay, Proposal
from tests.factories import client_for, make_case_file, make_level, make_proposal, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def system():
    return make_user(Role.SYSTEM_ADMINISTRATOR)


def next_workday() -> date:
    return after_workdays(timezone.localdate(), 1)


def correct(client, day, kind="free", note="Notice 2026-12"):
    sent = {"day": day.isoformat(), "kind": kind, "note": note}
    return client.post("/calendar/", sent, follow=True)


def propose_down(case_file, worker) -> Proposal:
    return make_proposal(
        case_file,
        worker,
        "yellow",
        now=timezone.now(),
        reason_codes=["stable"],
        reason="Stable for some weeks.",
    )


def test_a_corrected_day_counts_from_then_on_and_no_told_day_moves(system):
    worker = make_user()
    files = [make_case_file(lead=worker) for _number in range(2)]
    for each in files:
        make_level(each, "red", now=timezone.now() - timedelta(days=2))
    before = propose_down(files[0], worker)
    assert "counted like this" in correct(client_for(system), next_workday()).text
    after = propose_down(files[1], worker)
    assert after.effect_on > before.effect_on
    before.refresh_from_db()
    assert before.effect_on == after_workdays(timezone.localdate(), 10)
    assert LoggedEvent.objects.filter(event="calendar.corrected").count() == 1
    assert CalendarDay.objects.get().history.count() == 1


def test_a_correction_is_taken_back(system):
    day, client = next_workday(), client_for(system)
    correct(client, day)
    assert not is_workday(day, CalendarDay.objects.special())
    assert "Notice 2026-12" in client.get("/calendar/").text
    correct(client, day, kind="announced", note="Not so")
    assert CalendarDay.objects.special() == {}
    assert "Notice 2026-12" not in client.get("/calendar/").text
    assert CalendarDay.objects.get().history.count() == 2


def test_what_has_passed_is_not_corrected(system):
    answer = correct(client_for(system), timezone.localdate())
    assert answer.status_code == 422
    assert "This day has passed" in answer.text
    assert not CalendarDay.objects.exists()


def test_what_is_missing_is_said_beside_its_field(system):
    answer = client_for(system).post("/calendar/", {"day": "", "note": "Why"})
    assert answer.status_code == 422
    assert "Why" in answer.text


@pytest.mark.parametrize("role", [each for each in Role if each != Role.SYSTEM_ADMINISTRATOR])
def test_nobody_else_corrects_the_calendar(role):
    with pytest.raises(Refused, match="does not carry"):
        actions.correct_calendar(
            day=next_workday(),
            is_workday=True,
            note="Mine",
            by=make_user(role),
            today=timezone.localdate(),
        )


def test_special_days_are_free_in_the_week_or_worked_at_a_weekend():
    days = {each.day: each for each in special_days(date(2026, 1, 1))}
    assert not days[date(2026, 10, 1)].is_workday
    assert days[date(2026, 10, 10)].is_workday
    assert str(days[date(2026, 10, 10)].weekday) == "Saturday"
    assert date(2026, 11, 26) not in days
    assert days[date(2026, 10, 1)].name == "National Day"
    with translation.override("zh-hans"):
        assert "国庆节" in {each.name for each in special_days(date(2026, 1, 1))}
