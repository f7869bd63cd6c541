"""A supervisor brings a ledger in, once, and prints what a case conference needs."""

import subprocess
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.conftest import SignIn
from tests.journeys.personas import Persona
from tests.journeys.sites import Site

LEDGERS = Path(__file__).parent.parent / "casework" / "ledgers" / "data"
# The worker has the other work of all journeys as well.
SOON = 60_000


def hand_in_ledger(supervisor: Persona) -> None:
    """Choose the group and the workbook, and wait until every row has been looked at."""
    supervisor.go("/ledgers/new/")
    supervisor.page.select_option("#id_population", "empty_nest_elder")
    workbook = LEDGERS / "ledger_empty_nest_elder.xlsx"
    supervisor.page.set_input_files("#id_workbook", str(workbook))
    supervisor.hand_in()
    checked = supervisor.main("section[aria-labelledby=confirm], section[aria-labelledby=rows]")
    expect(checked.first).to_be_visible(timeout=SOON)


def test_a_ledger_goes_in_once(sign_in: SignIn) -> None:
    supervisor = sign_in("supervisor1")

    # When the supervisor hands in a ledger, then each row is new or refused, with its reason
    hand_in_ledger(supervisor)
    expect(supervisor.main("#confirm")).to_contain_text("113")
    refused = supervisor.main("section[aria-labelledby=rows] tbody tr")
    expect(refused).to_have_count(7)
    expect(refused.first).to_contain_text("身份证号码")
    expect(refused.first).to_contain_text("校验位")

    # When they confirm, then people and files are there
    supervisor.hand_in("main section[aria-labelledby=confirm] form button")
    expect(supervisor.main(".notice-success")).to_be_visible(timeout=SOON)
    supervisor.follow("?outcome=new")
    expect(supervisor.main("section[aria-labelledby=rows] a[href^='/files/']")).to_have_count(50)

    # When they hand it in again, then nothing would change
    hand_in_ledger(supervisor)
    expect(supervisor.main(".notice").first).to_contain_text("没有新增或变更的行")
    expect(supervisor.main("section[aria-labelledby=confirm]")).to_have_count(0)


def test_a_summary_is_printed_with_a_watermark_that_copies_clean(
    site: Site, sign_in: SignIn, tmp_path: Path
) -> None:
    case_file = site.take_file(level="green")
    supervisor = sign_in("supervisor1")
    supervisor.go(f"{case_file.path}summary/")
    steps.say_what_for(supervisor)
    supervisor.main("form input[type=radio]").first.check()
    with supervisor.page.expect_download(timeout=SOON) as started:
        supervisor.main("form.form button").first.click()
    paper = tmp_path / "summary.pdf"
    started.value.save_as(paper)
    assert started.value.suggested_filename == f"{case_file.number}.pdf"
    text = subprocess.run(
        ["pdftotext", "-layout", str(paper), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert case_file.number in text
    assert "空巢老人" in text
    # Who printed it and when stands above; the same across the page is drawn, not written.
    assert f"{site.name_of('supervisor1')} 打印" in text
    assert f"{site.name_of('supervisor1')} 20" not in text
