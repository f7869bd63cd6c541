"""A social worker on the way: today, a file, a phone number, a visit, an assessment, a proposal."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from kpm.management.demo.staff import PASSWORD
from tests.journeys import steps
from tests.journeys.conftest import SignIn
from tests.journeys.sites import File, Site


@pytest.fixture
def case_file(site: Site) -> File:
    """A file that something is due for within a week, so that today names it."""
    return site.take_file(level="yellow")


def test_from_today_to_the_proposal(site: Site, sign_in: SignIn, case_file: File) -> None:
    # Given a social worker with a phone, on the page of today
    worker = sign_in(case_file.team["lead"], width=390)
    assert worker.path == "/today/"
    row = worker.main(f"li:has(a[href='{case_file.path}'])")
    expect(row.locator("a.name")).to_have_text(re.compile(r"^.{1,2}\*+$"))

    # When they open the file, then what identifies the person is masked
    row.locator("a.name").click()
    expect(worker.main(".identity strong")).not_to_contain_text("*")
    expect(worker.main("#masked-phone .value")).to_have_text(re.compile(r"^1\*+$"))
    expect(worker.main("#masked-id_number .value")).to_have_text(re.compile(r"^1\*+.$"))

    # When they give a reason, then one value opens, and who looks stands across the page
    worker.page.click("#masked-phone summary")
    worker.page.select_option("#masked-phone-reason", "call")
    worker.page.click("#masked-phone button")
    expect(worker.main("#masked-phone .revealed")).to_have_text(re.compile(r"^1\d{10}$"))
    expect(worker.page.locator(".watermark")).to_contain_text(site.name_of(case_file.team["lead"]))

    # When they record a home visit, then it is on record with its note
    steps.record_visit(worker, case_file)
    expect(worker.main(".notice-success")).to_have_text("走访已登记。")
    worker.follow(f"{case_file.path}visits/")
    assert steps.NOTE in worker.text

    # When they fill in an assessment, then its result is a suggestion that names the answers
    steps.assess(worker, case_file)
    expect(worker.main(".notice-success")).to_contain_text("等级没有变化")
    expect(worker.main(".level-red").first).to_be_visible()
    assert "病重未治" in worker.text

    # When they propose red with a plan, then it waits, and the level is what it was
    steps.propose_red(worker, case_file, today=timezone.localdate())
    expect(worker.main(".notice-success")).to_contain_text("建议已提交督导")
    expect(worker.main(".identity .level-yellow")).to_be_visible()
    expect(worker.main("section[aria-labelledby=waiting]")).to_contain_text(steps.REASON)


def test_red_without_help_is_no_proposal(sign_in: SignIn, case_file: File) -> None:
    # Given a worker who proposes red and names no resource
    worker = sign_in(case_file.team["lead"], width=390)
    worker.go(f"{case_file.path}proposal/")
    worker.page.check("input[name=to_level][value=red]")
    worker.page.check("input[name=reason_codes][value=safety]")
    worker.page.fill("#id_reason", steps.REASON)

    # When they hand it in, then the page says what is wrong, and keeps what was typed
    worker.hand_in()
    expect(worker.main(".error-summary")).to_be_focused()
    expect(worker.main(".field.wrong").first).to_be_visible()
    expect(worker.page.locator("#id_reason")).to_have_value(steps.REASON)


def test_what_was_typed_comes_back_after_a_dropped_line(sign_in: SignIn, case_file: File) -> None:
    # Given a worker on a phone who has typed half a note
    worker = sign_in(case_file.team["lead"], width=390)
    worker.go(f"{case_file.path}visits/new/")
    worker.page.fill("#id_notes", steps.NOTE)

    # When a few seconds pass, then the page says that it is kept
    expect(worker.main(".keeps")).to_contain_text("已暂存", timeout=10_000)

    # When the session is gone and they sign in again, then the note is there, not sent
    worker.page.context.clear_cookies()
    again = sign_in(case_file.team["lead"], width=390)
    again.go(f"{case_file.path}")
    expect(again.main(".notice")).to_contain_text("您写了一半")
    again.follow(f"{case_file.path}visits/new/")
    expect(again.main("#id_notes")).to_have_value(steps.NOTE)

    # When they send it, then nothing of it waits any more
    again.hand_in()
    expect(again.main(".notice-success")).to_have_text("走访已登记。")
    assert "您写了一半" not in again.text


def test_of_two_who_write_one_plan_neither_loses_a_word(sign_in: SignIn, case_file: File) -> None:
    # Given one worker with the form of a plan in two browsers, the phone and the desk
    phone = sign_in(case_file.team["lead"], width=390)
    desk = sign_in(case_file.team["lead"], width=1280)
    form = f"{case_file.path}plan/new/"
    for browser, goal in ((phone, "冬天屋里要暖和"), (desk, "每周有人一起散步")):
        browser.go(form)
        browser.page.fill("#id_goal", goal)
        browser.page.fill("#id_what_0", f"为了“{goal}”去一趟")
        browser.page.fill("#id_resource_0", "社区服务站")

    # When both hand it in, then the first is on record and the second sees both texts
    phone.hand_in()
    expect(phone.main(".notice-success")).to_be_visible()
    desk.hand_in()
    expect(desk.main(".error-summary")).to_be_visible()
    expect(desk.main("section[aria-labelledby=meanwhile]")).to_contain_text("冬天屋里要暖和")
    expect(desk.page.locator("#id_goal")).to_have_value("每周有人一起散步")
    expect(desk.page.locator("#id_what_0")).to_have_value("为了“每周有人一起散步”去一趟")

    # When the second takes over what the first wrote, and hands it in knowingly
    desk.page.fill("#id_goal", "冬天屋里要暖和；每周有人一起散步")
    desk.hand_in()

    # Then both are in the plan, and both versions stay readable
    expect(desk.main(".notice-success")).to_be_visible()
    phone.go(f"{case_file.path}plan/")
    assert "冬天屋里要暖和；每周有人一起散步" in phone.text
    assert "为了“冬天屋里要暖和”去一趟" in phone.text


def test_nothing_leaves_the_page_for_a_line_that_is_gone_or_a_sign_in_that_has_ended(
    site: Site, sign_in: SignIn
) -> None:
    # Given a worker who has typed a note, when the line drops and they press the button
    case_file = site.take_file(level="green")
    worker = sign_in(case_file.team["lead"], width=390)
    worker.go(f"{case_file.path}visits/new/")
    worker.page.fill("#id_notes", steps.NOTE)
    worker.page.route("**/unsent/**", lambda route: route.abort())
    worker.main(".at-hand button").click()

    # Then the page stays, says so, and holds what they typed
    expect(worker.main(".unsent")).to_be_focused()
    expect(worker.main("#id_notes")).to_have_value(steps.NOTE)
    worker.page.unroute("**/unsent/**")

    # When the sign-in has ended as well, then the page stays too
    worker.page.context.clear_cookies()
    worker.main(".at-hand button").click()
    expect(worker.main(".unsent")).to_be_focused()
    assert worker.path == f"{case_file.path}visits/new/"

    # When they sign in on another page and press again, twice, then it is on record, once
    with worker.page.context.expect_page() as opened:
        worker.main(".unsent a").click()
    other = opened.value
    other.fill("#id_username", case_file.team["lead"])
    other.fill("#id_password", PASSWORD)
    other.locator("main button").click()
    other.wait_for_url(lambda url: "/sign-in/" not in url)
    worker.page.bring_to_front()
    with worker.page.expect_navigation():
        worker.main(".at-hand button").dblclick()
    expect(worker.main(".notice-success")).to_have_text("走访已登记。")
    worker.go(f"{case_file.path}visits/")
    assert worker.text.count(steps.NOTE) == 1
    # What failed was meant to fail.
    worker.complaints.clear()


def test_signs_of_harm_that_were_typed_are_there_again_when_the_page_was_lost(
    site: Site, sign_in: SignIn
) -> None:
    # Given a worker who types what they saw, and a moment later nothing is left of the page
    case_file = site.take_file(level="green")
    form = f"{case_file.path}report/"
    worker = sign_in(case_file.team["lead"], width=390)
    worker.go(form)
    worker.page.locator("#id_words").press_sequentially(steps.NOTE)
    expect(worker.main(".keeps")).to_contain_text("已暂存")
    worker.page.goto("about:blank")

    # When they open the form at a desk, then it is filled in, and they go on with it there
    desk = sign_in(case_file.team["lead"], width=1280)
    desk.go(case_file.path)
    desk.main(f".notice a[href='{form}']").click()
    expect(desk.main("#id_words")).to_have_value(steps.NOTE)
    worker.go(form)
    desk.page.locator("#id_words").press_sequentially("!")
    expect(desk.main(".keeps")).to_contain_text("已暂存")

    # When they type on the phone again, which shows the older words, then nothing is written over
    worker.page.locator("#id_words").press_sequentially("?")
    expect(worker.main(".keeps")).to_contain_text("另一个页面")
    desk.go(form)
    expect(desk.main("#id_words")).to_have_value(f"!{steps.NOTE}")

    # When the desk sends it, then it is a report, and nothing of it is kept
    desk.page.check("input[name=situation][value=injuries]")
    desk.hand_in()
    expect(desk.main(".notice-success")).to_be_visible()
    worker.go(form)
    expect(worker.main("#id_words")).to_have_value("")
    # A word that was not kept was meant not to be.
    worker.complaints.clear()
