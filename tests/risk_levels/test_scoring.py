"""From answers to a suggestion: every answer in words, nothing hidden, nothing predicted."""

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from risk_levels.instruments import INSTRUMENTS, current_for, instrument_for, support_needs_1
from risk_levels.instruments.parts import Effect
from risk_levels.levels import Level, rank
from risk_levels.populations import POPULATIONS
from risk_levels.scoring import (
    Turn,
    answered_as_before,
    changes,
    in_words,
    may_be_higher,
    open_questions,
    suggest,
)

GENERAL = support_needs_1.INSTRUMENT
POPULATION_CODES = sorted(POPULATIONS)


def items(population, effect=None):
    return [
        item
        for section in GENERAL.sections_for(population)
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
        for section in GENERAL.sections_for(population)
        for item in section.items
    }
    return answers | given


def test_nothing_wrong_suggests_green_with_no_driver():
    found = suggest(GENERAL, all_answered("drug"), "drug")
    assert (found.level, found.is_provisional, found.drivers) == (Level.GREEN, False, ())
    assert "Nothing that was answered calls for more." in in_words(GENERAL, found.as_data())


def test_one_danger_suggests_red_and_says_which_answer_drove_it():
    answers = all_answered("empty_nest_elder", self_harm="yes")
    found = suggest(GENERAL, answers, "empty_nest_elder")
    assert found.level == Level.RED
    assert [each.item for each in found.drivers] == ["self_harm"]


def test_four_urgent_needs_suggest_red_and_one_alone_does_not():
    four = dict.fromkeys(("income", "housing", "health_care", "company"), "urgent")
    assert suggest(GENERAL, all_answered("drug", **four), "drug").level == Level.RED
    one = suggest(GENERAL, all_answered("drug", income="urgent"), "drug")
    assert one.level == Level.GREEN
    two = suggest(GENERAL, all_answered("drug", income="urgent", housing="some"), "drug")
    assert two.level == Level.YELLOW
    assert [each.item for each in two.drivers] == ["income", "housing"]


def test_strengths_take_off_from_needs_and_never_from_safety():
    strong = dict.fromkeys((item.code for item in items("drug", Effect.STRENGTH)), "yes")
    needs = {"income": "urgent", "housing": "some"}
    assert suggest(GENERAL, all_answered("drug", **needs, **strong), "drug").level == Level.GREEN
    danger = all_answered("drug", **strong, no_shelter="yes")
    assert suggest(GENERAL, danger, "drug").level == Level.RED


def test_a_missing_answer_makes_the_result_provisional():
    answers = all_answered("drug")
    del answers["income"]
    found = suggest(GENERAL, answers, "drug")
    assert found.is_provisional
    assert found.missing == ("income",)
    unknown = suggest(GENERAL, all_answered("drug", income="not_known"), "drug")
    assert unknown.missing == ("income",)
    assert any("Provisional" in sentence for sentence in in_words(GENERAL, found.as_data()))


def test_what_another_population_is_asked_does_not_count():
    answers = all_answered("drug") | {"child_alone": "yes"}
    assert suggest(GENERAL, answers, "drug").level == Level.GREEN
    child = all_answered("left_behind_child", child_alone="yes")
    assert suggest(GENERAL, child, "left_behind_child").level == Level.RED


@given(cases())
def test_the_same_answers_always_give_the_same_suggestion(case):
    population, answers = case
    again = dict(reversed(answers.items()))
    assert suggest(GENERAL, answers, population) == suggest(GENERAL, again, population)


@given(cases())
def test_every_level_above_green_has_a_driver_and_every_driver_was_answered(case):
    population, answers = case
    found = suggest(GENERAL, answers, population)
    assert bool(found.drivers) == (found.level != Level.GREEN)
    assert all(answers[each.item] == each.option for each in found.drivers)
    assert found.is_provisional == bool(found.missing)


