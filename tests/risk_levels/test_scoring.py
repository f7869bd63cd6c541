"""From answers to a suggestion: every answer in words, nothing hidden, nothing predicted."""

from hypothesis import given
from hypothesis import strategies as st

from risk_levels.instruments import CURRENT, INSTRUMENTS, instrument_for
from risk_levels.instruments.parts import Effect
from risk_levels.levels import Level, rank
from risk_levels.populations import POPULATIONS
from risk_levels.scoring import in_words, suggest

POPULATION_CODES = sorted(POPULATIONS)


def items(population, effect=None):
    return [
        item
        for section in CURRENT.sections_for(population)
        for item in section.items
        if effect is None or section.effect == effect
    ]


@st.composite
def cases(draw):
    """A population and any answers that it may be given, some left out."""
    population = draw(st.sampled_from(POPULATION_CODES))
    answers = {}
    for item in items(population):
        code = draw(st.sampled_from([None, *(option.code for option in item.options)]))
        if code is not None:
            answers[item.code] = code
    return population, answers


def all_answered(population, **given):
    """Nothing wrong, nothing missing, but for what is given."""
    calm = {Effect.SAFETY: "no", Effect.NEED: "none", Effect.STRENGTH: "no"}
    answers = {
        item.code: calm[section.effect]
        for section in CURRENT.sections_for(population)
        for item in section.items
    }
    return answers | given


def test_nothing_wrong_suggests_green_with_no_driver():
    found = suggest(CURRENT, all_answered("drug"), "drug")
    assert (found.level, found.is_provisional, found.drivers) == (Level.GREEN, False, ())
    assert "Nothing that was answered calls for more." in in_words(CURRENT, found.as_data())


def test_one_danger_suggests_red_and_says_which_answer_drove_it():
    answers = all_answered("empty_nest_elder", self_harm="yes")
    found = suggest(CURRENT, answers, "empty_nest_elder")
    assert found.level == Level.RED
    assert [each.item for each in found.drivers] == ["self_harm"]


def test_four_urgent_needs_suggest_red_and_one_alone_does_not():
    four = dict.fromkeys(("income", "housing", "health_care", "company"), "urgent")
    assert suggest(CURRENT, all_answered("drug", **four), "drug").level == Level.RED
    one = suggest(CURRENT, all_answered("drug", income="urgent"), "drug")
    assert one.level == Level.GREEN
    two = suggest(CURRENT, all_answered("drug", income="urgent", housing="some"), "drug")
    assert two.level == Level.YELLOW
    assert [each.item for each in two.drivers] == ["income", "housing"]


def test_strengths_take_off_from_needs_and_never_from_safety():
    strong = dict.fromkeys((item.code for item in items("drug", Effect.STRENGTH)), "yes")
    needs = {"income": "urgent", "housing": "some"}
    assert suggest(CURRENT, all_answered("drug", **needs, **strong), "drug").level == Level.GREEN
    danger = all_answered("drug", **strong, no_shelter="yes")
    assert suggest(CURRENT, danger, "drug").level == Level.RED


def test_a_missing_answer_makes_the_result_provisional():
    answers = all_answered("drug")
    del answers["income"]
    found = suggest(CURRENT, answers, "drug")
    assert found.is_provisional
    assert found.missing == ("income",)
    unknown = suggest(CURRENT, all_answered("drug", income="not_known"), "drug")
    assert unknown.missing == ("income",)
    assert any("Provisional" in sentence for sentence in in_words(CURRENT, found.as_data()))


def test_what_another_population_is_asked_does_not_count():
    answers = all_answered("drug") | {"child_alone": "yes"}
    assert suggest(CURRENT, answers, "drug").level == Level.GREEN
    child = all_answered("left_behind_child", child_alone="yes")
    assert suggest(CURRENT, child, "left_behind_child").level == Level.RED


@given(cases())
def test_the_same_answers_always_give_the_same_suggestion(case):
    population, answers = case
    again = dict(reversed(answers.items()))
    assert suggest(CURRENT, answers, population) == suggest(CURRENT, again, population)


@given(cases())
def test_every_level_above_green_has_a_driver_and_every_driver_was_answered(case):
    population, answers = case
    found = suggest(CURRENT, answers, population)
    assert bool(found.drivers) == (found.level != Level.GREEN)
    assert all(answers[each.item] == each.option for each in found.drivers)
    assert found.is_provisional == bool(found.missing)


@given(cases(), st.data())
def test_a_worse_answer_never_lowers_the_suggestion(case, data):
    population, answers = case
    item = data.draw(st.sampled_from(items(population, Effect.SAFETY)))
    before = suggest(CURRENT, answers | {item.code: "no"}, population)
    after = suggest(CURRENT, answers | {item.code: "yes"}, population)
    assert rank(after.level) >= rank(before.level)
    need = data.draw(st.sampled_from(items(population, Effect.NEED)))
    steps = [
        suggest(CURRENT, answers | {need.code: code}, population)
        for code in ("none", "some", "urgent")
    ]
    assert [rank(each.level) for each in steps] == sorted(rank(each.level) for each in steps)


@given(cases(), st.data())
def test_a_strength_never_raises_the_suggestion(case, data):
    population, answers = case
    item = data.draw(st.sampled_from(items(population, Effect.STRENGTH)))
    without = suggest(CURRENT, answers | {item.code: "no"}, population)
    with_it = suggest(CURRENT, answers | {item.code: "yes"}, population)
    assert rank(with_it.level) <= rank(without.level)


@given(cases())
def test_a_kept_result_is_told_in_words_again(case):
    population, answers = case
    found = suggest(CURRENT, answers, population)
    data = found.as_data()
    instrument = instrument_for(CURRENT.code, CURRENT.version)
    sentences = in_words(instrument, data)
    assert data["inputs"] == answers
    assert all(sentences)
    assert len(sentences) >= 2


def test_every_question_has_a_source_and_codes_are_unique():
    for instrument in INSTRUMENTS.values():
        every = [item for section in instrument.sections for item in section.items]
        assert len({item.code for item in every}) == len(every)
        assert all(str(item.source).strip() for item in every)
        assert all(set(item.only_for) <= set(POPULATIONS) for item in every)
        assert instrument.item("no_such_question") is None


def test_refusing_the_service_is_no_question_of_safety():
    texts = " ".join(str(item.text) for item in items("released", Effect.SAFETY)).lower()
    assert "refus" not in texts
    assert "declin" not in texts


def test_words_survive_a_question_that_the_instrument_no_longer_has():
    data = suggest(CURRENT, all_answered("drug", self_harm="yes"), "drug").as_data()
    data["drivers"] = [["gone", "yes"], ["self_harm", "gone"]]
    assert in_words(CURRENT, data)
