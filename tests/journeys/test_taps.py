"""How much a thumb has to do: signing in, today, and one contact on record take three taps."""

from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from kpm.management.demo.staff import PASSWORD
from tests.journeys import steps
from tests.journeys.personas import Persona
from tests.journeys.sites import File, Site

MOST_TAPS: Final = 3
# A tap is what a finger or a mouse does to the page; typing is none. Kept from page to page.
COUNT_TAPS: Final = """addEventListener('pointerdown', () => {
  sessionStorage.setItem('taps', Number(sessionStorage.getItem('taps')) + 1);
}, true);"""


class Thumb(Persona):
    """Somebody with a phone in one hand, whose taps are counted."""

    def __init__(self, address: str, browser: Browser) -> None:
        super().__init__(address, browser, width=390)
        self.context.add_init_script(COUNT_TAPS)

    @property
    def taps(self) -> int:
        """How often the glass was touched so far."""
        return int(self.page.evaluate("sessionStorage.getItem('taps')") or 0)

    def tap(self, selector: str) -> None:
        """Touch something that is large enough and to be seen without scrolling."""
        target = self.page.locator(selector).first
        expect(target).to_be_in_viewport(ratio=1)
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44, box
        with self.page.expect_navigation():
            target.click()

    def write(self, text: str) -> None:
        """Type where the page waits for it, and nowhere else.

        It waits from its first picture on, which comes after all of it was loaded: people see a
        field before they type, and what is typed earlier goes nowhere.
        """
        expect(self.main(":is(input, textarea):focus")).to_be_visible()
        self.page.keyboard.insert_text(text)


@pytest.fixture
def thumb(site: Site, browser: Browser):
    """A worker's phone; what the browser complains of is a failure."""
    persona = Thumb(site.address, browser)
    yield persona
    persona.leave()
    assert not persona.complaints


def sign_in(thumb: Thumb, username: str) -> None:
    """The name, on to the password with the keyboard, and one tap."""
    thumb.go("/sign-in/")
    thumb.write(username)
    thumb.page.keyboard.press("Tab")
    thumb.write(PASSWORD)
    thumb.tap("main form.form button")
    assert thumb.path == "/today/", thumb.text
    assert thumb.taps == 1


def button(case_file: File, way: str) -> str:
    """What records a contact, on the row of a person."""
    return f"main .rows a.button[href='{case_file.path}visits/new/?way={way}&from=today']"


@pytest.mark.parametrize(
    ("way", "population", "note", "said"),
    [
        ("visit", "empty_nest_elder", steps.NOTE, "走访已登记。"),
        ("phone", "left_behind_child", "", "联系已登记。"),
    ],
)
def test_three_taps_put_a_contact_on_record(
    site: Site, thumb: Thumb, way: str, population: str, note: str, said: str
) -> None:
    # Given a worker who signs in, and today names the person
    case_file = site.take_file(level="yellow", population=population)
    sign_in(thumb, case_file.team["lead"])

    # When they say that they were there, or have phoned, then everything is filled in
    thumb.page.locator(button(case_file, way)).scroll_into_view_if_needed()
    thumb.tap(button(case_file, way))
    expect(thumb.main(f"input[name=way][value={way}]")).to_be_checked()
    expect(thumb.main("input[name=outcome][value=done]")).to_be_checked()
    expect(thumb.main("#id_happened_at")).not_to_have_value("")

    # When they write what there is to say, and save, then it is on record and the day goes on
    if note:
        thumb.write(note)
    thumb.tap("main form.form .at-hand button")
    assert thumb.path == "/today/", thumb.text
    expect(thumb.main(".notice-success")).to_have_text(said)
    assert thumb.taps <= MOST_TAPS

    # And the note stands in the file
    thumb.go(f"{case_file.path}visits/")
    assert note in thumb.text
