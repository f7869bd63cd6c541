"""What everybody carries: written down once a week, shown unit by unit, never as a contest."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone, translation

from audit.models import LoggedEvent, Subject
from casework import handlers, load_rules
from casework.actions import workers
from casework.dashboards import boards, load_histories
from casework.dashboards.digests import digest_of
from casework.load_rules import Week
from casework.models import WeeklyLoad
from kpm.accounts.models import User
from kpm.jobs.registers import SWEEPS
from kpm.permissions import Role
from tests.factories import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    assign,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
THURSDAY = date(2026, 11, 26)
MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 26, 1, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def carry(worker, weeks, *, points=120, capacity=100, **counts):
    """What somebody carried in each of these weeks before the one of today."""
    this = load_rules.week_of(timezone.localdate())
    said = {"red": 0, "yellow": 0, "green": 0, "ungraded": 0, "deputies": 0, **counts}
    WeeklyLoad.objects.bulk_create(
        WeeklyLoad(
            worker=worker, week_on=this - ago * WEEK, points=points, capacity=capacity, **said
        )
        for ago in weeks
    )


def staff_page(user, query=""):
    return client_for(user).get(f"/staff/{query}")


class TestRules:
    def week(self, ago, points):
        return Week(MONDAY - ago * WEEK, points, 100)

    def test_a_week_begins_on_its_monday(self):
        assert load_rules.week_of(THURSDAY) == MONDAY
        assert load_rules.week_of(MONDAY) == MONDAY
        assert load_rules.week_of(MONDAY - timedelta(days=1)) == MONDAY - WEEK

    @pytest.mark.parametrize(
        ("points", "capacity", "is_over"),
        [(110, 100, False), (111, 100, True), (0, 0, False), (1, 0, True), (55, 50, False)],
    )
    def test_more_than_a_draft_would_give_is_too_much(self, points, capacity, is_over):
        assert load_rules.is_over(points, capacity) is is_over

    def test_where_there_is_no_room_there_is_no_share(self):
        assert load_rules.percent(5, 0) is None
        assert load_rules.percent(5, 10) == 50

    def test_weeks_in_a_row_are_counted_back_from_this_one(self):
        weeks = [self.week(ago, 120) for ago in range(4)] + [self.week(4, 100), self.week(5, 120)]
        assert load_rules.weeks_over(weeks, THURSDAY) == 4
        assert load_rules.is_strained(weeks, THURSDAY)

    def test_this_week_may_not_have_been_written_yet(self):
        weeks = [self.week(ago, 120) for ago in range(1, 5)]
        assert all(each.on >= load_rules.earliest(THURSDAY) for each in weeks)
        assert load_rules.is_strained(weeks, THURSDAY)

    def test_what_is_better_now_is_over(self):
        weeks = [self.week(0, 100), *(self.week(ago, 120) for ago in range(1, 6))]
        assert load_rules.weeks_over(weeks, THURSDAY) == 0

    def test_a_week_that_nobody_wrote_down_ends_the_row(self):
        weeks = [self.week(ago, 120) for ago in (0, 1, 3, 4, 5)]
        assert load_rules.weeks_over(weeks, THURSDAY) == 2
        assert load_rules.weeks_over([self.week(2, 120)], THURSDAY) == 0


class TestWritingDown:
    def test_one_row_for_each_worker_and_week(self, supervisor):
        worker, colleague = make_user(), make_user()
        make_case_file(lead=worker)
        assign(make_case_file(lead=colleague), worker, "deputy")

        assert handlers.record_loads(NOW) == 2

        row = WeeklyLoad.objects.get(worker=worker)
        assert row.week_on == MONDAY
        assert (row.ungraded, row.deputies, row.red) == (1, 1, 0)
        assert (row.points, row.capacity) == (4, 160)
        [event] = LoggedEvent.objects.filter(event="load.recorded")
        told = set(Subject.objects.filter(event_id=event.id).values_list("subject", flat=True))
        assert told == {worker.log_reference, colleague.log_reference}

    def test_a_second_look_in_the_same_week_changes_nothing(self):
        worker = make_user()
        handlers.record_loads(NOW)
        make_case_file(lead=worker)

        assert handlers.record_loads(NOW + timedelta(days=3)) == 0
        assert WeeklyLoad.objects.get().points == 0
        assert LoggedEvent.objects.filter(event="load.recorded").count() == 1

    def test_the_next_week_is_another_row(self):
        make_user()
        handlers.record_loads(NOW)
        assert handlers.record_loads(NOW + timedelta(days=4)) == 1
        assert set(WeeklyLoad.objects.values_list("week_on", flat=True)) == {MONDAY, MONDAY + WEEK}

    def test_who_comes_later_in_the_week_is_written_down_as_well(self):
        make_user()
        handlers.record_loads(NOW)
        late = make_user()
        assert handlers.record_loads(NOW) == 1
        assert WeeklyLoad.objects.filter(worker=late).exists()

    def test_whoever_is_no_social_worker_carries_nothing(self, supervisor):
        assert handlers.record_loads(NOW) == 0
        assert not LoggedEvent.objects.filter(event="load.recorded").exists()

    def test_it_is_done_by_itself(self):
        assert SWEEPS["record_loads"].work is handlers.record_loads

    def test_what_is_written_stays(self):
        carry(make_user(), [0])
        with pytest.raises(DatabaseError), transaction.atomic():
            WeeklyLoad.objects.update(points=1)
        with pytest.raises(DatabaseError), transaction.atomic():
            WeeklyLoad.objects.all().delete()

    def test_nobody_has_two_rows_for_one_week(self):
        worker = make_user()
        carry(worker, [0])
        with pytest.raises(DatabaseError), transaction.atomic():
            carry(worker, [0])


class TestBoard:
    def test_people_stand_with_their_unit_and_units_by_their_code(self, supervisor):
        far = make_user(name="Far", unit=make_unit(OTHER_VILLAGE))
        make_user(name="Free")
        busy = make_user(name="Busy")
        workers.describe(worker=far, percent=10, sex="", trained=[], languages=[], by=supervisor)
        for _ in range(6):
            make_case_file(lead=far, unit=make_unit(OTHER_VILLAGE))
        make_case_file(lead=busy)

        page = staff_page(supervisor)

        shown = [
            (each.sum.unit.code, [row.user.name for row in each.rows])
            for each in page.context["sections"]
        ]
        # The one with the most load of all comes last: their unit does.
        assert shown == [(VILLAGE, ["Busy", "Free"]), (OTHER_VILLAGE, ["Far"])]

    def test_a_unit_has_its_sum(self, supervisor):
        one, other = make_user(), make_user(unit=make_unit(TOWNSHIP))
        make_case_file(lead=one)
        assign(make_case_file(lead=one), other, "deputy")

        total = staff_page(supervisor).context["board"].total

        assert (total.unit.code, total.workers, total.deputies) == (COUNTY, 2, 1)
        assert (total.bar.points, total.bar.capacity) == (7, 320)
        assert (total.red, total.over) == (0, 0)

    def test_units_below_lead_to_their_own_board(self, supervisor):
        make_user(name="Near")
        make_user(name="Far", unit=make_unit(OTHER_VILLAGE))

        parts = staff_page(supervisor).context["board"].parts
        page = staff_page(supervisor, f"?unit={OTHER_TOWNSHIP}")

        assert [each.unit.code for each in parts] == [TOWNSHIP, OTHER_TOWNSHIP]
        assert [each.user.name for each in page.context["rows"]] == ["Far"]
        assert "Near" not in page.content.decode()

    def test_no_unit_of_others_is_shown(self):
        make_user(name="Near")
        there = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
        page = staff_page(there, f"?unit={TOWNSHIP}")
        assert page.context["board"].total.unit.code == OTHER_TOWNSHIP
        assert "Near" not in page.content.decode()

    def test_whoever_is_away_and_carries_something_stands_first(self, supervisor):
        away, busy = make_user(name="Away"), make_user(name="Busy")
        today = timezone.localdate()
        make_case_file(lead=away)
        for _ in range(3):
            make_case_file(lead=busy)
        workers.record_absence(
            worker=away,
            kind="leave",
            start_on=today,
            until_on=today + timedelta(days=60),
            by=supervisor,
            today=today,
        )
        page = staff_page(supervisor)
        assert [each.user.name for each in page.context["rows"]] == ["Away", "Busy"]
        assert "3 points, and no room for any" in page.content.decode()

    def test_four_weeks_in_a_row_are_named(self, supervisor):
        worker, other = make_user(name="Tired"), make_user(name="Fresh")
        carry(worker, range(4))
        carry(other, range(3))

        page = staff_page(supervisor)

        assert [each.user.name for each in page.context["board"].strained] == ["Tired"]
        assert "Over 110 % for four weeks in a row" in page.content.decode()

    def test_bars_end_at_the_edge(self):
        assert (boards.Bar(400, 100).within, boards.Bar(400, 100).beyond) == (110, 40)
        assert (boards.Bar(80, 100).within, boards.Bar(80, 100).beyond) == (80, 0)
        assert boards.Bar(0, 0).width == 0


class TestToday:
    def test_one_line_says_how_many_carry_too_much(self, supervisor):
        for _ in range(2):
            carry(make_user(), range(1, 5))
        words = client_for(supervisor).get("/today/").content.decode()
        assert "2 social workers have carried over 110 % for four weeks in a row." in words

    def test_nothing_is_said_where_nobody_does(self, supervisor):
        carry(make_user(), range(3))
        carry(make_user(unit=make_unit(OTHER_VILLAGE)), range(5))
        there = make_user(Role.SUPERVISOR, unit=make_unit(TOWNSHIP))
        assert "four weeks in a row" not in client_for(there).get("/today/").content.decode()
        assert boards.strained(supervisor, timezone.localdate()) == 1

    def test_whoever_left_is_not_counted(self, supervisor):
        worker = make_user()
        carry(worker, range(4))
        User.objects.filter(pk=worker.pk).update(is_active=False)
        assert boards.strained(supervisor, timezone.localdate()) == 0

    def test_a_digest_counts_people_once(self, supervisor):
        carry(make_user(), range(4))
        make_case_file(population="drug")
        make_case_file()
        lines = {
            str(each.label): each.count for each in digest_of(supervisor, timezone.localtime())
        }
        assert lines["social workers with too much for four weeks in a row"] == 1


class TestHistory:
    def test_a_supervisor_sees_the_weeks_of_a_worker(self, supervisor):
        worker = make_user(name="Tired")
        carry(worker, range(5), red=3)

        page = client_for(supervisor).get(f"/staff/{worker.log_reference}/load/")

        words = page.content.decode()
        assert page.context["weeks_over"] == 5
        assert "120 of 100 points (120 %)" in words
        assert "Over 110 % for 5 weeks in a row" in words
        assert [each.bar.percent for each in page.context["picture"].weeks] == [120] * 5
        assert "over 110 % in 5 of these weeks" in words

    def test_somebody_elses_workers_are_not_there(self):
        worker = make_user()
        there = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
        address = f"/staff/{worker.log_reference}/load/"
        assert client_for(there).get(address).status_code == 404

    def test_workers_see_their_own(self):
        worker, colleague = make_user(), make_user()
        carry(worker, [1], points=90)
        carry(colleague, [1], points=70)

        client = client_for(worker)
        words = client.get("/today/load/").content.decode()

        assert "90 of 100 points (90 %)" in words
        assert "70 of 100" not in words
        assert client.get(f"/staff/{colleague.log_reference}/load/").status_code == 403

    def test_before_the_first_week_there_is_no_picture(self):
        page = client_for(make_user()).get("/today/load/")
        assert page.context["picture"] is None
        assert "No week on record yet" in page.content.decode()

    def test_older_weeks_are_on_the_next_page(self):
        worker = make_user()
        carry(worker, range(load_histories.PER_PAGE + 2), points=0, capacity=0)
        page = client_for(worker).get("/today/load/?page=2")
        assert len(page.context["weeks"]) == 2
        assert "0 points, and no room for any" in page.content.decode()

    def test_whoever_lost_the_role_carries_nothing(self, supervisor):
        assert load_histories.now_of(supervisor, timezone.localdate()).bar.points == 0
