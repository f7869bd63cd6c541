"""Taking people in: looked for first, written whole, sealed, found again."""

from datetime import date

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.translation import override

from audit import log
from audit.models import LoggedEvent, Subject
from casework.actions import matches, people, searches
from casework.forms.people import kept
from casework.models import CaseFile, Person
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.vault import search
from kpm.vault.opening import open_groups
from risk_levels.populations import POPULATIONS
from tests.factories import (
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TODAY,
    VILLAGE,
    assign,
    client_for,
    make_case_file,
    make_id_number,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
SCOPE = "district:100122"


def admit(by, *, population="empty_nest_elder", unit=None, **values):
    values.setdefault("name", "李桂英")
    values.setdefault("id_number", make_id_number())
    return people.admit(
        population=population, by=by, today=TODAY, unit=unit or make_unit(), **values
    )


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def count_rows():
    return Person.objects.count(), CaseFile.objects.count()


def test_somebody_new_gets_a_person_a_file_and_an_ungraded_level():
    supervisor = make_user(Role.SUPERVISOR)

    case_file = admit(supervisor, phone="13812345678", details={"living": "alone"}, remark="quiet")

    assert case_file.district == "100122"
    assert case_file.opened_on == TODAY
    assert case_file.risk_level.level == "ungraded"
    assert case_file.risk_level.key_owner == case_file.id
    assert case_file.next_due_on is not None
    assert CaseFile.objects.get().person == Person.objects.get()


def test_taking_in_is_written_into_log_and_history_once():
    supervisor = make_user(Role.SUPERVISOR)

    case_file = admit(supervisor)

    (event,) = events("case_file.opened")
    assert (event.subject, event.actor) == (case_file.number, supervisor.log_reference)
    for model, row in ((CaseFile, case_file), (Person, case_file.person)):
        (past,) = model.history.filter(id=row.id)
        assert (past.history_type, past.history_user_id) == ("+", supervisor.pk)


def test_nothing_about_a_person_lies_open_in_the_database():
    admit(make_user(Role.SUPERVISOR), name="欧阳桂英", phone="13812345678", address="枫林村3组51号")

    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 names from the database itself
            rows = str([[bytes(v) if isinstance(v, memoryview) else v for v in r] for r in cursor])
            for secret in ("欧阳桂英", "13812345678", "3组51号"):
                assert secret not in rows, table
                assert str(secret.encode())[2:-1] not in rows, table


def test_a_person_is_found_by_part_of_the_name_initials_and_last_four():
    case_file = admit(make_user(Role.SUPERVISOR), name="欧阳桂英", phone="13812345678")

    for text in ("桂英", "oygy", case_file.person.id_number[-4:], "5678"):
        assert search.find(SCOPE, text) == [case_file.person_id], text


def test_an_id_number_is_looked_for_before_anything_is_written():
    supervisor = make_user(Role.SUPERVISOR)
    first = admit(supervisor, id_number="100101195001010015")

    second = admit(supervisor, id_number="100101195001010015", population="drug")

    assert second.person_id == first.person_id
    assert count_rows() == (1, 2)
    assert search.find(SCOPE, "桂英") == [first.person_id]
    (matched,) = events("person.matched")
    assert matched.subject == first.person.log_reference


def test_one_person_has_one_open_file_in_a_population():
    supervisor = make_user(Role.SUPERVISOR)
    admit(supervisor, id_number="100101195001010015")

    with pytest.raises(Refused, match="already"):
        admit(supervisor, id_number="100101195001010015")

    assert count_rows() == (1, 1)


def test_somebody_known_elsewhere_is_known_and_nothing_more_is_said(audited):
    make_case_file(unit=make_unit(OTHER_VILLAGE), id_number="100101195001010015", name="李桂英")
    supervisor = make_user(Role.SUPERVISOR, unit=make_unit(VILLAGE[:9] + "000"))

    with audited(), pytest.raises(Refused, match="supervisor of your district") as caught:
        admit(supervisor, id_number="100101195001010015")

    assert caught.value.field == "id_number"
    assert OTHER_VILLAGE not in str(caught.value)
    assert count_rows() == (1, 1)
    (event,) = events("person.refused")
    assert (event.outcome, event.actor) == ("denied", supervisor.log_reference)


def test_one_id_number_under_two_names_is_refused():
    supervisor = make_user(Role.SUPERVISOR)
    admit(supervisor, id_number="100101195001010015", name="李桂英")

    with pytest.raises(Refused, match="another name"):
        admit(supervisor, id_number="100101195001010015", name="李桂芳", population="drug")

    assert count_rows() == (1, 1)


def hold_another(person, by, **values):
    """The record says otherwise, and its indexes stay, as if somebody had moved them."""
    with log.reading(by, event="case_file.read", purpose=None, about=[person]) as reading:
        open_groups([person], "head", "body", reading=reading)
    for name, value in values.items():
        setattr(person, name, value)
    person.save_as(by=by)


def test_what_an_index_finds_is_looked_at_before_it_counts(audited):
    supervisor = make_user(Role.SUPERVISOR)
    person = admit(supervisor, id_number="100101198001010019").person
    hold_another(person, supervisor, id_number=make_id_number())

    with audited(), pytest.raises(Refused, match="holds another one") as caught:
        admit(supervisor, id_number="100101198001010019", population="drug")

    assert caught.value.field == "id_number"
    assert count_rows() == (1, 1)
    (event,) = events("person.refused")
    assert event.subject == person.log_reference
    assert '"rule":"another_number"' in event.body


def test_whose_id_number_is_corrected_is_found_by_the_new_one():
    supervisor = make_user(Role.SUPERVISOR)
    case_file = admit(supervisor, id_number="100101198001010019")
    person, number = case_file.person, make_id_number()
    with log.reading(
        supervisor, event="case_file.read", purpose=None, about=[case_file]
    ) as reading:
        open_groups([person], "head", "body", reading=reading)
        open_groups([case_file], "body", reading=reading)

    people.correct(
        case_file=case_file,
        identity={"id_number": number},
        details={},
        unit=case_file.unit,
        by=supervisor,
        today=TODAY,
    )

    assert matches.known("100122", [number, "100101198001010019"]) == {number: person}


def test_a_name_is_the_same_however_its_dot_is_typed():
    supervisor = make_user(Role.SUPERVISOR)
    admit(supervisor, id_number="100101195001010015", name="阿依古丽·买买提")

    admit(supervisor, id_number="100101195001010015", name="阿依古丽•买买提", population="drug")

    assert count_rows() == (1, 2)


def test_two_people_with_two_phones_are_two_people():
    supervisor = make_user(Role.SUPERVISOR)

    admit(supervisor, id_number="", phone="13812345678")
    admit(supervisor, id_number="", phone="13812345679")

    assert count_rows() == (2, 2)


def test_phone_and_name_together_are_one_person():
    supervisor = make_user(Role.SUPERVISOR)
    first = admit(supervisor, id_number="", name="阿依古丽·买买提", phone="13812345678")

    second = admit(
        supervisor, id_number="", name="阿依古丽•买买提", phone="13812345678", population="drug"
    )

    assert second.person_id == first.person_id
    assert len(events("person.matched")) == 1
    with pytest.raises(Refused, match="already known"):
        admit(supervisor, id_number="", name="阿依古丽·买买提", phone="13812345678")
    assert count_rows() == (1, 2)


def test_a_phone_on_record_with_another_name_names_nobody():
    supervisor = make_user(Role.SUPERVISOR)
    admit(supervisor, id_number="", name="李桂英", phone="13812345678")

    with pytest.raises(Refused, match="another name") as caught:
        admit(supervisor, id_number="", name="王建国", phone="13812345678")

    assert caught.value.field == "phone"
    # The ID number says that this is somebody else.
    admit(supervisor, name="王建国", phone="13812345678")
    assert count_rows() == (2, 2)


def test_whoever_has_another_id_number_is_somebody_else():
    supervisor = make_user(Role.SUPERVISOR)
    admit(supervisor, name="李桂英", phone="13812345678")
    admit(supervisor, name="李桂英", phone="13812345678")

    with pytest.raises(Refused, match="several people"):
        admit(supervisor, id_number="", name="李桂英", phone="13812345678")

    assert count_rows() == (2, 2)


def test_somebody_elsewhere_is_known_by_phone_and_name_as_well(audited):
    make_case_file(unit=make_unit(OTHER_VILLAGE), id_number="", name="李桂英")
    township = make_user(Role.SUPERVISOR, unit=make_unit(VILLAGE[:9] + "000"))

    with audited(), pytest.raises(Refused, match="supervisor of your district") as caught:
        admit(township, id_number="", phone="13812345678")

    assert caught.value.field == "phone"
    assert count_rows() == (1, 1)
    assert len(events("person.refused")) == 1


def test_nobody_is_taken_in_twice_in_one_go():
    one = people.Admission(name="李桂英", unit=make_unit(), phone="13812345678")

    with pytest.raises(Refused, match="one phone and one name"):
        people.admit_many(
            admissions=[one, one], population="drug", by=make_user(Role.SUPERVISOR), today=TODAY
        )

    assert count_rows() == (0, 0)


def test_the_same_number_in_another_district_is_another_row():
    supervisor = make_user(Role.SUPERVISOR, unit=make_unit("100100000000"))
    admit(supervisor, id_number="100101195001010015")

    admit(supervisor, id_number="100101195001010015", unit=make_unit("100123101201"))

    assert count_rows() == (2, 2)


def test_many_are_taken_in_together_or_not_at_all():
    supervisor = make_user(Role.SUPERVISOR)
    unit = make_unit()
    good = [
        people.Admission(name=f"王秀{n}", unit=unit, id_number=make_id_number()) for n in "英芳兰"
    ]
    twice = [*good, people.Admission(name="王秀梅", unit=unit, id_number=good[0].id_number)]

    with pytest.raises(Refused, match="one ID number"):
        people.admit_many(admissions=twice, population="drug", by=supervisor, today=TODAY)
    assert count_rows() == (0, 0)

    files = people.admit_many(admissions=good, population="drug", by=supervisor, today=TODAY)

    assert [file.person.name for file in files] == ["王秀英", "王秀芳", "王秀兰"]
    assert len({file.number for file in files}) == 3
    (event,) = events("case_file.opened")
    subjects = Subject.objects.filter(event_id=event.id).values_list("subject", flat=True)
    assert set(subjects) == {file.number for file in files}
    assert CaseFile.history.count() == Person.history.count() == 3


def test_a_row_that_the_database_refuses_leaves_nothing(monkeypatch):
    supervisor = make_user(Role.SUPERVISOR)
    admit(supervisor, id_number="100101195001010015")
    # Somebody else takes them in between the look and the writing.
    monkeypatch.setattr(matches, "known", lambda district, numbers: {})

    with pytest.raises(Refused, match="already known"):
        admit(supervisor, id_number="100101195001010015", population="drug")

    assert count_rows() == (1, 1)
    assert len(events("case_file.opened")) == 1


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SUPERVISOR])
def test_other_roles_take_nobody_in(role):
    with pytest.raises(Refused, match="role"):
        admit(make_user(role))


