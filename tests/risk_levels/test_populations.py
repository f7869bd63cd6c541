"""The six populations: closed, complete, with a ground for every field."""

import json
import re
from datetime import date

import pytest
from django.utils import translation

from casework.models import CaseFile
from casework.sheets.rows import PASSING
from risk_levels.levels import Level
from risk_levels.models.rule_sets import default_numbers
from risk_levels.populations import POPULATIONS
from risk_levels.populations.grounds import Basis, in_chinese, numeral
from risk_levels.populations.laws import CONSENT, DUTY, PRISON
from risk_levels.populations.parts import KINDS, Retention, Term, day_of

FORBIDDEN = re.compile(
    "宗教|信仰|政治面貌|民族|信访|上访|维稳|涉军|邪教|艾滋|人脸|指纹|声纹|定位|轨迹|"
    r"religio|politic|ethnic|petition|\bhiv\b|\baids\b|fingerprint|biometric|\bgps\b|location",
    re.IGNORECASE,
)
EVERY = list(POPULATIONS.values())
FIELDS = [(population, field) for population in EVERY for field in population.columns]
LOWER = {Level.RED: Level.YELLOW, Level.YELLOW: Level.GREEN}


def test_there_are_exactly_six():
    assert set(POPULATIONS) == {
        "community_correction",
        "released",
        "mental_disorder",
        "drug",
        "left_behind_child",
        "empty_nest_elder",
    }
    field = CaseFile._meta.get_field("population")
    assert {code for code, _label in field.choices} == set(POPULATIONS)


def test_no_field_is_about_religion_politics_ethnicity_petitions_hiv_biometrics_or_tracks():
    with translation.override("en"):
        for _population, field in FIELDS:
            names = [name for choice in field.choices for name in choice.names]
            for word in (field.code, str(field.label), *field.headings, *names):
                assert not FORBIDDEN.search(word), word
    assert FORBIDDEN.search("宗教信仰")
    assert FORBIDDEN.search("HIV status")


@pytest.mark.parametrize(
    ("population", "field"), FIELDS, ids=[f"{p.code}.{f.code}" for p, f in FIELDS]
)
def test_every_field_says_what_for_on_what_ground_and_for_how_long(population, field):
    assert str(field.label)
    assert str(field.purpose)
    assert isinstance(field.basis, Basis)
    # A law is cited with its articles, a policy with its number and the ground beside it.
    assert field.basis.articles or field.basis.together_with
    assert str(field.basis)
    assert field.kind in KINDS
    assert field.headings
    assert bool(field.choices) == (field.kind in ("choice", "yes_no"))
    names = [name for choice in field.choices for name in choice.names]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("population", EVERY, ids=[each.code for each in EVERY])
def test_codes_and_headings_name_one_column_each(population):
    codes = [field.code for field in population.columns]
    assert len(set(codes)) == len(codes)
    headings = [heading for field in population.columns for heading in field.headings]
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize("population", EVERY, ids=[each.code for each in EVERY])
def test_more_help_means_shorter_intervals_and_red_lasts_ninety_days_at_most(population):
    for level, lower in LOWER.items():
        above, below = population.duties[level], population.duties[lower]
        assert above.contact_days <= below.contact_days
        assert above.visit_days <= below.visit_days
        assert above.review_days <= below.review_days
        assert above.valid_days <= below.valid_days
        assert len(population.team_roles[level]) >= len(population.team_roles[lower])
    assert population.duties[Level.RED].valid_days <= 90


@pytest.mark.parametrize("population", EVERY, ids=[each.code for each in EVERY])
def test_the_official_scale_maps_every_class_of_its_first_field(population):
    scale = population.official_scale
    field = population.field(scale.fields[0])
    assert set(scale.levels[field.code]) == {choice.code for choice in field.choices}
    for code in scale.fields:
        assert set(scale.levels[code]) <= {c.code for c in population.field(code).choices}
    for code in (scale.date_field, scale.assessor_field):
        assert not code or population.field(code) is not None


def test_welfare_populations_say_care_level_and_have_no_police_in_the_team():
    for population in EVERY:
        with translation.override("en"):
            expected = "Care level" if population.welfare else "Risk level"
            assert str(population.level_label) == expected
        if population.welfare:
            places = {role.code for roles in population.team_roles.values() for role in roles}
            assert not places & {"police", "judicial_office"}
    assert [each.code for each in EVERY if each.welfare] == [
        "left_behind_child",
        "empty_nest_elder",
    ]


