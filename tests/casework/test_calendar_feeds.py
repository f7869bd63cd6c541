"""A calendar for the phone: made by its worker, read by whoever has the address, naming nobody."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone, translation
from icalendar import Calendar

from audit.models import LoggedEvent
from casework import feed_rules
from casework.actions import calendar_feeds, visits, workers
from casework.dashboards import agenda
from casework.models import CalendarFeed
from casework.models.assignments import Place
from kpm.accounts import actions as accounts
from kpm.accounts import replays
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels.populations import POPULATIONS
from tests.factories import assign, change_role, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
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


def due_on(day, **more):
    return make_case_file(today=day - DAY * FIRST_VISIT, **more)


def token_of(worker):
    return calendar_feeds.make(by=worker, now=timezone.now())


def fetch(token, language="en"):
    return Client().get(f"/calendar-feed/{token}/", headers={"Accept-Language": language})


def events_of(answer):
    return Calendar.from_ical(answer.content).walk("VEVENT")


def logged(name):
    return list(LoggedEvent.objects.filter(event=f"calendar_feed.{name}").order_by("id"))


# --- Making and withdrawing


def test_a_worker_makes_an_address_that_is_shown_once_and_kept_as_a_hash(worker):
    browser = client_for(worker)
    page = browser.post("/today/feed/").content.decode()
    token = re.search(r"/calendar-feed/([\w-]+)/", page)[1]
    assert len(token) >= 43
    feed = CalendarFeed.objects.get()
    assert feed.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in browser.get("/today/feed/").content.decode()
    for rows in (CalendarFeed.objects, CalendarFeed.history):
        assert token not in str(list(rows.values_list()))
    assert token not in str(list(LoggedEvent.objects.values_list("body", flat=True)))


def test_a_new_address_ends_the_one_before(worker):
    first, second = token_of(worker), token_of(worker)
    assert first != second
    assert fetch(first).status_code == 404
    assert fetch(second).status_code == 200
    assert len(logged("made")) == 2
    assert len(logged("withdrawn")) == 1


def test_a_withdrawn_address_leads_nowhere(worker):
    token = token_of(worker)
    browser = client_for(worker)
    assert browser.post("/today/feed/withdraw/").status_code == 302
    assert fetch(token).status_code == 404
    assert browser.post("/today/feed/withdraw/").status_code == 404
    (event,) = logged("withdrawn")
    assert event.actor == worker.log_reference


def test_nobody_withdraws_what_is_not_theirs_or_twice(worker):
    token_of(worker)
    feed = CalendarFeed.objects.get()
    with pytest.raises(Refused):
        calendar_feeds.withdraw(feed=feed, by=make_user(), now=timezone.now())
    calendar_feeds.withdraw(feed=feed, by=worker, now=timezone.now())
    with pytest.raises(Refused):
        calendar_feeds.withdraw(feed=feed, by=worker, now=timezone.now())


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOCIAL_WORKER}))
def test_nobody_else_makes_one(role):
    user = make_user(role)
    with pytest.raises(Refused):
        calendar_feeds.make(by=user, now=timezone.now())
    for path in ("/today/feed/", "/today/feed/withdraw/"):
        assert client_for(user).post(path).status_code == 403
    assert not CalendarFeed.objects.exists()


def test_the_database_keeps_two_addresses_from_one_worker(worker):
    token_of(worker)
    twin = CalendarFeed(worker=worker, token_hash="0" * 64, made_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save_as(by=worker)


# --- Fetching


@pytest.mark.parametrize("token", ["x", "0" * 43, "a-b_c", "-" * 400])
def test_an_unknown_address_leads_nowhere_and_says_no_more(worker, token):
    token_of(worker)
    answer = fetch(token)
    assert answer.status_code == 404
    assert not logged("fetched")


def test_an_address_ends_with_the_account_the_role_and_the_grant(worker):
    token = token_of(worker)
    feed = CalendarFeed.objects.select_related("worker").get()
    assert feed_rules.is_answered(feed)
    worker.is_active = False
    worker.save_as(by=None)
    assert fetch(token).status_code == 404
    worker.is_active = True
    worker.must_change_password = True
    worker.save_as(by=None)
    assert fetch(token).status_code == 404
    worker.must_change_password = False
    worker.save_as(by=None)
    assert fetch(token).status_code == 200
    change_role(worker, Role.SUPERVISOR, make_unit())
    assert fetch(token).status_code == 404


def test_an_account_that_is_opened_again_has_no_address(worker):
    token, guardian = token_of(worker), make_user(Role.SECURITY_ADMINISTRATOR)
    accounts.close_account(user=worker, by=guardian)
    assert fetch(token).status_code == 404
    again = accounts.reopen_account(user=worker, by=guardian)
    assert fetch(token).status_code == 404
    page = client_for(again).get("/today/feed/").content.decode()
    assert "There is no address" in page
    assert fetch(token_of(again)).status_code == 200
    assert fetch(token).status_code == 404


def test_no_restore_brings_an_address_back(worker):
    token = token_of(worker)
    # What every restore does first.
    replays.end_all_sessions()
    assert fetch(token).status_code == 404


def test_each_fetch_stands_in_the_log_in_the_name_of_the_worker(worker, today):
    due_on(today, lead=worker)
    token = token_of(worker)
    fetch(token)
    fetch(token)
    events = logged("fetched")
    assert len(events) == 2
    assert {each.actor for each in events} == {worker.log_reference}


def test_it_takes_nothing_but_asking(worker):
    token = token_of(worker)
    assert Client().post(f"/calendar-feed/{token}/").status_code == 405


def test_a_day_says_how_much_is_due_with_file_numbers_and_nothing_else(worker, today):
    files = [due_on(today + DAY * 2, lead=worker, name="欧阳秀英") for _each in range(2)]
    answer = fetch(token_of(worker))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    event = next(each for each in events_of(answer) if each["dtstart"].dt == today + DAY * 2)
    assert event["summary"] == "2 visits due"
    assert event["description"].split("\n") == sorted(each.number for each in files)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_name_no_group_no_level_leaves_the_house(worker, today, language):
    for code in POPULATIONS:
        due_on(today, lead=worker, population=code, name="欧阳秀英")
    token = token_of(worker)
    text = fetch(token, language).content.replace(b"\r\n ", b"").decode()
    with translation.override(language):
        words = {
            str(words)
            for each in POPULATIONS.values()
            for words in (each.label, each.visit_words.one, each.visit_words.first)
        }
    # The one word for a visit that everybody shares says nothing of anybody.
    shared = {"Visit", "First visit", "走访", "首次走访"}
    assert not [each for each in words - shared if each in text]
    for secret in ("欧阳", "周敏", "red", "yellow", "green", "红", "黄", "绿", worker.username):
        assert secret not in text


def test_what_is_overdue_stands_on_today_and_what_is_planned_has_its_time(worker, today):
    late = due_on(today - DAY * 3, lead=worker)
    at = timezone.localtime().replace(hour=14, minute=35, second=0, microsecond=0) + DAY
    visits.record(
        case_file=late, way="phone", outcome="planned", happened_at=at, by=worker, now=at - DAY
    )
    found = {each["summary"]: each for each in events_of(fetch(token_of(worker)))}
    assert found["1 overdue"]["dtstart"].dt == today
    assert found[f"Planned {late.number}"]["dtstart"].dt == at


def test_a_contact_and_a_review_are_counted_by_themselves(worker, today):
    case_file = due_on(today - DAY * 3, lead=worker)
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
    said = {str(each["summary"]) for each in events_of(fetch(token_of(worker)))}
    assert any("contact due" in each for each in said)
    assert not any("overdue" in each for each in said)


def test_lent_duties_stand_in_the_feed_of_the_deputy_alone(worker, today):
    deputy = make_user()
    case_file = due_on(today + DAY * 5, lead=worker)
    assign(case_file, deputy, Place.DEPUTY)
    mine, theirs = token_of(worker), token_of(deputy)
    assert case_file.number in fetch(mine).content.decode()
    assert case_file.number not in fetch(theirs).content.decode()
    workers.record_absence(
        worker=worker,
        kind="leave",
        start_on=today,
        until_on=today + DAY * 6,
        by=make_user(Role.SUPERVISOR),
        today=today,
    )
    first_days = [
        [each for each in events_of(fetch(token)) if each["dtstart"].dt == today + DAY * 5]
        for token in (mine, theirs)
    ]
    assert [len(each) for each in first_days] == [0, 1]


def test_what_a_program_knows_keeps_its_name(worker, today):
    due_on(today + DAY, lead=worker)
    token = token_of(worker)
    first, second = ({str(each["uid"]) for each in events_of(fetch(token))} for _each in range(2))
    assert first == second


def test_a_feed_that_leaves_something_out_says_so(worker, today, monkeypatch):
    monkeypatch.setattr(agenda, "MOST_FILES", 1)
    for _each in range(2):
        due_on(today, lead=worker)
    said = {str(each["summary"]) for each in events_of(fetch(token_of(worker)))}
    assert "There is more: see the list of files" in said
    assert "1 visit due" in said


def test_fetching_opens_nothing(worker, today):
    due_on(today, lead=worker)
    token = token_of(worker)
    before = LoggedEvent.objects.count()
    fetch(token)
    assert LoggedEvent.objects.count() == before + 1
