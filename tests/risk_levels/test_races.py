"""Two at once, with real commits: one wins, the other is told, nothing happens twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from django.db import connections

from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels import actions
from risk_levels.models import Decision, Proposal, RiskLevel, RuleSet
from tests.factories import NOW, expire, make_case_file, make_level, make_proposal, make_user

HANDS = 4


def at_once(acts: list[Callable[[], object]]) -> list[str]:
    """Do all of it at the same moment, each on its own connection; say how each ended."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        barrier.wait()
        try:
            act()
        except Refused as refused:
            return str(refused)
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_of_two_supervisors_who_decide_at_once_one_wins_and_the_other_is_told(real_commits):
    case_file = make_case_file()
    proposal = make_proposal(case_file, make_user())
    actions.rule_set_in_force(NOW.date())
    supervisors = [make_user(Role.SUPERVISOR) for _number in range(HANDS)]

    def approving(by):
        return lambda: actions.approve(proposal=proposal, by=by, reason="Agreed.", now=NOW)

    ends = at_once([approving(by) for by in supervisors])
    assert ends.count("done") == 1
    assert all("no longer waits" in end for end in ends if end != "done")
    assert Decision.objects.count() == 1
    level = RiskLevel.objects.get()
    assert (level.level, level.revision) == ("red", 1)
    assert level.history.count() == 2


def test_approving_and_taking_back_at_once_leaves_one_of_both(real_commits):
    case_file = make_case_file()
    worker = make_user()
    proposal = make_proposal(case_file, worker)
    actions.rule_set_in_force(NOW.date())
    by = make_user(Role.SUPERVISOR)
    ends = at_once(
        [
            lambda: actions.approve(proposal=proposal, by=by, reason="Agreed.", now=NOW),
            lambda: actions.withdraw(proposal=proposal, by=worker, now=NOW),
        ]
    )
    assert ends.count("done") == 1
    approved = Proposal.objects.get().state == "approved"
    assert Decision.objects.exists() is approved
    assert (RiskLevel.objects.get().level == "red") is approved


def test_several_sweeps_at_once_lower_a_level_once(real_commits):
    make_level(make_case_file(), "red", now=NOW - timedelta(days=90))
    clock = system_account("clock")

    def sweeping():
        return expire(by=clock, now=NOW)

    assert at_once([sweeping] * HANDS) == ["done"] * HANDS
    level = RiskLevel.objects.get()
    assert (level.level, level.revision) == ("yellow", 2)
    assert Decision.objects.filter(kind="expired").count() == 1


def test_the_first_rule_set_comes_once_whoever_asks(real_commits):
    system_account("work")
    ends = at_once([lambda: actions.rule_set_in_force(NOW.date())] * HANDS)
    assert ends == ["done"] * HANDS
    assert RuleSet.objects.count() == 1
