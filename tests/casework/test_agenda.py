"""The calendar that a worker keeps: a week to work from and a month to plan by."""

from datetime import date, timedelta

import pytest
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework.actions import plans, visits, workers
from casework.dashboards import agenda
from casework.models.assignments import Place
from kpm.permissions import Role
from tests.factories import OTHER_VILLAGE, assign, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
# A first visit is due seven days after a file was opened.
FIRST_VISIT = 7
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def worker():
    return make_user(name="周敏")


@pytest.fixture
def deputy():
    return make_user(name="陈立")


def due_on(day, **more):
    """A file whose first visit is due on this day."""
    return make_case_file(today=day - DAY * FIRST_VISIT, **more)


def shared(day, worker, deputy, **more):
    """The same, led by one and with another as the deputy."""
    case_file = due_on(day, lead=worker, **more)
    assign(case_file, deputy, Place.DEPUTY)
    return case_file


def week(user, day=None, query=""):
    chosen = f"&day={day.isoformat()}" if day else ""
    answer = client_for(user).get(f"/today/week/?{query}{chosen}")
    assert answer.status_code == 200
    return answer.content.decode()


def month(user, day=None):
    answer = client_for(user).get(f"/today/month/{f'?day={day.isoformat()}' if day else ''}")
    assert answer.status_code == 200
    return answer.content.decode()


def on_day(page, day):
    """What stands on one day of a week."""
    begin = page.index(f'aria-labelledby="d{day.isoformat()}"')
    return page[begin : page.index("</section>", begin)]


def away(worker, first, until):
    return workers.record_absence(
        worker=worker,
        kind="leave",
        start_on=first,
        until_on=until,
        by=make_user(Role.SUPERVISOR),
        today=timezone.localdate(),
    )


def plan(case_file, worker, at, way="visit"):
    return visits.record(
        case_file=case_file, way=way, outcome="planned", happened_at=at, by=worker, now=at - DAY
    )


def approve_plan(case_file, worker, by_on, today):
    draft = plans.draft(
        case_file=case_file,
        goal="每天有人照看",
        steps=[
            {"what": "联系社区食堂送餐", "resource": "食堂", "by_on": by_on.isoformat()},
            {"what": "修炉子", "resource": "村委", "by_on": ""},
        ],
        by=worker,
        today=today,
    )
    return plans.approve(plan=draft, by=make_user(Role.SUPERVISOR), today=today)


def listed():
    return list(LoggedEvent.objects.filter(event="case_file.listed").order_by("id"))


# --- What stands where


def test_what_is_due_stands_on_its_day_with_masked_name_and_number(worker, today):
    case_file = due_on(today + DAY * 20, lead=worker, name="欧阳秀英")
    page = week(worker, today + DAY * 20)
    there = on_day(page, today + DAY * 20)
    assert case_file.number in there
    assert "欧阳**" in there
    assert "欧阳秀英" not in page
    assert page.count(case_file.number) == there.count(case_file.number)


def test_what_is_overdue_from_before_stands_on_top_of_the_week_that_holds_today(worker, today):
    case_file = due_on(today - DAY * 20, lead=worker)
    page = week(worker)
    top = page[page.index('aria-labelledby="overdue"') :]
    assert case_file.number in top[: top.index("</section>")]
    assert "20 days overdue" in top
    assert "the unit above helps" in top
    assert case_file.number not in week(worker, today + DAY * 300)
    assert case_file.number in on_day(week(worker, today - DAY * 20), today - DAY * 20)


def test_a_planned_visit_stands_with_its_time_before_what_is_only_due(worker, today):
    first = due_on(today + DAY, lead=worker)
    case_file = due_on(today + DAY * 90, lead=worker)
    at = timezone.localtime().replace(hour=14, minute=35) + DAY
    plan(case_file, worker, at, way="phone")
    there = on_day(week(worker, today + DAY), today + DAY)
    assert "14:35" in there
    assert f"/files/{case_file.number}/visits/new/?way=phone" in there
    assert there.index(case_file.number) < there.index(first.number)


