"""The clock of the machine is set back, jumps ahead or stands still: sweeps do each thing once."""

from datetime import timedelta

import pytest

from casework import sweeps
from risk_levels.models import Decision, RiskLevel
from tests.factories import make_case_file, make_level, make_user
from tests.risk_levels.test_provisional import set_red
from tests.risk_levels.test_undecided import NOW as HANDED_IN
from tests.risk_levels.test_undecided import TODAY as NOW
from tests.risk_levels.test_undecided import make_down

pytestmark = pytest.mark.django_db
SWEEPS = (sweeps.expire_levels, sweeps.lapse_levels, sweeps.lower_undecided)
LONG = timedelta(days=400)
# An hour as in spring and autumn, a day, and a year that somebody mistyped.
JUMPS = (timedelta(hours=1), timedelta(days=1), timedelta(days=365))


@pytest.fixture
def files(worker):
    """One whose term ends, one that is provisional, one whose step down nobody decides."""
    ending, danger, down = (
        make_case_file(lead=make_user(), today=(NOW - LONG).date()) for _number in range(3)
    )
    make_level(ending, "yellow", now=NOW - LONG)
    set_red(danger, danger.assignments.get().worker, now=NOW - timedelta(hours=80))
    make_level(down, "red", now=HANDED_IN - timedelta(days=20))
    make_down(down, down.assignments.get().worker)
    return ending, danger, down


def sweep(now):
    return [each(now) for each in SWEEPS]


def levels():
    rows = RiskLevel.objects.order_by("pk").values_list("level", "revision", "until_on", "until_at")
    return list(rows)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_clock_that_was_set_back_undoes_and_repeats_nothing(files, jump):
    sweep(NOW)
    after = levels()
    count = Decision.objects.count()
    for now in (NOW - jump, NOW - jump / 2, NOW, NOW):
        assert sweep(now) == [0, 0, 0]
    assert (levels(), Decision.objects.count()) == (after, count)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_before_its_time_nothing_happens_however_often_somebody_looks(worker, jump):
    case_file = make_case_file(lead=worker, today=(NOW - LONG).date())
    make_level(case_file, "yellow", now=NOW)
    before = levels()
    for back in range(4):
        assert sweep(NOW - jump * back) == [0, 0, 0]
    assert levels() == before


def test_what_a_clock_that_runs_ahead_of_the_databases_would_do_is_refused(files):
    """No level ends because one machine believes that it is next month; the sweep says so."""
    before = levels()
    with pytest.raises(sweeps.NotAllEnded):
        sweeps.expire_levels(NOW + timedelta(days=30))
    assert levels() == before
