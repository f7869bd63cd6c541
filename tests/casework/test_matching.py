"""Who could help whom: numbers in, suggestions with their reasons out."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework import drafts, matching
from casework.drafts import match, unplaced_cost
from casework.matching import File, Fit, Sex, Why, Worker, fit, load_cost, rank

COUNTY, TOWNSHIP = "100122000000", "100122101000"
VILLAGE, NEXT_VILLAGE = "100122101201", "100122101202"
FAR_VILLAGE, OTHER_COUNTY = "100122202201", "100133101201"
TODAY = date(2026, 11, 2)


@dataclass(frozen=True)
class Days:
    contact_days: int | None
    visit_days: int | None


def a_worker(key="w", **values):
    return Worker(**{"key": key, "unit": VILLAGE, "reaches": "100122", **values})


def a_file(key="f", **values):
    return File(**{"key": key, "unit": VILLAGE, "population": "drug", "points": 10, **values})


def whys(found: Fit) -> set[Why]:
    return {reason.why for reason in found.reasons}


def cost(file, worker, why):
    return next(each.cost for each in fit(file, worker).reasons if each.why == why)


def keys(fits):
    return [each.worker.key for each in fits]


# --- Points and capacity


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # Fifteen calls, and a little more than four visits of four points each.
        (Days(2, 7), 33),
        (Days(30, 90), 3),
        (Days(None, 30), 4),
        (Days(30, None), 1),
        (Days(None, None), 1),
    ],
)
def test_a_file_counts_what_its_duties_ask_for(days, expected):
    assert matching.points(days) == expected


def test_a_deputy_carries_a_quarter():
    assert matching.share(33, is_lead=True) == 33
    assert matching.share(33, is_lead=False) == 9


def test_part_time_carries_its_part():
    assert matching.capacity(100, [], TODAY) == 160
    assert matching.capacity(50, [], TODAY) == 80


def test_days_away_take_from_the_capacity_once():
    week = (TODAY + timedelta(days=7), TODAY + timedelta(days=14))
    inside = (TODAY + timedelta(days=8), TODAY + timedelta(days=10))

    assert matching.capacity(100, [week], TODAY) == 120
    assert matching.capacity(100, [week, inside], TODAY) == 120


def test_only_the_days_ahead_count():
    past = (TODAY - timedelta(days=30), TODAY)
    later = (TODAY + timedelta(days=28), TODAY + timedelta(days=60))

    assert matching.capacity(100, [past, later], TODAY) == 160


def test_who_is_away_all_the_time_has_no_room():
    gone = (TODAY, TODAY + timedelta(days=28))

    assert matching.capacity(100, [gone], TODAY) == 0
    assert a_worker(capacity=0).room == 0


@given(load=st.integers(0, 300), more=st.integers(1, 60), full=st.integers(0, 160))
def test_a_point_never_costs_less_than_the_one_before(load, more, full):
    first = load_cost(load + 1, full) - load_cost(load, full)
    last = load_cost(load + more + 1, full) - load_cost(load + more, full)

    assert 0 <= first <= last


# --- One pair


def test_a_conflict_of_interest_forbids():
    found = fit(a_file(conflicts=frozenset({"w"}), wanted=frozenset({"w"})), a_worker())

    assert found.is_forbidden
    assert Why.CONFLICT in whys(found)


def test_whom_the_person_does_not_want_is_not_suggested():
    assert fit(a_file(unwanted=frozenset({"w"})), a_worker()).is_forbidden
    assert not fit(a_file(unwanted=frozenset({"other"})), a_worker()).is_forbidden


@pytest.mark.parametrize(
    "limits", [{"reaches": "100133"}, {"populations": frozenset({"released"})}]
)
def test_who_is_not_there_for_the_file_is_forbidden(limits):
    found = fit(a_file(), a_worker(**limits))

    assert found.is_forbidden
    assert Why.OUT_OF_REACH in whys(found)


def test_a_wish_outweighs_a_far_way():
    file = a_file(wanted=frozenset({"far"}))

    assert keys(rank(file, [a_worker("near"), a_worker("far", unit=FAR_VILLAGE)])) == [
        "far",
        "near",
    ]


def test_a_woman_comes_first_where_the_team_must_have_one():
    file = a_file(lacks_woman=True)
    found = rank(file, [a_worker("man", sex=Sex.MAN), a_worker("?"), a_worker("w", sex=Sex.WOMAN)])

    assert keys(found)[0] == "w"
    assert [Why.NO_WOMAN in whys(each) for each in found] == [False, True, True]


def test_sex_is_no_reason_where_nothing_asks_for_it():
    reasons = whys(fit(a_file(), a_worker(sex=Sex.WOMAN)))

    assert not reasons & {Why.WOMAN_NEEDED, Why.NO_WOMAN, Why.WISHED_SEX, Why.OTHER_SEX}


def test_the_person_may_wish_for_a_man():
    file = a_file(wished_sex=Sex.MAN)

    assert Why.WISHED_SEX in whys(fit(file, a_worker(sex=Sex.MAN)))
    assert Why.OTHER_SEX in whys(fit(file, a_worker(sex=Sex.WOMAN)))


def test_training_counts_for_its_own_population():
    worker = a_worker(trained=frozenset({"drug"}))

    assert Why.TRAINED in whys(fit(a_file(), worker))
    assert Why.UNTRAINED in whys(fit(a_file(population="released"), worker))


@pytest.mark.parametrize(
    ("unit", "steps", "why"),
    [
        (VILLAGE, 0, Why.SAME_UNIT),
        (TOWNSHIP, 1, Why.NEAR),
        (NEXT_VILLAGE, 2, Why.NEAR),
        (COUNTY, 2, Why.SAME_COUNTY),
        (FAR_VILLAGE, 4, Why.SAME_COUNTY),
        (OTHER_COUNTY, 6, Why.FAR),
        ("200000000000", 5, Why.FAR),
    ],
)
def test_the_way_is_counted_through_the_unit_tree(unit, steps, why):
    assert matching.steps_between(VILLAGE, unit)[0] == steps
    assert matching.steps_between(unit, VILLAGE)[0] == steps
    assert cost(a_file(), a_worker(unit=unit), why) == steps * matching.STEP_COST


def test_who_knows_the_person_comes_before_who_knew_them():
    file = a_file(lead="lead", team=frozenset({"lead", "deputy"}), former=frozenset({"former"}))
    workers = [a_worker(key) for key in ("new", "former", "deputy", "lead")]

    assert keys(rank(file, workers)) == ["lead", "deputy", "former", "new"]


def test_who_carries_little_comes_before_who_carries_much():
    workers = [a_worker("much", load=120), a_worker("little", load=40)]

    assert keys(rank(a_file(), workers)) == ["little", "much"]


def test_the_load_after_is_said_with_the_capacity():
    reasons = fit(a_file(), a_worker(load=40, capacity=80)).reasons

    assert next(each for each in reasons if each.why == Why.LOAD).says == (50, 80)


def test_more_than_there_is_room_for_is_said():
    assert Why.OVER in whys(fit(a_file(), a_worker(load=170)))
    assert Why.OVER not in whys(fit(a_file(), a_worker(load=166)))


def test_languages_are_said_and_weigh_nothing():
    speaks, silent = a_worker(languages=("wu", "signing")), a_worker("s")
    found = fit(a_file(), speaks)
    assert next(each.says for each in found.reasons if each.why == Why.SPEAKS) == ("wu", "signing")
    assert found.cost == fit(a_file(), silent).cost
    assert Why.SPEAKS not in whys(fit(a_file(), silent))


def test_who_is_away_today_says_until_when():
    back = TODAY + timedelta(days=3)
    reasons = fit(a_file(), a_worker(away_until=back)).reasons

    assert next(each for each in reasons if each.why == Why.AWAY).says == (back,)


def test_what_counts_most_is_said_first():
    found = fit(a_file(wished_sex=Sex.MAN), a_worker(unit=NEXT_VILLAGE, trained={"drug"}))

    costs = [abs(each.cost) for each in found.reasons]
    assert costs == sorted(costs, reverse=True)


# --- Many at once

UNITS = [VILLAGE, NEXT_VILLAGE, FAR_VILLAGE]
NAMES = ("a", "b", "c")
SOME = st.frozensets(st.sampled_from(NAMES), max_size=1)


def some_files(asked):
    made = st.builds(
        File,
        key=st.none(),
        unit=st.sampled_from(UNITS),
        population=st.sampled_from(["drug", "released"]),
        points=asked,
        is_urgent=st.booleans(),
        lacks_woman=st.booleans(),
        conflicts=SOME,
        wanted=SOME,
        former=SOME,
    )
    return st.lists(made, min_size=1, max_size=5).map(
        lambda rows: [replace(row, key=number) for number, row in enumerate(rows)]
    )


WORKERS = st.lists(
    st.builds(
        Worker,
        key=st.none(),
        unit=st.sampled_from(UNITS),
        reaches=st.sampled_from(["100122", "100122101"]),
        sex=st.sampled_from(Sex),
        trained=st.frozensets(st.sampled_from(["drug", "released"])),
        load=st.integers(0, 60),
        capacity=st.integers(0, 60),
    ),
    max_size=3,
).map(lambda rows: [replace(row, key=name) for row, name in zip(rows, NAMES, strict=False)])


def least(files, workers):
    """The cost of the best of all drafts there are, each of them counted by hand."""
    fixed = {
        (file.key, worker.key): sum(
            each.cost for each in fit(file, worker).reasons if each.why not in (Why.LOAD, Why.OVER)
        )
        for file in files
        for worker in workers
    }
    found = []
    for way in product([None, *workers], repeat=len(files)):
        loads = {each.key: each.load for each in workers}
        total = 0
        for file, worker in zip(files, way, strict=True):
            total += unplaced_cost(file) if worker is None else fixed[file.key, worker.key]
            if worker is not None:
                loads[worker.key] += file.points
        given = [each for each in workers if loads[each.key] > each.load]
        if any(loads[each.key] - each.load > each.room for each in given):
            continue
        total += sum(
            load_cost(loads[each.key], each.capacity) - load_cost(each.load, each.capacity)
            for each in given
        )
        found.append(total)
    return min(found)


@settings(max_examples=80, deadline=None)
@given(files=some_files(st.integers(1, 30)), workers=WORKERS)
def test_no_draft_of_few_files_is_better(files, workers):
    draft = match(files, workers)

    assert draft.is_best
    assert draft.cost == least(files, workers)


@settings(max_examples=80, deadline=None)
@given(files=some_files(st.just(12)), workers=WORKERS)
def test_no_draft_of_files_that_ask_for_the_same_is_better(files, workers):
    draft = match(files, workers)

    assert draft.is_best
    assert draft.cost == least(files, workers)


@settings(max_examples=60, deadline=None)
@given(files=some_files(st.integers(1, 30)), workers=WORKERS)
def test_placing_by_weight_comes_near_and_never_below(files, workers):
    table = drafts._Table(files, workers)

    assert table.cost(table.place_by_weight()) >= least(files, workers)


@settings(max_examples=60, deadline=None)
@given(files=some_files(st.integers(1, 30)), workers=WORKERS)
def test_a_draft_forbids_what_one_pair_forbids(files, workers):
    draft = match(files, workers)
    given_points = dict.fromkeys((each.key for each in workers), 0)
    for file in files:
        chosen = next((each for each in workers if each.key == draft.chosen[file.key]), None)
        if chosen is not None:
            assert not fit(file, chosen).is_forbidden
            given_points[chosen.key] += file.points

    assert all(given_points[each.key] <= each.room for each in workers)


@given(files=some_files(st.integers(1, 30)), workers=WORKERS)
def test_pairs_cost_the_same_together_as_one_by_one(files, workers):
    rows = drafts.pair_costs(files, workers)

    for file, row in zip(files, rows, strict=True):
        for worker, together in zip(workers, row, strict=True):
            reasons = fit(file, worker).reasons
            alone = sum(each.cost for each in reasons if each.why not in (Why.LOAD, Why.OVER))
            assert alone == together


def test_nothing_to_place_is_an_empty_draft():
    assert match([], [a_worker()]) == drafts.Draft({}, 0, is_best=True)


def test_without_anybody_every_file_stays_without():
    draft = match([a_file(1), a_file(2, points=3)], [])

    assert draft.chosen == {1: None, 2: None}


def test_the_urgent_file_is_placed_where_there_is_room_for_one():
    files = [a_file("calm", points=12), a_file("urgent", points=11, is_urgent=True)]

    assert match(files, [a_worker(capacity=12)]).chosen == {"calm": None, "urgent": "w"}


def test_the_draft_of_all_is_better_than_each_file_by_itself():
    files = [
        a_file(1, unit=NEXT_VILLAGE, wanted=frozenset({"a"})),
        a_file(2, conflicts=frozenset({"b"})),
    ]
    workers = [a_worker("a", capacity=10), a_worker("b", capacity=10)]

    # One by one, the first would take the only worker who may help with the second.
    assert keys(rank(files[0], workers))[0] == "a"
    assert match(files, workers).chosen == {1: "b", 2: "a"}


def test_many_files_are_placed_without_counting_every_draft():
    files = [a_file(number, points=3 + number % 3 * 5) for number in range(60)]
    workers = [a_worker(number, load=number) for number in range(40)]

    draft = match(files, workers)

    assert not draft.is_best
    assert None not in draft.chosen.values()


def test_a_draft_without_proof_says_so(monkeypatch):
    files = [a_file(number, points=3 + number) for number in range(4)]
    monkeypatch.setattr(drafts._Exact, "solve", lambda _self: (False, None))

    draft = match(files, [a_worker("a"), a_worker("b")])

    assert not draft.is_best
    assert None not in draft.chosen.values()


def test_other_choices_are_counted_beside_the_rest_of_the_draft():
    files = [a_file(1), a_file(2)]
    workers = [a_worker("a"), a_worker("b", load=80)]
    chosen = {1: "a", 2: "a"}

    found = drafts.choices(files, workers, chosen)

    for file in files:
        kept = next(each for each in found[file.key] if each.worker.key == "a")
        assert (20, 160) in {each.says for each in kept.reasons}
    assert drafts.choices(files, workers, {1: "a", 2: None})[2][0].worker.load == 10
