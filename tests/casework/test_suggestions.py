"""Suggestions on the pages of supervisors: in words, for one file and many, never by themselves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from casework import matching
from casework.actions import assignments, stipulations, workers
from casework.dashboards import suggestions, team_drafts
from casework.matching import Why
from casework.models import Assignment
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import (
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TODAY,
    TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def team_page(case_file, supervisor):
    client = client_for(supervisor)
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client, f"/files/{case_file.number}/team/"


def suggested(case_file, supervisor):
    """The names that the page suggests, with their words."""
    client, page = team_page(case_file, supervisor)
    form = client.get(page).context["form"]
    return [str(label) for _value, label in form.fields["suggestion"].choices]


def stipulate(case_file, kind, worker, supervisor):
    stipulations.record(case_file=case_file, kind=kind, worker=worker, by=supervisor, today=TODAY)


def describe(worker, supervisor, **values):
    said = {"percent": 100, "sex": "", "trained": [], "languages": [], **values}
    workers.describe(worker=worker, by=supervisor, **said)


def team_of(case_file):
    rows = Assignment.objects.active().filter(case_file=case_file)
    return {row.role: row.worker for row in rows}


# --- One file


def test_every_reason_has_its_words():
    numbers: dict = {
        Why.SPEAKS: ("wu", "signing"),
        Why.LOAD: (50, 160),
        Why.OVER: (200, 160),
        Why.AWAY: (TODAY,),
    }
    for why in Why:
        for sex in (matching.Sex.WOMAN, matching.Sex.MAN):
            says = numbers.get(why, (sex,))
            assert suggestions.in_words(matching.Reason(why, 0, says)), why


def test_what_somebody_speaks_is_said_and_weighs_nothing(supervisor):
    case_file = make_case_file()
    describe(make_user(name="Speaks"), supervisor, languages=["wu", "signing"])
    make_user(name="Silent")

    words = suggested(case_file, supervisor)

    assert "speaks Chinese Sign Language, Wu" in next(each for each in words if "Speaks" in each)
    assert "speaks" not in next(each for each in words if "Silent" in each)


def test_who_has_no_days_left_is_said_to_be_away():
    assert "four weeks" in suggestions.in_words(matching.Reason(Why.OVER, 0, (5, 0)))


def test_the_page_suggests_the_best_first_and_says_why(supervisor):
    case_file = make_case_file()
    far = make_user(name="Far", unit=make_unit(TOWNSHIP))
    near = make_user(name="Near")
    describe(near, supervisor, trained=["empty_nest_elder"])
    describe(far, supervisor, percent=50)

    first, second, *rest = suggested(case_file, supervisor)

    assert "Near" in first
    assert "trained for this group" in first
    assert "works in the same place" in first
    assert "3 of 160 points afterwards (1 %)" in first
    assert "Far" in second
    assert "3 of 80 points" in second
    assert "works in the same township" in second
    assert len(rest) == 1


def test_a_suggestion_fills_the_form(supervisor):
    case_file, worker = make_case_file(), make_user()
    client, page = team_page(case_file, supervisor)

    response = client.post(page, {"role": "lead", "suggestion": worker.log_reference})

    assert response.status_code == 302
    assert team_of(case_file) == {"lead": worker}


def test_two_choices_are_one_too_many(supervisor):
    case_file, one, other = make_case_file(), make_user(), make_user()
    client, page = team_page(case_file, supervisor)
    sent = {"role": "lead", "suggestion": one.log_reference, "worker": other.log_reference}

    response = client.post(page, sent)

    assert response.status_code == 422
    assert "suggestion or somebody else" in response.context["form"].errors["worker"][0]
    assert team_of(case_file) == {}
    assert client.post(page, {**sent, "worker": one.log_reference}).status_code == 302


def test_somebody_is_chosen(supervisor):
    case_file = make_case_file()
    make_user()
    client, page = team_page(case_file, supervisor)

    assert client.post(page, {"role": "lead"}).context["form"].errors["worker"] == ["Choose one."]


def test_wishes_are_heeded_and_conflicts_named(supervisor):
    case_file = make_case_file()
    no, never, wanted = make_user(name="No"), make_user(name="Never"), make_user(name="Wanted")
    make_user(name="Else", unit=make_unit(OTHER_VILLAGE))
    stipulate(case_file, "unwanted", no, supervisor)
    stipulate(case_file, "conflict", never, supervisor)
    stipulate(case_file, "wanted", wanted, supervisor)
    stipulate(case_file, "woman", None, supervisor)
    describe(wanted, supervisor, sex="man")

    [first, _else] = suggested(case_file, supervisor)
    client, page = team_page(case_file, supervisor)
    text = client.get(page).content.decode()

    assert "the person wishes for them" in first
    assert "the person wishes for a woman" in first
    told = {each.user.name: each.words for each in client.get(page).context["forbidden"]}
    assert told == {
        "No": "the person does not want them",
        "Never": "has a conflict of interest",
    }
    assert "Not suggested" in text
    # Whoever knows why may still choose somebody whom the person did not want.
    assert client.post(page, {"role": "lead", "worker": no.log_reference}).status_code == 302
    sent = {"role": "deputy", "worker": never.log_reference}
    assert client.post(page, sent).status_code == 422


def test_a_woman_is_suggested_where_the_team_must_have_one(supervisor):
    case_file = make_case_file(population="community_correction")
    man, woman = make_user(name="Him"), make_user(name="Her")
    describe(man, supervisor, sex="man")
    describe(woman, supervisor, sex="woman")

    assert "a woman, whom this team must have" in suggested(case_file, supervisor)[0]
    assign(case_file, woman)
    [second, _else] = suggested(case_file, supervisor)
    assert "Him" in second
    assert "must have" not in second


def test_who_has_the_place_is_not_suggested_for_it(supervisor):
    case_file, lead, former = make_case_file(), make_user(name="Lead"), make_user(name="Former")
    assign(case_file, former)
    assign(case_file, lead)

    [deputy, _else] = suggested(case_file, supervisor)

    assert "Former" in deputy
    assert "was in the team before" in deputy
    # A deputy carries a quarter.
    assert "1 of 160" in deputy


def test_days_away_take_room_and_are_said(supervisor):
    case_file, worker = make_case_file(), make_user()
    today = timezone.localdate()
    workers.record_absence(
        worker=worker,
        kind="leave",
        start_on=today,
        until_on=today + timedelta(days=14),
        by=supervisor,
        today=today,
    )

    [first, _else] = suggested(case_file, supervisor)

    assert "away, back on" in first
    assert "of 80 points" in first


def test_the_load_counts_what_the_levels_ask_for(supervisor):
    case_file, worker = make_case_file(), make_user()
    for role in ("lead", "deputy"):
        held = make_case_file()
        assign(held, worker, role)
        make_level(held, "red")

    # A red file of an elder asks for 33 points, and a deputy does a quarter of it.
    said = [each for each in suggested(case_file, supervisor) if worker.name in each]
    assert f"{33 + 9 + 3} of 160" in said[0]


# --- Many files


def draft_page(supervisor, address="/teams/draft/"):
    client = client_for(supervisor)
    return client, client.get(address)


def sent_from(response):
    """The form as it stands on the page."""
    sent = {"file": []}
    for row, field in response.context["form"].rows():
        number = row.case_file.number
        sent["file"].append(number)
        sent[number] = field.value()
        sent[f"seen-{number}"] = row.lead.log_reference if row.lead else ""
    return sent


def test_a_draft_assigns_nobody_before_it_is_confirmed(supervisor):
    files = [make_case_file(), make_case_file(unit=make_unit(OTHER_VILLAGE))]
    here, there = make_user(), make_user(unit=make_unit(OTHER_VILLAGE))

    client, response = draft_page(supervisor)

    assert not Assignment.objects.exists()
    found = client.post("/teams/draft/", sent_from(response), follow=True)
    assert [team_of(each) for each in files] == [{"lead": here}, {"lead": there}]
    assert "2 files now have whom you confirmed" in found.content.decode()
    assert "No file waits for a lead" in found.content.decode()


def test_the_supervisor_changes_the_draft(supervisor):
    case_file = make_case_file()
    make_user(name="Near")
    far = make_user(name="Far", unit=make_unit(TOWNSHIP))
    client, response = draft_page(supervisor)
    text = response.content.decode()
    sent = sent_from(response)

    client.post("/teams/draft/", {**sent, case_file.number: far.log_reference})

    assert "Far · Unit 100122101000 (+8)" in text
    assert team_of(case_file) == {"lead": far}


def test_a_file_may_be_left_out(supervisor):
    files = [make_case_file(), make_case_file()]
    worker = make_user()
    client, response = draft_page(supervisor)
    sent = sent_from(response)

    client.post("/teams/draft/", {**sent, files[0].number: ""})
    nothing = client.post("/teams/draft/", {"file": [files[0].number]})

    assert [team_of(each) for each in files] == [{}, {"lead": worker}]
    assert nothing.status_code == 422
    assert "at least one file" in nothing.content.decode()


def test_one_refusal_leaves_every_file_as_it_was(supervisor):
    files = [make_case_file(), make_case_file()]
    make_user()
    client, response = draft_page(supervisor)
    sent = sent_from(response)
    other = make_user()
    assign(files[1], other, today=timezone.localdate())

    refused = client.post("/teams/draft/", sent)

    assert refused.status_code == 422
    assert team_of(files[0]) == {}
    assert team_of(files[1]) == {"lead": other}
    assert "change of lead meanwhile" in refused.context["form"].errors[files[1].number][0]


def test_what_is_sent_by_hand_meets_the_same_rules(supervisor):
    case_file, stranger = make_case_file(), make_user(unit=make_unit(OTHER_VILLAGE))
    client = client_for(supervisor)
    sent = {"file": [case_file.number], case_file.number: stranger.log_reference}

    assert client.post("/teams/draft/", sent).status_code == 422
    conflicted = make_user()
    stipulate(case_file, "conflict", conflicted, supervisor)
    response = client.post("/teams/draft/", {**sent, case_file.number: conflicted.log_reference})

    assert "conflict of interest" in response.context["form"].errors[case_file.number][0]
    assert team_of(case_file) == {}


def test_files_of_others_are_in_no_draft():
    case_file, worker = make_case_file(), make_user()
    other = client_for(make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP)))

    page = other.get("/teams/draft/").content.decode()
    sent = {"file": [case_file.number], case_file.number: worker.log_reference}
    response = other.post("/teams/draft/", sent)

    assert case_file.number not in page
    assert response.status_code == 422
    assert team_of(case_file) == {}


def test_social_workers_draft_no_teams():
    assert client_for(make_user()).get("/teams/draft/").status_code == 403


def test_too_much_moves_from_one_lead_to_another(supervisor):
    busy, free = make_user(name="Busy"), make_user(name="Free")
    describe(busy, supervisor, percent=10)
    files = [make_case_file(lead=busy) for _ in range(8)]

    client, response = draft_page(supervisor, "/teams/draft/?of=over")
    rows = [row for row, _field in response.context["form"].rows()]
    client.post("/teams/draft/?of=over", sent_from(response))

    assert len(rows) == 8
    assert {row.stays for row in rows} == {True, False}
    leads = [team_of(each)["lead"] for each in files]
    # Ten percent of full time is sixteen points, and a tenth more: five files of three.
    assert leads.count(busy) <= 5
    assert leads.count(free) == 8 - leads.count(busy)
    assert draft_page(supervisor, "/teams/draft/?of=over")[1].context["form"].draft.rows == []


def test_without_anybody_the_draft_says_so(supervisor):
    make_case_file()

    _client, response = draft_page(supervisor)

    assert "Nobody has room" in response.content.decode()


def test_a_draft_of_many_says_how_many_wait(supervisor, monkeypatch):
    monkeypatch.setattr(team_drafts, "MOST", 1)
    make_case_file()
    make_case_file()

    assert "1 more file waits" in draft_page(supervisor)[1].content.decode()


def test_a_choice_that_is_no_longer_offered_stays_as_it_was_sent(supervisor, monkeypatch):
    monkeypatch.setattr(team_drafts, "OFFERED", 1)
    files = [make_case_file(), make_case_file()]
    make_user()
    far = make_user(name="Far", unit=make_unit(TOWNSHIP))
    client = client_for(supervisor)
    sent = {
        "file": [each.number for each in files],
        files[0].number: far.log_reference,
        files[1].number: "u:nobody",
    }

    response = client.post("/teams/draft/", sent)

    assert response.status_code == 422
    field = response.context["form"][files[0].number]
    assert (far.log_reference, "Far") in field.field.widget.choices


def test_a_draft_is_confirmed_together_or_not_at_all(supervisor):
    files, worker = [make_case_file(), make_case_file()], make_user()
    rows = [assignments.Chosen(case_file=each, worker=worker, seen="") for each in files]
    assign(files[1], make_user())

    with pytest.raises(Refused, match="meanwhile") as refusal:
        assignments.confirm(chosen=rows, by=supervisor, today=TODAY)

    assert refusal.value.field == files[1].number
    assert team_of(files[0]) == {}