def test_released_people_are_settled_in_the_words_of_their_ledgers():
    field = POPULATIONS["released"].field("settlement")
    with translation.override("zh-hans"):
        labels = {choice.code: str(choice.label) for choice in field.choices}
        for choice in field.choices:
            assert field.choice_named(labels[choice.code]) == choice
        work = POPULATIONS["drug"].field("employment").choice("employed")
        assert str(work.label) == "务工"
    assert labels["employed"] == "已就业"
    assert labels["self_employed"] == "自谋职业"
    assert labels["benefits"] == "享受低保"


def test_children_never_step_down_without_a_decision():
    assert POPULATIONS["left_behind_child"].needs_decision_down
    assert POPULATIONS["left_behind_child"].is_minor


@pytest.mark.parametrize(
    ("code", "details", "birth_on", "ends_on"),
    [
        ("drug", {"reported_in_on": "2024-02-29"}, None, date(2027, 2, 28)),
        (
            "drug",
            {"reported_in_on": "2024-01-05", "ends_on": "2026-12-31"},
            None,
            date(2026, 12, 31),
        ),
        ("released", {"released_on": date(2024, 7, 18)}, None, date(2029, 7, 18)),
        ("community_correction", {"ends_on": "2027-12-29"}, None, date(2027, 12, 29)),
        ("community_correction", {}, None, None),
        # Sixteen from the day after the birthday, also where the year has no such day.
        ("left_behind_child", {}, date(2010, 11, 24), date(2026, 11, 25)),
        ("left_behind_child", {}, date(2012, 2, 29), date(2028, 3, 1)),
        ("left_behind_child", {}, None, None),
    ],
)
def test_the_end_of_the_purpose_is_computed(code, details, birth_on, ends_on):
    assert POPULATIONS[code].term.ends_on(details, birth_on) == ends_on


def test_a_term_without_its_day_has_no_end():
    assert day_of("") is None
    assert Term(basis=Basis("x", "1"), start_field="a").ends_on({"a": "2026-01-01"}) is None


def test_the_law_given_ends_are_automatic():
    law = {
        closing.code
        for population in EVERY
        for closing in population.closings
        if closing.is_by_law and closing.is_automatic
    }
    assert law == {"term_ended", "three_clean_years"}


def test_stored_values_are_called_by_their_labels():
    elder = POPULATIONS["empty_nest_elder"]
    with translation.override("en"):
        assert str(elder.field("special_difficulty").label_of(True)) == "Yes"
        assert str(elder.field("special_difficulty").label_of(False)) == "No"
        assert str(elder.field("living").label_of("alone")) == "Alone"
    assert elder.field("living").label_of(None) == ""
    assert elder.field("health").label_of("哮喘") == "哮喘"
    assert elder.field("living").label_of("gone") == "gone"
    assert elder.field("no_such_field") is None


def test_a_ledger_may_write_a_class_in_its_usual_ways():
    danger = POPULATIONS["mental_disorder"].field("danger_class")
    assert danger.choice_named("2级").code == danger.choice_named("2").code == "2"
    assert danger.choice_named("9") is None


@pytest.mark.parametrize(
    ("articles", "english", "chinese"),
    [
        ("2", "Prison Law, article 2", "《监狱法》第二条"),
        ("2, 11, 12", "Prison Law, articles 2, 11 and 12", "《监狱法》第二条、第十一条、第十二条"),
        ("13(1)(3)", "Prison Law, article 13(1)(3)", "《监狱法》第十三条第一款第三项"),
        (
            "13(1)(1), 29",
            "Prison Law, articles 13(1)(1) and 29",
            "《监狱法》第十三条第一款第一项、第二十九条",
        ),
        ("4(3)", "Prison Law, article 4(3)", "《监狱法》第四条第三款"),
    ],
)
def test_a_law_is_cited_as_laws_are(articles, english, chinese):
    basis = Basis(PRISON, articles)
    with translation.override("en"):
        assert str(basis) == english
    with translation.override("zh-hans"):
        assert str(basis) == chinese


def test_numbers_of_articles_are_written_out():
    numbers = (1, 10, 11, 20, 24, 100, 103, 110, 136, 286)
    assert [numeral(each) for each in numbers] == [
        *("一", "十", "十一", "二十", "二十四"),
        *("一百", "一百零三", "一百一十", "一百三十六", "二百八十六"),
    ]
    with pytest.raises(ValueError, match="x"):
        in_chinese("x")


