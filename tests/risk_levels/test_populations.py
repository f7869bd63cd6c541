"""The six populations: closed, complete, with a ground for every field."""

import re
from datetime import date

import pytest
from django.utils import translation

from casework.models import CaseFile
from casework.sheets.rows import PASSING
from risk_levels.levels import Level
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
