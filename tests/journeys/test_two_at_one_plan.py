"""Two people at one plan, each in a browser of their own: nothing that either wrote is lost."""

from typing import Final

import pytest
from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.conftest import SignIn
from tests.journeys.personas import Persona
from tests.journeys.sites import File, Site

FIRST: Final = "每天有人照看一次，按时吃药。"
SECOND: Final = "多跟邻居来往，周末去活动室。"
STEP: Final = "送药上门"


def write(persona: Persona, case_file: File, goal: str, what: str) -> None:
    """Fill in the open form, and hand nothing in."""
    assert persona.path == f"{case_file.path}plan/new/"
    persona.page.fill("#id_goal", goal)
    persona.page.fill("#id_what_0", what)


@pytest.mark.parametrize("width", [1280, 390])
def test_two_browsers_editing_one_plan_lose_nothing(
    site: Site, sign_in: SignIn, width: int
) -> None:
    # Given the lead and the deputy of one file, both with the form of the plan open
    case_file = site.take_file(level="green")
    lead, deputy = case_file.team["lead"], site.colleague(case_file)
    supervisor = sign_in("supervisor1")
    supervisor.go(f"{case_file.path}team/")
    if supervisor.path.endswith("/purpose/"):
        steps.say_what_for(supervisor)
    steps.assign(supervisor, case_file, place="deputy", name=site.name_of(deputy))
    one, other = sign_in(lead), sign_in(deputy, width=width)
    for persona in (one, other):
        persona.go(f"{case_file.path}plan/new/")
    write(one, case_file, FIRST, STEP)
    write(other, case_file, SECOND, STEP)

    # When the first saves, then it is on record
    one.hand_in("main form.form button[type=submit]:not([formaction])")
    expect(one.main(".notice-success")).to_be_visible()

    # When the second saves, then nothing is saved, and they see both texts; what they typed stays
    other.hand_in("main form.form button[type=submit]:not([formaction])")
    assert other.path == f"{case_file.path}plan/new/"
    beside = other.main("section[aria-labelledby=meanwhile]")
    expect(beside).to_contain_text(site.name_of(lead))
    goal = beside.locator(".difference").first
    expect(goal).to_contain_text(FIRST)
    expect(goal).to_contain_text(SECOND)
    expect(beside).not_to_contain_text(STEP)
    expect(other.page.locator("#id_goal")).to_have_value(SECOND)
    one.go(f"{case_file.path}plan/")
    assert FIRST in one.text
    assert SECOND not in one.text

    # The two stand beside each other where there is room, else one above the other
    theirs, mine = (each.bounding_box() for each in goal.locator(".side-by-side > div").all())
    assert theirs is not None
    assert mine is not None
    assert (theirs["y"] == mine["y"]) == (width == 1280)
    assert other.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # When they save knowingly, both in one, then that holds, and the first is still to be read
    other.page.fill("#id_goal", f"{FIRST}{SECOND}")
    other.hand_in("main form.form button[type=submit]:not([formaction])")
    expect(other.main(".notice-success")).to_be_visible()
    one.go(f"{case_file.path}plan/")
    assert f"{FIRST}{SECOND}" in one.text
    one.follow(f"{case_file.path}plan/earlier/")
    expect(one.main("section.panel")).to_contain_text(FIRST)
