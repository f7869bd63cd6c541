"""Today: what a worker finds by person, what a supervisor finds in numbers."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connections
from django.template.loader import render_to_string
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework.actions import visits, workers
from casework.caseload import DueKind
from casework.dashboards import today
from casework.dashboards.files import DueRow
from casework.models import CaseFile
from kpm.permissions import Role
from tests.factories import (
    OTHER_VILLAGE,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
# A first visit is due seven days after a file was opened.
OVERDUE, DUE, COMING = 20, 7, 3


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def worker():
    return make_user()


def opened(days_ago, **more):
    """A file that was opened so many days ago."""
    return make_case_file(today=timezone.localdate() - timedelta(days=days_ago), **more)


def page_for(user, query=""):
    return client_for(user).get(f"/today/{query}")


def section(page, start, end="</section>"):
    """One part of the page."""
    begin = page.index(f'aria-labelledby="{start}"')
    return page[begin : page.index(end, begin)]


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def test_a_worker_sees_who_is_overdue_due_and_coming(worker):
    files = {days: opened(days, lead=worker) for days in (OVERDUE, DUE, COMING)}

    page = page_for(worker).content.decode()
    for part, days, words in (
        ("overdue", OVERDUE, "13 days overdue"),
        ("due", DUE, "due today"),
        ("coming", COMING, "in 4 days"),
    ):
        rows = section(page, part)
        assert files[days].number in rows
        assert rows.count("<li>") == 1
        assert words in rows
        # A visit or a call, whichever it was; what is due stands out.
        assert rows.count('class="button') == 2
        assert rows.count('class="button"') == 1


def test_names_are_masked_and_only_the_band_of_the_age_shows(worker):
    opened(OVERDUE, lead=worker, name="欧阳秀英")
    page = page_for(worker).content.decode()
    assert "欧阳**" in page
    assert "欧阳秀英" not in page
    assert "70–79" in page
    assert "1948-" not in page
    assert "1948年" not in page


def test_visit_and_call_stand_on_each_person_and_what_is_due_comes_first(worker):
    case_file = opened(OVERDUE, lead=worker)
    page = page_for(worker).content.decode()
    form = f"/files/{case_file.number}/visits/new/"
    visit, call = (page.index(f"{form}?way={way}&amp;from=today") for way in ("visit", "phone"))
    assert visit < call


def test_a_review_begins_with_an_assessment_and_not_with_a_visit():
    review = DueRow(DueKind.REVIEW, "Review", timezone.localdate())
    contact = DueRow(DueKind.CONTACT, "Contact", timezone.localdate())
    assert today.Row(CaseFile(), [review, contact]).way == ""
    assert today.Row(CaseFile(), [contact, review]).way == "phone"


def test_a_row_leads_to_the_review_where_that_is_what_is_due():
    case_file = opened(OVERDUE)
    row = today.Row(case_file, [DueRow(DueKind.REVIEW, "Review", case_file.opened_on)])
    page = render_to_string(
        "casework/today/rows.html", {"rows": [row], "id": "x", "today": case_file.opened_on}
    )
    review = page.index(f'class="button" href="/files/{case_file.number}/assessments/new/')
    assert review < page.index("visits/new")
    assert page.count('class="button"') == 1


def test_what_lies_further_ahead_is_not_shown(worker):
    case_file = opened(OVERDUE, lead=worker)
    visits.record(
        case_file=case_file,
        way="visit",
        outcome="done",
        happened_at=timezone.now(),
        notes="x",
        by=worker,
        now=timezone.now(),
    )
    later = opened(0, lead=worker)
    page = page_for(worker).content.decode()
    assert case_file.number not in page
    # Opened today and to be visited within a week: the last day that the page looks at.
    assert later.number in section(page, "coming")


def test_a_planned_visit_stands_with_its_time(worker):
    case_file = opened(0, lead=worker)
    at = timezone.localtime() + timedelta(days=1)
    visits.record(
        case_file=case_file,
        way="phone",
        outcome="planned",
        happened_at=at,
        by=worker,
        now=timezone.now(),
    )
    rows = section(page_for(worker).content.decode(), "planned")
    assert f"{at:%m-%d %H:%M}" in rows
    assert f"/files/{case_file.number}/visits/new/?way=phone" in rows


def plan(case_file, worker, *, days_ago, way="visit"):
    """A visit for that morning, planned the day before."""
    at = timezone.localtime().replace(hour=0, minute=5) - timedelta(days=days_ago)
    return visits.record(
        case_file=case_file,
        way=way,
        outcome="planned",
        happened_at=at,
        by=worker,
        now=at - timedelta(days=1),
    )


def write_up(case_file, worker, *, outcome, way="visit", days_ago=0):
    at = timezone.now() - timedelta(days=days_ago, seconds=1)
    visits.record(
        case_file=case_file,
        way=way,
        outcome=outcome,
        happened_at=at,
        by=worker,
        now=timezone.now(),
        notes="Well." if outcome == "done" else "",
    )


def test_a_planned_visit_whose_day_has_passed_waits_to_be_written_up(worker):
    case_file = opened(OVERDUE, lead=worker)
    plan(case_file, worker, days_ago=3)
    page = page_for(worker).content.decode()
    rows = section(page, "unwritten")
    assert "Planned visits to be written up" in rows
    assert f"/files/{case_file.number}/visits/new/?way=visit" in rows
    assert 'aria-labelledby="planned"' not in page


@pytest.mark.parametrize("outcome", ["done", "not_met", "declined"])
def test_it_stands_there_until_what_came_of_it_is_on_record(worker, outcome):
    case_file = opened(OVERDUE, lead=worker)
    plan(case_file, worker, days_ago=3)
    # A call is no visit, and what was before is something else.
    write_up(case_file, worker, outcome="done", way="phone")
    write_up(case_file, worker, outcome="done", days_ago=5)
    assert 'aria-labelledby="unwritten"' in page_for(worker).content.decode()
    write_up(case_file, worker, outcome=outcome)
    assert 'aria-labelledby="unwritten"' not in page_for(worker).content.decode()


def test_todays_visit_is_planned_until_the_day_is_over_or_it_is_written_up(worker):
    case_file = opened(OVERDUE, lead=worker)
    plan(case_file, worker, days_ago=0)
    page = page_for(worker).content.decode()
    assert case_file.number in section(page, "planned")
    assert 'aria-labelledby="unwritten"' not in page
    write_up(case_file, worker, outcome="not_met")
    assert 'aria-labelledby="planned"' not in page_for(worker).content.decode()


def test_looking_at_the_list_is_logged_with_every_file_on_it(worker):
    files = [opened(days, lead=worker) for days in (OVERDUE, DUE)]
    page_for(worker)
    (event,) = events("case_file.listed")
    assert event.actor == worker.log_reference
    assert all(each.number in event.body for each in files)
    assert "person.head" in event.body


def test_other_peoples_files_are_not_on_my_day(worker):
    mine = opened(OVERDUE, lead=worker)
    others = opened(OVERDUE, lead=make_user())
    elsewhere = opened(OVERDUE, unit=make_unit(OTHER_VILLAGE))
    page = page_for(worker).content.decode()
    assert mine.number in page
    assert others.number not in page
    assert elsewhere.number not in page


def test_care_and_justice_never_share_the_page(worker):
    elder = opened(OVERDUE, lead=worker)
    offender = opened(OVERDUE, lead=worker, population="released")
    care = page_for(worker).content.decode()
    justice = page_for(worker, "?group=justice").content.decode()
    assert elder.number in care
    assert offender.number not in care
    assert offender.number in justice
    assert elder.number not in justice
    assert "?group=justice" in care


def test_whoever_has_one_kind_only_begins_there(worker):
    offender = opened(OVERDUE, lead=worker, population="released")
    page = page_for(worker).content.decode()
    assert offender.number in page
    assert "?group=care" not in page


def test_a_kind_that_is_not_mine_is_ignored(worker):
    opened(OVERDUE, lead=worker)
    assert page_for(worker, "?group=justice").status_code == 200
    assert page_for(worker, "?group=%00'").status_code == 200


def test_an_empty_day_says_what_would_be_here(worker):
    assert "No files yet" in page_for(worker).content.decode()
    assert not events("case_file.listed")


def test_a_supervisor_sees_what_waits_in_numbers_and_no_person():
    supervisor = make_user(Role.SUPERVISOR)
    lead = make_user(name="周敏")
    opened(OVERDUE, lead=lead, name="欧阳秀英")
    opened(COMING)
    page = page_for(supervisor).content.decode()
    assert "2 open files" in page
    assert "欧阳" not in page
    for number, words in (
        (0, "proposals to decide"),
        (0, "red files that lack something"),
        (1, "files overdue"),
        (1, "files without a lead worker"),
        (2, "files not yet graded"),
    ):
        assert f"<strong>{number}</strong><span>{words}</span>" in page
    row = page[page.index("周敏") :]
    assert '<td class="amount">1</td>' in row
    assert not events("case_file.listed")


@pytest.mark.parametrize("group", ["care", "justice"])
def test_each_number_leads_to_exactly_the_files_that_it_counts(group):
    supervisor, lead = make_user(Role.SUPERVISOR), make_user()
    population = "empty_nest_elder" if group == "care" else "drug"
    other = "drug" if group == "care" else "empty_nest_elder"
    opened(OVERDUE, lead=lead, population=population)
    opened(COMING, population=population)
    opened(OVERDUE, population=population)
    make_level(opened(COMING, lead=lead, population=population), "green")
    opened(OVERDUE, population=other)
    page = page_for(supervisor, f"?group={group}").content.decode()
    tiles = re.findall(
        r'<a class="tile[^"]*" href="(/files/[^"]+)"><strong>(\d+)</strong><span>([^<]+)', page
    )
    assert [(int(number), words) for _link, number, words in tiles] == [
        (2, "overdue and passed to you"),
        (2, "files overdue"),
        (2, "files without a lead worker"),
        (3, "files not yet graded"),
    ]
    for link, number, _words in tiles:
        rows = client_for(supervisor).get(html.unescape(link)).context["rows"]
        assert len(rows) == int(number)


def test_a_supervisor_counts_their_own_units_only():
    opened(OVERDUE)
    elsewhere = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_VILLAGE))
    page = page_for(elsewhere).content.decode()
    assert "0 open files" in page
    assert "Nobody leads a file yet" in page


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.SOCIAL_WORKER, Role.SUPERVISOR)]
)
def test_other_roles_have_no_day_here(role):
    assert page_for(make_user(role)).status_code == 403


def test_a_visitor_is_asked_to_sign_in():
    answer = client_for(None).get("/today/")
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/")


def test_home_leads_here(worker):
    assert client_for(worker).get("/").url == "/today/"
    assert client_for(make_user(Role.SUPERVISOR)).get("/").url == "/today/"


@pytest.mark.parametrize("count", [3, 12])
def test_the_page_takes_few_queries_however_many_rows(worker, django_assert_max_num_queries, count):
    for number in range(count):
        opened(number + 1, lead=worker)
    supervisor = make_user(Role.SUPERVISOR)
    for user in (worker, supervisor):
        client = client_for(user)
        keys = django_assert_max_num_queries(3, connection=connections["keys"])
        with django_assert_max_num_queries(20), keys:
            assert client.get("/today/").status_code == 200


def test_while_the_lead_is_away_the_deputy_is_told_to_stand_in():
    now = timezone.localtime()
    day = now.date()
    lead, deputy = make_user(name="Lead"), make_user(name="Deputy")
    case_file = make_case_file(lead=lead, today=day - timedelta(days=200))
    assign(case_file, deputy, "deputy")
    CaseFile.objects.update(next_due_on=day)
    supervisor = make_user(Role.SUPERVISOR)

    def said(user) -> bool:
        return "You stand in for" in client_for(user).get("/today/").text

    assert not said(deputy)
    workers.record_absence(
        worker=lead,
        kind="leave",
        start_on=day,
        until_on=day + timedelta(days=5),
        by=supervisor,
        today=day,
    )
    assert said(deputy)
    assert not said(lead)
    # It is given back with the first day on which the lead is there again.
    back = now + timedelta(days=5)
    assert not today.stood_in([case_file], deputy, back.date())
    assert today.stood_in([case_file], deputy, (back - timedelta(days=1)).date())
