"""The history of a file tells what was written once, and every change of a state."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from audit import log
from casework.actions import (
    consents,
    hand_overs,
    harm,
    incidents,
    needs,
    plan_entries,
    plans,
    referrals,
    transfers,
    visits,
)
from casework.dashboards import moments, timelines
from casework.models import CaseFile
from casework.notices import CURRENT
from kpm.permissions import Role
from tests.factories import OTHER_TOWNSHIP, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
SECRET = "风筝线断了，孩子坐在门口一直等到天黑，邻居把他领回去吃了饭"


@pytest.fixture
def now():
    return timezone.localtime()


@pytest.fixture
def worker():
    return make_user(name="何敏")


@pytest.fixture
def case_file(worker, now):
    return make_case_file(lead=worker, today=now.date() - timedelta(days=30))


def entries(case_file, by):
    fresh = CaseFile.objects.select_related("person", "risk_level").get(pk=case_file.pk)
    with log.reading(by, event="case_file.read", purpose="service", about=(fresh,)) as opened:
        return timelines.entries_of(fresh, opened, is_team=True)


def titles(case_file, by):
    return [str(entry.title) for entry in entries(case_file, by)]


def consent(case_file, by, now):
    return consents.record(
        case_file=case_file,
        purpose="sharing",
        giver="person",
        guardian="",
        manner="said",
        words=SECRET,
        notice=CURRENT.version,
        given_on=now.date(),
        by=by,
        now=now,
    )


def live(case_file, worker, now):
    """A bit of everything, in its order."""
    fell = incidents.note(
        case_file=case_file, kind="fall", happened_at=now, words=SECRET, by=worker, now=now
    )
    incidents.correct(
        incident=fell, kind="mistake", happened_at=now, words=SECRET, by=worker, now=now
    )
    yes = consent(case_file, worker, now)
    sent = referrals.send(
        case_file=case_file,
        kind="civil_affairs",
        receiver=SECRET[:20],
        contact="",
        facts=["name"],
        basis="statutory",
        article=SECRET,
        asked=SECRET,
        is_agreed=True,
        by=worker,
        now=now,
    )
    referrals.answer(referral=sent, outcome="accepted", reply=SECRET, by=worker, now=now)
    consents.withdraw(consent=yes, by=worker, now=now)
    need = needs.note(
        case_file=case_file, kind="need", area="home", words=SECRET, by=worker, today=now.date()
    )
    needs.end(need=need, outcome="met", reply=SECRET, by=worker, today=now.date())
    plan = plans.draft(
        case_file=case_file, goal=SECRET, steps=[{"what": SECRET}], by=worker, today=now.date()
    )
    plan_entries.hear(
        plan=plan,
        answer="agreed",
        speaker="person",
        on=now.date(),
        words=SECRET,
        by=worker,
        now=now,
    )
    offer = hand_overs.offer(
        case_file=case_file, worker=make_user(name="许静"), note=SECRET, by=worker, now=now
    )
    hand_overs.withdraw(hand_over=offer, by=worker, now=now)
    supervisor = make_user(Role.SUPERVISOR)
    asked = transfers.ask(
        case_file=case_file, to_unit=make_unit(OTHER_TOWNSHIP), note=SECRET, by=supervisor, now=now
    )
    transfers.withdraw(transfer=asked, by=supervisor, now=now)


def test_each_is_told_in_a_word_by_whom(case_file, worker, now):
    live(case_file, worker, now)
    told = titles(case_file, worker)

    for title in (
        "An incident was noted",
        "An incident was corrected",
        "Consent: Telling another service",
        "Withdrawal of a consent: Telling another service",
        "Referral: Sent, no answer yet",
        "Referral: Accepted",
        "Need: Open",
        "Need: Met",
        "Support plan: What the person says",
        "Hand-over: Offered",
        "Hand-over: Taken back",
        "Transfer: Waits for the other unit",
        "Transfer: Taken back",
    ):
        assert told.count(title) == 1, title
    referred = [each for each in entries(case_file, worker) if each.title.startswith("Referral")]
    assert {each.who for each in referred} == {"何敏"}


def test_what_is_sealed_is_not_told(case_file, worker, now):
    live(case_file, worker, now)
    found = [each for each in entries(case_file, worker) if "plan was" not in str(each.title)]
    assert SECRET not in str(found)
    # Not even of which kind an incident was.
    assert "fall" not in str(found).lower()


def test_a_search_for_somebody_is_told(case_file, worker, now):
    for days_ago in (3, 2, 1):
        visits.record(
            case_file=case_file,
            way="visit",
            outcome="not_met",
            happened_at=now - timedelta(days=days_ago),
            notes="",
            by=worker,
            now=now,
        )
    assert "Lost contact: To be looked at" in titles(case_file, worker)


def test_a_report_of_harm_is_not_in_it(case_file, worker, now):
    before = titles(case_file, worker)
    harm.open_report(case_file=case_file, situation="other", words=SECRET, by=worker, now=now)
    assert titles(case_file, worker) == before


def test_so_many_and_the_newest(case_file, worker, now):
    live(case_file, worker, now)
    found = moments.moments_of(case_file, 3)
    assert [each.title for each in found][:2] == [
        "Transfer: Taken back",
        "Transfer: Waits for the other unit",
    ]
    assert len(found) == 3


def test_in_chinese_the_words_are_those_of_the_pages(case_file, worker, now):
    consent(case_file, worker, now)
    with translation.override("zh-hans"):
        assert "同意：向其他机构提供信息" in titles(case_file, worker)