def test_a_supervisor_takes_people_in_where_they_supervise_only():
    township = make_unit(OTHER_TOWNSHIP)

    with pytest.raises(Refused, match="not yours"):
        admit(make_user(Role.SUPERVISOR, unit=township), unit=make_unit(VILLAGE))
    with pytest.raises(Refused, match="not yours"):
        admit(make_user(Role.SUPERVISOR, populations=["drug"]))


def test_parts_of_the_system_take_people_in():
    admit(system_account("demo"))

    assert count_rows() == (1, 1)


def test_a_file_holds_no_field_that_its_population_does_not_declare():
    with pytest.raises(Refused, match="no such field"):
        admit(make_user(Role.SUPERVISOR), details={"religion": "none"})

    assert count_rows() == (0, 0)


def test_a_person_prints_as_a_pseudonym():
    person = admit(make_user(Role.SUPERVISOR), birth_on=date(1948, 5, 6)).person

    assert str(person) == person.log_reference
    assert person.log_reference.startswith("p:")


# --- The page ---------------------------------------------------------------------------------


def filled(**change):
    """A filled-in form, as a browser sends it."""
    return {
        "name": "李桂英",
        "id_number": "１００１０１１９５００１０１００１５",
        "sex": "0",
        "unit": VILLAGE,
        "phone": "+86 138 1234 5678",
        "detail_living": "alone",
        **change,
    }


