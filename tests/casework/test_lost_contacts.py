"""Three tries in a row meet nobody: a search begins, is looked at, and ends with a meeting."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework import sweeps
from casework.actions import lost_contacts, visits
from casework.models import LostContact, Visit
from casework.warnings import WARNINGS
from kpm.errors import Refused
from kpm.permissions import Role
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
NOW = timezone.localtime()
TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker, today=TODAY - 60 * DAY)


def try_(case_file, by, days_ago, outcome="not_met", way="visit"):
    return visits.record(
        case_file=case_file,
        way=way,
        outcome=outcome,
        happened_at=NOW - days_ago * DAY,
        notes="Knocked.",
        by=by,
        now=NOW,
    )


@pytest.fixture
def lost(case_file, worker):
    for days_ago in (9, 6, 3):
        try_(case_file, worker, days_ago)
    return LostContact.objects.get()


def states():
    return list(LostContact.objects.values_list("state", flat=True))


def events(name):
    return LoggedEvent.objects.filter(event=f"lost_contact.{name}").count()


def decide(search, by, known="unknown", days=7, **more):
    return lost_contacts.decide(
        case_file=search.case_file,
        search=search,
        known=known,
        look_again_on=TODAY + days * DAY,
        by=by,
        now=NOW,
        **more,
    )


class TestBeginning:
    def test_the_third_try_begins_a_search_at_once(self, case_file, worker):
        try_(case_file, worker, 9)
        try_(case_file, worker, 6, way="phone")
        assert states() == []
        try_(case_file, worker, 3)
        assert states() == ["open"]
        [event] = LoggedEvent.objects.filter(event="lost_contact.opened")
        assert event.subject == case_file.number

    def test_whoever_writes_the_third_down_is_told(self, case_file, worker):
        said, browser = "Three tries in a row met nobody", client_for(worker)
        address = reverse("casework:record_visit", args=(case_file.number,))
        for number in (1, 2, 3):
            moment = NOW - (10 - number) * DAY
            sent = {"way": "visit", "outcome": "not_met", "notes": f"Knocked, {number}."}
            sent["happened_at"] = f"{moment:%Y-%m-%dT%H:%M}"
            words = browser.post(address, sent, follow=True).text
            assert "The visit is on record." in words
            assert (said in words) == (number == 3)

    def test_a_fourth_try_begins_no_second(self, lost, case_file, worker):
        try_(case_file, worker, 1)
        assert states() == ["open"]

    @pytest.mark.parametrize("outcome", ["done", "declined"])
    def test_whoever_was_met_in_between_is_not_lost(self, case_file, worker, outcome):
        for days_ago, what in ((9, "not_met"), (8, "not_met"), (5, outcome), (3, "not_met")):
            try_(case_file, worker, days_ago, what)
        assert states() == []

    def test_what_is_planned_counts_for_nothing(self, case_file, worker):
        try_(case_file, worker, 9)
        try_(case_file, worker, 8)
        try_(case_file, worker, -2, "planned")
        assert states() == []

    def test_an_older_visit_written_down_late_ends_nothing(self, lost, case_file, worker):
        try_(case_file, worker, 20, "done")
        assert states() == ["open"]

    def test_visits_that_came_in_together_are_found_by_the_sweep_once(self, case_file, worker):
        rows = [
            Visit(
                case_file=case_file,
                way="visit",
                outcome="not_met",
                happened_at=NOW - days_ago * DAY,
                recorded_at=NOW,
            )
            for days_ago in (9, 6, 3)
        ]
        visits.record_many(visits=rows, by=worker, now=NOW)
        assert states() == []
        assert sweeps.find_lost_contacts(NOW) == 1
        assert sweeps.find_lost_contacts(NOW) == 0
        assert states() == ["open"]

    def test_no_level_moves_and_no_other_rule_says_the_same(self, case_file, worker):
        make_level(case_file, "green")
        for days_ago in (9, 6, 3):
            try_(case_file, worker, days_ago)
        case_file.risk_level.refresh_from_db()
        assert case_file.risk_level.level == "green"
        assert "tried_in_vain" not in WARNINGS

    def test_the_database_lets_no_second_search_begin(self, lost):
        with pytest.raises(IntegrityError), transaction.atomic():
            LostContact(case_file=lost.case_file, district="", opened_at=NOW).save_as(by=None)


class TestEnding:
    @pytest.mark.parametrize("outcome", ["done", "declined"])
    def test_it_ends_when_somebody_is_met(self, lost, case_file, worker, outcome):
        try_(case_file, worker, 1, outcome)
        assert states() == ["met"]
        assert events("ended") == 1

    def test_after_that_three_more_tries_begin_another(self, lost, case_file, worker):
        try_(case_file, worker, 2, "done")
        for days_ago in (1.5, 1, 0.5):
            try_(case_file, worker, days_ago)
        assert sorted(states()) == ["met", "open"]

    def test_it_ends_after_a_look_too(self, lost, case_file, worker, supervisor):
        decide(lost, supervisor)
        try_(case_file, worker, 1, "done")
        assert states() == ["met"]


class TestLooking:
    def test_the_start_page_counts_it_and_the_list_shows_it(self, lost, case_file, supervisor):
        browser = client_for(supervisor)
        start = browser.get("/today/").content.decode()
        assert "<strong>1</strong><span>lost contacts to look at" in start
        words = browser.get("/lost/").content.decode()
        assert case_file.number in words
        assert "not looked at yet" in words
        assert "王秀英" not in words

    def test_a_supervisor_says_what_is_known_and_when_to_look_again(
        self, lost, case_file, supervisor
    ):
        browser = client_for(supervisor)
        browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
        page = reverse("casework:decide_lost", args=(case_file.number,))
        words = browser.get(page).content.decode()
        assert "Tried, not met" in words
        sent = {"known": "away", "look_again_on": str(TODAY + 30 * DAY), "seen": lost.seen}
        assert browser.post(page, sent).status_code == 302
        lost.refresh_from_db()
        assert (lost.state, lost.known, lost.decided_by) == ("sought", "away", supervisor)
        file = browser.get(case_file.get_absolute_url()).content.decode()
        assert "Away for work or with family" in file
        start = browser.get("/today/").content.decode()
        assert "<strong>0</strong><span>lost contacts to look at" in start
        assert events("decided") == 1

    def test_when_the_day_has_come_it_waits_again(self, lost, supervisor):
        from casework.dashboards import lost_contacts as pages

        decide(lost, supervisor, days=7)
        going_on = pages.going_on(supervisor, "care")
        assert not pages.due(going_on, TODAY + 6 * DAY).exists()
        assert pages.due(going_on, TODAY + 7 * DAY).get() == lost

    def test_it_may_be_looked_at_again_and_again(self, lost, supervisor):
        decide(lost, supervisor)
        decide(lost, supervisor, known="missing", days=2)
        lost.refresh_from_db()
        assert lost.known == "missing"
        assert events("decided") == 2

    @pytest.mark.parametrize(
        ("known", "most"), [("unknown", 14), ("away", 90), ("moved", 30), ("missing", 3)]
    )
    def test_a_look_holds_no_longer_than_what_is_known_allows(self, lost, supervisor, known, most):
        with pytest.raises(Refused, match=f"within {most} days"):
            decide(lost, supervisor, known=known, days=most + 1)
        decide(lost, supervisor, known=known, days=most)

    def test_a_day_that_has_passed_is_told_beside_the_field(self, lost, case_file, supervisor):
        browser = client_for(supervisor)
        browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
        page = reverse("casework:decide_lost", args=(case_file.number,))
        sent = {"known": "away", "look_again_on": str(TODAY), "seen": lost.seen}
        answer = browser.post(page, sent)
        assert answer.status_code == 422
        assert answer.context["form"].errors["look_again_on"]
        lost.refresh_from_db()
        assert lost.state == "open"

    def test_of_two_who_look_at_once_the_second_reads_what_the_first_decided(
        self, lost, case_file, supervisor
    ):
        browser = client_for(supervisor)
        browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
        page = reverse("casework:decide_lost", args=(case_file.number,))
        seen = browser.get(page).context["form"].current
        decide(lost, make_user(Role.SUPERVISOR), known="missing", days=2)
        sent = {"known": "away", "look_again_on": str(TODAY + 90 * DAY), "seen": seen}
        answer = browser.post(page, sent)
        assert answer.status_code == 422
        assert "Missing: family and police have been told" in answer.content.decode()
        lost.refresh_from_db()
        assert (lost.known, lost.look_again_on) == ("missing", TODAY + 2 * DAY)
        sent["seen"] = re.search(r'name="seen" value="([^"]+)"', answer.content.decode())[1]
        assert browser.post(page, sent).status_code == 302
        with pytest.raises(Refused, match="has changed"):
            decide(lost, supervisor, seen=seen)

    def test_who_was_met_meanwhile_is_not_decided_about(self, lost, case_file, worker, supervisor):
        try_(case_file, worker, 1, "done")
        with pytest.raises(Refused, match="met them meanwhile"):
            decide(lost, supervisor)


class TestRefusals:
    def test_the_team_does_not_look_at_its_own_tries(self, lost, case_file):
        both = make_user()
        assign(case_file, both, "member")
        from tests.factories import COUNTY, change_role

        both = change_role(both, Role.SUPERVISOR, make_unit(COUNTY))
        with pytest.raises(Refused, match="You work on this file"):
            decide(lost, both)

    def test_nobody_else_looks(self, lost, case_file, worker):
        page = reverse("casework:decide_lost", args=(case_file.number,))
        assert client_for(worker).get(page).status_code == 403
        far = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
        assert client_for(far).get(page).status_code == 404
        for by in (worker, far, make_user(Role.AUDITOR)):
            with pytest.raises(Refused):
                decide(lost, by)
        assert case_file.number not in client_for(far).get("/lost/").content.decode()

    def test_a_file_without_a_search_has_no_such_page(self, case_file, supervisor):
        browser = client_for(supervisor)
        browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
        page = reverse("casework:decide_lost", args=(case_file.number,))
        assert browser.get(page).status_code == 404

    def test_a_closed_file_is_not_searched_for(self, lost, case_file, supervisor):
        case_file.close(on=TODAY)
        case_file.save_as(by=supervisor)
        with pytest.raises(Refused, match="is closed"):
            decide(lost, supervisor)