def test_a_policy_is_never_called_a_statute():
    released, child = POPULATIONS["released"], POPULATIONS["left_behind_child"]
    drug = POPULATIONS["drug"]
    with translation.override("zh-hans"):
        for basis in (released.term.basis, released.field("support_ends_on").basis):
            assert "中办发〔2010〕5号" in str(basis)
            assert "监狱法" not in str(basis)
        assert "国发〔2016〕13号" in str(child.term.basis)
        assert "禁毒办通〔2016〕37号" in str(drug.field("risk_class").basis)
        # A policy alone is no ground for handling personal information.
        assert "《个人信息保护法》" in str(released.term.basis)
        assert "《个人信息保护法》" in str(drug.field("risk_class").basis)


def test_both_measures_of_drug_rehabilitation_have_their_articles():
    drug = POPULATIONS["drug"]
    cited = {code: drug.field(code).basis.articles for code in ("decided_on", "agreement_on")}
    assert cited == {"decided_on": "14, 38", "agreement_on": "16, 38"}
    assert drug.field("ends_on").basis.articles == "14, 23, 37, 40"
    assert drug.term.basis.articles == "14, 37"


@pytest.mark.parametrize("population", EVERY, ids=[each.code for each in EVERY])
def test_who_may_decline_is_known_by_consent(population):
    identity = {each.code: each for each in population.first_columns}
    expected = CONSENT if population.voluntary else DUTY
    for code in ("name", "id_number", "birth_on", "phone", "address"):
        assert identity[code].basis == expected


def test_support_that_no_law_imposes_may_be_declined():
    voluntary = {each.code for each in EVERY if each.voluntary}
    assert voluntary == {"released", "mental_disorder", "empty_nest_elder"}


@pytest.mark.parametrize("population", EVERY, ids=[each.code for each in EVERY])
def test_a_column_that_is_not_kept_says_so(population):
    dropped = {each.code for each in population.columns_not_kept}
    # The residence is kept as the unit of the file.
    assert dropped == PASSING - {"residence"}
    assert all(each.retention == Retention.NOT_KEPT for each in population.columns_not_kept)
    with translation.override("en"):
        for each in population.columns_not_kept:
            assert "Compared with the level" not in str(each.purpose)


# --- Numbers and duties, each named after the rule that asks for it ------------------------------
def numbers_of(code):
    return default_numbers()["particulars"][code]


def test_whoever_stayed_off_drugs_for_three_years_is_followed_no_more():
    """Drug Rehabilitation Regulations, article 7."""
    drug = POPULATIONS["drug"]
    details = {"clean_since_on": "2023-11-24", "ends_on": "2027-06-30"}
    assert drug.closing("three_clean_years").term.ends_on(details) == date(2026, 11, 24)
    assert drug.closed_by(details, None, date(2026, 11, 23)) == []
    closed = drug.closed_by(details, None, date(2026, 11, 24))
    assert [each.code for each in closed] == ["three_clean_years"]


def test_a_ledger_may_say_c2_and_it_ends_the_support():
    drug = POPULATIONS["drug"]
    assert drug.field("risk_class").choice_named("C2").code == "lasting_low"
    details = {"risk_class": "lasting_low"}
    assert drug.suggested_by(details)[0] == Level.GREEN
    closed = drug.closed_by(details, None, date(2026, 11, 24))
    assert [each.code for each in closed] == ["three_clean_years"]
    both = {**details, "clean_since_on": "2020-01-01"}
    closed = drug.closed_by(both, None, date(2026, 11, 24))
    assert [each.code for each in closed] == ["three_clean_years"]
    assert drug.closed_by({"risk_class": "low"}, None, date(2026, 11, 24)) == []


@pytest.mark.parametrize("population", EVERY, ids=[each.code for each in EVERY])
def test_what_closes_by_itself_knows_its_day(population):
    for closing in population.closings:
        assert closing.is_automatic == (closing.term is not None)
    codes = {closing.code for closing in population.closings}
    assert set(population.official_scale.closings.values()) <= codes


def test_a_child_is_sixteen_on_the_day_after_the_birthday():
    """State Council, 2016, number 13; Interpretation on Criminal Cases of Minors, article 2."""
    child, born_on = POPULATIONS["left_behind_child"], date(2010, 11, 24)
    assert child.is_for(born_on, date(2026, 11, 24))
    assert not child.is_for(born_on, date(2026, 11, 25))
    assert child.closed_by({}, born_on, date(2026, 11, 24)) == []
    closed = child.closed_by({}, born_on, date(2026, 11, 25))
    assert [each.code for each in closed] == ["turned_16"]


def test_an_elder_is_sixty_on_the_day_after_the_birthday():
    """Law on the Protection of the Rights of the Elderly, article 2."""
    elder, born_on = POPULATIONS["empty_nest_elder"], date(1966, 11, 24)
    assert not elder.is_for(born_on, date(2026, 11, 24))
    assert elder.is_for(born_on, date(2026, 11, 25))
    assert numbers_of("empty_nest_elder")["min_age"] == 60


