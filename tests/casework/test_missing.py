"""What red files lack: on the file, and on the supervisor's page until it is there."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone

from audit import log
from audit.events import Event, Purpose
from audit.models import LoggedEvent
from casework.actions import plans
from casework.dashboards import red_files
from kpm.permissions import Role
from kpm.vault.opening import open_groups
from tests.factories import (
    OTHER_TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
    name_others,
    talk_about,
)

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def make_red(now=None, **values):
    case_file = make_case_file(**values)
    make_level(case_file, "red", now=now or timezone.now())
    return case_file


def complete(case_file, supervisor):
    lead = make_user()
    assign(case_file, lead, by=supervisor)
    assign(case_file, make_user(), "deputy", by=supervisor)
    today = timezone.localdate()
    plan = plans.draft(
        case_file=case_file,
        goal="Warm meals",
        steps=[{"what": "Sign up", "resource": "Canteen"}],
        by=lead,
        today=today,
    )
    plans.approve(plan=plan, by=make_user(Role.SUPERVISOR), today=today)
    talk_about(plan, lead)
    name_others(case_file, by=supervisor)


def listed(user, group="care"):
    return [row.case_file for row in lacking(user, group)]


@contextmanager
def opened(rows):
    """The heads of the people open, as a page opens them."""
    by = make_user(Role.SUPERVISOR)
    with log.reading(
        by, event=Event.CASE_FILE_LISTED, purpose=Purpose.SUPERVISION, about=rows
    ) as reading:
        open_groups(rows, "person__head", reading=reading)
        yield


def lacking(user, group="care"):
    now = timezone.localtime()
    rows = list(red_files.incomplete_files(user, group, now.date()))
    with opened(rows):
        return red_files.rows_of(rows, now)


def missing_row(case_file):
    with opened([case_file]):
        return red_files.missing_row(case_file, timezone.localdate())


def words(row):
    return [str(label) for label in row.missing.labels]


def test_a_new_red_file_lacks_everything_with_the_clock_running(supervisor):
    now = timezone.now() - timedelta(hours=3)
    case_file = make_red(now)

    (row,) = lacking(supervisor)

    assert row.case_file == case_file
    assert words(row) == [
        "Lead worker",
        "Deputy",
        "Approved support plan",
        "What the person says to the plan",
        "Village or residents' committee",
        "Family doctor",
        "Paired volunteer or neighbour",
        "Supporting family member, as a contact",
    ]
    assert row.missing.by_at == now + timedelta(hours=24)


def test_a_renewal_does_not_stop_the_clock(supervisor):
    """It runs since the file became red, and what is long overdue stays overdue."""
    start = timezone.now() - timedelta(days=40)
    case_file = make_red(start)
    make_level(case_file, "red", now=start + timedelta(days=39))
    newer = make_red(start + timedelta(days=20))

    rows = lacking(supervisor)

    assert [row.case_file for row in rows] == [case_file, newer]
    assert rows[0].missing.by_at == start + timedelta(hours=24)
    assert missing_row(case_file).by_at == start + timedelta(hours=24)


def test_a_new_run_of_red_has_a_clock_of_its_own(supervisor):
    start = timezone.now() - timedelta(days=40)
    case_file = make_red(start)
    make_level(case_file, "yellow", now=start + timedelta(days=9), reason_codes=["needs_met"])
    again = start + timedelta(days=30)
    make_level(case_file, "red", now=again)

    (row,) = lacking(supervisor)

    assert row.missing.by_at == again + timedelta(hours=24)
    assert missing_row(case_file).by_at == again + timedelta(hours=24)


def test_a_file_leaves_the_page_when_all_is_there(supervisor):
    case_file = make_red()

    complete(case_file, supervisor)

    assert listed(supervisor) == []


def test_a_file_comes_back_when_the_deputy_leaves(supervisor):
    from casework.actions import assignments

    case_file = make_red()
    complete(case_file, supervisor)
    leaving = case_file.assignments.active().get(role="deputy")

    assignments.end(assignment=leaving, by=supervisor, today=timezone.localdate())

    (row,) = lacking(supervisor)
    assert words(row) == ["Deputy"]


def test_what_does_not_fit_on_a_page_stands_on_the_next(supervisor, monkeypatch):
    monkeypatch.setattr("casework.views.assignments.PER_PAGE", 2)
    for hours in (3, 2, 1):
        make_red(timezone.now() - timedelta(hours=hours))
    client = client_for(supervisor)

    assert client.get("/missing/").context["page"].paginator.count == 3
    assert len(client.get("/missing/?page=2").context["rows"]) == 1
    assert "<strong>3</strong><span>red files that" in client.get("/today/").content.decode()


def test_the_least_time_left_comes_first(supervisor):
    now = timezone.now()
    later, sooner = make_red(now - timedelta(hours=1)), make_red(now - timedelta(hours=30))

    assert listed(supervisor) == [sooner, later]


def test_other_levels_lack_nothing(supervisor):
    case_file = make_case_file()
    make_level(case_file, "yellow", now=timezone.now())

    assert listed(supervisor) == []


def test_the_page_lists_own_files_of_one_kind_only(supervisor):
    elder, drug = make_red(), make_red(population="drug")

    assert listed(supervisor) == [elder]
    assert listed(supervisor, "justice") == [drug]
    assert listed(make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))) == []


def test_the_page_says_what_is_missing_and_by_when(supervisor):
    case_file = make_red(timezone.now() - timedelta(hours=30))

    page = client_for(supervisor).get("/missing/", headers=ENGLISH).content.decode()

    for words in (case_file.number, "Lead worker", "Deputy", "Approved support plan", "overdue"):
        assert words in page, words
    assert "王秀英" not in page
    assert LoggedEvent.objects.filter(event="case_file.listed").count() == 1


def test_an_empty_page_says_so(supervisor):
    page = client_for(supervisor).get("/missing/", headers=ENGLISH).content.decode()

    assert "Nothing is missing" in page


def test_the_file_itself_says_what_is_missing(supervisor):
    case_file = make_red()
    client = client_for(supervisor)
    client.post(f"{case_file.get_absolute_url()}purpose/", {"purpose": "supervision"})

    before = client.get(case_file.get_absolute_url(), headers=ENGLISH).content.decode()
    complete(case_file, supervisor)
    after = client.get(case_file.get_absolute_url(), headers=ENGLISH).content.decode()

    assert "Missing for red" in before
    assert "Missing for red" not in after


def test_the_history_tells_of_the_decision(supervisor):
    case_file = make_red()
    client = client_for(supervisor)
    client.post(f"{case_file.get_absolute_url()}purpose/", {"purpose": "supervision"})

    page = client.get(f"{case_file.get_absolute_url()}history/", headers=ENGLISH).content.decode()

    assert "Approved proposal" in page
    assert "level-red" in page