def test_what_is_due_and_planned_for_one_file_stands_there_twice(worker, today):
    case_file = due_on(today + DAY, lead=worker)
    plan(case_file, worker, timezone.localtime().replace(hour=14, minute=35) + DAY)
    there = on_day(week(worker, today + DAY), today + DAY)
    assert there.count("王**") == 2
    assert "王**" in month(worker, today + DAY)


def test_a_step_of_an_approved_plan_stands_on_its_day_and_tells_nothing_of_itself(worker, today):
    case_file = due_on(today + DAY * 90, lead=worker)
    approve_plan(case_file, worker, today + DAY * 3, today)
    page = week(worker, today + DAY * 3)
    there = on_day(page, today + DAY * 3)
    assert "Step of the plan" in there
    assert f"/files/{case_file.number}/plan/" in there
    assert "食堂" not in page
    assert "照看" not in page


def test_a_step_of_a_draft_is_nobodys_duty(worker, today):
    case_file = due_on(today + DAY * 90, lead=worker)
    plans.draft(
        case_file=case_file,
        goal="x",
        steps=[{"what": "x", "resource": "y", "by_on": (today + DAY).isoformat()}],
        by=worker,
        today=today,
    )
    assert "Step of the plan" not in week(worker, today + DAY)


def test_the_extra_visit_after_a_first_entry_goes_when_it_has_been_made(worker, today):
    case_file = due_on(today, lead=worker)
    assert case_file.number in on_day(week(worker), today)
    now = timezone.now()
    visits.record(
        case_file=case_file,
        way="visit",
        outcome="done",
        happened_at=now,
        notes="Well.",
        by=worker,
        now=now,
    )
    assert case_file.number not in week(worker)


def test_a_month_has_whole_weeks_and_leads_to_the_week_of_each_day(worker, today):
    case_file = due_on(today + DAY, lead=worker)
    page = month(worker, today + DAY)
    span = agenda.weeks_around(agenda.month_of(today + DAY))
    assert page.count('class="in-grid"') == (span.last - span.first).days + 1
    assert case_file.number in page
    assert f"/today/week/?group=care&amp;day={(today + DAY).isoformat()}" in page


def test_a_full_day_of_a_month_says_how_much_more_there_is(worker, today):
    for _each in range(agenda.MOST_IN_CELL + 2):
        due_on(today, lead=worker)
    assert "2 more" in month(worker)


def test_the_pages_lead_back_today_and_on(worker, today):
    span = agenda.week_of(today)
    page = week(worker)
    assert page.count(f"day={(span.first - DAY).isoformat()}") == 2
    assert page.count(f"day={(span.last + DAY).isoformat()}") == 2
    assert '/today/month/?group=care"' in client_for(worker).get("/today/").content.decode()


@pytest.mark.parametrize(
    "day", ["", "2026-13-45", "0001-01-01", "9999-12-31", "tomorrow", "%00", "２０２６"]
)
def test_a_day_that_is_none_is_today(worker, today, day):
    for name in ("week", "month"):
        answer = client_for(worker).get(f"/today/{name}/", {"day": day})
        assert answer.status_code == 200
        assert today.isoformat() in answer.content.decode()


def test_months_and_weeks_end_where_the_calendar_ends_them():
    assert agenda.month_of(date(2028, 2, 29)) == agenda.Span(date(2028, 2, 1), date(2028, 2, 29))
    assert agenda.month_of(date(2026, 12, 31)).last == date(2026, 12, 31)
    assert agenda.week_of(date(2027, 1, 1)).first == date(2026, 12, 28)
    assert agenda.weeks_around(agenda.month_of(date(2026, 6, 9))) == agenda.Span(
        date(2026, 6, 1), date(2026, 7, 5)
    )


# --- Whose it is