@given(cases(), st.data())
def test_a_worse_answer_never_lowers_the_suggestion(case, data):
    population, answers = case
    item = data.draw(st.sampled_from(items(population, Effect.SAFETY)))
    before = suggest(GENERAL, answers | {item.code: "no"}, population)
    after = suggest(GENERAL, answers | {item.code: "yes"}, population)
    assert rank(after.level) >= rank(before.level)
    need = data.draw(st.sampled_from(items(population, Effect.NEED)))
    steps = [
        suggest(GENERAL, answers | {need.code: code}, population)
        for code in ("none", "some", "urgent")
    ]
    assert [rank(each.level) for each in steps] == sorted(rank(each.level) for each in steps)


@given(cases(), st.data())
def test_a_strength_never_raises_the_suggestion(case, data):
    population, answers = case
    item = data.draw(st.sampled_from(items(population, Effect.STRENGTH)))
    without = suggest(GENERAL, answers | {item.code: "no"}, population)
    with_it = suggest(GENERAL, answers | {item.code: "yes"}, population)
    assert rank(with_it.level) <= rank(without.level)


@given(cases())
def test_a_kept_result_is_told_in_words_again(case):
    population, answers = case
    found = suggest(GENERAL, answers, population)
    data = found.as_data()
    instrument = instrument_for(GENERAL.code, GENERAL.version)
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
    data = suggest(GENERAL, all_answered("drug", self_harm="yes"), "drug").as_data()
    data["drivers"] = [["gone", "yes"], ["self_harm", "gone"]]
    assert in_words(GENERAL, data)


@pytest.mark.parametrize(
    "trait",
    ["民族", "宗教", "信仰", "政治", "党", "信访", "上访", "艾滋", "诊断", "指纹", "轨迹", "定位"],
)
def test_no_questionnaire_says_a_word_in_chinese_of_what_may_not_be_held(trait):
    with override("zh-hans"):
        for instrument in INSTRUMENTS.values():
            for section in instrument.sections:
                for item in section.items:
                    assert trait not in f"{item.text}{item.hint}"


def test_every_question_has_its_own_chinese():
    for instrument in INSTRUMENTS.values():
        for section in instrument.sections:
            for item in section.items:
                for words in (item.text, item.source, *(option.label for option in item.options)):
                    with override("en"):
                        english = str(words)
                    with override("zh-hans"):
                        assert str(words) != english
                        assert any("\u4e00" <= sign <= "\u9fff" for sign in str(words))


@pytest.mark.parametrize("population", POPULATION_CODES)
class TestEveryPopulationHasItsOwnQuestionnaire:
    def test_it_begins_with_strengths_and_has_needs_and_dangers(self, population):
        instrument = current_for(population)
        sections = instrument.sections_for(population)
        assert [each.effect for each in sections] == [Effect.STRENGTH, Effect.NEED, Effect.SAFETY]
        assert (instrument.code, instrument.version) == (population, 1)
        assert 15 <= sum(len(section.items) for section in sections) <= 25
        assert all(len(section.items) >= 4 for section in sections)

    def test_most_of_it_rests_on_law_or_norm_of_that_population(self, population):
        every = [item for section in current_for(population).sections for item in section.items]
        shared = {
            item.code
            for other in POPULATION_CODES
            if other != population
            for section in current_for(other).sections
            for item in section.items
            if item in every
        }
        assert len(shared) < len(every) / 2
        assert all(str(item.source).strip() for item in every)

    def test_nobody_is_asked_for_a_trait_that_law_forbids_to_hold_against_them(self, population):
        words = " ".join(
            f"{item.code} {item.text}".lower()
            for section in current_for(population).sections
            for item in section.items
        )
        for trait in ("ethnic", "religio", "political", "party", "infect", "hiv", "diagnos"):
            assert trait not in words

    def test_calm_answers_suggest_green_one_danger_red_and_needs_add_up(self, population):
        instrument = current_for(population)
        strengths, needs, dangers = instrument.sections_for(population)
        calm = {item.code: "no" for item in (*strengths.items, *dangers.items)}
        calm |= {item.code: "none" for item in needs.items}
        assert suggest(instrument, calm, population).level == Level.GREEN
        reds = [item for item in dangers.items if item.options[1].calls_for == Level.RED]
        for item in reds:
            found = suggest(instrument, calm | {item.code: "yes"}, population)
            assert (found.level, found.drivers[0].item) == (Level.RED, item.code)
        everything = calm | {item.code: "urgent" for item in needs.items}
        assert suggest(instrument, everything, population).level == Level.RED
        some = calm | {item.code: "some" for item in needs.items[:4]}
        assert suggest(instrument, some, population).level == Level.YELLOW


