"""A supervisor at a desk: decides beside the evidence, then sees to it that red means help."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.conftest import SignIn
from tests.journeys.sites import File, Site


@pytest.fixture
def case_file(site: Site) -> File:
    """A file that waits for a decision: no deputy, and its lead has proposed red."""
    return site.take_file(level="green")


@pytest.fixture
def today() -> date:
    return timezone.localdate()


def test_from_the_proposal_to_the_team(
    site: Site, sign_in: SignIn, case_file: File, today: date
) -> None:
    member, deputy = case_file.team["lead"], site.colleague(case_file)
    supervisor = sign_in("supervisor1")

    # Given a file without a deputy, whose lead nobody can take away, and a proposal by that lead
    supervisor.go(f"{case_file.path}team/")
    steps.say_what_for(supervisor)
    lead = supervisor.main(f".rows > li:has-text('{site.name_of(member)}')")
    expect(lead).to_contain_text(steps.LEAD)
    expect(lead.locator("summary")).to_have_count(0)
    worker = sign_in(member, width=390)
    steps.assess(worker, case_file)
    steps.propose_red(worker, case_file, today=today)

    # When the supervisor opens what waits
    steps.find_waiting(supervisor, case_file)

    # Then what is, what is proposed and on what stand side by side
    columns = [each.bounding_box() for each in supervisor.main(".side-by-side > section").all()]
    assert len({round(box["y"]) for box in columns if box}) == 1
    expect(supervisor.main("section[aria-labelledby=current] .level-green")).to_be_visible()
    proposed = supervisor.main("section[aria-labelledby=proposed]")
    for words in (steps.REASON, steps.RESOURCE, site.name_of(member)):
        expect(proposed).to_contain_text(words)
    expect(supervisor.main("section[aria-labelledby=evidence]")).to_contain_text("病重未治")

    # When they approve, then the file is red, and the page says who is missing and by when
    steps.approve(supervisor, case_file)
    expect(supervisor.main(".identity .level-red")).to_be_visible()
    missing = supervisor.main("section[aria-labelledby=missing]")
    expect(missing).to_contain_text(steps.DEPUTY)
    expect(missing).not_to_contain_text(steps.LEAD)
    by_at = datetime.fromisoformat(missing.locator("time").get_attribute("datetime") or "")
    assert timedelta(hours=23) < by_at - timezone.now() <= timedelta(hours=24)
    supervisor.go("/missing/?group=care")
    expect(supervisor.main(f"tr:has-text('{case_file.number}')")).to_contain_text(steps.DEPUTY)

    # When the worker has talked about the plan with the person, then that is not missing
    supervisor.go(f"{case_file.path}team/")
    expect(missing).to_contain_text("本人对计划的意见")
    steps.talk_about(worker, case_file)

    # When they assign one and name whoever helps without an account, then nothing is missing
    supervisor.go(case_file.path)
    supervisor.follow(f"{case_file.path}team/")
    steps.assign(supervisor, case_file, place="deputy", name=site.name_of(deputy))
    expect(missing).not_to_contain_text(steps.DEPUTY)
    expect(missing).to_contain_text("家庭医生")
    expect(missing).not_to_contain_text("本人对计划的意见")
    steps.name_others(supervisor, case_file)
    expect(missing).to_have_count(0)

    # Until they take one of them away again
    supervisor.go(f"{case_file.path}team/")
    steps.take_away(supervisor, name=site.name_of(deputy))
    expect(supervisor.main("section[aria-labelledby=missing]")).to_contain_text(steps.DEPUTY)
    steps.assign(supervisor, case_file, place="deputy", name=site.name_of(deputy))

    # And the duties of red are in the days of both
    for username in (member, deputy):
        worker = sign_in(username, width=390)
        worker.go("/today/?group=care")
        row = worker.main(f"li:has(a[href='{case_file.path}'])").first
        expect(row.locator(".level-red")).to_be_visible()
        expect(row.locator(".due").first).to_be_visible()
    worker.go(f"{case_file.path}level/")
    expect(worker.main("section[aria-labelledby=now] .level-red")).to_be_visible()
    assert steps.RESOURCE in worker.open(f"{case_file.path}plan/")
