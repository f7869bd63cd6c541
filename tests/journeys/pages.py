"""What may be wrong with a page that a browser shows: barriers, width, language, dead ends."""

import re
from collections.abc import Iterable
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from kpm.excel import read_sheets
from kpm.management.demo import answers, invention, stories
from tests.journeys import scenes
from tests.journeys.personas import HEIGHTS

AXE: Final = Axe().axe_script
RULES: Final = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
    # Nothing to wait for: all styles come from this site, and there are no films.
    "preload": False,
}
HEAVY: Final = frozenset({"serious", "critical"})
NARROW: Final = min(HEIGHTS)

# Every piece of text, also what only some can hear or see.
TEXTS: Final = """() => {
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) found.push(walker.currentNode.data.trim());
  for (const each of document.querySelectorAll('body *'))
    for (const name of ['aria-label', 'placeholder', 'title', 'alt', 'data-label'])
      if (each.hasAttribute(name)) found.push(each.getAttribute(name));
  return found.filter(Boolean);
}"""
LINKS: Final = """() => [...document.querySelectorAll('a[href]')].map(
  (each) => each.getAttribute('href'))"""
# What can be opened is looked at open.
OPEN: Final = "document.querySelectorAll('main details').forEach((each) => { each.open = true; })"
# How wide the page is, and what makes it so; what scrolls by itself, such as a row of tabs, may.
WIDTH: Final = """() => {
  const scrolls = (each) => each && (
    ['auto', 'scroll'].includes(getComputedStyle(each).overflowX) || scrolls(each.parentElement));
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return [wide, ''];
  const out = [...document.querySelectorAll('body *')].filter(
    (each) => each.getBoundingClientRect().right > innerWidth && !scrolls(each.parentElement));
  return [wide, out.map((each) => each.outerHTML.slice(0, 120)).slice(-2).join(' … ')];
}"""
# What stands out of the panel that it belongs to, such as a table in a form that is too narrow.
SPILLS: Final = """() => [...document.querySelectorAll('main .panel')].filter(
  (each) => each.scrollWidth > each.clientWidth + 1).map(
  (each) => each.outerHTML.slice(0, 120))"""
# The rows of a list come from one template: axe-core looks at the first ones, in a tenth of the
# time.
ROWS: Final = {
    "include": [["html"]],
    "exclude": [[f"{rows}:nth-child(n+5)"] for rows in ("tbody > tr", "ol > li", "ul.rows > li")],
}
BARRIERS: Final = """([rows, rules]) =>
  axe.run(rows, rules).then((found) => found.violations)"""

# In Chinese pages: the product, what Chinese writes with Latin letters, and names of accounts.
LATIN: Final = re.compile(r"[A-Za-z]{2,}")
LATIN_IS_FINE: Final = re.compile(
    "|".join(
        (
            r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}",  # file numbers
            r"\b(?:[usgx]|root):[A-Za-z0-9_-]+",  # pseudonyms in the log, and its roots
            r"^\{\".*\}$",  # an event as it is hashed
            r"\b[0-9a-f]{12,}\b",  # hashes
            r"\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b",  # one-time passwords
            r"\b\d{4}-\d{2}-[a-z-]+\b",  # rule sets
            r"\bKPM\b|\bEnglish\b|\bExcel\b|\bWord\b|\.(?:xlsx|docx)\b|\bMB\b|\b(?:PDF|JPEG|PNG)\b",
            r"\b(?:AES-256-GCM(?:-SIV)?|ChaCha20-Poly1305|SM4-GCM)\b",
            r"\b(?:worker|supervisor)\d+\b|\b(?:auditor|privacy|system|security)\b",
            rf"\b(?:firstday|{scenes.WITHOUT_ROLE})\b",
            r"\b(?:GB/T|MZ/T|JY/T|WS/T|GB)\b",  # Chinese standards
        )
    )
)
CJK: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]+")
MASKED: Final = re.compile(r"[\u3400-\u9fff·]{1,2}\*+")
SOMEBODY: Final = re.compile(
    rf"(?:{'|'.join(invention.COMPOUND_SURNAMES)}|[{invention.SURNAMES}])"
    rf"(?:[{invention.WOMEN}{invention.MEN}{invention.RARE}]{{1,2}}|{'|'.join(answers.PARTNERS)})"
)


