"""Due dates and what red lacks: days in, days out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.caseload import ALWAYS, Calendar, Due, DueKind, Lack, Rhythm, missing

OPENED = date(2026, 1, 1)
DECIDED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Days:
    contact_days: int | None
    visit_days: int | None


def calendar(**values):
    return Calendar(
        **{
            "opened_on": OPENED,
            "review_on": None,
            "rhythms": [Rhythm(OPENED, Days(7, 30))],
            "first_visit_days": None,
            **values,
        }
    )


def day(days):
    return OPENED + timedelta(days=days)


def test_a_rhythm_counts_from_the_last_time():
    found = calendar(last_contact_on=day(10), last_visit_on=day(5)).due()

    assert found == [Due(day(17), DueKind.CONTACT), Due(day(35), DueKind.VISIT)]


def test_without_a_last_time_it_counts_from_the_opening():
    assert calendar().next_due_on() == day(7)


def test_whoever_is_new_is_visited_soon():
    assert calendar(first_visit_days=3).due()[0] == Due(day(3), DueKind.FIRST_VISIT)


def test_a_first_visit_is_due_once():
    kinds = {due.kind for due in calendar(first_visit_days=3, last_visit_on=day(1)).due()}

    assert DueKind.FIRST_VISIT not in kinds


def test_a_call_is_no_first_visit():
    kinds = {due.kind for due in calendar(first_visit_days=3, last_contact_on=day(1)).due()}

    assert DueKind.FIRST_VISIT in kinds


def asked(*rhythms, **values):
    """The contact that is due under these rhythms, each from a day on with so many days."""
    made = [Rhythm(day(since), Days(days, None)) for since, days in rhythms]
    (due,) = calendar(rhythms=made, **values).due()
    return (due.on - OPENED).days


def test_nothing_was_due_before_the_rhythm_that_asks_for_it():
    # Twenty days after the last contact the file becomes red: due today, not thirteen days ago.
    assert asked((0, 30), (20, 7)) == 20
    assert asked((0, 30), (20, 7), last_contact_on=day(2)) == 20
    # With time left, it is due as the tighter rhythm says.
    assert asked((0, 30), (20, 7), last_contact_on=day(18)) == 25
    assert asked((0, 30), (20, 7), last_contact_on=day(21)) == 28


def test_what_was_overdue_stays_overdue_when_the_rhythm_gets_tighter():
    assert asked((0, 30), (40, 7)) == 30
    assert asked((0, 30), (20, 14), (40, 7)) == 20


def test_the_end_of_a_term_hides_no_missed_contact():
    # The label drops on day 90, the rhythm stays: due since day 27.
    assert asked((0, 30), (0, 7), (90, 7), last_contact_on=day(20)) == 27
    # And where red began after the last contact, since it began.
    assert asked((0, 30), (20, 7), (110, 7)) == 20


def test_a_step_down_asks_for_less_and_hides_nothing():
    assert asked((0, 7), (50, 14), last_contact_on=day(20)) == 34
    assert asked((0, 7), (30, 14), last_contact_on=day(20)) == 34
    assert asked((0, 30), (20, 7), (60, 14), (70, 30)) == 30


def test_a_rhythm_may_ask_for_nothing_for_a_while():
    assert asked((0, None), (20, 7)) == 7
    assert asked((0, 7), (5, None), (20, 7)) == 7


def test_a_review_is_due_on_its_day():
    assert Due(day(3), DueKind.REVIEW) in calendar(review_on=day(3)).due()


def test_what_nobody_asks_for_is_not_due():
    assert calendar(rhythms=[]).due() == []
    assert calendar(rhythms=[Rhythm(OPENED, Days(None, None))]).next_due_on() is None


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.none() | st.integers(0, 400),
    st.none() | st.integers(0, 400),
)
def test_doing_something_never_makes_anything_due_sooner(contact, visit, before, after):
    def with_last(days):
        last_on = None if days is None else day(days)
        rhythms = [Rhythm(OPENED, Days(90, 90)), Rhythm(day(100), Days(contact, visit))]
        return calendar(rhythms=rhythms, last_contact_on=last_on)

    first, last = sorted(days for days in (before or 0, after or 0))

    assert with_last(first).next_due_on() <= with_last(last).next_due_on()


@pytest.mark.parametrize(
    ("has", "lacks"),
    [
        ((), (Lack.LEAD, Lack.DEPUTY, Lack.PLAN, Lack.WORD)),
        (("lead", "member"), (Lack.DEPUTY, Lack.PLAN, Lack.WORD)),
        (("lead", "deputy"), (Lack.PLAN, Lack.WORD)),
        (("lead", "deputy", "plan"), (Lack.WORD,)),
    ],
)
def test_red_lacks_whoever_is_not_there_within_a_day(has, lacks):
    found = missing(began_at=DECIDED, needs=ALWAYS, has=has)

    assert found is not None
    assert (found.lacks, found.by_at) == (lacks, DECIDED + timedelta(hours=24))


def test_a_complete_file_lacks_nothing():
    has = ("lead", "deputy", "plan", "word")
    assert missing(began_at=DECIDED, needs=ALWAYS, has=has) is None
    assert missing(began_at=DECIDED, needs=[*ALWAYS, "village"], has=has).lacks == ("village",)


@pytest.mark.parametrize(
    ("hours", "step"), [(0, 0), (23, 0), (24, 1), (47, 1), (48, 2), (24 * 9, 9)]
)
def test_each_day_after_the_first_asks_one_unit_more(hours, step):
    lacks = missing(began_at=DECIDED, needs=ALWAYS, has=())

    assert lacks.step(DECIDED + timedelta(hours=hours)) == step
