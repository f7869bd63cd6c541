"""Files on pages: masked, opened for a purpose, single fields with a reason, all of it logged."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import case_files, plans, visits
from casework.models import Assignment, CaseFile, Person, Plan, Visit
from kpm.permissions import Role
from tests.factories import (
    OTHER_VILLAGE,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
NAME, PHONE, ID_NUMBER = "欧阳桂英", "13812345678", "100101198001010019"
CLOSED = ("13987654321", "枫林村3组51号")


def bodies(event):
    rows = LoggedEvent.objects.filter(event=event).order_by("id")
    return [json.loads(row.body) for row in rows]


def page_of(client, url, **kwargs):
    response = client.get(url, **kwargs)
    assert response.status_code == 200, url
    return response.content.decode()


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(name=NAME, id_number=ID_NUMBER, phone=PHONE, lead=worker)


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


# --- The list ---------------------------------------------------------------------------------


def test_the_list_shows_masked_rows_only(worker, case_file):
    page = page_of(client_for(worker), "/files/")

    assert case_file.number in page
    assert "欧阳**" in page
    for secret in (NAME, PHONE, ID_NUMBER, *CLOSED):
        assert secret not in page


def test_the_list_is_one_event_that_names_its_rows(worker, case_file):
    other = make_case_file(lead=worker)

    page_of(client_for(worker), "/files/")

    (body,) = bodies("case_file.listed")
    assert sorted(body["os"]) == sorted([case_file.number, other.number])
    assert (body["n"], body["f"], body["p"]) == (2, ["person.head"], "service")


def test_an_empty_list_says_what_would_be_here(worker):
    assert "will be listed here" in page_of(
        client_for(worker), "/files/", headers={"accept-language": "en"}
    )


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("", True),
        ("population=empty_nest_elder", True),
        ("population=left_behind_child", False),
        ("level=ungraded", True),
        ("level=red", False),
        ("status=closed", False),
        ("unit=100122101201", True),
        ("unit=100122101000", True),
        ("unit=100122202201", False),
        # What makes no sense is no filter, and what is not offered is no way in.
        ("level=purple", True),
        ("unit=999999999999", True),
        ("population=drug", True),
        ("page=9999", True),
        ("ordering=person__name&unit__name=x", True),
    ],
)
def test_filters_narrow_the_list(supervisor, case_file, query, is_there):
    make_unit(OTHER_VILLAGE)

    page = page_of(client_for(supervisor), f"/files/?{query}")

    assert (case_file.number in page) is is_there


def test_whoever_has_care_and_justice_sees_one_at_a_time(supervisor, case_file):
    drug = make_case_file(population="drug")
    client = client_for(supervisor)

    care, justice = page_of(client, "/files/?group=care"), page_of(client, "/files/?group=justice")

    assert (case_file.number in care, drug.number in care) == (True, False)
    assert (case_file.number in justice, drug.number in justice) == (False, True)


def test_files_stand_in_the_order_of_what_is_due(worker):
    today = timezone.localdate()
    late = make_case_file(lead=worker, today=today - timedelta(days=200))
    soon = make_case_file(lead=worker, today=today - timedelta(days=1))

    page = page_of(client_for(worker), "/files/")

    assert page.index(late.number) < page.index(soon.number)


@pytest.mark.parametrize("url", ["/files/", "/missing/"])
def test_a_list_takes_the_same_queries_for_one_row_and_for_sixty(
    url, supervisor, worker, django_assert_max_num_queries
):
    client = client_for(supervisor)
    make_case_file(lead=worker)
    client.get(url)
    with django_assert_max_num_queries(20) as one:
        client.get(url)
    for _number in range(59):
        make_case_file(lead=worker)
    with django_assert_max_num_queries(len(one)):
        response = client.get(url)

    assert response.status_code == 200


def test_the_page_of_a_file_takes_few_queries(worker, case_file, django_assert_max_num_queries):
    for number in range(6):
        record_visit(case_file, worker, notes=f"{number}")
    draft_plan(case_file, worker)
    client = client_for(worker)

    for page in ("", "history/"):
        with django_assert_max_num_queries(20):
            page_of(client, f"/files/{case_file.number}/{page}")


# --- Search -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["桂英", "欧阳", "oygy", "0019", "5678"])
def test_a_search_finds_own_files(worker, case_file, text):
    page = client_for(worker).post("/files/search/", {"text": text}).content.decode()

    assert case_file.number in page
    assert NAME not in page


def test_a_search_finds_nobody_elses_files(case_file):
    stranger = make_user(unit=make_unit(OTHER_VILLAGE))

    for user in (stranger, make_user()):
        response = client_for(user).post("/files/search/", {"text": "桂英"})
        assert response.status_code == 200
        assert case_file.number not in response.content.decode()


def test_a_search_does_not_cross_from_care_to_justice(supervisor, case_file):
    client = client_for(supervisor)

    answer = client.post("/files/search/", {"text": "桂英", "group": "justice"})

    assert case_file.number not in answer.content.decode()


def test_a_search_is_logged_without_its_text(worker, case_file):
    client_for(worker).post("/files/search/", {"text": "桂英"})

    (body,) = bodies("search.run")
    assert (body["n"], body["o"]) == (1, case_file.number)
    assert "桂英" not in json.dumps(body, ensure_ascii=False)


def test_a_search_that_finds_nobody_is_logged_too(worker):
    client_for(worker).post("/files/search/", {"text": "无人"})

    (body,) = bodies("search.run")
    assert body["n"] == 0


def test_a_search_without_text_says_so(worker):
    assert client_for(worker).post("/files/search/", {"text": " "}).status_code == 422


def test_searches_are_never_in_an_address(worker):
    answer = client_for(worker).get("/files/search/?text=x")
    assert (answer.status_code, answer.url) == (302, "/files/")
    assert not LoggedEvent.objects.filter(event="search.run").exists()


def test_changing_the_language_after_a_search_leads_back_to_the_list(worker):
    client = client_for(worker)
    client.post("/files/search/", {"text": "王"})
    answer = client.post("/language/", {"language": "en", "next": "/files/search/"}, follow=True)
    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, "/files/")


def test_the_filters_stand_open_only_when_they_narrow_the_list(worker):
    client = client_for(worker)
    closed = '<details class="disclosure fold">'
    for query in ("", "?group=care", "?status=open", "?level="):
        assert closed in client.get("/files/" + query).text, query
    for query in ("?level=red", "?status=closed", "?due=overdue"):
        assert closed not in client.get("/files/" + query).text, query


def test_the_list_begins_with_a_group_in_which_there_is_a_file(worker):
    case_file = make_case_file(population="released", lead=worker)
    page = client_for(worker).get("/files/").content.decode()
    assert case_file.number in page
    assert case_file.number not in client_for(worker).get("/files/?group=care").content.decode()


def test_whoever_searches_all_the_time_is_slowed_down(worker):
    client = client_for(worker)
    answers = [client.post("/files/search/", {"text": f"{n}名"}).status_code for n in range(31)]

    assert answers == [200] * 30 + [422]
    assert bodies("search.run")[-1]["dec"] == {"ok": False, "rule": "too_often"}


@pytest.mark.parametrize(("limit", "value"), [("MOST_MATCHES", 1), ("MOST_SHOWN", 1)])
def test_a_search_that_finds_too_much_asks_for_more(monkeypatch, worker, limit, value):
    monkeypatch.setattr(f"casework.dashboards.lists.{limit}", value)
    for _number in range(2):
        make_case_file(name="王秀英", lead=worker)

    answer = client_for(worker).post("/files/search/", {"text": "秀英"})

    assert answer.status_code == 422
    (body,) = bodies("search.run")
    assert (body["out"], body["dec"]["rule"]) == ("denied", "too_many")


# --- One file ---------------------------------------------------------------------------------


def test_the_team_opens_its_file_and_sees_it_masked(worker, case_file):
    page = page_of(client_for(worker), case_file.get_absolute_url())

    assert NAME in page
    assert "1**********" in page
    for secret in (PHONE, ID_NUMBER, *CLOSED):
        assert secret not in page


def test_opening_a_file_is_logged_with_groups_and_purpose(worker, case_file):
    page_of(client_for(worker), case_file.get_absolute_url())

    (body,) = bodies("case_file.read")
    assert body["o"] == case_file.number
    assert body["p"] == "service"
    assert body["f"] == ["case_file.body", "person.body", "person.head"]


def test_a_broken_log_shows_nothing(worker, case_file, monkeypatch):
    client = client_for(worker)
    monkeypatch.setattr("audit.log._write", broken_log)

    response = client.get(case_file.get_absolute_url())

    assert response.status_code == 503
    assert NAME not in response.content.decode()


def broken_log(_entries):
    from audit.log import NotWritten

    raise NotWritten("broken")


def test_a_supervisor_says_first_what_for(supervisor, case_file):
    client = client_for(supervisor)
    url = case_file.get_absolute_url()

    asked = client.get(url)
    assert (asked.status_code, asked.url) == (302, f"{url}purpose/?next={url.replace('/', '%2F')}")
    assert page_of(client, asked.url).count('type="radio"') == 5
    assert client.post(f"{url}purpose/").status_code == 422

    said = client.post(asked.url, {"purpose": "quality"})
    assert (said.status_code, said.url) == (302, url)
    page = page_of(client, url)
    (body,) = bodies("case_file.read")
    assert body["p"] == "quality"
    assert NAME not in page
    assert "欧阳**" in page


def test_a_purpose_is_said_for_each_file(supervisor, case_file):
    other = make_case_file()
    client = client_for(supervisor)
    client.post(f"{case_file.get_absolute_url()}purpose/", {"purpose": "quality"})

    assert client.get(case_file.get_absolute_url()).status_code == 200
    assert client.get(other.get_absolute_url()).status_code == 302


@pytest.mark.parametrize("wanted", ["https://example.org/", "//example.org", "/today/", "junk"])
def test_the_way_on_stays_in_the_file(supervisor, case_file, wanted):
    url = case_file.get_absolute_url()

    said = client_for(supervisor).post(f"{url}purpose/?next={wanted}", {"purpose": "quality"})

    assert said.url == url


def test_what_the_population_records_is_shown_in_words(worker):
    child = make_case_file(
        population="left_behind_child",
        lead=worker,
        details={"carer_phone": "13700001111", "school": "石桥中学"},
        remark="写作业慢",
    )
    page = page_of(client_for(worker), child.get_absolute_url())

    assert "石桥中学" in page
    assert "写作业慢" in page
    assert "13700001111" not in page


# --- Reveal -----------------------------------------------------------------------------------


def test_a_field_opens_with_a_reason_that_is_in_the_log_first(worker, case_file):
    client = client_for(worker)
    url = f"{case_file.get_absolute_url()}reveal/phone/"

    closed = page_of(client, url)
    response = client.post(url, {"reason": "call"})

    assert PHONE not in closed
    assert PHONE in response.content.decode()
    assert response.headers["Refresh"] == f"60; url={case_file.get_absolute_url()}"
    (body,) = bodies("case_file.revealed")
    assert (body["o"], body["f"], body["p"]) == (case_file.number, ["person.phone"], "service")
    assert "h" in body


def test_a_field_stays_closed_without_a_reason(worker, case_file):
    url = f"{case_file.get_absolute_url()}reveal/phone/"

    for reason in ("", "curious"):
        response = client_for(worker).post(url, {"reason": reason})
        assert response.status_code == 422
        assert PHONE not in response.content.decode()
    assert bodies("case_file.revealed") == []


def test_who_gives_no_reason_is_asked_for_one_beside_the_field(worker, case_file):
    client = client_for(worker)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.post(f"{case_file.get_absolute_url()}reveal/phone/", {"reason": ""})
    text = page.content.decode()
    assert 'id="masked-phone-error"><li>Choose a reason: without one nothing is shown.' in text
    assert "***" not in text


def test_a_search_that_was_refused_does_not_say_that_nobody_was_found(worker, case_file):
    client = client_for(worker)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    refused = client.post("/files/search/", {"text": ""}).content.decode()
    assert "Fill this in." in refused
    assert "Nobody found" not in refused
    assert "Nothing is shown yet" in refused
    assert "Nobody found" in client.post("/files/search/", {"text": "nobody"}).content.decode()


def test_the_filters_of_the_list_are_put_to_work_by_a_button_that_says_so(worker):
    client = client_for(worker)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    page = client.get("/files/").content.decode()
    assert re.search(r"<button[^>]*>筛选</button>", page)


def test_a_field_stays_closed_when_the_log_is_broken(worker, case_file, monkeypatch):
    client = client_for(worker)
    monkeypatch.setattr("audit.log._write", broken_log)

    response = client.post(f"{case_file.get_absolute_url()}reveal/phone/", {"reason": "call"})

    assert response.status_code == 503
    assert PHONE not in response.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id_number", ID_NUMBER),
        ("address", "枫林村3组51号"),
        ("emergency_phone", "13987654321"),
        ("name", NAME),
    ],
)
def test_each_identity_field_opens_by_itself(supervisor, case_file, field, value):
    client = client_for(supervisor)
    url = case_file.get_absolute_url()
    client.post(f"{url}purpose/", {"purpose": "supervision"})

    page = client.post(f"{url}reveal/{field}/", {"reason": "check"}).content.decode()

    assert value in page
    others = {ID_NUMBER, PHONE, *CLOSED} - {value}
    assert not [other for other in others if other in page]


def test_a_field_of_the_population_opens_by_itself(worker):
    child = make_case_file(
        population="left_behind_child", lead=worker, details={"carer_phone": "13700001111"}
    )
    url = child.get_absolute_url()

    page = client_for(worker).post(f"{url}reveal/carer_phone/", {"reason": "call"})

    assert "13700001111" in page.content.decode()
    (body,) = bodies("case_file.revealed")
    assert body["f"] == ["case_file.carer_phone"]


@pytest.mark.parametrize(
    ("field", "status"), [("remark", 404), ("log_reference", 404), ("living", 422)]
)
def test_other_fields_do_not_open(worker, case_file, field, status):
    url = f"{case_file.get_absolute_url()}reveal/{field}/"

    assert client_for(worker).post(url, {"reason": "call"}).status_code == status
    assert bodies("case_file.revealed") == []


# --- History ----------------------------------------------------------------------------------


def record_visit(case_file, worker, **values):
    now = timezone.now()
    return visits.record(
        case_file=case_file,
        by=worker,
        now=now,
        **{
            "way": "visit",
            "outcome": "done",
            "happened_at": now - timedelta(hours=1),
            "notes": "x",
            **values,
        },
    )


def draft_plan(case_file, worker, **values):
    return plans.draft(
        case_file=case_file,
        by=worker,
        today=timezone.localdate(),
        **{
            "goal": "Warm meals",
            "steps": [{"what": "Sign up", "resource": "Canteen", "who": "Worker"}],
            **values,
        },
    )


def test_the_history_says_when_who_and_which_fields_but_no_values(worker, case_file):
    record_visit(case_file, worker, notes="坐轮椅")
    plan = draft_plan(case_file, worker)
    person = Person.objects.get(pk=case_file.person_id)
    change_phone(person, worker)
    plans.approve(plan=plan, by=make_user(Role.SUPERVISOR), today=timezone.localdate())

    page = page_of(
        client_for(worker),
        f"{case_file.get_absolute_url()}history/",
        headers={"accept-language": "en"},
    )

    for words in (
        "The person was taken in",
        "The file was opened",
        f"{worker.name} joined the team: Lead worker",
        "Visit: Done",
        "A support plan was drafted",
        "The support plan was approved",
    ):
        assert words in page, words
    assert "phone" in page
    for secret in ("坐轮椅", PHONE, "13511112222", "Warm meals"):
        assert secret not in page


def change_phone(person, by):
    from audit import log
    from kpm.vault.opening import open_groups

    with log.reading(by, event="case_file.read", purpose="service", about=[person]) as reading:
        open_groups([person], "body", reading=reading)
    person.phone = "13511112222"
    person.save_as(by=by)


# --- What the database holds ------------------------------------------------------------------


def test_the_database_keeps_number_person_and_population(case_file):
    other = make_case_file()

    for change in (
        {"number": "00000-00000"},
        {"person": other.person},
        {"population": "left_behind_child"},
        {"opened_on": timezone.localdate()},
    ):
        with pytest.raises(IntegrityError, match="a_file_keeps"), transaction.atomic():
            CaseFile.objects.filter(pk=case_file.pk).update(**change)


def test_the_database_lets_no_file_have_the_level_of_another(case_file):
    other = make_case_file()

    with (
        pytest.raises(IntegrityError, match="a_file_has_the_level_that_was_opened_for_it"),
        transaction.atomic(),
    ):
        CaseFile(
            person=case_file.person,
            population="left_behind_child",
            unit=case_file.unit,
            district=case_file.district,
            opened_on=case_file.opened_on,
            risk_level=other.risk_level,
        ).save_as(by=None)


def test_the_database_keeps_a_file_in_the_district_of_its_unit(case_file):
    elsewhere = make_unit("100123101201")

    for change in ({"unit": elsewhere}, {"district": "100123"}):
        with (
            pytest.raises(IntegrityError, match="a_file_lies_in_the_district"),
            transaction.atomic(),
        ):
            CaseFile.objects.filter(pk=case_file.pk).update(**change)


@pytest.mark.parametrize("model", [Person, CaseFile, Assignment, Visit, Plan])
def test_the_database_deletes_nothing(model, worker, case_file):
    from django.db import DatabaseError, connection

    record_visit(case_file, worker)
    draft_plan(case_file, worker)

    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f'DELETE FROM "{model._meta.db_table}"')  # noqa: S608 a name of ours
    assert model.objects.exists()


def test_what_lies_below_a_file_stays_in_it(worker, case_file):
    other = make_case_file()
    record_visit(case_file, worker)
    draft_plan(case_file, worker)

    for model in (Visit, Plan):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(case_file=other)


def test_a_person_stays_in_their_district(case_file):
    with pytest.raises(IntegrityError, match="a_person_keeps"), transaction.atomic():
        Person.objects.filter(pk=case_file.person_id).update(district="100123")


def test_a_file_of_a_closed_status_needs_its_day(case_file):
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseFile.objects.filter(pk=case_file.pk).update(status="closed")


def test_nothing_is_due_on_a_closed_file(worker, case_file):
    today = timezone.localdate()
    CaseFile.objects.filter(pk=case_file.pk).update(status="closed", closed_on=today)
    case_file.refresh_from_db()

    assert case_files.refresh_due(case_file, today) is None
    assert "Nothing is due" in page_of(
        client_for(worker), case_file.get_absolute_url(), headers={"accept-language": "en"}
    )
