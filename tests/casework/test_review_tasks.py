"""Early warnings open review tasks in words, and change no level."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.models import LoggedEvent
from casework import review_rules, sweeps, warnings
from casework.actions import assessments, review_tasks, visits
from casework.models import CaseFile, ReviewTask
from casework.models.case_files import Status
from casework.warnings import WARNINGS
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels.models import Decision, RiskLevel
from tests.factories import (
    OTHER_VILLAGE,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def now():
    return timezone.localtime()


def file_of(worker, days=400) -> CaseFile:
    return make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=days))


def try_visit(case_file, worker, days_ago, outcome="not_met"):
    now = timezone.now()
    visits.record(
        case_file=case_file,
        way="visit",
        outcome=outcome,
        happened_at=now - timedelta(days=days_ago),
        notes="Knocked, nobody answered.",
        by=worker,
        now=now,
    )


def open_rules(case_file) -> set[str]:
    rows = ReviewTask.objects.filter(case_file=case_file, state="open")
    return set(rows.values_list("rule", flat=True))


def _after_sweep(case_file, now) -> set[str]:
    sweeps.suggest_reviews(now)
    return open_rules(case_file)


def test_what_has_been_due_for_long_and_nobody_reviewed_suggests_a_look(worker, now):
    late, fine = file_of(worker), file_of(worker)
    make_level(late, "yellow", now=now - timedelta(days=150))
    CaseFile.objects.filter(pk=late.pk).update(next_due_on=now.date() - timedelta(days=14))
    CaseFile.objects.filter(pk=fine.pk).update(next_due_on=now.date() - timedelta(days=13))
    assert _after_sweep(late, now) == {"long_overdue", "unreviewed"}
    assert open_rules(fine) == set()


def test_red_is_late_sooner(worker, now):
    case_file = file_of(worker)
    make_level(case_file, "red", now=now - timedelta(days=20))
    CaseFile.objects.filter(pk=case_file.pk).update(next_due_on=now.date() - timedelta(days=7))
    assert "long_overdue" in _after_sweep(case_file, now)


def test_two_terms_of_red_in_a_row_suggest_a_look(worker, now):
    once, twice, broken = (file_of(worker) for _number in range(3))
    make_level(once, "red", now=now - timedelta(days=20))
    for days in (40, 10):
        make_level(twice, "red", now=now - timedelta(days=days))
    make_level(broken, "red", now=now - timedelta(days=60))
    make_level(broken, "yellow", now=now - timedelta(days=40), reason_codes=["stable"])
    make_level(broken, "red", now=now - timedelta(days=10))
    found = warnings.files_of(WARNINGS["long_red"], now)
    assert found == {twice.pk}


def test_an_assessment_that_suggests_another_level_or_lacks_answers_does_so_at_once(worker, now):
    case_file = file_of(worker)
    assessments.record(
        case_file=case_file, answers={"income": "none"}, by=worker, now=timezone.now()
    )
    assert "assessment_provisional" in open_rules(case_file)
    again = ReviewTask.objects.count()
    assessments.record(
        case_file=case_file, answers={"income": "none"}, by=worker, now=timezone.now()
    )
    assert ReviewTask.objects.count() == again
    # Known only when it is recorded: the sweep neither opens nor ends it.
    assert "assessment_provisional" in _after_sweep(case_file, now)
    assert warnings.files_of(WARNINGS["assessment_provisional"], now) == set()


def test_an_assessment_that_agrees_ends_what_the_last_one_suggested(worker):
    case_file = file_of(worker)
    made = assessments.record(
        case_file=case_file, answers={"income": "none"}, by=worker, now=timezone.now()
    )
    assert "assessment_differs" in open_rules(case_file)
    case_file.risk_level.__dict__["level"] = made.result["level"]
    made.result["is_provisional"] = False
    review_tasks.follow_assessment(case_file, made, now=timezone.now())
    assert open_rules(case_file) == set()


def test_a_decision_has_weighed_what_an_assessment_suggested(worker):
    case_file = file_of(worker)
    assessments.record(
        case_file=case_file, answers={"income": "none"}, by=worker, now=timezone.now()
    )
    review_tasks.follow_decision(case_file, now=timezone.now())
    assert open_rules(case_file) == {"assessment_provisional"}


def test_no_warning_changes_a_level(worker, now):
    files = [file_of(worker) for _number in range(3)]
    for place, each in enumerate(files):
        make_level(each, ("green", "yellow", "red")[place], now=now - timedelta(days=60))
    before = list(RiskLevel.objects.order_by("pk").values())
    for each in files:
        CaseFile.objects.filter(pk=each.pk).update(next_due_on=now.date() - timedelta(days=30))
    assert sweeps.suggest_reviews(now) >= 3
    assert list(RiskLevel.objects.order_by("pk").values()) == before
    assert Decision.objects.count() == 3


def test_every_rule_says_in_words_what_it_looks_at_and_where_it_comes_from():
    for each in WARNINGS.values():
        assert all(len(str(words)) > 5 for words in (each.label, each.why, each.source))
        assert len(each.code) <= ReviewTask._meta.get_field("rule").max_length


def test_closed_files_are_not_looked_at(worker, now):
    case_file = file_of(worker)
    CaseFile.objects.filter(pk=case_file.pk).update(
        next_due_on=now.date() - timedelta(days=30),
        status=Status.CLOSED,
        closed_on=now.date(),
    )
    assert sweeps.suggest_reviews(now) == 0
    assert review_tasks._open(WARNINGS["long_overdue"], [case_file.pk], now) == 0


# --- Answers -------------------------------------------------------------------------------------
@pytest.fixture
def task(worker, now):
    case_file = file_of(worker)
    CaseFile.objects.filter(pk=case_file.pk).update(next_due_on=now.date() - timedelta(days=30))
    sweeps.suggest_reviews(now)
    return ReviewTask.objects.get(case_file=case_file, rule="long_overdue")


def page(task):
    return f"/files/{task.case_file.number}/reviews/{task.rule}/"


def test_somebody_has_looked_and_it_is_quiet_for_a_month(task, worker, now):
    client = client_for(worker)
    assert "Something has been due for long" in client.get("/reviews/suggested/?group=care").text
    assert "/reviews/suggested/" in client.get("/today/?group=care").text
    assert "was due a week ago on red" in client.get(page(task)).text
    answer = client.post(page(task), {"answer": "done"}, follow=True)
    assert "Your answer is on record" in answer.text
    task.refresh_from_db()
    assert (task.state, task.closed_by) == ("done", worker)
    assert sweeps.suggest_reviews(now) == 0
    assert sweeps.suggest_reviews(now + timedelta(days=31)) == 1
    assert LoggedEvent.objects.filter(event="review_task.closed").count() == 1


def test_setting_aside_says_why(task, worker):
    client = client_for(worker)
    assert client.post(page(task), {}).status_code == 422
    assert client.post(page(task), {"answer": "wish"}).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.reason) == ("set_aside", "wish")
    shown = client.get(page(task)).text
    assert "may decide so" in shown
    assert "answered already" in client.post(page(task), {"answer": "done"}).text


def test_several_rules_may_speak_about_one_file(task, worker, now):
    ReviewTask(
        case_file=task.case_file,
        district=task.district,
        rule="unreviewed",
        opened_at=now,
    ).save_as(by=worker)
    shown = client_for(worker).get("/reviews/suggested/?group=care")
    assert shown.status_code == 200
    assert shown.text.count(f"{task.case_file.number}</a>") == 2


def test_strangers_find_nothing(task):
    stranger = client_for(make_user(unit=make_unit(OTHER_VILLAGE)))
    assert stranger.get(page(task)).status_code == 404
    assert task.case_file.number not in stranger.get("/reviews/suggested/?group=care").text


def test_there_is_no_other_rule(task, worker):
    assert client_for(worker).get(f"/files/{task.case_file.number}/reviews/x/").status_code == 404


def test_others_answer_nothing(task, worker):
    with pytest.raises(Refused, match="does not carry"):
        review_rules.check_can_close_task(make_user(Role.AUDITOR), task.case_file, task)
    with pytest.raises(Refused, match="not yours"):
        review_rules.check_can_close_task(make_user(), task.case_file, task)


def test_the_rules_stand_on_a_page(worker):
    shown = client_for(worker).get("/reviews/rules/").text
    assert all(str(each.label) in shown for each in WARNINGS.values())


def test_the_level_page_lists_what_waits(task, worker):
    shown = client_for(worker).get(f"/files/{task.case_file.number}/level/").text
    assert page(task) in shown


@pytest.mark.parametrize("change", [{"rule": "other"}, {"opened_at": timezone.now()}])
def test_a_task_stays_what_it_was(task, change):
    with pytest.raises(DatabaseError, match="stays_what_it_was"), transaction.atomic():
        ReviewTask.objects.update(**change)


def test_an_answered_task_is_frozen(task, worker, now):
    review_tasks.close(case_file=task.case_file, task=task, answer="known", by=worker, now=now)
    with pytest.raises(DatabaseError, match="is_frozen"), transaction.atomic():
        ReviewTask.objects.update(reason="wish")


def test_two_sweeps_at_once_open_one_task(real_commits):
    case_file = file_of(make_user())
    now = timezone.localtime()
    CaseFile.objects.filter(pk=case_file.pk).update(next_due_on=now.date() - timedelta(days=30))
    at_once(3, lambda _turn: sweeps.suggest_reviews(now))
    assert ReviewTask.objects.filter(rule="long_overdue").count() == 1
