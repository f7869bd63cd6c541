"""On what grounds things are recorded, and how such a ground is cited in either language."""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

# Translated when it is shown, not when it is imported.
Words = Promise | str

# 13, or 13(1)(3): the article, its paragraph, the item in it.
ARTICLE = re.compile(r"([0-9]+)(?:\(([0-9]+)\))?(?:\(([0-9]+)\))?")
COUNTERS = ("条", "款", "项")
DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Basis:
    """On what ground something is recorded: a law with its articles, a policy, or consent."""

    law: Words
    # "14, 37" or "13(1)(3)"; empty for a policy, which is cited by the number of its document.
    articles: str = ""
    # A policy is no ground for handling personal information by itself: this is.
    together_with: "Basis | None" = None

    def __str__(self) -> str:
        cited = self._cited()
        if self.together_with is None:
            return cited
        words = {"one": cited, "other": self.together_with}
        return _("%(one)s; %(other)s") % words

    def _cited(self) -> str:
        is_chinese = (get_language() or "").startswith("zh")
        articles = [each.strip() for each in self.articles.split(",") if each.strip()]
        if is_chinese:
            articles = [in_chinese(each) for each in articles]
        if not articles:
            return str(self.law)
        *others, last = articles
        if not others:
            return _("%(law)s, article %(article)s") % {"law": self.law, "article": last}
        words = {
            "law": self.law,
            "articles": ("、" if is_chinese else ", ").join(others),
            "last": last,
        }
        return _("%(law)s, articles %(articles)s and %(last)s") % words


def in_chinese(article: str) -> str:
    """13(1)(3) → 第十三条第一款第三项, as laws are cited."""
    found = ARTICLE.fullmatch(article)
    if found is None:
        raise ValueError(article)
    parts = zip(found.groups(), COUNTERS, strict=True)
    return "".join(f"第{numeral(int(part))}{counter}" for part, counter in parts if part)


def numeral(number: int) -> str:
    """24 → 二十四, 136 → 一百三十六, 103 → 一百零三: up to 999, more than any law here has."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    words = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        words += "十" if tens == 1 and not hundreds else f"{DIGITS[tens]}十"
    elif hundreds and ones:
        words += DIGITS[0]
    return words + (DIGITS[ones] if ones else "")
