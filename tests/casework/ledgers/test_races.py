"""Two people hand in one ledger, two workers take it in at the same moment: one set of files."""

from collections.abc import Sequence
from typing import Any

import pytest

from casework.actions import ledgers, people
from casework.models import CaseFile, Ledger, Person
from casework.models.ledgers import LedgerState, RowOutcome
from kpm.errors import Refused
from kpm.jobs.models import Job, State
from kpm.permissions import Role
from risk_levels.models import Proposal
from tests.casework.ledgers import large
from tests.casework.ledgers.test_killed import NOW, somebody
from tests.casework.ledgers.test_ledgers import outcomes, uploaded, work
from tests.conftest import RealCommits
from tests.factories import make_user
from tests.kpm.jobs.steps import wait_until, worker

pytestmark = pytest.mark.django_db
ROWS = 900
GOOD = ROWS - ROWS // large.FAULTY


def test_one_table_taken_in_twice_at_once_makes_one_set_of_files(
    real_commits: RealCommits,
) -> None:
    one = somebody()
    other = make_user(Role.SUPERVISOR, unit=one.unit)
    made: list[Ledger] = []
    for by in (one, other):
        made.append(
            ledgers.upload(
                population="empty_nest_elder",
                workbook=ledgers.read(large.workbook(ROWS), "empty_nest_elder"),
                by=by,
                now=NOW,
            )
        )
    with (
        worker(real_commits.environment, lease=15),
        worker(real_commits.environment, lease=15),
    ):
        wait_until(lambda: Ledger.objects.filter(state=LedgerState.CHECKED).count() == 2)
        for ledger in made:
            ledgers.confirm(ledger=ledger, by=ledger.uploaded_by, now=NOW)
        wait_until(lambda: not Job.objects.filter(state__in=("waiting", "running")).exists())
    assert set(Job.objects.values_list("state", flat=True)) == {State.DONE}
    assert set(Ledger.objects.values_list("state", flat=True)) == {LedgerState.APPLIED}
    assert Person.objects.count() == CaseFile.objects.count() == GOOD
    assert Person.history.count() == CaseFile.history.count() == GOOD
    assert Proposal.objects.count() == GOOD
    # Every row of both tables is either taken in by one or found there by the other.
    for ledger in made:
        refused = ledger.rows.filter(outcome=RowOutcome.REFUSED).count()
        assert refused == ROWS // large.FAULTY


def test_one_who_cannot_be_taken_in_is_refused_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by = somebody()
    ledger = uploaded(by)
    really = people.admit_many
    unlucky = "100711193512022794"

    def admit_many(*, admissions: Sequence[people.Admission], **more: Any) -> list[CaseFile]:
        if any(each.id_number == unlucky for each in admissions):
            raise Refused("Somebody was quicker.")
        return really(admissions=admissions, **more)

    monkeypatch.setattr(people, "admit_many", admit_many)
    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    work()
    assert outcomes(ledger) == {RowOutcome.NEW: 112, RowOutcome.REFUSED: 8}
    assert CaseFile.objects.count() == 112


def test_one_who_was_taken_in_a_moment_ago_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by = somebody()
    ledger = uploaded(by)
    really = people.admit_many
    calls: list[int] = []

    def admit_many(**more: Any) -> list[CaseFile]:
        calls.append(1)
        made = really(**more)
        if len(calls) == 1:
            # The other worker's commit, and our own insert that runs into it.
            raise Refused("Somebody was quicker.")
        return made

    monkeypatch.setattr(people, "admit_many", admit_many)
    ledgers.confirm(ledger=ledger, by=by, now=NOW)
    work()
    assert outcomes(ledger) == {RowOutcome.SAME: 113, RowOutcome.REFUSED: 7}
    assert CaseFile.objects.count() == 113
    assert len(calls) == 1
