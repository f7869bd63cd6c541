"""Assessments: filled in by the team, explained by the server, never a decision."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation
from django.utils.html import escape

from audit.models import LoggedEvent
from casework.forms.assessments import RecordAssessmentForm
from kpm.permissions import Role
from risk_levels.actions import record_assessment
from risk_levels.instruments import INSTRUMENTS, current_for
from risk_levels.models import Assessment, RiskLevel
from risk_levels.populations import POPULATIONS
from tests.factories import OTHER_VILLAGE, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
VOICE = "我想有人陪我说说话。"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=20))


@pytest.fixture
def client(worker):
    return client_for(worker)


def page_of(case_file):
    return f"/files/{case_file.number}/assessments/new/"


def sent(**change):
    return {
        "assessed_on": timezone.localdate().isoformat(),
        "voice": VOICE,
        "item_self_harm": "yes",
        "item_income": "urgent",
        "item_trusted_person": "yes",
        "notes": "",
    } | change


def test_an_assessment_says_what_it_suggests_and_which_answers_drove_it(client, case_file):
    answer = client.post(page_of(case_file), sent(), follow=True)

    assert answer.redirect_chain == [(f"/files/{case_file.number}/assessments/1/", 302)]
    page = answer.content.decode()
    assert "The answers suggest: Red." in page
    assert "“Speaks of wanting to die or harms themselves” was answered" in page
    assert "A strength: “Has somebody whom they trust and can reach”." in page
    assert "Provisional: " in page
    assert VOICE in page
    assert "The level changes only when a second person approves" in page


def test_an_assessment_changes_no_level_and_is_in_the_log(client, case_file, worker):
    client.post(page_of(case_file), sent())

    assert RiskLevel.objects.get().level == "ungraded"
    (event,) = LoggedEvent.objects.filter(event="assessment.recorded")
    assert (event.subject, event.actor) == (case_file.number, worker.log_reference)
    assert "self_harm" not in event.body


def test_answers_are_sealed_and_read_only_with_an_event(client, case_file):
    client.post(page_of(case_file), sent())

    body = bytes(Assessment.objects.values_list("body", flat=True).get())
    assert b"self_harm" not in body
    assert VOICE.encode() not in body
    client.get(f"/files/{case_file.number}/assessments/1/")
    read = LoggedEvent.objects.filter(event="case_file.read").last()
    assert "assessment.body" in read.body


@pytest.mark.parametrize("population", sorted(POPULATIONS))
def test_strengths_come_first_and_each_population_is_asked_its_own_questions(population):
    form = RecordAssessmentForm(population=population, today=timezone.localdate())
    assert [shown.section.code for shown in form.sections] == ["strengths", "needs", "safety"]
    asked = {bound.name for shown in form.sections for bound in shown.fields}
    assert ("item_child_alone" in asked) == (population == "left_behind_child")
    assert "item_self_harm" in asked


def test_every_question_names_the_text_it_comes_from(client, case_file):
    page = client.get(page_of(case_file)).content.decode()
    for section in current_for(case_file.population).sections:
        for item in section.items:
            assert escape(str(item.source)) in page


def test_an_empty_questionnaire_is_refused_in_words(client, case_file):
    answer = client.post(page_of(case_file), {"assessed_on": timezone.localdate().isoformat()})

    assert answer.status_code == 422
    assert "Answer at least one question." in answer.content.decode()
    assert not Assessment.objects.exists()


def test_an_assessment_of_tomorrow_is_refused_beside_its_field(client, case_file):
    tomorrow = timezone.localdate() + timedelta(days=1)
    answer = client.post(page_of(case_file), sent(assessed_on=tomorrow.isoformat()))

    assert answer.status_code == 422
    assert "cannot lie in the future" in answer.content.decode()


def test_another_role_is_refused_and_another_unit_finds_nothing(case_file):
    assert client_for(make_user(Role.SUPERVISOR)).get(page_of(case_file)).status_code == 403
    stranger = make_user(unit=make_unit(OTHER_VILLAGE))
    assert client_for(stranger).post(page_of(case_file), sent()).status_code == 404
    assert LoggedEvent.objects.filter(event="case_file.refused").count() == 1
    assert not Assessment.objects.exists()


def test_there_is_no_page_of_an_assessment_that_was_not_made(client, case_file):
    client.post(page_of(case_file), sent())
    assert client.get(f"/files/{case_file.number}/assessments/2/").status_code == 404
    assert client.get(f"/files/{case_file.number}/assessments/0/").status_code == 404


def test_from_the_result_one_proposes_with_the_assessment_at_hand(client, case_file):
    client.post(page_of(case_file), sent())
    page = client.get(f"/files/{case_file.number}/assessments/1/").content.decode()
    assert f"/files/{case_file.number}/proposal/?assessment=1" in page
    form = client.get(f"/files/{case_file.number}/proposal/?assessment=1").content.decode()
    assert '<option value="1" selected>' in form


def test_the_next_assessment_says_what_got_better_and_what_got_worse(client, case_file):
    client.post(page_of(case_file), sent(item_self_harm="no"))
    answer = client.post(page_of(case_file), sent(item_income="some"), follow=True)

    page = answer.content.decode()
    assert "Since the assessment before" in page
    assert page.index("Speaks of wanting to die") < page.index(">worse<") < page.index(">better<")
    assert "Urgent and not met → Some need, help is under way" in page
    first = client.get(f"/files/{case_file.number}/assessments/1/").content.decode()
    assert "Since the assessment before" not in first
    assert "The answers suggested Green then and suggest Red now." in page
    assert "That result was provisional." in page
    assert "1 question was answered as before." in page


def test_the_same_answers_again_are_said_to_be_the_same(client, case_file):
    client.post(page_of(case_file), sent())
    page = client.post(page_of(case_file), sent(), follow=True).content.decode()
    assert "The answers suggested Red then too." in page
    assert "Everything was answered as before." in page


def test_a_danger_that_was_not_known_before_comes_first_among_the_rest(client, case_file):
    client.post(page_of(case_file), sent(item_self_harm="not_known"))
    page = client.post(page_of(case_file), sent(item_income="some"), follow=True).content.decode()
    change = "Not known → Yes, now or in the last 30 days"
    assert page.index(">known now<") < page.index(change) < page.index(">better<")
    assert "not answered → Yes" not in page


def test_a_danger_that_nobody_asked_after_again_is_not_lost_among_the_rest(client, case_file):
    client.post(page_of(case_file), sent())
    again = sent(item_self_harm="", item_trusted_person="", item_income="some")
    page = client.post(page_of(case_file), again, follow=True).content.decode()
    danger = page.index("Yes, now or in the last 30 days → not answered")
    better = page.index("Urgent and not met → Some need, help is under way")
    assert danger < better < page.index("Yes → not answered")


def test_what_was_said_weeks_ago_and_written_down_late_stands_before_what_was_said_since(
    client, case_file
):
    client.post(page_of(case_file), sent(item_income="some"))
    weeks_ago = timezone.localdate() - timedelta(days=14)
    client.post(page_of(case_file), sent(assessed_on=weeks_ago.isoformat()))

    late = client.get(f"/files/{case_file.number}/assessments/2/").content.decode()
    assert "Since the assessment before" not in late
    newest = client.get(f"/files/{case_file.number}/assessments/1/").content.decode()
    assert "Urgent and not met → Some need, help is under way" in newest
    assert f'href="/files/{case_file.number}/assessments/2/"' in newest


def test_a_provisional_result_names_every_question_without_an_answer(client, case_file):
    answer = client.post(page_of(case_file), sent(item_self_harm="no"), follow=True)
    page = answer.content.decode()
    assert "Provisional: answers are missing" in page
    result = page[: page.index('id="voice"')]
    asked = [i for s in current_for(case_file.population).sections for i in s.items]
    answered = {"self_harm", "income", "trusted_person"}
    for item in asked:
        assert (f"<li>{escape(str(item.text))}</li>" in result) == (item.code not in answered)
    assert f"{len(asked) - 3} questions without an answer" in page
    assert "Questions about safety are open: a yes there may suggest more than this." in page


def test_a_result_with_every_answer_is_not_provisional(client, case_file):
    calm = {"strengths": "yes", "needs": "none", "safety": "no"}
    answers = {
        f"item_{item.code}": calm[section.code]
        for section in current_for(case_file.population).sections
        for item in section.items
    }
    page = client.post(page_of(case_file), sent(**answers), follow=True).content.decode()
    assert "The answers suggest: Green." in page
    assert "Provisional" not in page
    assert "without an answer" not in page


def test_an_assessment_by_an_older_questionnaire_is_still_read_and_not_compared(
    client, case_file, worker
):
    general = INSTRUMENTS["support_needs", 1]
    record_assessment(
        risk_level=case_file.risk_level,
        answers={"income": "none", "daily_living": "urgent"},
        by=worker,
        now=timezone.now(),
        instrument=general,
    )
    client.post(page_of(case_file), sent())
    page = client.get(f"/files/{case_file.number}/assessments/1/").content.decode()
    assert "Help with eating, washing, dressing, getting about" in page
    page = client.get(f"/files/{case_file.number}/assessments/2/").content.decode()
    # Both ask for an income, in other words: that is another question.
    assert "No need, or met → Urgent and not met" not in page
    assert "was made with another questionnaire" in page
    assert f'href="/files/{case_file.number}/assessments/1/"' in page


@pytest.mark.parametrize("instrument", INSTRUMENTS.values())
def test_how_a_questionnaire_counts_can_be_read(client, instrument):
    page = client.get(f"/questionnaires/{instrument.code}/{instrument.version}/").content.decode()
    for section in instrument.sections:
        for item in section.items:
            assert escape(str(item.text)) in page
            assert escape(str(item.source)) in page
    assert f"from {instrument.for_red} on red" in page


def test_there_is_no_page_of_a_questionnaire_that_never_was(client):
    assert client.get("/questionnaires/drug/2/").status_code == 404
