"""Invented answers to the fields that a population declares, as they go with a level."""

from datetime import date, timedelta
from random import Random
from typing import Any

from kpm.ages import age_on, years_after
from kpm.management.demo import invention, stories
from risk_levels.levels import Level
from risk_levels.populations import Field, Population
from risk_levels.populations.parts import day_of

AGES: dict[str, tuple[int, int]] = {
    "community_correction": (19, 62),
    "released": (21, 66),
    "mental_disorder": (18, 70),
    "drug": (19, 58),
    "left_behind_child": (4, 15),
    "empty_nest_elder": (61, 96),
}
HEALTH = ("健康", "高血压", "糖尿病", "哮喘", "视力减退", "关节炎")
WORDS: dict[str, tuple[str, ...]] = {
    "health": HEALTH,
    "service_needs": ("助餐", "陪医", "探访", "家政", "无"),
    "child_place": ("上海", "深圳", "杭州", "同县", "省城"),
    "school": ("石桥中学", "清溪小学", "南塘中心小学", "云岭小学"),
    "grade": ("幼儿园大班", "一年级", "三年级", "五年级", "初一", "初二"),
    "father_place": ("东莞", "苏州", "宁波", "厦门"),
    "mother_place": ("东莞", "苏州", "宁波", "杭州"),
    "relation": ("祖父", "祖母", "外祖母", "姑姑"),
    "assistance": ("临时救助", "低保", "无"),
    "needs": ("就业", "住房", "家庭关系", "低保申请", "技能培训", "无"),
    "judicial_office": ("石桥司法所", "清溪司法所", "南塘司法所"),
    "work": ("务工", "个体", "待业", "务农"),
    "reason": ("患病", "年老", ""),
    "doctor": ("周医生", "李医生", "陈医生"),
}
# Of whom the sex is said by the name of the field.
PARENTS = {"father_name": 1, "mother_name": 2}
PARTNERS = ("主任", "医生", "警官", "社工")
# What comes next lies ahead, what was assessed lies a few weeks back.
AHEAD, RECENT = ("follow", "next"), ("assessed",)
# Which capacity goes with which self-care: two answers about one thing.
CAPACITIES = {
    "independent": ("intact", "mild"),
    "partly": ("mild", "moderate"),
    "dependent": ("severe", "complete"),
}
# The authority's class is now and then a step milder than the level, or behind it.
DIFFERS = 0.06
MOST_TRIES = 2_000


def details(
    random: Random,
    population: Population,
    opened_on: date,
    *,
    today: date,
    level: Level,
    birth_on: date,
) -> dict[str, Any]:
    """One answer to every field, as the sealed details keep it."""
    found: dict[str, Any] = {}
    for field in population.fields:
        value = _answer(random, field)
        if value not in ("", None):
            found[field.code] = stories.fitting(population.code, value)
    found |= _days(random, population, opened_on, today)
    _agree(random, population, found, wanted=_class_for(random, level), age=age_on(birth_on, today))
    return found


def _class_for(random: Random, level: Level) -> Level:
    """The level that the official class suggests: nearly always this one, red only on red."""
    differs = random.random() < DIFFERS
    if level == Level.RED:
        return Level.YELLOW if differs else Level.RED
    if level == Level.YELLOW:
        return Level.GREEN if differs else Level.YELLOW
    return Level.YELLOW if differs else Level.GREEN


def _agree(
    random: Random, population: Population, found: dict[str, Any], *, wanted: Level, age: int
) -> None:
    """Answer what the official scale is made of until it says what is wanted."""
    scale = population.official_scale
    if scale is None:
        return
    codes = [*scale.fields, *(code for each in scale.circumstances for code in each.answers)]
    asked = [each for each in population.fields if each.code in codes]
    for _try in range(MOST_TRIES):
        for field in asked:
            found[field.code] = _answer(random, field)
        suggested = population.suggested_by(found, age)
        is_over = str(found[scale.fields[0]]) in scale.closings
        if suggested and suggested[0] == wanted and not is_over and _is_coherent(found):
            return
    raise ValueError(population.code)


def _is_coherent(found: dict[str, Any]) -> bool:
    care, capacity = found.get("self_care"), found.get("capacity")
    return care is None or capacity is None or capacity in CAPACITIES[care]


def _answer(random: Random, field: Field) -> Any:
    match field.kind:
        case "choice":
            return random.choice(field.choices).code
        case "yes_no":
            return random.random() < 0.5
        case "integer":
            return random.randrange(0, 4)
        case "phone":
            return invention.phone(random)
        case "name":
            sex = random.choice((1, 2))
            return invention.name(random, PARENTS.get(field.code, sex))
        case "people":
            return "、".join(random.choice(invention.SURNAMES) + each for each in PARTNERS[:3])
        case "date":
            return ""
    return _words(random, field)


def _words(random: Random, field: Field) -> str:
    for part, words in WORDS.items():
        if part in field.code:
            return random.choice(words)
    return ""


def _days(random: Random, population: Population, opened_on: date, today: date) -> dict[str, str]:
    """The days of a file: one after the other before it was opened, the end where the law says."""
    found: dict[str, str] = {}
    day = opened_on - timedelta(days=random.randrange(45, 80))
    for field in population.fields:
        if field.kind != "date":
            continue
        if population.term and field.code == population.term.end_field:
            found[field.code] = _end(random, population, found, today).isoformat()
        elif any(part in field.code for part in AHEAD):
            found[field.code] = (today + timedelta(days=random.randrange(3, 85))).isoformat()
        elif any(part in field.code for part in RECENT):
            found[field.code] = (today - timedelta(days=random.randrange(5, 80))).isoformat()
        else:
            day += timedelta(days=random.randrange(1, 10))
            found[field.code] = day.isoformat()
    return found


def _end(random: Random, population: Population, found: dict[str, str], today: date) -> date:
    """So many years after the start, where the term has a length; some day ahead elsewhere."""
    term = population.term
    start = day_of(found.get(term.start_field)) if term else None
    if term and term.years and start:
        return years_after(start, term.years)
    return today + timedelta(days=random.randrange(30, 700))
