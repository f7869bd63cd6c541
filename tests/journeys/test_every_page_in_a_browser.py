"""Every page, for each role: on phones and desks, in both languages, with an ear for complaints."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone
from playwright.sync_api import Browser

from tests.journeys import steps
from tests.journeys.pages import Inspector
from tests.journeys.personas import Persona
from tests.journeys.sites import File, Site

LANGUAGES: Final = ("zh-hans", "en")
# What each role looks at beside the pages that its own pages lead to.
ROLES: Final = {
    "visitor": ("/sign-in/", "/nowhere/"),
    "worker": ("{waiting}", "{red}proposal/", "{red}reveal/phone/"),
    "supervisor1": (
        "{red}",
        "{waiting}proposal/review/",
        "/missing/?group=care",
        "/files/new/?population=empty_nest_elder",
    ),
    "auditor": ("{red}",),
    "privacy": (),
    "system": (),
    "security": (),
}
# These answer no GET, or answer it with something that is no page of ours.
NO_PAGES: Final = frozenset(
    {
        "accounts:sign_out",
        "casework:approve_plan",
        "casework:confirm_ledger",
        "casework:discard_ledger",
        "casework:end_assignment",
        "casework:export_refused_rows",
        "casework:print_summary",
        "casework:search_case_files",
        "casework:withdraw_proposal",
        "health",
        "home",
        "set_language",
    }
)
# Handed in as they are, these forms show their errors.
INCOMPLETE: Final = frozenset(
    {
        "accounts:change_password",
        "accounts:grant_role",
        "accounts:open_account",
        "accounts:open_unit",
        "accounts:sign_in",
        "casework:assign_worker",
        "casework:list_case_files",
        "casework:propose_level",
        "casework:review_proposal",
        "casework:state_purpose",
        "casework:upload_ledger",
    }
)


@dataclass
class Findings:
    """Which pages were seen, and what was wrong with them."""

    pages: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


@dataclass
class Round:
    """One role goes from page to page until there is none that was not seen."""

    persona: Persona
    inspector: Inspector
    numbers: frozenset[str]
    findings: Findings = field(default_factory=Findings)

    def see(self, path: str, language: str) -> None:
        """Look at one page, and at its form with errors."""
        self.persona.go(path)
        page = name_of(self.persona.path)
        if page == "casework:state_purpose" and page not in path:
            self._inspect(page, language)
            steps.say_what_for(self.persona)
            page = name_of(self.persona.path)
        self._inspect(page, language)
        links = self.persona.page.evaluate(
            "[...document.querySelectorAll('a[href]')].map((each) => each.getAttribute('href'))"
        )
        if page in INCOMPLETE:
            self.persona.hand_in(
                "main form[method=post] button[type=submit], main form[method=post] button"
            )
            self._inspect(f"{page}, handed in empty", language)
        self.found = [link for link in links if self._leads_on(link)]

    def go_round(self, start: tuple[str, ...]) -> None:
        """Follow every link to a page of a kind that was not seen, then see all in English."""
        ahead = ["/", *start]
        asked: dict[str, str] = {}
        while ahead:
            path = ahead.pop(0)
            key = key_of(path)
            if key in asked:
                continue
            asked[key] = path
            self.see(path, "zh-hans")
            ahead += self.found
        self.persona.go("/")
        self.persona.speak("en")
        for path in asked.values():
            self.see(path, "en")

    def _inspect(self, page: str, language: str) -> None:
        self.findings.pages[page] = self.persona.path
        faults = self.inspector.faults(self.persona.page, language)
        faults += self.persona.complaints
        self.persona.complaints.clear()
        self.findings.faults += [f"{page} ({language}): {each}" for each in faults]

    def _leads_on(self, link: str) -> bool:
        parts = urlsplit(link)
        if parts.netloc or not parts.path.startswith("/") or name_of(parts.path) in NO_PAGES:
            return False
        number = resolve(parts.path).kwargs.get("number")
        return number is None or number in self.numbers


def name_of(path: str) -> str:
    """The name of the page at a path."""
    try:
        return resolve(path).view_name
    except Resolver404:
        return "404"


def key_of(link: str) -> str:
    """What kind of page a link leads to; a form that depends on a group is one of its own."""
    parts = urlsplit(link)
    return f"{name_of(parts.path)} {sorted(parse_qs(parts.query).keys() & {'population'})}"


def all_pages(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """The names of everything that the site answers."""
    for each in patterns:
        if isinstance(each, URLResolver):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from all_pages(each.url_patterns, inner)
        else:
            yield f"{space}{each.name}"


@dataclass(frozen=True)
class Files:
    """Two files on which much has happened, and somebody who works on both."""

    waiting: File
    red: File
    worker: str

    @property
    def paths(self) -> dict[str, str]:
        """Their pages."""
        return {"waiting": self.waiting.path, "red": self.red.path}


@pytest.fixture(scope="module")
def files(site: Site, browser: Browser) -> Files:
    """One whose proposal waits, and one that is red and lacks its deputy."""
    waiting = site.take_file(level="yellow")
    red = site.take_file(level="green", near=waiting.team["lead"])
    files = Files(waiting=waiting, red=red, worker=waiting.team["lead"])
    supervisor = Persona(site.address, browser)
    supervisor.sign_in("supervisor1")
    for each in (red, waiting):
        worker = Persona(site.address, browser)
        worker.sign_in(each.team["lead"])
        steps.record_visit(worker, each)
        steps.assess(worker, each)
        steps.propose_red(worker, each, today=timezone.localdate())
        worker.leave()
    steps.approve(supervisor, red)
    if files.worker not in red.team.values():
        steps.assign(supervisor, red, place="member", name=site.name_of(files.worker))
    supervisor.leave()
    return files


@pytest.fixture(scope="module")
def look_round(site: Site, browser: Browser, files: Files) -> Callable[[str], Findings]:
    """Goes round once for each role, however often it is asked."""
    inspector = Inspector(site)
    done: dict[str, Findings] = {}

    def looked_round(role: str) -> Findings:
        if role not in done:
            persona = Persona(site.address, browser)
            if role != "visitor":
                persona.sign_in(files.worker if role == "worker" else role)
            going = Round(persona, inspector, frozenset({files.waiting.number, files.red.number}))
            going.go_round(tuple(each.format(**files.paths) for each in ROLES[role]))
            persona.leave()
            done[role] = going.findings
        return done[role]

    return looked_round


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_wrong_with_what_a_role_sees(
    role: str, look_round: Callable[[str], Findings]
) -> None:
    findings = look_round(role)
    assert findings.pages
    assert not findings.faults, "\n".join(findings.faults)


def test_no_page_is_left_out(look_round: Callable[[str], Findings]) -> None:
    seen = {page for role in ROLES for page in look_round(role).pages}
    assert set(all_pages(get_resolver().url_patterns)) - NO_PAGES - seen == set()