def test_what_is_not_answered_is_named():
    instrument = current_for("drug")
    result = suggest(instrument, {"income": "none", "work": "none"}, "drug").as_data()
    (sentence,) = [each for each in in_words(instrument, result) if "Provisional" in each]
    # Dangers are asked after first, strengths last.
    assert "“Speaks of wanting to die or harms themselves”" in sentence
    assert "“Has somebody whom they trust and can reach”" not in sentence
    assert f"and {len(result['missing']) - 4} more" in sentence
    missing_one = {"missing": ["income"], "is_provisional": True, "drivers": [], "points": 0}
    words = in_words(instrument, {**missing_one, "level": "green", "relief": 0, "strengths": []})
    assert words[-1].endswith("“Income and benefits: enough to live on”.")


class TestWhatIsOpen:
    def test_dangers_come_before_needs_and_needs_before_strengths(self):
        instrument = current_for("drug")
        missing = {"missing": ["own_goals", "income", "relapse", "overdose"]}
        found = open_questions(instrument, missing)
        assert [item.code for item in found] == ["overdose", "relapse", "income", "own_goals"]

    def test_an_open_danger_may_suggest_more_and_an_open_need_does_not_by_itself(self):
        instrument = current_for("drug")
        assert may_be_higher(instrument, {"level": "green", "missing": ["relapse"]})
        assert may_be_higher(instrument, {"level": "yellow", "missing": ["overdose"]})
        assert not may_be_higher(instrument, {"level": "yellow", "missing": ["relapse"]})
        assert not may_be_higher(instrument, {"level": "red", "missing": ["overdose"]})
        assert not may_be_higher(instrument, {"level": "green", "missing": ["income"]})

    @given(cases())
    def test_what_is_open_is_what_is_missing(self, case):
        population, answers = case
        data = suggest(GENERAL, answers, population).as_data()
        found = open_questions(GENERAL, data)
        assert sorted(item.code for item in found) == sorted(data["missing"])
        words = " ".join(in_words(GENERAL, data))
        assert ("Questions about safety are open" in words) == may_be_higher(GENERAL, data)


class TestComparison:
    def compared(self, before, after, population="drug"):
        both = current_for(population)
        return {
            each.item.code: each.turn for each in changes((both, before), (both, after), population)
        }

    def test_each_question_says_for_itself_whether_it_got_better_or_worse(self):
        before = {"income": "urgent", "housing": "none", "self_harm": "no", "own_goals": "no"}
        after = {"income": "some", "housing": "urgent", "self_harm": "yes", "own_goals": "yes"}
        assert self.compared(before, after) == {
            "own_goals": Turn.BETTER,
            "income": Turn.BETTER,
            "housing": Turn.WORSE,
            "self_harm": Turn.WORSE,
        }
        assert self.compared(after, before)["self_harm"] == Turn.BETTER

    def test_what_was_learned_or_lost_sight_of_is_said_as_that(self):
        before = {"income": "not_known", "housing": "some", "mind": "not_known"}
        after = {"income": "urgent", "housing": "not_known"}
        assert self.compared(before, after) == {"income": Turn.KNOWN, "housing": Turn.UNKNOWN}

    def test_the_same_answers_are_no_change(self):
        assert self.compared({"income": "some"}, {"income": "some"}) == {}

    def test_only_answers_that_say_something_count_as_answered_as_before(self):
        both = current_for("drug")
        before = {"income": "some", "mind": "not_known", "housing": "none", "work": "none"}
        after = {"income": "some", "mind": "not_known", "housing": "some"}
        assert answered_as_before((both, before), (both, after), "drug") == 1

    def test_what_only_one_of_two_instruments_asks_is_not_compared(self):
        found = changes(
            (GENERAL, {"income": "none", "daily_living": "urgent"}),
            (current_for("drug"), {"income": "urgent", "overdose": "yes"}),
            "drug",
        )
        assert [each.item.code for each in found] == ["income"]
        assert (str(found[0].before.label), str(found[0].after.label)) == (
            "No need, or met",
            "Urgent and not met",
        )
