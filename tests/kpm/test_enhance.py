"""The one script in a real browser: a value opens in place, hides again, and works without it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kpm.vault import keys
from tests.factories import make_case_file, make_unit, make_user

CHROMIUM = "/usr/bin/chromium"
PHONE = "13812345678"
# What a browser does when somebody looks at another tab.
HIDE = """
Object.defineProperty(document, 'hidden', { value: true });
document.dispatchEvent(new Event('visibilitychange'));
"""


@pytest.fixture
def file_page(live_site: str) -> tuple[str, dict[str, str]]:
    """The address of a file and the cookies of its worker, made before any browser starts."""
    keys.ring.forget()
    worker = make_user(unit=make_unit())
    case_file = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=9))
    client = Client()
    client.force_login(worker)
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    return f"{live_site}/files/{case_file.number}/", cookies


@pytest.fixture
def browser(file_page: tuple[str, dict[str, str]]) -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail("Debian's chromium is missing; deploy/test installs it.")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def opened(browser: Browser, file_page: tuple[str, dict[str, str]], *, script: bool) -> Page:
    """The page of the file on a phone; whatever the policy refuses fails the test."""
    address, cookies = file_page
    cookies = {**cookies, settings.LANGUAGE_COOKIE_NAME: "en"}
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=script
    )
    context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
    )
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(address)
    return page


complaints: list[str] = []


@pytest.fixture(autouse=True)
def _no_complaints() -> Iterator[None]:
    complaints.clear()
    yield
    assert not [each for each in complaints if "Content Security" in each or "Trusted" in each]


def reveal(page: Page) -> None:
    """Ask for the phone with a reason."""
    if not page.locator("#masked-phone details[open]").count():
        page.click("#masked-phone summary")
    page.select_option("#masked-phone-reason", "call")
    page.click("#masked-phone button")


def test_a_value_opens_in_place_and_hides_when_nobody_looks(
    browser: Browser, file_page: tuple[str, dict[str, str]]
) -> None:
    page = opened(browser, file_page, script=True)
    masked = page.locator("#masked-phone .value").inner_text()
    page.click("#masked-phone summary")
    page.click("#masked-phone button")
    expect(page.locator("#masked-phone .errorlist")).to_contain_text("Choose a reason")
    expect(page.locator("#masked-phone .value")).to_have_count(0)
    expect(page.locator("#masked-phone-reason")).to_be_focused()
    reveal(page)
    expect(page.locator("#masked-phone .revealed")).to_have_text(PHONE)
    expect(page.locator(".watermark")).to_have_count(1)
    assert page.url == file_page[0]
    page.evaluate(HIDE)
    # As it was masked before the first try, which gave no reason.
    expect(page.locator("#masked-phone .value")).to_have_text(masked)
    expect(page.locator("#masked-phone .errorlist")).to_have_count(0)
    assert PHONE not in page.content()
    assert page.locator(".watermark").count() == 0


def test_a_value_hides_after_its_time(
    browser: Browser, file_page: tuple[str, dict[str, str]]
) -> None:
    page = opened(browser, file_page, script=True)
    page.clock.install()
    reveal(page)
    expect(page.locator("#masked-phone .revealed")).to_have_text(PHONE)
    page.clock.run_for(59_000)
    expect(page.locator("#masked-phone .revealed")).to_have_text(PHONE)
    page.clock.run_for(2_000)
    expect(page.locator("#masked-phone .value")).to_be_visible()
    assert PHONE not in page.content()


def test_everything_works_without_the_script(
    browser: Browser, file_page: tuple[str, dict[str, str]]
) -> None:
    page = opened(browser, file_page, script=False)
    with page.expect_navigation() as navigation:
        reveal(page)
    expect(page.locator("#masked-phone .revealed")).to_have_text(PHONE)
    refresh = navigation.value.headers["refresh"]
    assert refresh.startswith("60; url=/files/")


def test_a_sign_in_that_has_ended_leads_to_the_sign_in(
    browser: Browser, file_page: tuple[str, dict[str, str]]
) -> None:
    page = opened(browser, file_page, script=True)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    reveal(page)
    # Asked again and again: the script leaves the page while an answer is still on its way.
    expect(page).to_have_url(re.compile("/sign-in/"))
    assert PHONE not in page.content()


@pytest.mark.parametrize("leave", ["a.back", "form.form .button"])
def test_a_page_that_answered_a_form_can_be_gone_back_to(
    browser: Browser, file_page: tuple[str, dict[str, str]], leave: str
) -> None:
    page = opened(browser, file_page, script=True)
    address = f"{file_page[0]}needs/new/"
    page.goto(address)
    page.click("form.form .button")
    expect(page.locator(".error-summary")).to_be_visible()
    page.click(".error-summary a >> nth=0")
    page.fill("textarea", "Company in the evening")
    page.reload()
    # Looking for what is wrong is no leaving: the page is still the answer.
    expect(page.locator(".error-summary")).to_be_visible()
    page.click(leave)
    if leave == "a.back":
        page.wait_for_url(f"{file_page[0]}needs/")
    else:
        page.wait_for_load_state()
    answer = page.go_back()
    assert answer is not None
    assert answer.status == 200
    assert page.url.partition("#")[0] == address
    expect(page.locator(".error-summary")).to_have_count(0)
