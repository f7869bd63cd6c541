"""A visit within hours after an incident: derived, shown first, done by meeting somebody."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone, translation
from icalendar import Calendar as FeedCalendar

from casework.actions import calendar_feeds, incidents, visits, workers
from casework.actions.case_files import calendars, event_by, refresh_due
from casework.caseload import Calendar, Due, DueKind
from casework.dashboards import overdue, today
from casework.models import CaseFile, Incident, LostContact
from casework.models.assignments import Place
from casework.models.incidents import VISITED, Kind
from casework.overdue_rules import Step
from kpm.permissions import Role
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import default_numbers
from tests.factories import assign, client_for, make_case_file, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def now():
    return timezone.localtime()


@pytest.fixture
def worker():
    return make_user(name="周敏")


@pytest.fixture
def case_file(worker, now):
    """Opened a month ago; a visit is long overdue, so that there is something to come before."""
    return make_case_file(today=now.date() - 30 * DAY, lead=worker)


def happen(case_file, by, now, *, ago=HOUR, kind="bereavement"):
    return incidents.note(
        case_file=case_file, kind=kind, happened_at=now - ago, words="老伴走了", by=by, now=now
    )


def meet(case_file, by, now, *, ago=timedelta(0), outcome="done", way="visit"):
    return visits.record(
        case_file=case_file,
        way=way,
        outcome=outcome,
        happened_at=now - ago,
        notes="陪着说了会儿话",
        by=by,
        now=now,
    )


def due_of(case_file, now):
    """What is due in hours, until when."""
    fresh = CaseFile.objects.select_related("risk_level").get(pk=case_file.pk)
    found = calendars([fresh], now.date())[fresh].due()
    return [each.by_at for each in found if each.kind == DueKind.EVENT_VISIT]


def page_of(user, address="/today/"):
    answer = client_for(user).get(address)
    assert answer.status_code == 200
    return answer


# --- The rule


def test_a_visit_is_due_so_many_hours_after_it_happened_and_not_after_it_was_noted(
    case_file, worker, now
):
    happen(case_file, worker, now, ago=5 * HOUR)
    assert due_of(case_file, now) == [now - 5 * HOUR + DAY]


@pytest.mark.parametrize("kind", ["bereavement", "family", "discharge", "disaster"])
def test_the_kinds_that_the_table_names_ask_for_it(case_file, worker, now, kind):
    happen(case_file, worker, now, kind=kind)
    assert len(due_of(case_file, now)) == 1


@pytest.mark.parametrize("kind", ["hospital", "fall", "eviction", "self_harm", "other"])
def test_other_kinds_ask_for_none(case_file, worker, now, kind):
    happen(case_file, worker, now, kind=kind)
    assert due_of(case_file, now) == []


def test_a_guardian_who_is_gone_is_one_of_them_and_a_release_is_not():
    assert Kind.GUARDIAN in VISITED
    # Whoever comes back from prison is visited within seven days, as the first visit says.
    assert Kind.RELEASE not in VISITED


def test_the_hours_are_those_of_the_rule_set(case_file, worker, now):
    happen(case_file, worker, now, ago=HOUR)
    rule_set = RuleSet(numbers=default_numbers())
    rule_set.numbers["particulars"]["empty_nest_elder"]["event_visit_hours"] = 48
    fresh = CaseFile.objects.select_related("risk_level").get(pk=case_file.pk)
    (calendar,) = calendars([fresh], now.date(), rule_set).values()
    assert calendar.event_by_at == now + 47 * HOUR


def test_where_the_rule_set_has_no_hours_an_incident_asks_for_no_visit(case_file, worker, now):
    happen(case_file, worker, now)
    fresh = CaseFile.objects.select_related("risk_level").get(pk=case_file.pk)
    for numbers in ("particulars", "empty_nest_elder", "event_visit_hours"):
        rule_set = RuleSet(numbers=default_numbers())
        held = rule_set.numbers
        if numbers != "particulars":
            held = held["particulars"]
        if numbers == "event_visit_hours":
            held = held["empty_nest_elder"]
        del held[numbers]
        (calendar,) = calendars([fresh], now.date(), rule_set).values()
        assert calendar.event_by_at is None


def test_no_moment_and_no_hours_make_no_deadline(now):
    assert event_by(None, 24) is None
    assert event_by(now, None) is None


def test_it_comes_before_everything_else_of_its_day():
    on = date(2026, 3, 1)
    by_at = datetime(2026, 3, 1, 22, tzinfo=ZoneInfo("Asia/Shanghai"))
    found = Calendar(
        opened_on=on - DAY, review_on=on, rhythms=[], first_visit_days=1, event_by_at=by_at
    ).due()
    assert found[0] == Due(on, DueKind.EVENT_VISIT)
    assert found[0].by_at == by_at
    assert [each.kind for each in found[1:]] == [DueKind.FIRST_VISIT, DueKind.REVIEW]


def test_the_day_of_the_file_follows_and_is_kept_nowhere_else(worker, now):
    case_file = make_case_file(today=now.date() - DAY, lead=worker)
    assert case_file.next_due_on > now.date() + DAY
    happen(case_file, worker, now)
    case_file.refresh_from_db()
    assert case_file.next_due_on == (now - HOUR + DAY).date()
    columns = {each.name for each in Incident._meta.concrete_fields}
    assert not {each for each in columns if "due" in each or "by_at" in each}


# --- What ends it


@pytest.mark.parametrize("outcome", ["done", "declined"])
def test_whoever_was_met_face_to_face_afterwards_has_been_visited(case_file, worker, now, outcome):
    happen(case_file, worker, now)
    meet(case_file, worker, now, outcome=outcome)
    assert due_of(case_file, now) == []


@pytest.mark.parametrize(
    "met",
    [
        {"outcome": "not_met"},
        {"way": "phone"},
        {"way": "video"},
        {"way": "phone", "outcome": "declined"},
        {"ago": 2 * HOUR},
        # At the moment itself is not afterwards.
        {"ago": HOUR},
        {"outcome": "planned", "ago": -HOUR},
    ],
)
def test_a_try_a_call_a_plan_or_an_earlier_visit_is_no_visit(case_file, worker, now, met):
    happen(case_file, worker, now)
    meet(case_file, worker, now, **met)
    assert due_of(case_file, now) == [now - HOUR + DAY]


def test_tries_count_as_tries(case_file, worker, now):
    happen(case_file, worker, now)
    for minutes in (30, 20, 10):
        meet(case_file, worker, now, outcome="not_met", ago=timedelta(minutes=minutes))
    assert LostContact.objects.filter(case_file=case_file).count() == 1
    assert len(due_of(case_file, now)) == 1


def test_a_visit_that_was_made_before_the_incident_was_written_down_counts(case_file, worker, now):
    meet(case_file, worker, now, ago=HOUR)
    happen(case_file, worker, now, ago=2 * HOUR)
    assert due_of(case_file, now) == []


def test_a_second_incident_after_the_visit_asks_anew(case_file, worker, now):
    happen(case_file, worker, now, ago=3 * HOUR)
    meet(case_file, worker, now, ago=2 * HOUR)
    happen(case_file, worker, now, ago=HOUR, kind="discharge")
    assert due_of(case_file, now) == [now - HOUR + DAY]


def test_of_two_that_wait_the_first_counts(case_file, worker, now):
    happen(case_file, worker, now, ago=HOUR)
    happen(case_file, worker, now, ago=4 * HOUR, kind="discharge")
    assert due_of(case_file, now) == [now - 4 * HOUR + DAY]


def test_a_visit_to_somebody_else_ends_nothing(case_file, worker, now):
    happen(case_file, worker, now)
    meet(make_case_file(today=now.date() - 30 * DAY, lead=worker), worker, now)
    assert len(due_of(case_file, now)) == 1


def test_a_correction_moves_it_and_a_mistake_takes_it_back(case_file, worker, now):
    noted = happen(case_file, worker, now)
    about = {"words": "是前天的事", "by": worker, "now": now}
    moved = incidents.correct(
        incident=noted, kind="bereavement", happened_at=now - 20 * HOUR, **about
    )
    assert due_of(case_file, now) == [now - 20 * HOUR + DAY]
    incidents.correct(incident=moved, kind="mistake", happened_at=now - 20 * HOUR, **about)
    assert due_of(case_file, now) == []


def test_nothing_is_due_on_a_closed_file(case_file, worker, now):
    happen(case_file, worker, now)
    case_file.close(on=now.date())
    case_file.save_as(by=worker)
    with transaction.atomic():
        assert refresh_due(case_file, now.date()) is None


# --- Where it is shown


def soon_of(user):
    return [row.case_file.number for row in page_of(user).context["day"].soon]


def test_it_stands_first_on_the_page_of_the_lead(case_file, worker, now):
    other = make_case_file(today=now.date() - 40 * DAY, lead=worker)
    happen(case_file, worker, now)
    answer = page_of(worker)
    day, words = answer.context["day"], answer.content.decode()
    assert [row.case_file for row in day.soon] == [case_file]
    assert [row.case_file for row in day.overdue] == [other]
    assert words.index('id="soon"') < words.index('id="overdue"')
    assert words.index("Visit after an incident") < words.index('id="overdue"')
    # Begins as a visit, though a call is overdue for longer.
    assert day.soon[0].way == "visit"
    # Nothing of what happened stands on a list.
    assert "Somebody close died" not in words


def test_it_is_among_the_rows_however_much_is_overdue(case_file, worker, now, monkeypatch):
    monkeypatch.setattr(today, "MOST_ROWS", 1)
    last = make_case_file(today=now.date() - DAY, lead=worker)
    happen(last, worker, now)
    day = page_of(worker).context["day"]
    assert [row.case_file for row in day.soon] == [last]
    assert day.is_cut


def test_the_deputy_has_it_first_only_while_the_lead_is_away(case_file, worker, now):
    deputy, member = make_user(), make_user()
    assign(case_file, deputy, Place.DEPUTY)
    assign(case_file, member, Place.MEMBER)
    happen(case_file, worker, now)
    assert [soon_of(each) for each in (worker, deputy, member)] == [[case_file.number], [], []]
    workers.record_absence(
        worker=worker,
        kind="leave",
        start_on=now.date(),
        until_on=now.date() + 3 * DAY,
        by=make_user(Role.SUPERVISOR),
        today=now.date(),
    )
    assert soon_of(deputy) == [case_file.number]
    assert soon_of(member) == []


def test_the_member_still_finds_it_among_the_rest(worker, now):
    case_file = make_case_file(today=now.date() - DAY, lead=worker)
    member = make_user()
    assign(case_file, member, Place.MEMBER)
    happen(case_file, worker, now, ago=timedelta(minutes=1))
    day = page_of(member).context["day"]
    assert [row.case_file for row in (*day.today, *day.coming)] == [case_file]


def test_nobody_else_finds_it(case_file, worker, now):
    happen(case_file, worker, now)
    assert case_file.number not in page_of(make_user()).content.decode()


@pytest.mark.parametrize("span", ["week", "month"])
def test_it_stands_in_the_week_and_in_the_month(case_file, worker, now, span):
    happen(case_file, worker, now)
    on = (now - HOUR + DAY).date()
    words = page_of(worker, f"/today/{span}/?day={on.isoformat()}").content.decode()
    assert "Visit after an incident" in words
    assert f"{now - HOUR:%H:%M}" in words


def test_the_first_page_of_the_file_says_until_when(case_file, worker, now):
    happen(case_file, worker, now)
    words = page_of(worker, case_file.get_absolute_url()).content.decode()
    assert "Visit after an incident" in words
    assert f"{now - HOUR:%H:%M}" in words


def test_the_feed_counts_a_visit_and_says_nothing_of_what_happened(worker, now):
    case_file = make_case_file(today=now.date() - DAY, lead=worker)
    happen(case_file, worker, now)
    token = calendar_feeds.make(by=worker, now=now)
    answer = client_for(worker).get(f"/calendar-feed/{token}/", headers={"Accept-Language": "en"})
    on = (now - HOUR + DAY).date()
    events = FeedCalendar.from_ical(answer.content).walk("VEVENT")
    (said,) = [str(each["SUMMARY"]) for each in events if each["DTSTART"].dt == on]
    assert "1 visit due" in said
    text = answer.content.decode()
    for word in ("incident", "died", "老伴", "bereavement"):
        assert word not in text


def test_it_climbs_the_ladder_like_everything_that_is_due(worker, now):
    case_file = make_case_file(today=now.date() - 9 * DAY, lead=worker)
    meet(case_file, worker, now - 9 * DAY + 2 * HOUR)
    happen(case_file, worker, now, ago=8 * DAY + HOUR)
    files = CaseFile.objects.filter(pk=case_file.pk)
    assert overdue.steps_in(files, now.date())[Step.SUPERVISOR] == 1
    meet(case_file, worker, now)
    assert overdue.steps_in(files, now.date())[Step.SUPERVISOR] == 0
