"""An auditor: sees who did what by numbers alone, verifies it, and is refused the file itself."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.conftest import SignIn
from tests.journeys.personas import Persona
from tests.journeys.sites import File, Site

WRITTEN = (
    "case_file.read",
    "case_file.revealed",
    "visit.recorded",
    "assessment.recorded",
    "risk_level.proposed",
    "risk_level.approved",
)


@pytest.fixture
def case_file(site: Site) -> File:
    return site.take_file(level="green")


def rows_of(auditor: Persona, query: str) -> list[str]:
    """What the log says, one text for each event."""
    auditor.go(f"/log/?{query}")
    return [row.inner_text() for row in auditor.main("tbody tr").all()]


def test_the_log_names_files_by_number_and_tries_as_tries(
    site: Site, sign_in: SignIn, case_file: File
) -> None:
    lead, stranger = case_file.team["lead"], site.worker_elsewhere(case_file)

    # Given a worker who read, revealed, visited, assessed, proposed, and tried to decide
    worker = sign_in(lead)
    worker.go(case_file.path)
    name = worker.main(".identity strong").inner_text()
    worker.page.click("#masked-phone summary")
    worker.page.select_option("#masked-phone-reason", "call")
    worker.page.click("#masked-phone button")
    phone = worker.main("#masked-phone .revealed").inner_text()
    steps.record_visit(worker, case_file)
    steps.assess(worker, case_file)
    steps.propose_red(worker, case_file, today=timezone.localdate())
    assert worker.go(f"{case_file.path}proposal/review/") == 403

    # Given a worker of another unit who tried to open the file
    assert sign_in(stranger).go(case_file.path) == 404

    # Given a supervisor who approved
    steps.approve(sign_in("supervisor1"), case_file)

    # When the auditor tries to open the file, then it is refused
    auditor = sign_in("auditor")
    assert auditor.go(case_file.path) == 403
    assert name not in auditor.page.content()

    # Then all of it stands in the log under the number of the file
    content = ""
    for event in WRITTEN:
        said = rows_of(auditor, f"subject={case_file.number}&event={event}")
        assert any(case_file.number in row for row in said), f"{event}: {said}"
        content += auditor.page.content()
    # And the tries stand there as tries
    tries = rows_of(auditor, f"subject={case_file.number}&outcome=denied")
    for username in (lead, stranger, "auditor"):
        assert any(site.name_of(username) in row for row in tries), f"{username}: {tries}"

    # And nothing of the person does
    content += auditor.page.content()
    assert not [each for each in (name, phone, steps.NOTE, steps.REASON) if each in content]

    # When they have the log verified, then every event is as it was written
    auditor.follow("/log/verification/")
    auditor.hand_in()
    expect(auditor.main("dd .tag-green").first).to_have_text("与写入时一致")
    assert re.search(r"[0-9a-f]{64}", auditor.text)
