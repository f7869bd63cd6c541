"""Pages of rule sets: what differs, what it brings, who may."""

from datetime import timedelta

import pytest
from django.utils import timezone

from casework.dashboards import rule_sets
from casework.sweeps import end_rule_sets
from kpm.permissions import Role
from risk_levels.actions import rule_set_in_force
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import DEFAULT_VERSION
from tests.factories import client_for, make_case_file, make_level, make_user

pytestmark = pytest.mark.django_db
ELDERS = "empty_nest_elder"


@pytest.fixture
def author():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def client(author):
    return client_for(author)


@pytest.fixture
def second():
    return client_for(make_user(Role.PRIVACY_OFFICER))


def drafted(client) -> RuleSet:
    answer = client.post("/rules/new/", {"reason": "More falls in winter."})
    rule_set = RuleSet.objects.get(state="draft")
    assert answer["Location"] == f"/rules/{rule_set.version}/"
    return rule_set


def page_of(rule_set, *more) -> str:
    return "/".join(["/rules", rule_set.version, *more, ""])


def sent(rule_set, **change):
    duties = {
        f"{level}_{name}": str(days)
        for level, found in rule_set.days_of(ELDERS).items()
        for name, days in found.items()
    }
    return duties | {"seen": rule_sets.seen(rule_set)} | change


def changed(client, rule_set, **change):
    return client.post(page_of(rule_set, "duties", ELDERS), sent(rule_set, **change))


def test_a_version_is_drafted_changed_read_and_brought_into_force(client, second):
    rule_set = drafted(client)
    assert changed(client, rule_set, yellow_visit_days="21").status_code == 302
    page = client.get(page_of(rule_set)).text
    assert "<del>30</del> → <strong>21 days</strong>" in page
    assert "More falls in winter." in page
    assert "Bring into force" not in page
    rule_set.refresh_from_db()
    page = second.get(page_of(rule_set, "start")).text
    assert "<del>30</del> → <strong>21 days</strong>" in page
    tomorrow = timezone.localdate() + timedelta(days=1)
    answer = second.post(
        page_of(rule_set, "start"),
        {"on": tomorrow.isoformat(), "seen": rule_sets.seen(rule_set)},
        follow=True,
    )
    assert "The version takes force on" in answer.text
    assert RuleSet.objects.in_force(tomorrow) == rule_set
    listed = client.get("/rules/").text
    assert "holds now" in listed
    assert "from 20" in listed
    answer = second.post(page_of(rule_set, "withdraw"), follow=True)
    assert "taken back" in answer.text
    assert RuleSet.objects.in_force(tomorrow).version == DEFAULT_VERSION


def test_bad_numbers_are_said_beside_the_field_and_nothing_is_lost(client):
    rule_set = drafted(client)
    answer = changed(client, rule_set, red_valid_days="91", green_contact_days="29")
    assert answer.status_code == 422
    assert "Between 1 and 90 days." in answer.text
    assert 'value="29"' in answer.text
    answer = changed(client, rule_set, red_valid_days="", yellow_visit_days="many")
    assert answer.status_code == 422
    assert 'value="many"' in answer.text
    answer = client.post(
        page_of(rule_set, "general"),
        {
            **{name: str(value) for name, value in rule_set.general().items()},
            "emergency_red_hours": "96",
            "seen": rule_sets.seen(rule_set),
        },
    )
    assert answer.status_code == 422
    assert "Between 1 and 72." in answer.text


def test_what_others_changed_meanwhile_is_not_overwritten_or_agreed_to_unseen(client, second):
    rule_set = drafted(client)
    old = sent(rule_set, yellow_visit_days="21")
    changed(client, rule_set, yellow_visit_days="20")
    answer = client.post(page_of(rule_set, "duties", ELDERS), old)
    assert (answer.status_code, "has changed since" in answer.text) == (422, True)
    (difference,) = answer.context["form"].differences
    assert (difference.theirs, difference.mine) == ("20", "21")
    assert "Written meanwhile" in answer.text
    answer = second.post(
        page_of(rule_set, "start"),
        {"on": timezone.localdate().isoformat(), "seen": old["seen"]},
    )
    assert (answer.status_code, "has changed since" in answer.text) == (422, True)
    rule_set.refresh_from_db()
    assert rule_set.state == "draft"


def test_the_general_numbers_change_too(client):
    rule_set = drafted(client)
    answer = client.post(
        page_of(rule_set, "general"),
        {
            **{name: str(value) for name, value in rule_set.general().items()},
            "emergency_red_hours": "48",
            "seen": rule_sets.seen(rule_set),
        },
        follow=True,
    )
    assert "<del>72</del> → <strong>48</strong>" in answer.text
    assert "No due date moves." in answer.text


def test_the_preview_counts_the_files_whose_due_day_moves(client, author):
    today = timezone.localdate()
    worker, now = make_user(), timezone.now()
    files = [make_case_file(lead=worker) for _number in range(6)]
    for each in files:
        make_level(each, "yellow", now=now - timedelta(days=25))
    rule_set = drafted(client)
    changed(client, rule_set, yellow_visit_days="20", yellow_contact_days="6")
    rule_set.refresh_from_db()
    (found,) = rule_sets.effects(rule_set, rule_set_in_force(today), today)
    assert (found.files, found.earlier, found.later) == (6, 6, 0)
    page = client.get(page_of(rule_set)).text
    assert "Due earlier than now: 6 files" in page
    # Nothing was written.
    assert [each.next_due_on for each in files] == [
        type(each).objects.get(pk=each.pk).next_due_on for each in files
    ]


def test_few_files_are_not_counted_out(client):
    worker = make_user()
    make_level(make_case_file(lead=worker), "yellow", now=timezone.now() - timedelta(days=25))
    rule_set = drafted(client)
    changed(client, rule_set, yellow_visit_days="20", yellow_contact_days="6")
    rule_set.refresh_from_db()
    assert "Due earlier than now: fewer than 5 files" in client.get(page_of(rule_set)).text


def test_a_draft_is_discarded_by_whoever_wrote_it(client, second):
    rule_set = drafted(client)
    other = client_for(make_user(Role.SUPERVISOR))
    answer = other.post(page_of(rule_set, "discard"), follow=True)
    assert "Somebody else is writing this draft" in answer.text
    answer = second.post(page_of(rule_set, "withdraw"), follow=True)
    assert "Only a version that was to take force" in answer.text
    answer = client.post(page_of(rule_set, "discard"), follow=True)
    assert "The draft is discarded." in answer.text
    rule_set.refresh_from_db()
    assert rule_set.state == "discarded"
    page = second.get(page_of(rule_set, "start")).text
    assert "brought into force by you" in page


def test_what_is_not_there_is_not_found(client):
    assert client.get("/rules/2020-01-1/").status_code == 404
    rule_set = drafted(client)
    assert client.get(page_of(rule_set, "duties", "nobody")).status_code == 404


def test_the_sweep_ends_what_was_replaced(client, second):
    rule_set = drafted(client)
    changed(client, rule_set, yellow_visit_days="20")
    rule_set.refresh_from_db()
    second.post(
        page_of(rule_set, "start"),
        {"on": timezone.localdate().isoformat(), "seen": rule_sets.seen(rule_set)},
    )
    listed = client.get("/rules/").text
    assert "Ended" in listed
    assert end_rule_sets(timezone.now()) == 1
    assert RuleSet.objects.get(version=DEFAULT_VERSION).state == "ended"
    assert "Until" in client.get(f"/rules/{DEFAULT_VERSION}/").text
