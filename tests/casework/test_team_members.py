"""People of other organs in a team: named with their place, without an account."""

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework import red_rules
from casework.actions import team_members
from casework.models import TeamMember
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import (
    COUNTY,
    OTHER_TOWNSHIP,
    assign,
    change_role,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
SAID = {"place": "family_doctor", "name": "赵医生", "role": "镇卫生院", "told": "每月体检的日子"}


@pytest.fixture
def lead():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(lead):
    return make_case_file(lead=lead)


def page(case_file):
    return reverse("casework:name_member", args=(case_file.number,))


def name(case_file, by, **said):
    return team_members.name_member(case_file=case_file, by=by, today=TODAY, **{**SAID, **said})


def test_the_lead_names_the_doctor_and_the_page_says_so(case_file, lead):
    browser = client_for(lead)
    answer = browser.post(page(case_file), SAID, follow=True)
    words = answer.content.decode()
    for said in ("赵医生", "镇卫生院", "每月体检的日子", "Family doctor"):
        assert said in words, said
    assert LoggedEvent.objects.filter(event="team_member.named").count() == 1
    member = TeamMember.objects.get()
    assert member.district == case_file.district


def test_nothing_about_them_stands_in_the_log_or_in_plain_columns(case_file, lead):
    name(case_file, lead)
    [event] = LoggedEvent.objects.filter(event="team_member.named")
    assert event.subject == case_file.number
    row = TeamMember.objects.values().get()
    assert "赵医生" not in str({key: value for key, value in row.items() if key != "head"})
    assert "赵医生".encode() not in bytes(row["head"])


def test_who_leaves_is_gone_from_the_page_and_stays_in_the_past(case_file, lead):
    name(case_file, lead)
    browser = client_for(lead)
    gone = reverse("casework:end_member", args=(case_file.number, 1))
    words = browser.post(gone, follow=True).content.decode()
    assert "赵医生" not in words
    member = TeamMember.objects.get()
    assert member.until_on == TODAY
    assert LoggedEvent.objects.filter(event="team_member.left").count() == 1
    # A page from before the click.
    again = browser.post(gone, follow=True).content.decode()
    assert "This has ended already." in again
    assert LoggedEvent.objects.filter(event="team_member.left").count() == 1


def test_a_supervisor_says_that_nobody_can_be_had_and_why(case_file, supervisor):
    browser = client_for(supervisor)
    browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    sent = {"place": "supporter", "told": "子女都不在了", "is_nobody": "on"}
    words = browser.post(page(case_file), sent, follow=True).content.decode()
    assert "Nobody can be had" in words
    assert "子女都不在了" in words
    assert TeamMember.objects.get().is_nobody


class TestRefusals:
    def test_a_name_is_needed_and_what_was_typed_stays(self, case_file, lead):
        answer = client_for(lead).post(page(case_file), {**SAID, "name": ""})
        assert answer.status_code == 422
        words = answer.content.decode()
        assert "Say who it is." in words
        assert 'Name <span class="optional">' not in words
        assert "镇卫生院" in words
        assert not TeamMember.objects.exists()

    def test_a_place_of_another_group_is_none(self, case_file, lead):
        answer = client_for(lead).post(page(case_file), {**SAID, "place": "police"})
        assert answer.status_code == 422
        with pytest.raises(Refused, match="no such place"):
            name(case_file, lead, place="police")

    def test_a_worker_cannot_say_that_nobody_can_be_had(self, case_file, lead):
        sent = {"place": "supporter", "told": "Nobody", "is_nobody": "on"}
        assert client_for(lead).post(page(case_file), sent).status_code == 422
        with pytest.raises(Refused, match="Supervisors say"):
            name(case_file, lead, name="", is_nobody=True)
        assert not TeamMember.objects.exists()

    def test_nor_can_a_supervisor_who_is_in_the_team_themselves(self, case_file):
        both = make_user()
        assign(case_file, both, "member")
        both = change_role(both, Role.SUPERVISOR, make_unit(COUNTY))
        with pytest.raises(Refused, match="You work on this file"):
            name(case_file, both, name="", is_nobody=True)
        browser = client_for(both)
        assert "is_nobody" not in browser.get(page(case_file)).context["form"].fields
        assert browser.post(page(case_file), SAID).status_code == 302

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"told": ""}, "told"),
            ({"told": "Nobody lives here", "name": "赵"}, "name"),
            ({"told": "Nobody lives here", "name": "", "is_woman": True}, "name"),
        ],
    )
    def test_nobody_has_a_reason_and_no_name(self, case_file, supervisor, said, field):
        with pytest.raises(Refused) as refused:
            name(case_file, supervisor, is_nobody=True, **{"name": "", **said})
        assert refused.value.field == field

    def test_whoever_has_no_part_in_the_file_names_nobody(self, case_file):
        stranger = make_user(unit=make_unit(OTHER_TOWNSHIP))
        assert client_for(stranger).post(page(case_file), SAID).status_code == 404
        for by in (make_user(), make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))):
            with pytest.raises(Refused):
                name(case_file, by)

    def test_other_roles_do_not_name_anybody(self, case_file):
        with pytest.raises(Refused, match="Your role"):
            name(case_file, make_user(Role.AUDITOR))

    def test_a_closed_file_has_no_new_people(self, case_file, lead):
        member = name(case_file, lead)
        case_file.close(on=TODAY)
        case_file.save_as(by=lead)
        with pytest.raises(Refused, match="is closed"):
            name(case_file, lead)
        with pytest.raises(Refused, match="is closed"):
            team_members.end(member=member, by=lead, today=TODAY)

    def test_a_place_that_never_was_is_not_found(self, case_file, lead):
        name(case_file, lead)
        for at in (0, 2):
            gone = reverse("casework:end_member", args=(case_file.number, at))
            assert client_for(lead).post(gone).status_code == 404


def test_whatever_a_level_asks_for_red_asks_for_as_well():
    """The count of filled places is right only as long as this holds."""
    for population in red_rules.POPULATIONS:
        asked = {
            *red_rules.needs_of_anybody(population),
            *red_rules.needs_of_some(population),
        }
        assert asked.issuperset(red_rules.places_of(population)), population


def test_the_rule_itself_asks_who_it_is(case_file, supervisor):
    with pytest.raises(Refused, match="Say who it is") as refused:
        name(case_file, supervisor, name="")
    assert refused.value.field == "name"