@pytest.fixture
def page():
    make_unit(VILLAGE)
    client = client_for(make_user(Role.SUPERVISOR))
    return lambda code="empty_nest_elder", **data: client.post(
        f"/files/new/?population={code}", filled(**data)
    )


def test_somebody_is_taken_in_on_the_page(page):
    response = page()

    case_file = CaseFile.objects.get()
    assert (response.status_code, response.url) == (302, case_file.get_absolute_url())
    with log.reading(
        make_user(), event="case_file.read", purpose="quality", about=[case_file]
    ) as reading:
        open_groups([case_file.person, case_file], "body", reading=reading)
        open_groups([case_file.person], "head", reading=reading)
    person = case_file.person
    assert (person.id_number, person.phone) == ("100101195001010015", "13812345678")
    # Both follow from the ID number.
    assert (person.sex, person.birth_on) == (1, date(1950, 1, 1))
    assert case_file.details == {"living": "alone"}


def test_the_new_file_opens_without_another_question(page):
    supervisor = make_user(Role.SUPERVISOR)
    client = client_for(supervisor)
    make_unit(VILLAGE)

    response = client.post("/files/new/?population=drug", filled(detail_living=""), follow=True)

    assert response.status_code == 200
    assert CaseFile.objects.get().number in response.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Fill this in."),
        ("id_number", "100101195001010016", "check digit"),
        ("id_number", "100101195013010015", "no such date"),
        ("phone", "12", "not a phone number"),
        ("sex", "2", "contradicts"),
        ("birth_on", "1981-01-01", "contradicts"),
        ("unit", OTHER_VILLAGE, "valid choice"),
        ("detail_living", "castle", "valid choice"),
        ("id_number", make_id_number(date(1990, 1, 1), 1), "too young for this group"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(page, field, value, words):
    with override("en"):
        response = page(**{field: value})

    assert response.status_code == 422
    errors = response.context["form"].errors
    assert words in str(errors[field])
    assert count_rows() == (0, 0)


def test_nobody_is_born_tomorrow(page):
    response = page(id_number="", birth_on="2999-01-01")

    assert (response.status_code, count_rows()) == (422, (0, 0))


def test_somebody_who_is_here_is_not_taken_in_twice(page):
    page()

    response = page()

    assert response.status_code in (302, 422)
    assert count_rows() == (1, 1)


def test_a_refusal_on_the_page_is_said_and_logged(page):
    make_case_file(unit=make_unit("100122202201"), id_number="100101195001010015", name="李桂英")
    township = make_user(Role.SUPERVISOR, unit=make_unit(VILLAGE[:9] + "000"))

    response = client_for(township).post("/files/new/?population=empty_nest_elder", filled())

    assert response.status_code == 422
    assert "id_number" in response.context["form"].errors
    assert len(events("person.refused")) == 1


@pytest.mark.parametrize("population", list(POPULATIONS))
def test_every_population_has_its_form(population):
    make_unit(VILLAGE)
    client = client_for(make_user(Role.SUPERVISOR))

    first = client.get(f"/files/new/?population={population}")
    assert (first.status_code, first.url) == (302, f"/files/find/?population={population}")
    response = client.post(first.url, {"id_number": "100101195001010015"})

    assert response.status_code == 200
    for each in POPULATIONS[population].fields:
        assert f'name="detail_{each.code}"' in response.content.decode()


def test_dates_numbers_and_answers_are_kept_as_ledgers_keep_them():
    declared = {each.code: each for code in POPULATIONS for each in POPULATIONS[code].fields}
    by_kind = {each.kind: each for each in declared.values()}

    assert kept(by_kind["date"], date(2026, 1, 5)) == "2026-01-05"
    assert (kept(by_kind["yes_no"], "yes"), kept(by_kind["yes_no"], "no")) == (True, False)
    assert kept(by_kind["phone"], "0086 13812345678") == "13812345678"
    assert kept(by_kind["text"], "x") == "x"


@pytest.mark.parametrize("query", ["", "?population=pets", "?population=drug"])
def test_only_own_groups_are_offered(query):
    client = client_for(make_user(Role.SUPERVISOR, populations=["empty_nest_elder"]))

    page = client.get(f"/files/new/{query}").content.decode()

    assert 'href="/files/find/?population=empty_nest_elder"' in page
    assert 'href="/files/find/?population=drug"' not in page


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SUPERVISOR])
def test_other_roles_do_not_open_the_page(role):
    assert client_for(make_user(role)).get("/files/new/").status_code == 403


