"""Every page, for each role: on phones and desks, in both languages, with an ear for complaints."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, expect

from kpm.middleware import HEADERS
from kpm.permissions import Role
from tests.architecture.permission_matrix import MATRIX, NOBODY, VISITOR
from tests.journeys import scenes, steps
from tests.journeys.addresses import (
    FOR_VISITORS,
    INCOMPLETE,
    MORE,
    NO_PAGES,
    PATHS,
    all_names,
)
from tests.journeys.pages import LINKS, Inspector
from tests.journeys.personas import Persona
from tests.journeys.sites import Site

LANGUAGES: Final = ("zh-hans", "en")
# Who looks, for each role.
PEOPLE: Final[dict[str, str]] = {
    VISITOR: "",
    NOBODY: scenes.WITHOUT_ROLE,
    Role.SOCIAL_WORKER: "worker1",
    Role.SUPERVISOR: "supervisor1",
    Role.AUDITOR: "auditor",
    Role.PRIVACY_OFFICER: "privacy",
    Role.SYSTEM_ADMINISTRATOR: "system",
    Role.SECURITY_ADMINISTRATOR: "security",
}


@dataclass
class Stage:
    """A site of the walk's own, with its scene."""

    site: Site
    inspector: Inspector
    paths: dict[str, str]
    broken: dict[str, str]


@pytest.fixture(scope="module")
def stage(county: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A county in which nobody else does anything, so that the walk finds it as it expects."""
    site = county.copied(tmp_path_factory.mktemp("walk") / "site")
    made = site.ask("from tests.journeys import scenes; print(scenes.made())")
    try:
        site.start()
        yield Stage(site, Inspector(made["names"]), made["paths"], made["broken"])
    finally:
        site.end()


@dataclass
class Walk:
    """One role goes from page to page, in both languages."""

    role: str
    persona: Persona
    stage: Stage
    faults: list[str] = field(default_factory=list)
    language: str = LANGUAGES[0]

    def go_round(self) -> None:
        """See every page of the role in one language, then in the other."""
        for self.language in LANGUAGES:
            if self.language != LANGUAGES[0]:
                self.persona.go("/sign-in/")
                self.persona.speak(self.language)
            for name, path in paths_of(self.role):
                self._see(name, path.format(**self.stage.paths))

    def _see(self, name: str, path: str) -> None:
        self.persona.go(path)
        if self.persona.path.endswith("/purpose/") and not path.endswith("/purpose/"):
            steps.say_what_for(self.persona)
        if self.persona.path != urlsplit(path).path:
            self.faults.append(f"{path} led to {self.persona.path}")
            return
        self.inspect(path)
        if name in INCOMPLETE:
            self._hand_in_empty(name, path)
        for act in THEN.get(name, ()):
            act(self.persona)
            self.inspect(path, act.__name__.replace("_", " "))

    def _hand_in_empty(self, name: str, path: str) -> None:
        form = "main form.filters" if name == "casework:list_case_files" else "main form.form"
        self.persona.hand_in(f"{form} button")
        if not self.persona.main(":is(.error-summary, .errorlist)").count():
            self.faults.append(f"{path}: it took an empty form")
        self.inspect(path, "handed in empty")

    def inspect(self, path: str, after: str = "") -> None:
        """Look at what the browser shows."""
        page = self.persona.page
        faults = self.stage.inspector.faults(page, f"{kind_of(path)}, {after}", self.language)
        links = page.evaluate(LINKS)
        faults += [
            f"{each} leads where nobody may go from here"
            for each in links
            if not self._may_follow(each)
        ]
        faults += self.persona.complaints
        self.persona.complaints.clear()
        where = f"{path}, {after}" if after else path
        self.faults += [f"{where} ({self.language}): {each}" for each in faults]

    def _may_follow(self, link: str) -> bool:
        path = urlsplit(link).path
        if not path or urlsplit(link).netloc:
            return True
        try:
            # A visitor is asked to sign in and goes on from there.
            return self.role in {VISITOR, *MATRIX[resolve(path).view_name]}
        except Resolver404:
            return False


def kind_of(path: str) -> str:
    """The name of the page at a path, and what it is asked beside; not about which file."""
    parts = urlsplit(path)
    try:
        return f"{resolve(parts.path).view_name} {sorted(parse_qs(parts.query))}"
    except Resolver404:
        return path


def handed_in(persona: Persona) -> None:
    """Press the one button."""
    persona.hand_in("main form.form button")


def without_a_reason(persona: Persona) -> None:
    """Ask for a value without saying why; only this part of the page changes."""
    persona.main(".masked button").click()
    expect(persona.main(".masked .errorlist")).to_be_visible()


def with_a_reason(persona: Persona) -> None:
    """Say why, and see the value."""
    persona.main(".masked select").select_option("call")
    persona.main(".masked button").click()
    expect(persona.main(".masked .revealed")).to_be_visible()


# What can be seen after something was done on the page, and nowhere else.
THEN: Final[dict[str, tuple[Callable[[Persona], None], ...]]] = {
    "accounts:issue_password": (handed_in,),
    "audit:verify_log": (handed_in,),
    "casework:reveal_field": (without_a_reason, with_a_reason),
}


def paths_of(role: str) -> Iterator[tuple[str, str]]:
    """The pages that a role may see, and some that it may not."""
    for name, paths in PATHS.items():
        if role in MATRIX[name] and (role == VISITOR or name not in FOR_VISITORS):
            yield from ((name, path) for path in paths)
    yield from (("", path) for path in MORE.get(role, ()))


@pytest.mark.parametrize("role", PEOPLE)
def test_nothing_is_wrong_with_what_a_role_sees(role: str, stage: Stage, browser: Browser) -> None:
    persona = Persona(stage.site.address, browser)
    if username := PEOPLE[role]:
        persona.sign_in(username)
    walk = Walk(role, persona, stage)
    walk.go_round()
    persona.leave()
    assert list(paths_of(role))
    assert not walk.faults, "\n".join(walk.faults)


def test_nothing_is_wrong_with_pages_of_what_went_wrong(stage: Stage, browser: Browser) -> None:
    persona = Persona(stage.site.address, browser)
    walk = Walk(VISITOR, persona, stage)
    persona.page.route(
        "**/broken/**",
        lambda route: route.fulfill(
            body=stage.broken[route.request.url.partition("/broken/")[2]],
            headers={**HEADERS, "Content-Type": "text/html; charset=utf-8"},
        ),
    )
    for walk.language in LANGUAGES:
        for name in scenes.BROKEN:
            persona.go(f"/broken/{walk.language}/{name}")
            walk.inspect(name)
    persona.leave()
    assert not walk.faults, "\n".join(walk.faults)


def test_every_address_is_walked_to_or_says_why_it_has_no_page() -> None:
    names = set(all_names())
    assert names == PATHS.keys() | NO_PAGES.keys()
    assert not PATHS.keys() & NO_PAGES.keys()
    assert names >= INCOMPLETE | THEN.keys()
    assert set(PEOPLE) == {role for roles in MATRIX.values() for role in roles}