def runs_in(value: Any) -> set[str]:
    """The Chinese in something, as what stands between other letters and signs."""
    if isinstance(value, str):
        return set(CJK.findall(value))
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, tuple | list | set | frozenset):
        return set()
    return {run for each in value for run in runs_in(each)}


def invented(names: list[str]) -> set[str]:
    """The Chinese of names, and of what was written about people: no page can translate it."""
    # With the button that changes the language, and the words of addresses.
    found = runs_in([names, "中文", "组", "号"])
    for module in (answers, invention, stories):
        found |= {run for value in vars(module).values() for run in runs_in(value)}
    found |= runs_in([scenes.LEDGER_NAME, scenes.NEWCOMER, scenes.QUESTION])
    for sheet in read_sheets(scenes.WORKBOOK.read_bytes()):
        found |= {run for row in sheet.rows for cell in row for run in runs_in(str(cell))}
    return found


def size_of(width: int) -> ViewportSize:
    """The window of a desk or a phone."""
    return {"width": width, "height": HEIGHTS[width]}


class Inspector:
    """Looks at the pages of a site with these names, and says in words what is wrong with them."""

    def __init__(self, names: list[str]) -> None:
        self.invented = invented(names)
        self.looked_for_barriers: set[tuple[str, str]] = set()

    def faults(self, page: Page, what: str, language: str) -> list[str]:
        """Everything that is wrong with the page at hand, on desks and phones."""
        found = self.wrong_words(page, language)
        page.evaluate(OPEN)
        # Roles see the same page with more or less on it; axe-core takes long, so once will do.
        is_new = (what, language) not in self.looked_for_barriers
        self.looked_for_barriers.add((what, language))
        # From the width that the last page was left at to the other end.
        widths = sorted(HEIGHTS, reverse=page.viewport_size != size_of(NARROW))
        for width in widths:
            page.set_viewport_size(size_of(width))
            found += self.overflow(page, width)
            if is_new and width != NARROW:
                found += [f"{width} px: {each}" for each in self.barriers(page)]
        return found

    def barriers(self, page: Page) -> Iterable[str]:
        """What keeps somebody out, as axe-core sees it."""
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE)
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:200]}"
            for each in page.evaluate(BARRIERS, [ROWS, RULES])
            if each["impact"] in HEAVY
        ]

    def overflow(self, page: Page, width: int) -> list[str]:
        """Whether the page scrolls sideways, or a part of it stands out of its panel."""
        wide, culprit = page.evaluate(WIDTH)
        found = [f"{wide} px wide at {width} px: {culprit}"] if wide > width else []
        return found + [f"spills at {width} px: {each}" for each in page.evaluate(SPILLS)]

    def wrong_words(self, page: Page, language: str) -> list[str]:
        """Whether the page says in another language what it should say in this one."""
        spoken = (page.locator("html").get_attribute("lang") or "").lower()
        if not language.startswith(spoken[:2]) or not spoken:
            return [f"it speaks {spoken!r}"]
        is_wrong = self.is_stray_latin if language == "zh-hans" else self.is_stray_chinese
        return [f"says {text!r}" for text in sorted(set(page.evaluate(TEXTS))) if is_wrong(text)]

    def is_stray_latin(self, text: str) -> bool:
        """English left in a Chinese page."""
        return LATIN.search(LATIN_IS_FINE.sub("", text)) is not None

    def is_stray_chinese(self, text: str) -> bool:
        """Chinese left in an English page, beside what people are called and have written."""
        return any(
            run not in self.invented and not SOMEBODY.fullmatch(run)
            for run in CJK.findall(MASKED.sub("", text))
        )