@pytest.mark.parametrize(
    ("population", "birth_on", "words"),
    [
        ("empty_nest_elder", "1990-01-01", "people of 60 and over"),
        ("left_behind_child", "1990-01-01", "people up to 15"),
    ],
)
def test_an_age_that_does_not_fit_the_group_is_told_beside_the_field(
    page, population, birth_on, words
):
    response = page(population, id_number="", birth_on=birth_on)

    assert response.status_code == 422
    assert words in str(response.context["form"].errors["birth_on"])
    assert count_rows() == (0, 0)


def test_without_id_number_and_phone_nobody_is_taken_in(page):
    response = page(id_number="", phone="")

    assert response.status_code == 422
    assert "neither ID number nor phone" in str(response.context["form"].errors["id_number"])
    with pytest.raises(Refused, match="neither ID number nor phone"):
        admit(make_user(Role.SUPERVISOR), id_number="")
    assert count_rows() == (0, 0)


def test_the_same_phone_and_name_are_not_taken_in_twice_on_the_page(page):
    elder = {"birth_on": "1950-01-01", "id_number": "", "sex": "2"}
    assert page(**elder).status_code == 302

    response = page(**elder, remark="again")

    assert response.status_code == 422
    assert count_rows() == (1, 1)


# --- The question before the form -------------------------------------------------------------

