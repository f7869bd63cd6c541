"""Invented answers to the fields that a population declares."""

from datetime import date, timedelta
from random import Random
from typing import Any

from kpm.management.demo import invention
from risk_levels.populations import Field, Population

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
PARTNERS = ("主任", "医生", "警官", "社工")
# A day ahead for what ends or comes next, a day behind for everything else.
AHEAD = ("end", "until", "next", "expires")


def details(random: Random, population: Population, opened_on: date) -> dict[str, Any]:
    """One answer to every field, as the sealed details keep it."""
    found: dict[str, Any] = {}
    for field in population.fields:
        value = _answer(random, field, opened_on)
        if value not in ("", None):
            found[field.code] = value
    return found


def _answer(random: Random, field: Field, opened_on: date) -> Any:
    match field.kind:
        case "choice":
            return random.choice(field.choices).code
        case "yes_no":
            return random.random() < 0.5
        case "date":
            return _day(random, field, opened_on).isoformat()
        case "integer":
            return random.randrange(0, 4)
        case "phone":
            return invention.phone(random)
        case "name":
            return invention.name(random, random.choice((1, 2)))
        case "people":
            return "、".join(random.choice(invention.SURNAMES) + each for each in PARTNERS[:3])
    return _words(random, field)


def _words(random: Random, field: Field) -> str:
    for part, words in WORDS.items():
        if part in field.code:
            return random.choice(words)
    return ""


def _day(random: Random, field: Field, opened_on: date) -> date:
    if any(part in field.code for part in AHEAD):
        return opened_on + timedelta(days=random.randrange(400, 1000))
    return opened_on - timedelta(days=random.randrange(1, 60))
