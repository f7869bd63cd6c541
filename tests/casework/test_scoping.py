"""Whose files are whose: role, subtree, population and team together, and nobody else."""

import pytest
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework.actions import assignments
from casework.dashboards import lists
from casework.models import CaseFile
from kpm.accounts.models import User
from kpm.permissions import Role
from risk_levels.populations import POPULATIONS
from tests.factories import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TODAY,
    TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


def seen_by(user):
    return set(CaseFile.objects.visible_to(user))


@pytest.mark.parametrize("place", ["lead", "deputy", "member"])
def test_a_social_worker_sees_the_files_of_their_teams(place):
    worker, mine, _other = make_user(), make_case_file(), make_case_file()
    assign(mine, worker, place)

    assert seen_by(worker) == {mine}


def test_a_file_is_gone_from_sight_with_the_place_in_its_team():
    worker, case_file, supervisor = make_user(), make_case_file(), make_user(Role.SUPERVISOR)
    place = assign(case_file, worker, "deputy")

    assignments.end(assignment=place, by=supervisor, today=TODAY)

    assert seen_by(worker) == set()


def test_somebody_who_had_several_places_sees_a_file_once():
    worker, case_file = make_user(), make_case_file()
    for place in ("member", "deputy", "lead"):
        assign(case_file, worker, place)

    assert list(CaseFile.objects.visible_to(worker)) == [case_file]


def test_a_supervisor_sees_their_subtree_only():
    here, there = make_case_file(), make_case_file(unit=make_unit(OTHER_VILLAGE))

    assert seen_by(make_user(Role.SUPERVISOR, unit=make_unit(COUNTY))) == {here, there}
    assert seen_by(make_user(Role.SUPERVISOR, unit=make_unit(TOWNSHIP))) == {here}
    assert seen_by(make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))) == {there}


def test_a_supervisor_sees_their_populations_only():
    elder, _drug = make_case_file(), make_case_file(population="drug")

    assert seen_by(make_user(Role.SUPERVISOR, populations=["empty_nest_elder"])) == {elder}


def test_a_place_in_a_team_does_not_outlive_the_role():
    worker, case_file = make_user(), make_case_file()
    assign(case_file, worker)
    worker.grants.update(until_on=timezone.localdate())

    assert seen_by(User.objects.get(pk=worker.pk)) == set()


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.SOCIAL_WORKER, Role.SUPERVISOR)]
)
def test_nobody_else_sees_any_file(role):
    make_case_file()

    assert seen_by(make_user(role)) == set()


@pytest.mark.parametrize("status", ["restricted", "sealed", "destroyed"])
def test_a_file_that_is_put_away_is_seen_by_nobody(status):
    case_file = make_case_file()
    case_file.close(on=TODAY)
    ways = {"restricted": ["restrict"], "sealed": ["seal"], "destroyed": ["restrict", "destroy"]}
    for way in ways[status]:
        case_file.save_as(by=None)
        getattr(case_file, way)()
    case_file.save_as(by=None)
    assert CaseFile.objects.get().status == status

    assert seen_by(make_user(Role.SUPERVISOR)) == set()


def test_no_two_groups_ever_stand_in_one_list():
    supervisor = make_user(Role.SUPERVISOR)
    for code in POPULATIONS:
        make_case_file(population=code)

    listed = {
        group: {file.population for file in lists.files_of(supervisor, group)}
        for group in lists.groups_of(supervisor)
    }

    assert listed == {
        "care": {"left_behind_child", "empty_nest_elder"},
        "justice": {"community_correction", "released", "drug"},
        "health": {"mental_disorder"},
    }


def test_people_who_are_ill_do_not_stand_under_the_name_of_people_with_a_sentence():
    with translation.override("zh-hans"):
        labels = {group: str(label) for group, label in lists.LABELS.items()}
    assert labels == {"care": "关爱服务", "justice": "帮教服务", "health": "健康照护"}
    assert lists.group_of("mental_disorder") == "health"


def test_files_of_several_groups_are_chosen_group_by_group():
    supervisor = make_user(Role.SUPERVISOR, populations=["drug", "mental_disorder"])
    drug, ill = make_case_file(population="drug"), make_case_file(population="mental_disorder")

    assert lists.groups_of(supervisor) == ["justice", "health"]
    assert list(lists.files_of(supervisor, "justice")) == [drug]
    assert list(lists.files_of(supervisor, "health")) == [ill]
    assert lists.choose_group(supervisor, "health") == "health"


def test_a_kind_that_the_grant_does_not_hold_cannot_be_chosen():
    supervisor = make_user(Role.SUPERVISOR, populations=["drug"])

    assert lists.groups_of(supervisor) == ["justice"]
    assert lists.choose_group(supervisor, "care") == "justice"
    assert [code for code, _label in lists.populations_of(supervisor, "justice")] == ["drug"]


PAGES = ("", "history/", "purpose/", "reveal/phone/")


@pytest.mark.parametrize("page", PAGES)
def test_another_units_worker_gets_404_and_the_try_is_logged(page):
    case_file = make_case_file()
    stranger = make_user(unit=make_unit(OTHER_VILLAGE))

    response = client_for(stranger).get(f"/files/{case_file.number}/{page}")

    assert response.status_code == 404
    (event,) = LoggedEvent.objects.filter(event="case_file.refused")
    assert (event.subject, event.actor) == (case_file.number, stranger.log_reference)
    assert event.outcome == "denied"


def test_a_file_that_is_not_theirs_answers_like_one_that_is_not_there():
    case_file = make_case_file()
    client = client_for(make_user(unit=make_unit(OTHER_VILLAGE)))

    hidden = client.get(f"/files/{case_file.number}/")
    missing = client.get("/files/00000-00000/")

    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.SOCIAL_WORKER, Role.SUPERVISOR)]
)
@pytest.mark.parametrize("page", ["/files/", "/files/{number}/", "/missing/"])
def test_other_roles_get_403(role, page):
    number = make_case_file().number

    assert client_for(make_user(role)).get(page.format(number=number)).status_code == 403


def test_a_visitor_is_asked_to_sign_in():
    assert client_for(None).get("/files/").status_code == 302
