"""How personal data looks when it is not shown: one way for pages, exports and print.

One shape per kind, everywhere: two pages that hide different halves give the whole away.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from kpm.ages import age_on

STAR = "*"
HIDDEN = "***"
# The dot between the parts of a name, as people and spreadsheets write it.
DOT = "·"
DOTS = re.compile("[·•‧∙⋅・・․]")
VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
SURNAMES = (
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 司空 司寇 夏侯 宇文 "
    "长孙 钟离 端木 独孤 南宫 西门 东郭 百里 轩辕 淳于 单于 太史 太叔 申屠 公冶 "
    "公羊 公良 公西 仲孙 叔孙 季孙 濮阳 澹台 闻人 赫连 呼延 万俟 拓跋 拓拔 鲜于 "
    "闾丘 子车 颛孙 漆雕 乐正 壤驷 夹谷 宰父 谷梁 榖梁 段干 东里 东门 南门 南郭 "
    "北宫 梁丘 左丘 微生 羊舌 巫马 第五 纳兰 叶赫 完颜 耶律 歐陽 司馬 諸葛 東方 "
    "鍾離 獨孤 南宮 軒轅 長孫 澹臺 聞人 赫連 鮮于 閭丘"
)
COMPOUND_SURNAMES = frozenset(SURNAMES.split())
# Where an address stops being the village or the community and starts being the home.
VILLAGE = re.compile(
    "村民委员会|居民委员会|村委会|居委会|社区(?!路|街)|嘎查|"
    "村(?!民委员会|委会|街|镇|乡|路|巷|里|弄|道|大|小区|新区|苑|花园|公寓|[东南西北中]路|[东南西北中]街)"
)
TOWNSHIP = re.compile("街道|苏木|(?<!集)镇(?!路|街)|乡(?!路|街|村)")
COUNTY = re.compile(
    "自治县|县(?!路|街)|(?<![小社园景厂校库])区(?!路|街)|旗(?!路|街)|市(?!场|路|街)"
)
HOME = re.compile("[0-9号栋幢室弄楼]|单元")
AGES = ((0, 5), (6, 13), (14, 17), (18, 29))


def plain(value: str) -> str:
    """The characters that count: full width folded, blanks and variation selectors gone."""
    folded = unicodedata.normalize("NFKC", VARIATION_SELECTORS.sub("", value))
    return re.sub(r"\s+", "", folded)


def name(value: str) -> str:
    """张三 → 张*, 欧阳娜娜 → 欧阳**, 阿卜杜拉·买买提 → 阿**·**."""
    dotted = DOTS.sub(DOT, VARIATION_SELECTORS.sub("", value))
    folded = plain(dotted)
    if len(folded) < 2:
        return STAR * len(folded)
    if DOT in folded.strip(DOT):
        parts = [part for part in folded.split(DOT) if part]
        # The number of letters would tell long names apart, so every part has two stars.
        return parts[0][0] + DOT.join(["**"] * len(parts))
    if not is_han(folded[0]):
        return folded[0] + HIDDEN
    shown = 2 if folded[:2] in COMPOUND_SURNAMES and len(folded) > 2 else 1
    return folded[:shown] + STAR * (len(folded) - shown)


def is_han(character: str) -> bool:
    """Whether this is a Chinese character, the rare ones of the later planes included."""
    return unicodedata.name(character, "").startswith("CJK ")


def id_number(value: str) -> str:
    """1****************9: the first and the last sign, as long as the number is."""
    folded = plain(value)
    if len(folded) < 6:
        return STAR * len(folded)
    return folded[0] + STAR * (len(folded) - 2) + folded[-1]


def phone(value: str) -> str:
    """1**********: the first digit says mobile or landline, nothing else is shown."""
    folded = re.sub(r"[^0-9+]", "", plain(value)).removeprefix("+86").removeprefix("0086")
    if len(folded) < 5:
        return STAR * len(folded)
    return folded[0] + STAR * (len(folded) - 1)


def address(value: str) -> str:
    """The address down to the village or the community, and never a house number."""
    folded = plain(value)
    if not folded:
        return ""
    for border in (VILLAGE, TOWNSHIP, COUNTY):
        found = border.search(folded)
        if found and not HOME.search(folded, 0, found.end()):
            return folded[: found.end()] + HIDDEN
    return HIDDEN


def age_band(born_on: date, today: date) -> str:
    """70–79: the ages that the law divides for children, ten years for everybody else."""
    years = age_on(born_on, today)
    for first, last in AGES:
        if years <= last:
            return f"{first}–{last}"
    if years >= 90:
        return "90+"
    return f"{years // 10 * 10}–{years // 10 * 10 + 9}"


def hidden(value: str) -> str:
    """Whatever has no shape of its own shows nothing but that it is there."""
    return HIDDEN if value else ""


KINDS: dict[str, Callable[[str], str]] = {
    "name": name,
    "id_number": id_number,
    "phone": phone,
    "address": address,
    "hidden": hidden,
}


def masked(value: str | None, kind: str) -> str:
    """The masked form of a value of this kind; a missing value stays empty."""
    return KINDS[kind](value or "")