@pytest.mark.parametrize(
    ("details", "age", "level", "said_by"),
    [
        ({"living": "alone"}, 80, Level.RED, "living"),
        ({"living": "alone"}, 79, None, None),
        # An age that is not known calls for nothing.
        ({"living": "alone"}, None, None, None),
        ({"living": "couple"}, 90, None, None),
        ({"living": "alone", "capacity": "moderate"}, 66, Level.RED, "capacity"),
        ({"living": "alone", "capacity": "mild"}, 66, None, None),
        ({"living": "couple", "capacity": "complete"}, 66, None, None),
        ({"living": "alone", "self_care": "dependent"}, 66, Level.RED, "self_care"),
        ({"living": "alone", "special_difficulty": True}, 66, Level.YELLOW, "special_difficulty"),
        ({"living": "alone", "special_difficulty": True}, 81, Level.RED, "living"),
    ],
)
def test_very_old_or_frail_and_alone_suggests_red(details, age, level, said_by):
    found = POPULATIONS["empty_nest_elder"].suggested_by(details, age)
    assert (found and found[0], found and found[1].code) == (level, said_by)


def test_the_deciding_field_speaks_first_where_two_suggest_the_same():
    disorder = POPULATIONS["mental_disorder"]
    details = {"condition_class": "unstable", "danger_class": "4"}
    assert disorder.suggested_by(details)[1].code == disorder.official_scale.fields[0]
    assert disorder.suggested_by({}) is None


def test_strict_and_ordinary_supervision_have_the_same_team():
    """Community Corrections Law, articles 25 and 52."""
    correction = POPULATIONS["community_correction"]
    assert correction.team_roles[Level.YELLOW] == correction.team_roles[Level.RED]
    assert "volunteer" in {each.code for each in correction.team_roles[Level.YELLOW]}
    today = date(2026, 11, 24)
    minor = correction.team_of(Level.GREEN, date(2008, 11, 24), today)
    assert minor[-1].code == "juvenile_specialist"
    for born_on in (date(2008, 11, 23), None):
        assert correction.team_of(Level.GREEN, born_on, today) == correction.team_roles[Level.GREEN]
    assert correction.seals_minors_on_close
    assert not correction.seals_on_close


def test_the_village_looks_after_elders_at_every_level():
    teams = POPULATIONS["empty_nest_elder"].team_roles.values()
    assert all("village" in {each.code for each in team} for team in teams)


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        # Drug Rehabilitation Regulations, articles 14, 38, 19; tests are the police's.
        ("drug", "term_years", 3),
        ("drug", "report_in_days", 15),
        ("drug", "absence_report_days", 3),
        ("drug", "urine_due_days", [30, 60, 90]),
        ("drug", "stores_urine_result", False),
        # Policy, and less of it after community correction.
        ("released", "term_years", 5),
        ("released", "term_years_after_correction", 3),
        # National norm for severe mental disorders (2018).
        ("mental_disorder", "lost_after_failed_attempts", 3),
        ("mental_disorder", "retain_days", 1095),
        # Guidance of 2022; local practice.
        ("empty_nest_elder", "special_difficulty_visit_days", 30),
        # The same for everybody after what the table names.
        *((code, "event_visit_hours", 24) for code in POPULATIONS),
        # Law on the Protection of Minors, articles 21 and 23; Minors Online, 36 and 37.
        ("left_behind_child", "exit_age", 16),
        ("left_behind_child", "parent_contact_days", 7),
        ("left_behind_child", "forbids_alone_under", 16),
        ("left_behind_child", "forbids_unattended_under", 8),
        ("left_behind_child", "requires_access_approval", True),
        ("left_behind_child", "requires_annual_audit", True),
        ("left_behind_child", "report_record_until_age", 21),
        ("left_behind_child", "retain_until_age", 18),
    ],
)
def test_the_rule_set_carries_the_numbers_of_each_population(code, name, value):
    assert numbers_of(code)[name] == value


def test_the_rule_set_carries_what_holds_for_everybody():
    numbers = default_numbers()
    assert numbers["emergency_red_hours"] == 72
    assert numbers["appeal"] == {"ack_workdays": 2, "decide_workdays": 10}
    assert set(numbers["particulars"]) == set(numbers["populations"]) == set(POPULATIONS)
    # A ceiling that no version may lift is none of its numbers.
    assert "most_red_days" not in numbers
    assert json.loads(json.dumps(numbers)) == numbers
