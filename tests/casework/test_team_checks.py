"""The clock of a red file: whom its team must have, who counts, and who is asked when it is up."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from audit.models import LoggedEvent
from casework import red_rules
from casework.actions import assignments, plans, team_checks, team_members
from casework.models import CaseFile, TeamCheck, WorkerProfile
from kpm.accounts.actions import close_account, end_grant, reopen_account
from kpm.accounts.models import User
from kpm.permissions import Role
from tests.factories import (
    COUNTY,
    OTHER_TOWNSHIP,
    TOWNSHIP,
    VILLAGE,
    assign,
    change_role,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
    name_others,
    talk_about,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOW = timezone.localtime()
TODAY = NOW.date()
SOMEBODY_ELSE = {"id_number": "", "name": "陈立", "phone": "13600001111"}


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def make_complete(by, *, without=(), since=NOW, lead=None, **values):
    """A red file under community correction whose team has everybody that anybody must have."""
    case_file = make_case_file(**{"population": "community_correction", **values})
    make_level(case_file, "red", now=since)
    lead = lead or make_user()
    assign(case_file, lead, by=by)
    assign(case_file, make_user(), "deputy", by=by)
    plan = plans.draft(
        case_file=case_file,
        goal="Work",
        steps=[{"what": "Sign up", "resource": "Job centre"}],
        by=lead,
        today=TODAY,
    )
    plans.approve(plan=plan, by=make_user(Role.SUPERVISOR), today=TODAY)
    talk_about(plan, lead)
    name_others(case_file, by=by, without=without)
    return case_file


def incomplete(on=TODAY):
    return list(team_checks.incomplete(CaseFile.objects.all(), on))


def events(name):
    return LoggedEvent.objects.filter(event=name).count()


def lead_of(case_file):
    return case_file.assignments.active().get(role="lead").worker


class TestWhoCounts:
    def test_a_full_team_lacks_nobody(self, supervisor):
        make_complete(supervisor, sex=1)
        assert incomplete() == []

    def test_every_place_of_the_population_is_asked_for(self, supervisor):
        case_file = make_complete(supervisor, sex=1, without=["volunteer"])
        assert incomplete() == [case_file]

    def test_two_in_one_place_fill_no_other(self, supervisor):
        case_file = make_complete(supervisor, sex=1, without=["volunteer"])
        team_members.name_member(
            case_file=case_file, place="village", name="周主任", by=supervisor, today=TODAY
        )
        assert incomplete() == [case_file]

    def test_that_nobody_can_be_had_fills_the_place(self, supervisor):
        case_file = make_complete(supervisor, sex=1, without=["volunteer"])
        team_members.name_member(
            case_file=case_file,
            place="volunteer",
            told="No volunteer lives near",
            is_nobody=True,
            by=supervisor,
            today=TODAY,
        )
        assert incomplete() == []

    def test_a_lead_whose_account_is_closed_leads_nobody(self, supervisor):
        case_file = make_complete(supervisor, sex=1)
        guardian, lead = make_user(Role.SECURITY_ADMINISTRATOR), lead_of(case_file)
        close_account(user=lead, by=guardian)
        assert incomplete() == [case_file]
        reopen_account(user=lead, by=guardian)
        assert incomplete() == []

    def test_a_lead_whose_role_ends_leads_until_that_day(self, supervisor):
        case_file = make_complete(supervisor, sex=1)
        grant = lead_of(case_file).grants.get()
        end_grant(
            grant=grant,
            until_on=TODAY + 2 * DAY,
            by=make_user(Role.SECURITY_ADMINISTRATOR),
            today=TODAY,
        )
        assert incomplete(TODAY + DAY) == []
        assert incomplete(TODAY + 2 * DAY) == [case_file]

    def test_a_lead_who_works_elsewhere_now_leads_nobody_here(self, supervisor):
        case_file = make_complete(supervisor, sex=1)
        change_role(lead_of(case_file), Role.SOCIAL_WORKER, make_unit(OTHER_TOWNSHIP))
        assert incomplete() == [case_file]

    def test_a_lead_who_became_a_supervisor_leads_nobody(self, supervisor):
        case_file = make_complete(supervisor, sex=1)
        change_role(lead_of(case_file), Role.SUPERVISOR, make_unit(COUNTY))
        assert incomplete() == [case_file]

    @pytest.mark.parametrize(
        ("groups", "lacks"), [(["drug"], True), (["drug", "community_correction"], False)]
    )
    def test_a_lead_for_other_groups_leads_nobody_here(self, supervisor, groups, lacks):
        lead = make_user()
        case_file = make_complete(supervisor, sex=1, lead=lead)
        change_role(lead, Role.SOCIAL_WORKER, make_unit(), populations=groups)
        assert (incomplete() == [case_file]) is lacks

    def test_a_file_without_a_lead_who_can_work_is_found_among_those_without(self, supervisor):
        case_file = make_complete(supervisor, sex=1)
        close_account(user=lead_of(case_file), by=make_user(Role.SECURITY_ADMINISTRATOR))
        words = client_for(supervisor).get("/files/?group=justice&lead=none").content.decode()
        assert case_file.number in words
        draft = client_for(supervisor).get("/teams/draft/?group=justice").content.decode()
        assert case_file.number in draft


class TestWhoThePersonIs:
    def test_a_woman_has_a_woman_in_the_team(self, supervisor):
        case_file = make_complete(supervisor, sex=2)
        assert incomplete() == []
        assert team_checks.look(NOW) == 1
        assert incomplete() == [case_file]
        team_members.name_member(
            case_file=case_file,
            place="village",
            name="周主任",
            is_woman=True,
            by=supervisor,
            today=TODAY,
        )
        # At once, not only when somebody looks again.
        assert incomplete() == []
        assert team_checks.look(NOW) == 1
        assert incomplete() == []

    def test_one_of_our_own_is_a_woman_as_well(self, supervisor):
        case_file = make_complete(supervisor, sex=2)
        WorkerProfile(worker=lead_of(case_file), sex="woman").save_as(by=supervisor)
        team_checks.look(NOW)
        assert incomplete() == []

    def test_she_counts_only_while_she_can_work(self, supervisor):
        case_file = make_complete(supervisor, sex=2)
        deputy = case_file.assignments.active().get(role="deputy").worker
        WorkerProfile(worker=deputy, sex="woman").save_as(by=supervisor)
        team_checks.look(NOW)
        close_account(user=deputy, by=make_user(Role.SECURITY_ADMINISTRATOR))
        team_checks.look(NOW)
        assert TeamCheck.objects.get(case_file=case_file).lacks_somebody

    def test_a_man_needs_no_woman_and_is_looked_at_once(self, supervisor):
        make_complete(supervisor, sex=1)
        before = events("case_file.read")
        assert team_checks.look(NOW) == 1
        assert team_checks.look(NOW + DAY) == 0
        assert events("case_file.read") == before + 1
        assert incomplete() == []

    def test_where_nobody_can_be_missing_nobody_looks(self, supervisor):
        case_file = make_complete(supervisor, sex=2)
        for place, is_woman in (("village", True), ("juvenile_specialist", False)):
            team_members.name_member(
                case_file=case_file,
                place=place,
                name="周主任",
                is_woman=is_woman,
                by=supervisor,
                today=TODAY,
            )
        assert team_checks.look(NOW) == 0
        assert not TeamCheck.objects.exists()

    def test_other_groups_are_never_looked_at(self, supervisor):
        make_complete(supervisor, population="drug")
        assert team_checks.look(NOW) == 0

    def test_a_minor_has_somebody_who_knows_minors_until_they_come_of_age(self, supervisor):
        birth_on = date(TODAY.year - 17, 1, 15)
        case_file = make_complete(supervisor, sex=1, birth_on=birth_on)
        team_checks.look(NOW)
        assert incomplete() == [case_file]
        # Looked at once more on the next day, not twice on one.
        assert team_checks.look(NOW) == 0
        assert team_checks.look(NOW + DAY) == 1
        assert incomplete() == [case_file]
        assert team_checks.look(NOW + 366 * DAY) == 1
        assert incomplete() == []

    def test_the_page_says_which_it_is(self, supervisor):
        case_file = make_complete(supervisor, sex=2)
        team_checks.look(NOW)
        words = client_for(supervisor).get("/missing/?group=justice").content.decode()
        assert case_file.number in words
        assert "A woman in the team" in words
        assert "Somebody who knows minors" not in words

    def test_what_is_kept_does_not_say_which_it_is(self, supervisor):
        woman = make_complete(supervisor, sex=2)
        minor = make_complete(
            supervisor, sex=1, birth_on=date(TODAY.year - 17, 1, 15), **SOMEBODY_ELSE
        )
        team_checks.look(NOW)
        kept = TeamCheck.objects.values("seen", "seen_on", "lacks_somebody", "step")
        assert kept.get(case_file=woman) == kept.get(case_file=minor)


class TestTheLadder:
    def test_nobody_is_told_while_there_is_time(self, supervisor):
        make_complete(supervisor, sex=1, without=["village"], since=NOW - 0.9 * DAY)
        assert team_checks.climb(NOW) == 0
        assert events("team.climbed") == 0

    def test_each_day_it_climbs_once(self, supervisor):
        case_file = make_complete(supervisor, sex=1, without=["village"], since=NOW - 1.5 * DAY)
        assert team_checks.climb(NOW) == 1
        assert team_checks.climb(NOW) == 0
        assert team_checks.climb(NOW + DAY) == 1
        assert [each.subject for each in LoggedEvent.objects.filter(event="team.climbed")] == [
            case_file.number
        ] * 2

    def test_what_is_complete_begins_from_below(self, supervisor):
        case_file = make_complete(supervisor, sex=1, without=["village"], since=NOW - 1.5 * DAY)
        team_checks.climb(NOW)
        team_members.name_member(
            case_file=case_file, place="village", name="周主任", by=supervisor, today=TODAY
        )
        assert team_checks.climb(NOW) == 0
        assert TeamCheck.objects.get().step == 0

    def test_the_unit_above_is_asked_and_its_start_page_says_so(self, supervisor):
        below = make_user(Role.SUPERVISOR, unit=make_unit(TOWNSHIP))
        in_time = make_complete(supervisor, sex=1, without=["village"], since=NOW - 0.5 * DAY)
        late = make_complete(
            supervisor, sex=1, without=["village"], since=NOW - 1.5 * DAY, **SOMEBODY_ELSE
        )

        def page(user, query=""):
            path = f"/missing/?group=justice{query}"
            return client_for(user).get(path).content.decode()

        mine = page(supervisor, "&climbed=1")
        assert late.number in mine
        assert in_time.number not in mine
        assert f"now asked: {make_unit(COUNTY).name}" in mine
        # Whoever is below still sees both, and that somebody above was asked.
        theirs = page(below)
        assert late.number in theirs
        assert in_time.number in theirs
        assert late.number not in page(below, "&climbed=1")
        start = client_for(supervisor).get("/today/?group=justice").content.decode()
        assert "<strong>1</strong><span>of these out of time and passed to you" in start

    @pytest.mark.parametrize(
        ("step", "supervising", "asked"),
        [
            (0, [VILLAGE, TOWNSHIP, COUNTY], VILLAGE),
            (1, [VILLAGE, TOWNSHIP, COUNTY], TOWNSHIP),
            (2, [VILLAGE, TOWNSHIP, COUNTY], COUNTY),
            (9, [VILLAGE, TOWNSHIP, COUNTY], COUNTY),
            (0, [COUNTY], COUNTY),
            (1, [COUNTY, OTHER_TOWNSHIP], COUNTY),
            (1, [OTHER_TOWNSHIP], ""),
        ],
    )
    def test_the_nearest_unit_with_a_supervisor_comes_first(self, step, supervising, asked):
        assert red_rules.asked_unit(VILLAGE, step, supervising) == asked

    def test_who_supervises_other_groups_is_not_asked(self, supervisor):
        make_user(Role.SUPERVISOR, unit=make_unit(TOWNSHIP), populations=["drug"])
        found = team_checks.supervising(TODAY)
        assert found["drug"] == [COUNTY, TOWNSHIP] or found["drug"] == [TOWNSHIP, COUNTY]
        assert found["community_correction"] == [COUNTY]


def test_many_places_given_at_once_are_looked_at_again(supervisor):
    case_file = make_complete(supervisor, sex=2)
    team_checks.look(NOW)
    woman = make_user()
    WorkerProfile(worker=User.objects.get(pk=woman.pk), sex="woman").save_as(by=supervisor)
    place = assignments.NewPlace(case_file=case_file, worker=woman, role="member", start_on=TODAY)
    assignments.assign_many(places=[place], by=supervisor)
    assert not TeamCheck.objects.get(case_file=case_file).lacks_somebody
