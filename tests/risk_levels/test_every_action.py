"""No way to change a level is left out of the tests that look whether a decision goes with it."""

from pathlib import Path

import pytest

from risk_levels import actions
from tests.audit.attackers import unguarded
from tests.conftest import RealCommits
from tests.factories import make_case_file, make_level
from tests.levels import without_a_decision

HERE = Path(__file__).parents[1]
TESTS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (
        HERE / "factories.py",
        *(each for area in ("risk_levels", "casework") for each in (HERE / area).rglob("*.py")),
    )
)
# What only looks changes nothing, and a level is opened with its file.
OTHERS = ("check_", "due_to_", "open_level")
DOING = [name for name in actions.__all__ if not name.startswith(OTHERS) and name.islower()]


@pytest.mark.parametrize("action", DOING)
def test_every_action_is_done_by_a_test_after_which_levels_are_looked_at(action: str) -> None:
    assert f"{action}(" in TESTS or f"{action}," in TESTS


def test_a_level_that_was_moved_by_hand_is_seen(real_commits: RealCommits) -> None:
    case_file = make_case_file()
    make_level(case_file, "yellow")
    assert without_a_decision() == []
    with unguarded(real_commits) as execute:
        execute("UPDATE risk_levels_risklevel SET level = 'green'")
    assert without_a_decision() == [f"{case_file.risk_level_id} green"]
    with unguarded(real_commits) as execute:
        execute("UPDATE risk_levels_risklevel SET level = 'yellow'")
        execute("UPDATE risk_levels_historicalrisklevel SET level = 'red' WHERE level = 'yellow'")
    assert without_a_decision() == [f"{case_file.risk_level_id} red"]
