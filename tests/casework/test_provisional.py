"""Red for safety and a third red on their pages, and the picture of a level over time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from casework import sweeps
from casework.actions import levels_in_time
from casework.dashboards.levels import decisions_of
from casework.dashboards.pictures import LEAST, picture_of
from casework.models import CaseFile, Plan
from casework.models.case_files import Status
from kpm.accounts.actions import system_account
from kpm.permissions import Role
from risk_levels.models import Proposal, RiskLevel
from tests.factories import (
    OTHER_VILLAGE,
    client_for,
    make_case_file,
    make_level,
    make_proposal,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
STEP = [{"what": "Repair the stove", "resource": "Repair fund", "who": "", "by_on": ""}]


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    case_file = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=90))
    make_level(case_file, "yellow", now=timezone.now() - timedelta(days=80))
    return case_file


def page(case_file):
    return f"/files/{case_file.number}/level/provisional/"


def sent(case_file, **change):
    level = RiskLevel.objects.get(pk=case_file.risk_level_id)
    return {
        "seen": str(level.revision),
        "reason_codes": ["self_harm"],
        "reason": "Spoke of suicide at the visit this morning.",
        "evidence_on": timezone.localdate().isoformat(),
        "evidence_what": "Said it to me",
        "tried": "The daughter stays tonight.",
        **change,
    }


def opening(user, case_file):
    client = client_for(user)
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client


def draft_plan(case_file, by):
    from casework.actions import plans

    return plans.draft(
        case_file=case_file, goal="Safe", steps=STEP, by=by, today=timezone.localdate()
    )


def test_a_worker_sets_red_and_a_supervisor_makes_a_term_of_it(case_file, worker, supervisor):
    client = client_for(worker)
    assert "Red holds from now on for 72 hours" in client.get(page(case_file)).text
    answer = client.post(page(case_file), sent(case_file), follow=True)
    assert "set red at once, for safety" in answer.text
    assert "Write the plan" in answer.text
    draft_plan(case_file, worker)
    deciding = opening(supervisor, case_file)
    assert "provisional until" in deciding.get("/reviews/?group=care").text
    review = f"/files/{case_file.number}/proposal/review/"
    shown = deciding.get(review).text
    assert "Being done now" in shown
    seen = shown.split('name="seen" value="')[1].split('"')[0]
    values = {"decision": "approve", "reason": "Agreed.", "told": "told", "seen": seen}
    assert deciding.post(review, values).status_code == 302
    level = RiskLevel.objects.get(pk=case_file.risk_level_id)
    assert (level.level, level.until_at) == ("red", None)
    assert Plan.objects.get().state == "approved"


def test_a_no_says_that_the_level_is_what_it_was(case_file, worker, supervisor):
    client_for(worker).post(page(case_file), sent(case_file))
    deciding = opening(supervisor, case_file)
    review = f"/files/{case_file.number}/proposal/review/"
    seen = deciding.get(review).text.split('name="seen" value="')[1].split('"')[0]
    values = {"decision": "reject", "reason": "No danger.", "told": "told", "seen": seen}
    answer = deciding.post(review, values, follow=True)
    assert "The level is what it was before" in answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason_codes": []}, "Choose at least one danger"),
        ({"reason": "Short."}, "at least 20 characters"),
        ({"evidence_on": "2999-01-01"}, "today or before"),
        ({"tried": ""}, "What is being done right now?"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(case_file, worker, change, words):
    answer = client_for(worker).post(page(case_file), sent(case_file, **change))
    assert answer.status_code == 422
    assert words in answer.text
    assert not Proposal.objects.filter(is_for_safety=True).exists()


def test_who_sees_another_level_on_the_page_looks_again(case_file, worker):
    before = sent(case_file)
    make_level(case_file, "green", reason_codes=["stable"])
    answer = client_for(worker).post(page(case_file), before)
    assert answer.status_code == 422
    assert "has changed since you opened the page" in answer.text


def test_what_is_red_or_not_theirs_is_not_set(case_file, worker):
    stranger = client_for(make_user(unit=make_unit(OTHER_VILLAGE)))
    assert stranger.get(page(case_file)).status_code == 404
    beside = client_for(make_user())
    assert beside.get(page(case_file)).status_code in (302, 404)
    client_for(worker).post(page(case_file), sent(case_file))
    assert "red already" in client_for(worker).get(page(case_file)).text


def test_after_the_hours_the_page_says_that_they_are_over(case_file, worker):
    from tests.risk_levels.test_provisional import set_red

    set_red(case_file, worker, now=timezone.now() - timedelta(hours=73))
    shown = client_for(worker).get(f"/files/{case_file.number}/level/").text
    assert "The hours of this provisional red are over" in shown
    assert sweeps.lapse_levels(timezone.now()) == 1
    shown = client_for(worker).get(f"/files/{case_file.number}/level/").text
    assert "went back to what it was" in shown


def test_nothing_goes_back_on_a_file_that_is_closed(case_file, worker):
    from tests.risk_levels.test_provisional import set_red

    set_red(case_file, worker, now=timezone.now() - timedelta(hours=73))
    (due,) = levels_in_time.due_to_lapse(now=timezone.now())
    CaseFile.objects.update(status=Status.CLOSED, closed_on=timezone.localdate())
    assert levels_in_time.due_to_lapse(now=timezone.now()) == []
    clock = system_account("clock")
    assert not levels_in_time.lapse(case_file=due, by=clock, now=timezone.now())


def test_a_third_red_is_approved_by_two_with_a_note_of_the_conference(
    case_file, worker, supervisor
):
    now = timezone.now()
    for days in (60, 30):
        make_level(case_file, "red", now=now - timedelta(days=days))
    make_proposal(case_file, worker, "red", now=now - timedelta(days=1))
    draft_plan(case_file, worker)
    review = f"/files/{case_file.number}/proposal/review/"

    def approve(user, **more):
        client = opening(user, case_file)
        shown = client.get(review).text
        seen = shown.split('name="seen" value="')[1].split('"')[0]
        values = {"decision": "approve", "reason": "Agreed.", "told": "told", "seen": seen}
        return shown, client.post(review, {**values, **more}, follow=True).text

    shown, answer = approve(supervisor)
    assert "third term of red in a row" in shown
    assert "Note the case conference" in answer
    note = "On Monday with doctor and worker: the danger goes on."
    _shown, answer = approve(supervisor, conference_note=note)
    assert "A second supervisor confirms it" in answer
    assert "second approval" in opening(supervisor, case_file).get("/reviews/?group=care").text
    _shown, answer = approve(supervisor)
    assert "A second supervisor confirms it" in answer
    second = make_user(Role.SUPERVISOR)
    shown, _answer = approve(second)
    assert note in shown
    assert RiskLevel.objects.get(pk=case_file.risk_level_id).revision == 4
    timeline = opening(second, case_file).get(f"/files/{case_file.number}/level/").text
    assert "Approved first by" in timeline


# --- The picture ---------------------------------------------------------------------------------
def test_the_picture_shows_every_decision_and_hatches_what_is_to_come(case_file, worker):
    make_level(case_file, "red", now=timezone.now() - timedelta(days=40))
    now = timezone.now()
    picture = picture_of(decisions_of(case_file.risk_level), now)
    assert [each.level for each in picture.bars] == ["yellow", "red", "red"]
    assert [each.is_hatched for each in picture.bars] == [False, False, True]
    assert all(each.width >= LEAST for each in picture.bars)
    # One level begins where the other ends.
    assert picture.bars[0].x + picture.bars[0].width == pytest.approx(picture.bars[1].x, abs=0.2)
    assert [each.level for each in picture.rows] == ["red", "yellow", "green", "ungraded"]
    shown = client_for(worker).get(f"/files/{case_file.number}/level/").text
    assert "<svg" in shown
    assert "url(#hatch)" in shown
    assert "style=" not in shown.split('<svg class="levels"')[1].split("</svg>")[0]


def test_without_a_decision_there_is_no_picture(worker):
    case_file = make_case_file(lead=worker)
    assert picture_of([], timezone.now()) is None
    shown = client_for(worker).get(f"/files/{case_file.number}/level/").text
    assert 'class="levels"' not in shown


def test_what_is_ungraded_again_is_drawn_until_today(case_file, worker):
    from tests.risk_levels.test_provisional import set_red

    other = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=30))
    set_red(other, worker, now=timezone.now() - timedelta(hours=80))
    now = timezone.now()
    provisional = picture_of(decisions_of(other.risk_level), now - timedelta(hours=60))
    assert all(each.is_hatched for each in provisional.bars)
    sweeps.lapse_levels(now)
    picture = picture_of(decisions_of(other.risk_level), now)
    assert picture.bars[-1].level == "ungraded"
    assert picture.end_on == timezone.localdate(now)
