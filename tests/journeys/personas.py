"""What people do in a browser: sign in, open a file, fill in a form and hand it in."""

from typing import Final

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from kpm.management.demo.staff import PASSWORD

HEIGHTS: Final = {1280: 900, 390: 844, 320: 640}
# An answer that says no is meant to be one; everything else on the console is a fault.
ANSWERED_NO: Final = "Failed to load resource: the server responded with a status of 4"


class Persona:
    """Somebody at a browser of their own: what they see, and what they do."""

    def __init__(self, address: str, browser: Browser, *, width: int = 1280) -> None:
        self.address = address
        self.context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: ConsoleMessage) -> None:
        said_no = message.text.startswith(ANSWERED_NO) and not self._is_part(message)
        if message.type in ("error", "warning") and not said_no:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _is_part(self, message: ConsoleMessage) -> bool:
        """Whether it is about a style, a script or an icon: these are always there."""
        return "/static/" in message.location["url"]

    def sign_in(self, username: str, *, language: str = "zh-hans") -> None:
        """Choose a language with its button, then name and password."""
        self.go("/sign-in/")
        if language != "zh-hans":
            self.speak(language)
        self.page.fill("#id_username", username)
        self.page.fill("#id_password", PASSWORD)
        self.page.locator("main button").click()
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def speak(self, language: str) -> None:
        """Press the button of a language."""
        self.hand_in(f".header button[name=language][value={language}]")

    def leave(self) -> None:
        """Close the browser; the session ends by itself."""
        self.context.close()

    def go(self, path: str) -> int:
        """Open an address of the site; its status says whether the site agrees."""
        answer = self.page.goto(f"{self.address}{path}")
        assert answer is not None
        return answer.status

    def open(self, path: str) -> str:
        """Open an address that answers, and read its page."""
        assert self.go(path) == 200
        return self.text

    @property
    def path(self) -> str:
        """Where the browser is."""
        return self.page.url.removeprefix(self.address).split("?")[0]

    @property
    def text(self) -> str:
        """What the page says."""
        return self.page.locator("main").inner_text()

    def main(self, selector: str) -> Locator:
        """A part of the page itself, without header and menu."""
        return self.page.locator(f"main {selector}")

    def follow(self, path: str) -> None:
        """Press the link on this page that leads there."""
        with self.page.expect_navigation():
            self.main(f"a[href^='{path}']").first.click()

    def turn_page(self) -> None:
        """On to the next page of a list; there must be one."""
        following = self.main("nav.pagination a[rel=next]")
        assert following.count(), f"This is the last page: {self.page.url}"
        with self.page.expect_navigation():
            following.click()

    def hand_in(self, selector: str = "main form.form button") -> None:
        """Press the button of a form and wait for the page that answers."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()