NUMBER = "100101195001010015"
FIND = "/files/find/?population=empty_nest_elder"


@pytest.fixture
def township():
    make_unit(VILLAGE)
    return make_user(Role.SUPERVISOR, unit=make_unit(VILLAGE[:9] + "000"))


def test_whoever_is_not_known_is_filled_in_with_what_was_asked(township):
    number = make_id_number()
    response = client_for(township).post(
        FIND, {"id_number": number, "phone": "+86 138 1234 5678", "name": "李桂英"}
    )

    form = response.context["form"]
    assert response.templates[0].name == "casework/people/admit.html"
    assert [form[code].value() for code in ("id_number", "phone", "name")] == [
        number,
        "13812345678",
        "李桂英",
    ]
    page = response.content.decode()
    assert 'action="/files/new/?population=empty_nest_elder"' in page
    (event,) = events("person.sought")
    assert (event.actor, event.subject, event.purpose) == (
        township.log_reference,
        None,
        "intake",
    )


def test_whoever_is_known_and_mine_is_shown_masked_with_a_link(township):
    mine = make_case_file(name="欧阳桂英", id_number="", phone="13812345678")
    client = client_for(township)

    page = client.post(FIND, {"phone": "13812345678", "name": "欧阳桂英"}).content.decode()

    assert "欧阳**" in page
    assert mine.get_absolute_url() in page
    assert "too</button>" not in page
    (event,) = events("person.sought")
    assert event.subject == mine.person.log_reference


