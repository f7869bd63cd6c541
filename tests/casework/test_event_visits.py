"""A visit within hours after an incident: derived, shown first, done by meeting somebody."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone, translation
from icalendar import Calendar as FeedCalendar

from casework import sweeps
from casework.actions import calendar_feeds, incidents, review_tasks, visits, workers
from casework.actions.case_files import calendars, event_by, refresh_due
from casework.caseload import Calendar, Due, DueKind
from casework.dashboards import overdue, today
from casework.models import CaseFile, Incident, LostContact, ReviewTask
from casework.models.assignments import Place
from casework.models.incidents import VISITED
from casework.overdue_rules import Step
from casework.warnings import WARNINGS
from kpm.permissions import Role
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import default_numbers
from risk_levels.populations import POPULATIONS
from tests.factories import (
    OTHER_TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

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


# What the table under 1.7 names, wherever the form of a population offers it.
NAMED = {
    "bereavement": tuple(POPULATIONS),
    "family": tuple(POPULATIONS),
    "discharge": tuple(POPULATIONS),
    "disaster": tuple(POPULATIONS),
    "guardian": ("left_behind_child", "mental_disorder"),
}


@pytest.mark.parametrize(
    ("kind", "population"), [(kind, code) for kind, codes in NAMED.items() for code in codes]
)
def test_the_kinds_that_the_table_names_ask_for_it_everywhere(worker, now, kind, population):
    age = 10 if population == "left_behind_child" else 70
    case_file = make_case_file(
        population=population,
        today=now.date() - 30 * DAY,
        lead=worker,
        birth_on=date(now.year - age, 1, 1),
    )
    happen(case_file, worker, now, kind=kind)
    assert due_of(case_file, now) == [now - HOUR + DAY]


@pytest.mark.parametrize("kind", ["hospital", "fall", "eviction", "self_harm", "other"])
def test_other_kinds_ask_for_none(case_file, worker, now, kind):
    happen(case_file, worker, now, kind=kind)
    assert due_of(case_file, now) == []


def test_a_release_asks_for_none_within_hours(worker, now):
    # Whoever comes back from prison is visited within seven days, as the first visit says.
    assert set(VISITED) == set(NAMED)
    case_file = make_case_file(population="released", today=now.date() - 30 * DAY, lead=worker)
    happen(case_file, worker, now, kind="release")
    assert due_of(case_file, now) == []


def test_the_hours_are_those_of_the_rule_set(case_file, worker, now):
    happen(case_file, worker, now, ago=HOUR)
    rule_set = RuleSet(numbers=default_numbers())
    rule_set.numbers["particulars"]["empty_nest_elder"]["event_visit_hours"] = 48
    fresh = CaseFile.objects.select_related("risk_level").get(pk=case_file.pk)
    (calendar,) = calendars([fresh], now.date(), rule_set).values()
    assert calendar.event_by_at == now + 47 * HOUR


def deadline_under(rule_set, case_file, now):
    fresh = CaseFile.objects.select_related("risk_level").get(pk=case_file.pk)
    (calendar,) = calendars([fresh], now.date(), rule_set).values()
    return calendar.event_by_at


def test_where_the_rule_set_says_that_there_are_no_hours_an_incident_asks_for_no_visit(
    case_file, worker, now
):
    happen(case_file, worker, now)
    rule_set = RuleSet(numbers=default_numbers())
    rule_set.numbers["particulars"]["empty_nest_elder"]["event_visit_hours"] = None
    assert deadline_under(rule_set, case_file, now) is None


def test_a_version_that_is_older_than_the_hours_has_those_that_were_delivered(
    case_file, worker, now
):
    happen(case_file, worker, now)
    for numbers in ("particulars", "empty_nest_elder", "event_visit_hours"):
        rule_set = RuleSet(numbers=default_numbers())
        held = rule_set.numbers
        if numbers != "particulars":
            held = held["particulars"]
        if numbers == "event_visit_hours":
            held = held["empty_nest_elder"]
        del held[numbers]
        assert deadline_under(rule_set, case_file, now) == now - HOUR + DAY


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


def test_the_page_says_when_the_hours_are_over(case_file, worker, now):
    happen(case_file, worker, now, ago=DAY - timedelta(minutes=5))
    assert "time is up" not in page_of(worker).content.decode()
    happen(case_file, worker, now, ago=DAY + timedelta(minutes=5))
    words = page_of(worker).content.decode()
    assert words.count("time is up") == 1
    assert f"{now - timedelta(minutes=5):%H:%M}" in words


@pytest.mark.parametrize("page", ["/today/week/", "/today/month/", "/files/{number}/"])
def test_every_page_that_shows_it_says_so(case_file, worker, now, page):
    happen(case_file, worker, now, ago=DAY - timedelta(minutes=5))
    address = page.format(number=case_file.number)
    assert "time is up" not in page_of(worker, address).content.decode()
    happen(case_file, worker, now, ago=DAY + timedelta(minutes=5))
    words = page_of(worker, address).content.decode()
    assert words.count("time is up") == 1
    assert f"{now - timedelta(minutes=5):%H:%M}" in words


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


# --- What a supervisor sees


def supervisor_tile(user, label):
    (found,) = [each for each in page_of(user).context["start"].waiting if str(each.label) == label]
    return found


MISSED = "not visited in time after an incident"


def test_the_supervisor_is_told_when_the_hours_are_over_and_not_before(case_file, worker, now):
    supervisor = make_user(Role.SUPERVISOR)
    happen(case_file, worker, now, ago=DAY - timedelta(minutes=5))
    assert supervisor_tile(supervisor, MISSED).count == 0
    happen(case_file, worker, now, ago=DAY + timedelta(minutes=5))
    found = supervisor_tile(supervisor, MISSED)
    assert found.count == 1
    # The list shows exactly these.
    make_case_file(today=now.date() - 30 * DAY, lead=worker)
    listed = page_of(supervisor, f"/files/?group=care{found.query}").context["rows"]
    assert [each.number for each in listed] == [case_file.number]
    meet(case_file, worker, now)
    assert supervisor_tile(supervisor, MISSED).count == 0


def test_what_needs_no_visit_is_never_missed(worker, now):
    supervisor = make_user(Role.SUPERVISOR)
    elder = make_case_file(today=now.date() - 30 * DAY, lead=worker)
    happen(elder, worker, now, ago=10 * DAY, kind="fall")
    assert supervisor_tile(supervisor, MISSED).count == 0
    happen(elder, worker, now, ago=10 * DAY)
    assert supervisor_tile(supervisor, MISSED).count == 1
    elder.close(on=now.date())
    elder.save_as(by=worker)
    assert supervisor_tile(supervisor, MISSED).count == 0


def test_without_hours_in_the_rule_set_nothing_is_missed(case_file, worker, now, monkeypatch):
    happen(case_file, worker, now, ago=2 * DAY)
    files = CaseFile.objects.all()
    assert list(overdue.missed_event_visits(files, now)) == [case_file]
    monkeypatch.setattr(RuleSet, "event_visit_hours", lambda *_asked: None)
    assert not overdue.missed_event_visits(files, now).exists()


def test_a_supervisor_elsewhere_is_told_nothing(case_file, worker, now):
    happen(case_file, worker, now, ago=2 * DAY)
    elsewhere = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
    assert supervisor_tile(elsewhere, MISSED).count == 0


# --- A review is suggested, and no more


def rules_open(case_file):
    rows = ReviewTask.objects.filter(case_file=case_file, state="open")
    return set(rows.values_list("rule", flat=True))


def test_an_incident_suggests_a_review_and_changes_no_level(case_file, worker, now):
    level = make_level(case_file, "yellow", now=now - 20 * DAY)
    before = (level.level, level.revision, level.decisions.count())
    happen(case_file, worker, now)
    assert rules_open(case_file) == {"incident"}
    # A second one does not ask twice, and the night neither ends nor repeats it.
    happen(case_file, worker, now, kind="fall")
    sweeps.suggest_reviews(now)
    assert ReviewTask.objects.filter(case_file=case_file, rule="incident").count() == 1
    level.refresh_from_db()
    assert (level.level, level.revision, level.decisions.count()) == before
    words = page_of(worker, f"/files/{case_file.number}/level/").content.decode()
    assert "Something has happened since the level was decided" in words


def test_a_mistake_suggests_nothing_any_more(case_file, worker, now):
    noted = happen(case_file, worker, now)
    incidents.correct(
        incident=noted, kind="mistake", happened_at=now - HOUR, words="别人家", by=worker, now=now
    )
    assert "incident" not in rules_open(case_file)


def test_what_the_last_decision_has_weighed_does_not_keep_a_mistake_open(case_file, worker, now):
    noted = happen(case_file, worker, now, ago=HOUR)
    make_level(case_file, "yellow", now=now + timedelta(seconds=1))
    later = now + timedelta(seconds=2)
    second = happen(case_file, worker, later)
    incidents.correct(
        incident=second, kind="mistake", happened_at=now, words="重复", by=worker, now=later
    )
    assert noted in Incident.objects.standing()
    assert "incident" not in rules_open(case_file)


def test_a_decision_about_the_level_has_weighed_it(case_file, worker, now):
    happen(case_file, worker, now)
    review_tasks.follow_decision(case_file, now=now)
    assert "incident" not in rules_open(case_file)


def test_three_within_ninety_days_are_several(case_file, worker, now):
    old = make_case_file(today=now.date() - 200 * DAY, lead=worker)
    for ago in (20, 10, 1):
        happen(case_file, worker, now, ago=ago * DAY, kind="fall")
    for ago in (91, 10, 1):
        happen(old, worker, now, ago=ago * DAY, kind="fall")
    found = WARNINGS["several_incidents"].find(now)
    assert list(found) == [case_file]
    last = Incident.objects.filter(case_file=case_file).order_by("-happened_at").first()
    incidents.correct(
        incident=last, kind="mistake", happened_at=now, words="别人", by=worker, now=now
    )
    assert not WARNINGS["several_incidents"].find(now).exists()
