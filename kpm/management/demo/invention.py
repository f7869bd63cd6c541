"""Invented identities: names, ID numbers of an unassigned area, phones, addresses."""

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from stdnum.cn import ric

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚"
    "卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "皇甫")
WOMEN = "秀英华玉梅兰珍芳丽霞红桂凤娟敏静燕琴云洁蓉雪莲萍琳婷娜慧"
MEN = "伟强军杰涛明超勇刚平辉鹏飞斌波宇浩凯健俊帆亮林峰志建国文"
RARE = "㛃䶮喆堃昇垚"
MINORITY_NAMES = ("阿依古丽·买买提", "古丽娜·阿不都", "艾山·吐尔逊")
RELATIONS = ("配偶", "子女", "兄弟姐妹", "邻居")
RELATIONS_OF_CHILDREN = ("祖父母", "姑姑", "舅舅", "邻居")
STREETS = ("1组", "2组", "3组", "5组", "7组", "8组", "11组", "14组")


class Identity(NamedTuple):
    """One invented person; sex is GB/T 2261.1 (1 male, 2 female)."""

    name: str
    sex: int
    birth_on: date
    id_number: str
    phone: str
    address: str
    emergency_name: str
    emergency_relation: str
    emergency_phone: str


def name(random: Random, sex: int) -> str:
    """A name as they are found in a county: mostly two or three characters, some unusual."""
    if random.random() < 0.004:
        return random.choice(MINORITY_NAMES)
    surname = random.choice(SURNAMES)
    if random.random() < 0.02:
        surname = random.choice(COMPOUND_SURNAMES)
    given = WOMEN if sex == 2 else MEN
    letters = [random.choice(given) for _ in range(1 if random.random() < 0.25 else 2)]
    if random.random() < 0.01:
        letters[-1] = random.choice(RARE)
    return surname + "".join(letters)


def phone(random: Random) -> str:
    """A number in the shape of a mobile number."""
    return f"1{random.choice('3456789')}{random.randrange(10):d}9999{random.randrange(10_000):04d}"


def id_number(random: Random, birth_on: date, sex: int) -> str:
    """A number with the right check digit in area 10, which no real person can have."""
    area = f"10{random.randrange(1, 100):02d}{random.randrange(1, 100):02d}"
    sequence = random.randrange(0, 500) * 2 + (1 if sex == 1 else 0)
    stem = f"{area}{birth_on:%Y%m%d}{sequence:03d}"
    return stem + ric.calc_check_digit(stem + "0")


def identity(random: Random, today: date, ages: tuple[int, int]) -> Identity:
    """One person between two ages (in years) on a day."""
    sex = random.choice((1, 2))
    days = random.randrange(ages[0] * 365 + 5, ages[1] * 365)
    birth_on = today - timedelta(days=days)
    return Identity(
        name=name(random, sex),
        sex=sex,
        birth_on=birth_on,
        id_number=id_number(random, birth_on, sex),
        phone=phone(random),
        address=f"{random.choice(STREETS)}{random.randrange(1, 99)}号",
        emergency_name=name(random, random.choice((1, 2))),
        emergency_relation=random.choice(RELATIONS_OF_CHILDREN if ages[1] < 18 else RELATIONS),
        emergency_phone=phone(random),
    )
