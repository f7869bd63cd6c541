"""What may be wrong with a page that a browser shows: access, width, language."""

import gettext
import re
from collections.abc import Iterable
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.journeys.personas import HEIGHTS
from tests.journeys.sites import ROOT, Site

AXE: Final = Axe().axe_script
RULES: Final = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
HEAVY: Final = frozenset({"serious", "critical"})

# What a page says: its title, its text, and the words that only some can hear or see.
WORDS: Final = """() => [
  document.title, document.body.innerText,
  ...[...document.querySelectorAll('[aria-label], [placeholder], [title]')].flatMap(
    (each) => ['aria-label', 'placeholder', 'title'].map((name) => each.getAttribute(name) || '')),
]"""
# The interface's own words: no data but names of people and places stands in these.
LABELS: Final = """() => [document.title, ...[...document.querySelectorAll(
  'h1, h2, h3, label, legend, th, dt, caption, button, summary, .button, .tag, .hint, .lead, ' +
  '.notice, .errorlist, nav a, .menu, .footer, .header small, .tile span'
)].map((each) => each.innerText)]"""

# In Chinese pages: the product, what Chinese writes with Latin letters, and names of accounts.
LATIN: Final = re.compile(r"[A-Za-z]{2,}")
LATIN_IS_FINE: Final = (
    r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}",  # file numbers
    r"\b[usgx]:[A-Za-z0-9_-]+",  # pseudonyms in the log
    r"\b[0-9a-f]{12,}\b",  # hashes
    r"\b\d{4}-\d{2}-[a-z-]+\b",  # rule sets
    r"\bKPM\b|\bEnglish\b|\bExcel\b|\.xlsx\b|\bMB\b|\bPDF\b",
    r"\b(worker|supervisor)\d+\b|\b(auditor|privacy|system|security)\b",
    r"\b(GB|GB/T|MZ/T|JY/T|WS/T)\b",  # Chinese standards
)
CJK: Final = re.compile(r"[\u3400-\u9fff]+")
MASKED: Final = re.compile(r"[\u3400-\u9fff·]{1,2}\*+")


def texts_in_chinese() -> frozenset[str]:
    """Every text of the Chinese catalogue: none of them belongs on an English page."""
    place = ROOT / "kpm" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo"
    with place.open("rb") as file:
        catalogue: dict[Any, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return frozenset(text for text in catalogue.values() if CJK.search(text))


class Inspector:
    """Looks at pages of one site, and says in words what is wrong with them."""

    def __init__(self, site: Site) -> None:
        self.chinese = texts_in_chinese()
        names = {each.name for each in site.accounts} | set(site.units) | {"中文"}
        # The longest first: a village may be called like its town and more.
        self.names = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))

    def faults(self, page: Page, language: str) -> list[str]:
        """Everything that is wrong with the page at hand, on desks and phones."""
        found = self.said_in_chinese(page) if language == "zh-hans" else self.said_in_english(page)
        page.evaluate(AXE)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            found += [f"{width} px: {each}" for each in self.barriers(page)]
            found += self.overflow(page, width)
        page.set_viewport_size({"width": 320, "height": HEIGHTS[320]})
        found += self.overflow(page, 320)
        page.set_viewport_size({"width": 1280, "height": HEIGHTS[1280]})
        return found

    def barriers(self, page: Page) -> Iterable[str]:
        """What keeps somebody out, as axe-core sees it."""
        result = page.evaluate("(rules) => axe.run(document, rules)", RULES)
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:200]}"
            for each in result["violations"]
            if each["impact"] in HEAVY
        ]

    def overflow(self, page: Page, width: int) -> list[str]:
        """Whether the page scrolls sideways."""
        wide = page.evaluate("document.documentElement.scrollWidth")
        return [f"{wide} px wide at {width} px"] if wide > width else []

    def said_in_chinese(self, page: Page) -> list[str]:
        """English left in a Chinese page."""
        text = "\n".join(page.evaluate(WORDS))
        for allowed in LATIN_IS_FINE:
            text = re.sub(allowed, "", text)
        return [f"in Chinese: {line.strip()}" for line in text.split("\n") if LATIN.search(line)]

    def said_in_english(self, page: Page) -> list[str]:
        """Chinese left in an English page: labels in it, or whole lines from the catalogue."""
        labels = [self.names.sub("", MASKED.sub("", each)) for each in page.evaluate(LABELS)]
        lines = {line.strip() for each in page.evaluate(WORDS) for line in each.split("\n")}
        left = {each.strip() for each in labels if CJK.search(each)}
        left |= {line for line in lines & self.chinese if CJK.search(self.names.sub("", line))}
        return [f"in English: {each}" for each in sorted(left)]