def test_a_deputy_has_the_lent_duties_for_the_days_away_and_not_after(worker, deputy, today):
    first, until = today + DAY * 10, today + DAY * 12
    before, during, after = (
        shared(day, worker, deputy) for day in (first - DAY, first + DAY, until)
    )
    away(worker, first, until)
    found = "".join(week(deputy, today + DAY * ahead) for ahead in (3, 10, 17))
    assert during.number in found
    assert "You stand in for <bdi>周敏</bdi>" in found
    assert before.number not in found
    assert after.number not in found


def test_who_is_away_sees_that_the_deputy_stands_in(worker, deputy, today):
    during = shared(today + DAY * 10, worker, deputy)
    away(worker, today + DAY * 10, today + DAY * 11)
    there = on_day(week(worker, today + DAY * 10), today + DAY * 10)
    assert during.number in there
    assert "You are away: <bdi>陈立</bdi> stands in" in there
    assert ">away</span>" in there


def test_where_the_deputy_is_away_as_well_the_calendar_says_that_nobody_stands_in(
    worker, deputy, today
):
    shared(today + DAY * 10, worker, deputy)
    for each in (worker, deputy):
        away(each, today + DAY * 10, today + DAY * 11)
    there = on_day(week(worker, today + DAY * 10), today + DAY * 10)
    assert "nobody stands in" in there


def test_what_is_overdue_belongs_to_whoever_stands_in_today(worker, deputy, today):
    case_file = shared(today - DAY * 2, worker, deputy)
    assert case_file.number not in week(deputy)
    absence = away(worker, today, today + DAY)
    assert case_file.number in week(deputy)
    workers.withdraw_absence(absence=absence, by=make_user(Role.SUPERVISOR), now=timezone.now())
    assert case_file.number not in week(deputy)


def test_a_deputy_has_everything_of_a_lead_who_cannot_work_any_more(worker, deputy, today):
    case_file = shared(today, worker, deputy)
    worker.grants.update(until_on=today)
    assert case_file.number in week(deputy)


def test_a_member_of_the_team_has_only_what_they_planned(worker, today):
    member = make_user()
    case_file = due_on(today, lead=worker)
    assign(case_file, member, Place.MEMBER)
    assert case_file.number not in week(member)
    plan(case_file, member, timezone.localtime() + timedelta(minutes=1))
    assert case_file.number in week(member)


# --- Who may look, and what the log says


@pytest.mark.parametrize("page", ["/today/week/", "/today/month/"])
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOCIAL_WORKER}))
def test_nobody_else_has_a_calendar_of_this_kind(role, page):
    assert client_for(make_user(role)).get(page).status_code == 403


def test_nothing_of_other_workers_and_other_units_is_there(worker, today):
    for each in (
        due_on(today, lead=make_user()),
        due_on(today, unit=make_unit(OTHER_VILLAGE)),
    ):
        assert each.number not in week(worker)


def test_care_and_justice_never_share_a_week(worker, today):
    elder = due_on(today, lead=worker)
    offender = due_on(today, lead=worker, population="released")
    assert offender.number not in week(worker, query="group=care")
    assert elder.number not in week(worker, query="group=justice")
    assert offender.number in week(worker, query="group=justice")


def test_each_look_is_in_the_log_with_every_file_and_plan_that_was_opened(worker, today):
    files = [due_on(today, lead=worker) for _each in range(2)]
    approve_plan(files[0], worker, today + DAY * 40, today)
    week(worker)
    opened_plans, opened_rows = listed()
    assert "plan.body" in opened_plans.body
    assert files[0].number in opened_plans.body
    assert files[1].number not in opened_plans.body
    assert "person.head" in opened_rows.body
    assert all(each.number in opened_rows.body for each in files)


def test_an_empty_week_opens_nothing(worker):
    week(worker)
    month(worker)
    assert not listed()


def test_more_files_than_anybody_can_do_are_said_to_be_left_out(worker, today, monkeypatch):
    monkeypatch.setattr(agenda, "MOST_FILES", 1)
    for _each in range(2):
        due_on(today, lead=worker)
    assert "There is more" in week(worker)
