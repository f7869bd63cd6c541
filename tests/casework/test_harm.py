"""Mandatory reports: opened at once, followed by somebody else, and nothing eases before them."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework import harm_rules
from casework.actions import harm, levels, levels_in_time, objections
from casework.models import HarmReport, HarmStep, Visit
from kpm.accounts.actions import system_account
from kpm.ages import years_after
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels.populations.parts import ADULT
from tests.factories import (
    COUNTY,
    OTHER_TOWNSHIP,
    assign,
    change_role,
    client_for,
    make_case_file,
    make_level,
    make_proposal,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
NOW = timezone.localtime()
TODAY = NOW.date()
DAY = timedelta(days=1)
WORDS = "手臂上有新的瘀伤，不愿说怎么来的。"
REASON = "已由医生看过，是在田里摔倒造成的，没有其他迹象。"


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker, today=TODAY - 60 * DAY)


@pytest.fixture
def report(case_file, worker):
    return open_(case_file, worker)


def open_(case_file, by, **said):
    said = {"situation": "injuries", "words": WORDS, **said}
    return harm.open_report(case_file=case_file, by=by, now=NOW, **said)


def tell(report, by, **said):
    said = {"authority": "police", "words": "今天上午电话报警，接警员李警官。", **said}
    return harm.tell(report=report, by=by, now=NOW, **said)


def confirm(report, by, number="2026-1127"):
    return harm.confirm(report=report, number=number, words="", by=by, now=NOW)


def page(name, report_or_file, *more):
    number = getattr(report_or_file, "case_file", report_or_file).number
    return reverse(f"casework:{name}", args=(number, *more))


def reader(user, case_file):
    browser = client_for(user)
    browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return browser


class TestOpening:
    def test_the_page_says_whom_to_call_and_the_supervisor_sees_it_at_once(
        self, case_file, worker, supervisor
    ):
        browser = client_for(worker)
        words = browser.get(page("report_harm", case_file)).content.decode()
        assert "110" in words
        assert "article 11" in words
        sent = {"situation": "injuries", "words": WORDS}
        assert browser.post(page("report_harm", case_file), sent).status_code == 302
        report = HarmReport.objects.get()
        start = client_for(supervisor).get("/today/").content.decode()
        assert "<strong>1</strong><span>mandatory reports that wait" in start
        listed = client_for(supervisor).get("/reports/").content.decode()
        assert page("follow_report", report, report.number) in listed
        assert LoggedEvent.objects.filter(event="harm_report.opened").count() == 1

    def test_a_tick_at_a_visit_opens_one_with_the_visit(self, case_file, worker):
        sent = {
            "outcome": "done",
            "way": "visit",
            "happened_at": f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M}",
            "notes": WORDS,
            "harm": "on",
        }
        answer = client_for(worker).post(page("record_visit", case_file), sent)
        assert answer.url == page("report_harm", case_file)
        assert Visit.objects.count() == 1
        assert HarmReport.objects.get().state == "opened"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"notes": "", "needs": "x"}, "notes"),
            (
                {
                    "outcome": "planned",
                    "happened_at": f"{NOW + DAY:%Y-%m-%dT%H:%M}",
                },
                "harm",
            ),
        ],
    )
    def test_a_tick_without_what_was_seen_records_nothing(self, case_file, worker, change, field):
        sent = {
            "outcome": "done",
            "way": "visit",
            "happened_at": f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M}",
            "notes": WORDS,
            "harm": "on",
            **change,
        }
        answer = client_for(worker).post(page("record_visit", case_file), sent)
        assert answer.status_code == 422
        assert answer.context["form"].errors[field]
        assert not Visit.objects.exists()
        assert not HarmReport.objects.exists()

    @pytest.mark.parametrize(
        ("said", "field"), [({"situation": "x"}, "situation"), ({"words": "短"}, "words")]
    )
    def test_what_was_seen_is_said(self, case_file, worker, said, field):
        with pytest.raises(Refused) as refused:
            open_(case_file, worker, **said)
        assert refused.value.field == field

    def test_whoever_has_no_part_in_the_file_opens_none(self, case_file):
        for by in (make_user(), make_user(Role.AUDITOR)):
            with pytest.raises(Refused):
                open_(case_file, by)


class TestInAnotherGroup:
    said = "A mandatory report waits in another group"

    def test_whoever_looks_at_one_kind_of_group_is_told_of_the_other(
        self, report, supervisor, worker
    ):
        make_case_file(population="drug", lead=worker, today=TODAY - 60 * DAY)
        start = client_for(supervisor)
        assert self.said not in start.get("/today/?group=care").text
        words = start.get("/today/?group=justice").text
        assert self.said in words
        assert "/reports/?group=care" in words

    def test_nobody_is_told_of_groups_that_are_not_theirs(self, report, worker):
        make_case_file(population="drug", lead=worker, today=TODAY - 60 * DAY)
        narrow = make_user(Role.SUPERVISOR, populations=["drug"])
        assert self.said not in client_for(narrow).get("/today/").text


class TestFollowing:
    def test_told_then_confirmed_and_every_step_stands_there(self, report, supervisor):
        browser = reader(supervisor, report.case_file)
        follow = page("follow_report", report, report.number)
        assert WORDS in browser.get(follow).content.decode()
        said = {"authority": "police", "words": "电话报警"}
        answer = browser.post(page("tell_authority", report, report.number), said)
        assert answer.status_code == 302
        said = {"number": "回执2026-1127", "words": ""}
        answer = browser.post(page("confirm_report", report, report.number), said, follow=True)
        words = answer.content.decode()
        assert "回执2026-1127" in words
        assert "Receipt is here" in words
        report.refresh_from_db()
        assert report.state == "confirmed"
        assert [each.kind for each in report.steps.all()] == ["seen", "told", "receipt"]

    def test_nothing_is_said_by_halves(self, report, supervisor):
        with pytest.raises(Refused, match="Choose one"):
            tell(report, supervisor, authority="x")
        with pytest.raises(Refused, match="when, how"):
            tell(report, supervisor, words=" ")
        tell(report, supervisor)
        with pytest.raises(Refused, match="number of the receipt"):
            confirm(report, supervisor, number=" ")

    def test_each_step_is_taken_once_and_in_order(self, report, supervisor):
        with pytest.raises(Refused, match="has changed"):
            confirm(report, supervisor)
        tell(report, supervisor)
        with pytest.raises(Refused, match="has changed"):
            tell(report, supervisor)
        with pytest.raises(Refused, match="has changed"):
            harm.find_not_due(report=report, words=REASON, by=supervisor, now=NOW)

    def test_a_report_that_nobody_made_in_a_day_is_overdue(self, report, supervisor):
        late = harm.open_report(
            case_file=report.case_file,
            situation="grave",
            words=WORDS,
            by=supervisor,
            now=NOW - 2 * DAY,
        )
        words = client_for(supervisor).get("/reports/").content.decode()
        assert words.index(late.number) < words.index(report.number)
        assert words.count("overdue") >= 1

    def test_the_team_and_strangers_have_no_such_page(self, report, worker):
        follow = page("follow_report", report, report.number)
        assert client_for(worker).get(follow).status_code == 403
        far = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
        assert client_for(far).get(follow).status_code == 404
        assert report.number not in client_for(far).get("/reports/").content.decode()
        climbed = make_user()
        assign(report.case_file, climbed, "member")
        climbed = change_role(climbed, Role.SUPERVISOR, make_unit(COUNTY))
        assert reader(climbed, report.case_file).get(follow).status_code == 404
        assert report.number not in client_for(climbed).get("/reports/").content.decode()
        for by in (worker, far, climbed):
            with pytest.raises(Refused):
                tell(report, by)

    def test_who_reported_stands_on_no_page_and_in_no_readable_column(
        self, report, worker, supervisor
    ):
        words = reader(supervisor, report.case_file).get(
            page("follow_report", report, report.number)
        )
        main = words.content.decode().split("<main")[1]
        assert worker.name not in main
        row = HarmStep.objects.values().get()
        assert worker.log_reference not in str(row)
        history = client_for(worker).get(f"/files/{report.case_file.number}/history/")
        assert report.number not in history.content.decode()


class TestNotDue:
    def test_a_second_person_signs_with_a_reason(self, report, supervisor):
        sent = {"words": REASON}
        address = page("find_not_due", report, report.number)
        answer = reader(supervisor, report.case_file).post(address, sent)
        assert answer.status_code == 302
        report.refresh_from_db()
        assert report.state == "not_due"
        assert LoggedEvent.objects.filter(event="harm_report.not_due").count() == 1

    def test_a_reason_of_a_word_is_none(self, report, supervisor):
        with pytest.raises(Refused, match="20 characters"):
            harm.find_not_due(report=report, words="没事", by=supervisor, now=NOW)

    def test_whoever_opened_it_does_not_close_it(self, case_file, supervisor):
        report = open_(case_file, supervisor)
        with pytest.raises(Refused, match="second person"):
            harm.find_not_due(report=report, words=REASON, by=supervisor, now=NOW)
        harm.find_not_due(report=report, words=REASON, by=make_user(Role.SUPERVISOR), now=NOW)

    @pytest.mark.parametrize(
        ("population", "birth_on"),
        [
            ("left_behind_child", date(TODAY.year - 9, 1, 2)),
            ("community_correction", date(TODAY.year - 17, 1, 2)),
        ],
    )
    def test_for_minors_there_is_only_a_report(self, worker, supervisor, population, birth_on):
        case_file = make_case_file(population=population, birth_on=birth_on, lead=worker)
        report = open_(case_file, worker)
        with pytest.raises(Refused, match="For a minor"):
            harm.find_not_due(report=report, words=REASON, by=supervisor, now=NOW)

    def test_nobody_waits_with_it_for_the_birthday(self, worker, supervisor):
        # Full years count from the day after the birthday: of age since today.
        birth_on = years_after(TODAY - DAY, -ADULT)
        case_file = make_case_file(
            population="community_correction",
            birth_on=birth_on,
            lead=worker,
            today=TODAY - 60 * DAY,
        )
        said = {"case_file": case_file, "situation": "injuries", "words": WORDS, "by": worker}
        report = harm.open_report(**said, now=NOW - 2 * DAY)
        with pytest.raises(Refused, match="For a minor"):
            harm.find_not_due(report=report, words=REASON, by=supervisor, now=NOW)
        report = harm.open_report(**said, now=NOW)
        assert harm.find_not_due(report=report, words=REASON, by=supervisor, now=NOW)


class TestNothingIsEased:
    def test_no_level_goes_down_before_the_receipt(self, case_file, worker, supervisor):
        make_level(case_file, "yellow", now=NOW - 3 * DAY)
        proposal = make_proposal(
            case_file, worker, "green", now=NOW, reason_codes=["stable"], tried="", evidence=[]
        )
        report = open_(case_file, worker)

        def decide():
            return levels.decide(
                case_file=case_file,
                proposal=proposal,
                decision="approve",
                reason="Seen together.",
                by=supervisor,
                now=NOW,
            )

        with pytest.raises(Refused, match="settled first") as refused:
            decide()
        # What waits is not said to whoever asks.
        assert "report" not in str(refused.value).lower()
        tell(report, supervisor)
        with pytest.raises(Refused, match="settled first"):
            decide()
        confirm(report, supervisor)
        decide()
        case_file.risk_level.refresh_from_db()
        assert case_file.risk_level.level == "green"

    @pytest.mark.parametrize("way", ["taken back", "rejected"])
    def test_red_for_safety_is_put_back_by_nobody(self, case_file, worker, supervisor, way):
        make_level(case_file, "yellow", now=NOW - 3 * DAY)
        proposal = levels.set_provisionally(
            case_file=case_file,
            reason_codes=["self_harm"],
            reason="Spoke of suicide at the visit this morning.",
            evidence=[{"on": TODAY.isoformat(), "what": "Said it to me", "visit": None}],
            tried="The daughter stays tonight.",
            by=worker,
            now=NOW,
        )
        report = open_(case_file, worker)
        browser = client_for(worker) if way == "taken back" else reader(supervisor, case_file)

        def put_back():
            if way == "taken back":
                return browser.post(page("withdraw_proposal", case_file), follow=True)
            address = page("review_proposal", case_file)
            seen = browser.get(address).context["form"].current
            said = {"decision": "reject", "reason": "This is no danger.", "seen": seen}
            return browser.post(address, said)

        answer = put_back()
        assert "settled first" in answer.content.decode()
        proposal.refresh_from_db()
        assert proposal.state == "submitted"
        tell(report, supervisor)
        confirm(report, supervisor)
        put_back()
        case_file.risk_level.refresh_from_db()
        assert case_file.risk_level.level == "yellow"

    def test_a_level_goes_up_all_the_same(self, case_file, report):
        make_level(case_file, "yellow", now=NOW)

    def test_a_term_that_is_over_waits_for_the_receipt(self, case_file, worker, supervisor):
        make_level(case_file, "yellow", now=NOW - 200 * DAY)
        report = open_(case_file, worker)
        by = system_account("clock")
        assert not levels_in_time.expire(case_file=case_file, by=by, now=NOW)
        tell(report, supervisor)
        confirm(report, supervisor)
        assert levels_in_time.expire(case_file=case_file, by=by, now=NOW)

    def test_an_objection_is_not_upheld_before_the_receipt(self, case_file, worker, supervisor):
        make_level(case_file, "yellow", now=NOW - 3 * DAY)
        objection = objections.receive(
            case_file=case_file,
            by_whom="guardian",
            way="spoken",
            words="I do not agree with this at all.",
            wish="Green",
            by=worker,
            now=NOW,
        )
        open_(case_file, worker)
        other = make_user(Role.SUPERVISOR)
        with pytest.raises(Refused, match="settled first"):
            objections.decide(
                case_file=case_file,
                objection=objection,
                outcome="upheld",
                reply="You are right about this.",
                by=other,
                now=NOW,
            )

    def test_the_database_lets_no_level_down_and_no_file_close(self, case_file, report, worker):
        make_level(case_file, "yellow", now=NOW)
        with pytest.raises(DatabaseError, match="no_level_goes_down"), transaction.atomic():
            make_level(case_file, "green", now=NOW, reason_codes=["stable"])
        case_file.close(on=TODAY)
        with pytest.raises(DatabaseError, match="no_file_is_closed"), transaction.atomic():
            case_file.save_as(by=worker)

    def test_classes_of_a_ledger_lower_nobody_who_waits(self, case_file, report):
        found = harm_rules.levels_that_wait([case_file.risk_level_id])
        assert found == {case_file.risk_level_id}


class TestTheDatabase:
    def test_what_was_written_is_never_changed_or_deleted(self, report):
        step = report.steps.get()
        with pytest.raises(DatabaseError), transaction.atomic():
            HarmStep.objects.filter(pk=step.pk).update(kind="told")
        for rows in (HarmStep.objects.all(), HarmReport.objects.all()):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.delete()

    def test_a_report_that_ended_is_frozen(self, report, supervisor):
        tell(report, supervisor)
        confirm(report, supervisor)
        with pytest.raises(DatabaseError), transaction.atomic():
            HarmReport.objects.update(told_at=NOW)
