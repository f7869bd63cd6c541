"""One site for all journeys, browsers for each persona, and an ear for what the browser says."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.personas import Persona
from tests.journeys.sites import Site

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HERE = Path(__file__).parent
SignIn = Callable[..., Persona]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A county of sixty files that nobody has worked on; sites are copied from it."""
    county = Site(tmp_path_factory.mktemp("county") / "site")
    county.prepare()
    return county


@pytest.fixture(scope="session")
def site(county: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that is served and worked on until the last journey has ended."""
    site = county.copied(tmp_path_factory.mktemp("site") / "site")
    try:
        site.start()
        yield site
    finally:
        site.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which asks nobody for anything."""
    if not Path(CHROMIUM).exists():
        pytest.fail("Debian's chromium is missing; deploy/test installs it.")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield found
        found.close()


@pytest.fixture
def sign_in(site: Site, browser: Browser) -> Iterator[SignIn]:
    """Somebody signs in, on a phone or at a desk; what their browser complains of is a failure."""
    people: list[Persona] = []

    def signed_in(username: str, *, width: int = 1280, language: str = "zh-hans") -> Persona:
        persona = Persona(site.address, browser, width=width)
        people.append(persona)
        persona.sign_in(username, language=language)
        return persona

    yield signed_in
    complaints = [each for persona in people for each in persona.complaints]
    for persona in people:
        persona.leave()
    assert not complaints
