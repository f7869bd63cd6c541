"""Rule sets: one person writes a version, another brings it into force, none is changed after."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from audit.models import LoggedEvent
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels import actions
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import DEFAULT_VERSION
from tests.conftest import RealCommits
from tests.factories import TODAY, change_role, make_case_file, make_level, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def author():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def second():
    return make_user(Role.PRIVACY_OFFICER)


@pytest.fixture
def draft(author) -> RuleSet:
    return drafted(author)


def drafted(author, visit_days=21) -> RuleSet:
    made = actions.draft_rule_set(reason="Winter", by=author, today=TODAY)
    duties = made.days_of("empty_nest_elder")
    duties["yellow"]["visit_days"] = visit_days
    return actions.change_duties(
        rule_set=made, population="empty_nest_elder", duties=duties, by=author
    )


def start(rule_set, by, on=TOMORROW) -> RuleSet:
    return actions.start_rule_set(rule_set=rule_set, on=on, by=by, today=TODAY)


def events() -> list[str]:
    return [
        each.event.removeprefix("rule_set.")
        for each in LoggedEvent.objects.filter(subject_type="rule_set").order_by("id")
    ]


def test_a_draft_begins_with_the_numbers_of_today_and_holds_for_nobody(draft):
    first = RuleSet.objects.get(version=DEFAULT_VERSION)
    assert draft.days_of("empty_nest_elder")["yellow"]["visit_days"] == 21
    assert draft.days_of("drug") == first.days_of("drug")
    assert RuleSet.objects.in_force(TODAY + timedelta(days=400)) == first
    assert draft.version == f"{TODAY:%Y-%m}-1"
    assert events() == ["started", "drafted", "changed"]


def test_it_holds_from_the_day_on_which_a_second_person_lets_it(draft, second):
    start(draft, second)
    first = RuleSet.objects.get(version=DEFAULT_VERSION)
    assert RuleSet.objects.in_force(TODAY) == first
    assert RuleSet.objects.in_force(TOMORROW) == draft
    assert RuleSet.objects.get(pk=draft.pk).started_by == second


def test_nobody_brings_their_own_draft_into_force(draft, author):
    with pytest.raises(Refused, match="does not carry"):
        start(draft, author)
    # Whoever changed roles since is still the one who wrote it.
    author = change_role(author, Role.PRIVACY_OFFICER, author.unit)
    with pytest.raises(Refused, match="somebody else brings it into force"):
        start(draft, author)
    for by in (author.pk, None):
        with (
            pytest.raises(DatabaseError, match="brought_into_force_by_a_second_person"),
            transaction.atomic(),
        ):
            RuleSet.objects.filter(pk=draft.pk).update(
                state="in_force", in_force_on=TOMORROW, started_by=by
            )


def test_only_those_who_supervise_draft_and_only_whoever_drafted_changes(draft, author):
    for role in (Role.SOCIAL_WORKER, Role.PRIVACY_OFFICER, Role.SYSTEM_ADMINISTRATOR):
        with pytest.raises(Refused, match="does not carry"):
            actions.draft_rule_set(reason="x", by=make_user(role), today=TODAY)
    other = make_user(Role.SUPERVISOR)
    with pytest.raises(Refused, match="Somebody else is writing"):
        actions.change_general(rule_set=draft, general=draft.general(), by=other)
    with pytest.raises(Refused, match="Somebody else is writing"):
        actions.discard_rule_set(rule_set=draft, by=other)


def test_what_has_been_started_is_changed_no_more(draft, author, second):
    start(draft, second)
    with pytest.raises(Refused, match="no draft any more"):
        actions.change_general(rule_set=draft, general=draft.general(), by=author)
    with pytest.raises(Refused, match="no draft any more"):
        start(draft, second)
    with (
        pytest.raises(DatabaseError, match="a_rule_set_in_force_keeps_its_numbers"),
        transaction.atomic(),
    ):
        RuleSet.objects.filter(pk=draft.pk).update(numbers={})


def test_a_version_never_begins_in_the_past_or_before_one_that_is_set(author, second):
    one, other = drafted(author, 20), drafted(author, 19)
    assert other.version == f"{TODAY:%Y-%m}-2"
    with pytest.raises(Refused, match="today or later"):
        start(one, second, on=TODAY - timedelta(days=1))
    start(one, second)
    for on in (TODAY, TOMORROW):
        with pytest.raises(Refused, match="on this day or later"):
            start(other, second, on=on)
    start(other, second, on=TOMORROW + timedelta(days=1))
    days = (TODAY, TOMORROW, TOMORROW + timedelta(days=1))
    first = RuleSet.objects.get(version=DEFAULT_VERSION)
    assert [RuleSet.objects.in_force(day) for day in days] == [first, one, other]


def test_a_version_that_says_the_same_is_refused(author, second):
    draft = actions.draft_rule_set(reason="Nothing", by=author, today=TODAY)
    with pytest.raises(Refused, match="Nothing differs"):
        start(draft, second)


def test_what_has_not_begun_can_be_taken_back_and_what_was_before_goes_on(draft, second):
    start(draft, second)
    actions.withdraw_rule_set(rule_set=draft, by=second, today=TODAY)
    first = RuleSet.objects.get(version=DEFAULT_VERSION)
    assert RuleSet.objects.in_force(TOMORROW + timedelta(days=30)) == first
    assert events()[-2:] == ["started", "withdrawn"]
    with pytest.raises(Refused, match="Only a version that was to take force"):
        actions.withdraw_rule_set(rule_set=draft, by=second, today=TODAY)


def test_what_has_begun_is_not_taken_back(draft, second):
    start(draft, second, on=TODAY)
    with pytest.raises(Refused, match="replaced by the next one"):
        actions.withdraw_rule_set(rule_set=draft, by=second, today=TODAY)


def test_what_was_decided_by_is_not_taken_back_by_hand_either():
    make_level(make_case_file(), "yellow")
    with (
        pytest.raises(DatabaseError, match="that_was_decided_by_is_not_taken_back"),
        transaction.atomic(),
    ):
        RuleSet.objects.filter(version=DEFAULT_VERSION).update(state="withdrawn")


def test_a_draft_that_is_discarded_is_kept_and_never_holds(draft, author, second):
    actions.discard_rule_set(rule_set=draft, by=author)
    assert RuleSet.objects.get(pk=draft.pk).state == "discarded"
    with pytest.raises(Refused, match="no draft"):
        start(draft, second)
    assert drafted(author).version.endswith("-2")


def test_the_sweep_writes_down_when_a_version_ended(draft, second):
    start(draft, second)
    clock = system_account("clock")
    assert actions.end_replaced_rule_sets(by=clock, today=TODAY) == 0
    assert actions.end_replaced_rule_sets(by=clock, today=TOMORROW) == 1
    assert actions.end_replaced_rule_sets(by=clock, today=TOMORROW) == 0
    first = RuleSet.objects.get(version=DEFAULT_VERSION)
    assert (first.state, first.until_on) == ("ended", TOMORROW)
    # It is still the one of former days.
    assert RuleSet.objects.in_force(TODAY) == first
    assert events()[-1] == "ended"


@pytest.mark.parametrize(
    ("level", "name", "days", "field", "words"),
    [
        ("red", "valid_days", 91, "red_valid_days", "1 and 90 days"),
        ("green", "visit_days", 367, "green_visit_days", "1 and 366 days"),
        ("yellow", "contact_days", 0, "yellow_contact_days", "Between 1"),
        ("yellow", "contact_days", 31, "yellow_contact_days", "cannot be rarer than visits"),
        ("red", "review_days", 91, "red_review_days", "before its term"),
        ("yellow", "visit_days", 91, "green_visit_days", "must not ask for more"),
    ],
)
def test_no_version_says_what_makes_no_sense(draft, author, level, name, days, field, words):
    duties = draft.days_of("empty_nest_elder")
    duties[level][name] = days
    with pytest.raises(Refused, match=words) as refused:
        actions.change_duties(
            rule_set=draft, population="empty_nest_elder", duties=duties, by=author
        )
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("emergency_red_hours", 72),
        ("effect_workdays", 10),
        ("ack_workdays", 2),
        ("decide_workdays", 10),
    ],
)
def test_a_version_may_be_kinder_and_never_harsher(draft, author, name, most):
    with pytest.raises(Refused, match=f"Between 1 and {most}") as refused:
        actions.change_general(
            rule_set=draft, general=draft.general() | {name: most + 1}, by=author
        )
    assert refused.value.field == name
    changed = actions.change_general(
        rule_set=draft, general=draft.general() | {"emergency_red_hours": 48}, by=author
    )
    assert changed.general()["emergency_red_hours"] == 48


def test_what_climbs_climbs_before_it_takes_effect(draft, author):
    with pytest.raises(Refused, match="climbs before"):
        actions.change_general(
            rule_set=draft,
            general=draft.general() | {"climb_workdays": 5, "effect_workdays": 5},
            by=author,
        )


def test_a_version_older_than_a_number_has_its_default():
    assert RuleSet(numbers={}).general()["effect_workdays"] == 10
    assert RuleSet(numbers={"proposals": {"up_workdays": 1}}).general()["up_workdays"] == 1


def test_of_two_who_bring_versions_into_force_at_once_one_is_told(real_commits: RealCommits):
    author, second = make_user(Role.SUPERVISOR), make_user(Role.PRIVACY_OFFICER)
    drafts = [drafted(author, 20), drafted(author, 19)]

    def started(number: int) -> str:
        try:
            return start(drafts[number], second).state
        except Refused as refused:
            return str(refused.message)

    told = sorted(map(str, at_once(2, started)))
    assert told == ["Another rule set takes force on this day or later.", "in_force"]
    assert RuleSet.objects.filter(state="in_force", in_force_on=TOMORROW).count() == 1