def test_another_file_of_somebody_known_begins_with_a_button(township):
    make_case_file(name="李桂英", phone="13812345678", population="left_behind_child")
    client = client_for(township)
    asked = {"phone": "13812345678", "name": "李桂英"}

    page = client.post(FIND, asked).content.decode()
    assert "Open a file for “Empty-nest elders” too" in page
    response = client.post(FIND, {**asked, "go_on": "1"})

    assert response.templates[0].name == "casework/people/admit.html"


def test_care_and_justice_stay_apart_in_the_answer(township):
    justice = make_case_file(name="李桂英", phone="13812345678", population="drug")

    page = client_for(township).post(FIND, {"phone": "13812345678", "name": "李桂英"})

    assert justice.number not in page.content.decode()
    assert "Drug" not in page.content.decode()


@pytest.mark.parametrize("asked", [{"id_number": True}, {"phone": "13812345678", "name": "李桂英"}])
def test_whoever_is_known_elsewhere_is_known_and_nothing_more_is_said(township, asked):
    hidden = make_case_file(
        unit=make_unit(OTHER_VILLAGE),
        name="李桂英",
        phone="13812345678",
        id_number=make_id_number() if "id_number" in asked else "",
        population="drug",
    )
    if "id_number" in asked:
        asked = {"id_number": hidden.person.id_number}

    page = client_for(township).post(FIND, asked).content.decode()

    assert "This person is already known. Please ask the supervisor of your district." in page
    for told in (hidden.number, "Drug", OTHER_VILLAGE, hidden.unit.name):
        assert told not in page


def test_a_phone_of_somebody_else_is_told_beside_the_field(township):
    make_case_file(name="李桂英", phone="13812345678")

    response = client_for(township).post(FIND, {"phone": "13812345678", "name": "王建国"})

    assert response.status_code == 422
    assert "another name" in str(response.context["form"].errors["phone"])


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({}, "id_number", "neither ID number nor phone"),
        ({"phone": "13812345678"}, "name", "missing"),
        ({"id_number": "12"}, "id_number", "not 18 digits"),
    ],
)
def test_the_question_needs_something_to_know_somebody_by(township, asked, field, words):
    response = client_for(township).post(FIND, asked)

    assert response.status_code == 422
    assert words in str(response.context["form"].errors[field])
    assert not events("person.sought")


def test_a_worker_is_told_yes_or_no_and_nothing_else():
    known = make_case_file(name="李桂英", phone="13812345678")
    worker = make_user()
    assign(known, worker)
    client = client_for(worker)

    for asked in (
        {"id_number": known.person.id_number},
        {"phone": "13812345678", "name": "李桂英"},
    ):
        page = client.post("/files/find/", asked).content.decode()
        assert "This person is already known. Please ask your supervisor." in page
        for told in (known.number, "Empty-nest", "李*"):
            assert told not in page
    page = client.post("/files/find/", {"id_number": make_id_number()}).content.decode()
    assert "Nobody here is known by this." in page
    assert len(events("person.sought")) == 3
    assert count_rows() == (1, 1)


def test_whoever_asks_one_after_the_other_is_slowed_down(monkeypatch):
    monkeypatch.setattr(searches, "SEARCHES", 2)
    client = client_for(make_user())
    for _time in range(2):
        assert client.post("/files/find/", {"id_number": make_id_number()}).status_code == 200

    response = client.post("/files/find/", {"id_number": make_id_number()})

    assert response.status_code == 422
    assert "Too many searches" in response.content.decode()


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.SUPERVISOR, Role.SOCIAL_WORKER)]
)
def test_other_roles_do_not_ask(role):
    assert client_for(make_user(role)).get("/files/find/").status_code == 403
    with pytest.raises(Refused, match="role"):
        searches.seek(name="", id_number=NUMBER, phone="", by=make_user(role), now=timezone.now())


def test_a_supervisor_says_first_for_which_group(township):
    client = client_for(township)
    for query in ("", "?population=pets"):
        assert client.get(f"/files/find/{query}").url == "/files/new/"
