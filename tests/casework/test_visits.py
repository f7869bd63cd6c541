"""Visits: written down in one step, sealed, read by whoever may, counted for what is due next."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone, translation
from django.utils.html import escape

from audit.models import LoggedEvent
from casework.forms.visits import MINUTE, RecordVisitForm
from casework.models import Visit
from casework.models.visits import Outcome
from kpm.permissions import Role
from risk_levels.populations import POPULATIONS
from tests.factories import OTHER_VILLAGE, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
NOTE = "女儿周末回来，血压药快吃完了。"


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
    return f"/files/{case_file.number}/visits/new/"


def sent(**change):
    """A filled-in form, as a browser sends it."""
    return {
        "csrfmiddlewaretoken": "a-mask-of-this-page",
        "needs": "希望有人陪着去医院",
        "strengths": "",
        "check_health": "attention",
        "check_meals": "fine",
        "notes": NOTE,
        "outcome": "done",
        "way": "visit",
        "happened_at": timezone.localtime().strftime(MINUTE),
    } | change


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def test_a_visit_is_recorded_and_the_next_one_follows(client, case_file, worker):
    answer = client.post(page_of(case_file), sent())

    assert (answer.status_code, answer.url) == (302, f"/files/{case_file.number}/")
    visit = Visit.objects.get()
    assert (visit.case_file, visit.worker, visit.way) == (case_file, worker, "visit")
    assert (visit.outcome, visit.key_owner) == (Outcome.DONE, case_file.id)
    before = case_file.next_due_on
    case_file.refresh_from_db()
    assert before < timezone.localdate() < case_file.next_due_on


def test_it_is_written_into_log_and_history_once(client, case_file, worker):
    client.post(page_of(case_file), sent())

    (event,) = events("visit.recorded")
    assert (event.subject, event.actor) == (case_file.number, worker.log_reference)
    assert NOTE not in event.body
    (past,) = Visit.history.all()
    assert (past.history_type, past.history_user_id) == ("+", worker.pk)


def test_what_was_said_is_sealed_and_read_back_by_the_team_only_with_an_event(client, case_file):
    client.post(page_of(case_file), sent())

    body = bytes(Visit.objects.values_list("body", flat=True).get())
    assert NOTE.encode() not in body
    page = client.get(f"/files/{case_file.number}/visits/").content.decode()
    assert NOTE in page
    assert "希望有人陪着去医院" in page
    assert "Health and medicine: Needs attention" in page
    assert "Meals and clothing: Fine" in page
    assert "Mood and company" not in page
    read = events("case_file.read")[-1]
    assert "visit.body" in read.body


def test_the_form_begins_with_needs_and_strengths_and_is_ready_to_be_saved(client, case_file):
    page = client.get(page_of(case_file)).content.decode()

    places = [page.index(f'name="{each}"') for each in ("needs", "strengths", "check_health")]
    assert places == sorted(places)
    assert places[-1] < page.index('name="outcome"')
    assert '<input type="radio" name="outcome" value="done"' in page
    assert timezone.localdate().isoformat() in page


@pytest.mark.parametrize("population", sorted(POPULATIONS))
def test_each_population_looks_at_its_own_things(population):
    form = RecordVisitForm(population=POPULATIONS[population], now=timezone.now())
    assert [str(check.label) for check in form.checks] == [
        str(check.label) for check in POPULATIONS[population].checks
    ]
    assert len(form.checks) >= 5


def test_two_taps_are_enough(client, case_file):
    """What the form offers by itself is a complete visit."""
    now = timezone.localtime()
    form = RecordVisitForm(population=POPULATIONS[case_file.population], now=now, way="phone")
    offered = {
        name: form[name].value().strftime(MINUTE) if name == "happened_at" else form[name].value()
        for name in ("outcome", "way", "happened_at")
    }
    assert client.post(page_of(case_file), offered).status_code == 302
    assert Visit.objects.get().way == "phone"


def test_whoever_comes_from_today_goes_back_there(client, case_file):
    answer = client.post(page_of(case_file) + "?way=phone&from=today", sent(way="phone"))
    assert (answer.status_code, answer.url) == (302, "/today/?group=care")
    assert "The call is on record." in client.get(answer.url).content.decode()


def test_after_a_visit_the_first_field_waits_for_words_and_after_a_call_none_does(
    client, case_file, worker
):
    page = page_of(case_file)
    assert "autofocus" in client.get(page + "?way=visit&from=today").content.decode()
    assert "autofocus" not in client.get(page + "?way=phone&from=today").content.decode()
    # From the file people read first; and what was kept is looked through first.
    assert "autofocus" not in client.get(page + "?way=visit").content.decode()
    client.post(f"/files/{case_file.number}/unsent/visit/", {"needs": "x"})
    assert "autofocus" not in client.get(page + "?way=visit&from=today").content.decode()


def test_what_a_finger_touched_by_mistake_can_be_taken_back(client, case_file):
    page = client.get(page_of(case_file)).content.decode()
    assert page.count("Not looked at") == len(POPULATIONS[case_file.population].checks)
    client.post(page_of(case_file), sent(check_health="", check_meals="fine"))
    page = client.get(f"/files/{case_file.number}/visits/").content.decode()
    assert "Meals and clothing: Fine" in page
    assert "Health and medicine" not in page


def test_an_unknown_way_in_the_address_is_a_visit(client, case_file):
    page = client.get(page_of(case_file) + "?way=%3Cscript%3E").content.decode()
    assert "<script>" not in page
    assert 'value="visit" aria-' in page or 'value="visit" id="id_way_0" checked' in page


@pytest.mark.parametrize("outcome", [Outcome.NOT_MET, Outcome.DECLINED])
def test_a_try_is_on_record_and_leaves_the_duty_open(client, case_file, outcome):
    client.post(page_of(case_file), sent(outcome=outcome))

    assert Visit.objects.get().outcome == outcome
    before = case_file.next_due_on
    case_file.refresh_from_db()
    assert case_file.next_due_on == before


def test_a_visit_is_planned_ahead(client, case_file):
    ahead = timezone.localtime() + timedelta(days=2)
    client.post(page_of(case_file), sent(outcome="planned", happened_at=ahead.strftime(MINUTE)))

    assert Visit.objects.get().outcome == Outcome.PLANNED
    assert [event.subject for event in events("visit.planned")] == [case_file.number]
    assert not events("visit.recorded")


def refused_with(answer, field, words):
    """A form that came back: 422, the words beside the field and on top, everything kept."""
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert page.count(escape(words)) >= 2
    assert NOTE in page
    assert "希望有人陪着去医院" in page
    assert 'name="check_health" value="attention"' in page
    assert Visit.objects.count() == 0
    assert not events("visit.recorded")


def test_what_has_not_happened_yet_is_not_recorded_and_everything_typed_stays(client, case_file):
    ahead = (timezone.localtime() + timedelta(hours=3)).strftime(MINUTE)
    answer = client.post(page_of(case_file), sent(happened_at=ahead))
    refused_with(answer, "happened_at", "This has not happened yet.")
    assert ahead in answer.content.decode()


def test_a_plan_lies_ahead(client, case_file):
    answer = client.post(page_of(case_file), sent(outcome="planned"))
    refused_with(answer, "happened_at", "A planned visit lies ahead.")


def test_a_visit_that_took_place_is_told(client, case_file):
    silent = {"needs": " ", "strengths": "", "notes": "", "check_health": "", "check_meals": ""}
    answer = client.post(page_of(case_file), sent(**silent))
    assert answer.status_code == 422
    assert 'id="id_notes_error"' in answer.content.decode()
    assert Visit.objects.count() == 0
    for told in ({"notes": "在家，一切平安。"}, {"check_health": "fine"}, {"outcome": "not_met"}):
        assert client.post(page_of(case_file), sent(**silent | told)).status_code == 302


@pytest.mark.parametrize("far", ["9999-12-31T23:59", "in a year"])
def test_a_plan_lies_at_most_a_year_ahead(client, case_file, far):
    if far == "in a year":
        far = (timezone.localtime() + timedelta(days=367)).strftime(MINUTE)
    answer = client.post(page_of(case_file), sent(outcome="planned", happened_at=far))
    refused_with(answer, "happened_at", "Plan a visit at most a year ahead.")


def test_before_the_file_was_opened_nothing_happened(client, case_file):
    early = (timezone.localtime() - timedelta(days=30)).strftime(MINUTE)
    answer = client.post(page_of(case_file), sent(happened_at=early))
    refused_with(answer, "happened_at", "The file was not open then.")
    answer = client.post(page_of(case_file), sent(happened_at="0001-01-01T00:00"))
    refused_with(answer, "happened_at", "The file was not open then.")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"happened_at": "gestern"}, "happened_at"),
        ({"happened_at": ""}, "happened_at"),
        ({"outcome": "vanished"}, "outcome"),
        ({"way": ""}, "way"),
        ({"strengths": "长" * 4_001}, "strengths"),
    ],
)
def test_bad_input_is_named_beside_its_field(client, case_file, change, field):
    answer = client.post(page_of(case_file), sent(**change))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert NOTE in page
    assert Visit.objects.count() == 0


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SOCIAL_WORKER])
def test_another_role_does_not_record_visits(case_file, role):
    client = client_for(make_user(role))
    assert client.get(page_of(case_file)).status_code == 403
    assert client.post(page_of(case_file), sent()).status_code == 403
    assert Visit.objects.count() == 0


def test_another_unit_finds_no_file_and_the_try_is_logged(case_file):
    stranger = make_user(unit=make_unit(OTHER_VILLAGE))
    answer = client_for(stranger).post(page_of(case_file), sent())

    assert answer.status_code == 404
    assert Visit.objects.count() == 0
    (event,) = events("case_file.refused")
    assert (event.subject, event.actor) == (case_file.number, stranger.log_reference)


def test_a_colleague_outside_the_team_finds_no_file(case_file):
    colleague = client_for(make_user())
    assert colleague.get(page_of(case_file)).status_code == 404
    assert colleague.get(f"/files/{case_file.number}/visits/").status_code == 404


def test_nothing_is_recorded_on_a_closed_file(client, case_file, worker):
    case_file.close(on=timezone.localdate())
    case_file.save_as(by=worker)

    assert 'name="needs"' not in client.get(page_of(case_file)).content.decode()
    answer = client.post(page_of(case_file), sent())
    assert answer.status_code == 422
    assert "This file is closed." in answer.content.decode()
    assert NOTE in answer.content.decode()
    assert Visit.objects.count() == 0


def test_nothing_is_half_done_when_the_log_fails(client, case_file, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("no log")

    before = case_file.next_due_on
    monkeypatch.setattr("casework.actions.visits.log.record", broken)
    with pytest.raises(RuntimeError, match="no log"):
        client.post(page_of(case_file), sent())
    case_file.refresh_from_db()
    assert (Visit.objects.count(), Visit.history.count()) == (0, 0)
    assert case_file.next_due_on == before


def test_a_double_click_records_one_visit(client, case_file):
    form = sent()
    answers = [client.post(page_of(case_file), form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Visit.objects.count() == 1


def test_a_supervisor_says_what_for_before_reading(client, case_file):
    client.post(page_of(case_file), sent())
    answer = client_for(make_user(Role.SUPERVISOR)).get(f"/files/{case_file.number}/visits/")
    assert answer.status_code == 302
    assert answer.url.startswith(f"/files/{case_file.number}/purpose/")


def test_an_empty_list_says_what_would_be_here(client, case_file):
    page = client.get(f"/files/{case_file.number}/visits/").content.decode()
    assert "No visit is on record" in page


@pytest.mark.parametrize("path", ["visits/", "visits/new/"])
def test_the_pages_take_few_queries(client, case_file, django_assert_max_num_queries, path):
    for day in range(6):
        moment = timezone.localtime() - timedelta(days=day, minutes=1)
        client.post(page_of(case_file), sent(happened_at=moment.strftime(MINUTE)))
    keys = django_assert_max_num_queries(3, connection=connections["keys"])
    with django_assert_max_num_queries(20), keys:
        assert client.get(f"/files/{case_file.number}/{path}").status_code == 200


def test_elders_are_looked_in_on_and_nobody_inspects_them(worker):
    elder = make_case_file(population="empty_nest_elder", lead=worker)
    child = make_case_file(population="left_behind_child", lead=worker)
    client = client_for(worker)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"

    def page(path):
        return client.get(path).content.decode()

    for path in ("", "visits/", "visits/new/"):
        assert "探访" in page(f"/files/{elder.number}/{path}")
        assert "探访" not in page(f"/files/{child.number}/{path}")
    assert "登记探访" in page(f"/files/{elder.number}/visits/new/")
    assert "首次探访" in page("/today/")
