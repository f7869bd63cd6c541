"""Thousands of steps by everybody in any order, and what then holds of every level.

What holds is said here anew, from the rows alone: no rule of the site is asked.
"""

import os
from collections import Counter
from datetime import date, datetime, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from audit import log
from audit.events import Event, Purpose
from casework import sweeps
from casework.actions import assessments, assignments, levels
from casework.models import Assignment, CaseFile, Plan
from casework.models.assignments import Place
from casework.models.plans import State
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.fsm import steps
from kpm.permissions import Role
from kpm.vault import keys
from kpm.vault.opening import open_groups
from risk_levels.levels import GRADED, Level, rank
from risk_levels.models import Decision, Proposal, RiskLevel
from risk_levels.models.proposals import OPEN_STATES, ProposalState
from risk_levels.reasons import REASONS
from tests.factories import change_role, make_case_file, make_unit, make_user
from tests.settings import IS_POSTGRESQL

pytestmark = pytest.mark.django_db

START = datetime(2025, 8, 4, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
# A year and a bit: no decision is dated after the day on which the tests run.
END = START + timedelta(days=450)
# The rules are the same beside either engine; there fewer examples ask the guards of the database.
FULL = 30
# What is drawn depends on the numbers in our code, so a change anywhere may leave out what is rare:
# then others are drawn. Two rounds at least: it is to be thousands of acts.
LEAST_ROUNDS, ROUNDS = 2, 4
EXAMPLES = int(os.environ.get("KPM_EXAMPLES", "5" if IS_POSTGRESQL else FULL))
# The clock ends at END: after more steps hardly any time would pass.
STEPS = 40

POPULATIONS = ("empty_nest_elder", "left_behind_child", "drug")
# Everybody there is. The first four work on some of the files.
CAST = {
    "lead": Role.SOCIAL_WORKER,
    "deputy": Role.SOCIAL_WORKER,
    "climber": Role.SOCIAL_WORKER,
    "stranger": Role.SOCIAL_WORKER,
    "supervisor": Role.SUPERVISOR,
    "second": Role.SUPERVISOR,
    "auditor": Role.AUDITOR,
    "privacy": Role.PRIVACY_OFFICER,
    "system": Role.SYSTEM_ADMINISTRATOR,
    "security": Role.SECURITY_ADMINISTRATOR,
}
TEAM = ("lead", "deputy", "climber")
ANYBODY = st.sampled_from((*TEAM, *TEAM, *CAST))
DECIDERS = st.sampled_from(("supervisor", "second") * 4 + tuple(CAST))
GRADES = st.sampled_from(GRADED)
WHICH = st.integers(0, len(POPULATIONS) - 1)
WAITS = st.sampled_from((1, 5, 24, 24 * 4, 24 * 15, 24 * 40, 24 * 95))
WORDY = "Nobody has come for two weeks, and the stove is broken."
WORDS = st.sampled_from((WORDY, "Short."))
GREENER = {"red": "yellow", "yellow": "green", "green": "green", "ungraded": "green"}
ANSWERED = {"approve": "approved", "return": "returned", "reject": "rejected"}
CODES = st.one_of(
    st.just(["unmet_needs"]),
    st.just(["stable"]),
    st.just(["assessment"]),
    st.lists(st.sampled_from(sorted(REASONS)), max_size=3, unique=True),
)


MACHINE = Proposal, Proposal._meta.get_field("state")
# Whatever stays as it is goes no way at all.
WAYS = {(str(each), str(each)) for each in ProposalState} | {
    (each.source, each.target) for each in steps(*MACHINE)
}


# What came of it: a test that meets only refusals proves nothing.
MUST_MEET = (
    *("assessed", "proposed", "withdrawn", "approved", "returned", "rejected", "moved", "left"),
    *("climbed", "refused", "set", "third red"),
    *("approved green", "approved yellow", "approved red", "provisional red"),
    *("expired green", "expired yellow", "lapsed ungraded", "lapsed green"),
    *("undecided_down yellow", "undecided_down green"),
)


class Levels(RuleBasedStateMachine):
    """Three files of three populations, ten people, and a clock."""

    # Over all examples.
    met: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.now = START
        unit = make_unit()
        self.cast = {name: make_user(role) for name, role in CAST.items()}
        self.files = [
            make_case_file(
                population=each,
                unit=unit,
                lead=self.cast["lead"],
                today=START.date(),
                birth_on=date(2015, 3, 4) if each == "left_behind_child" else date(1948, 5, 6),
            )
            for each in POPULATIONS
        ]
        for case_file in self.files:
            for name, place in (("deputy", Place.DEPUTY), ("climber", Place.MEMBER)):
                self._assign(case_file, name, place)
            self._assess(case_file, "lead", "none")
        self.states: dict[object, str] = {}
        self.revisions: dict[object, int] = {each.risk_level.pk: 0 for each in self.files}
        self.swept = False

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)
        # The keys of what was rolled back are gone.
        keys.ring.forget()

    # --- What people do ----------------------------------------------------------------------
    @rule(which=WHICH, who=ANYBODY, answer=st.sampled_from(("none", "low", "unheard of")))
    def assess(self, which: int, who: str, answer: str) -> None:
        """Fill in what an instrument asks."""
        self._try("assessed", lambda: self._assess(self._file(which), who, answer))

    @rule(
        which=WHICH,
        who=ANYBODY,
        to_level=st.sampled_from((*GRADED, *GRADED, *Level.values)),
        codes=CODES,
        words=WORDS,
        helps=st.sampled_from((True, True, False)),
    )
    def propose(
        self, which: int, who: str, to_level: str, codes: list[str], words: str, helps: bool
    ) -> None:
        """Propose any level for any reason, with help or without."""
        case_file = self._file(which)
        self._try(
            "proposed",
            lambda: levels.propose(
                case_file=case_file,
                to_level=to_level,
                reason_codes=codes,
                by=self.cast[who],
                now=self.now,
                reason=words,
                evidence=[{"on": self._today().isoformat(), "what": "Seen at the visit"}],
                tried="Called the village committee.",
                assessment=case_file.risk_level.assessments.last(),
                goal="A warm room",
                steps=[{"what": "Repair the stove", "resource": "Repair fund" if helps else ""}],
            ),
        )

    @rule(which=WHICH, to_level=GRADES)
    def propose_well(self, which: int, to_level: str) -> None:
        """Propose as the rules ask: most days nobody tries to break anything."""
        self.propose(which, "lead", to_level, ["assessment"], WORDY, helps=True)

    @rule(which=WHICH, who=ANYBODY, code=st.sampled_from(("self_harm", "violence", "stable")))
    def set_provisionally(self, which: int, who: str, code: str) -> None:
        """See a danger, or say that one does."""
        self._try(
            "set",
            lambda: levels.set_provisionally(
                case_file=self._file(which),
                reason_codes=[code],
                reason=WORDY,
                evidence=[{"on": self._today().isoformat(), "what": "Seen at the visit"}],
                tried="A neighbour stays.",
                by=self.cast[who],
                now=self.now,
            ),
        )

    @rule(which=WHICH, who=ANYBODY)
    def withdraw(self, which: int, who: str) -> None:
        """Take back what waits, one's own or another's."""
        case_file, proposal = self._latest(which)
        if proposal is not None:
            self._try(
                "withdrawn",
                lambda: levels.withdraw(
                    case_file=case_file, proposal=proposal, by=self.cast[who], now=self.now
                ),
            )

    @rule(
        which=WHICH,
        to_level=GRADES,
        who=st.sampled_from(("supervisor", "second")),
        decision=st.sampled_from(("return", "reject")),
    )
    def disagree(self, which: int, to_level: str, who: str, decision: str) -> None:
        """One proposes, another says no, or asks for more."""
        self.propose_well(which, to_level)
        self.decide(which, who, decision, None)

    @rule(which=WHICH, times=st.integers(1, 4))
    def go_on_with_red(self, which: int, times: int) -> None:
        """Renew red again and again, as offices do; two say yes each time."""
        for _turn in range(times):
            self.propose_well(which, Level.RED)
            self.decide(which, "supervisor", "approve", 20)
            self.decide(which, "second", "approve", 20)
            self.wait(24 * 15)

    @rule(which=WHICH, to_level=GRADES, who=st.sampled_from(("lead", "lead", "deputy")))
    def change_mind(self, which: int, to_level: str, who: str) -> None:
        """One proposes, and takes it back; a colleague cannot."""
        self.propose_well(which, to_level)
        self.withdraw(which, who)

    @rule(
        which=WHICH,
        who=DECIDERS,
        decision=st.sampled_from(("approve", "approve", "return", "reject")),
        days=st.sampled_from((None, None, 20, 90, 91, 400)),
    )
    def decide(self, which: int, who: str, decision: str, days: int | None) -> None:
        """Decide about the latest proposal, whatever has become of it."""
        case_file, proposal = self._latest(which)
        if proposal is None:
            return
        by = self.cast[who]
        plan = case_file.plans.filter(state=State.DRAFT).last()
        self._open(plan, case_file, by)
        self._try(
            ANSWERED[decision],
            lambda: levels.decide(
                case_file=case_file,
                proposal=proposal,
                decision=decision,
                reason="Seen together.",
                by=by,
                now=self.now,
                plan=plan,
                until_on=self._today() + timedelta(days=days) if days else None,
                conference_note=WORDY,
            ),
        )

    @rule(which=WHICH, to_level=GRADES, who=st.sampled_from(("supervisor", "second")))
    def agree(self, which: int, to_level: str, who: str) -> None:
        """One proposes, another approves: what happens most."""
        self.propose_well(which, to_level)
        self.decide(which, who, "approve", None)

    @rule(which=WHICH, who=st.sampled_from(TEAM), place=st.sampled_from(Place.values))
    def move(self, which: int, who: str, place: str) -> None:
        """Give somebody another place in the team."""
        self._try("moved", lambda: self._assign(self._file(which), who, place))

    @rule(which=WHICH, who=st.sampled_from(("deputy", "climber")))
    def leave(self, which: int, who: str) -> None:
        """Take somebody out of the team."""
        mine = Assignment.objects.filter(worker=self.cast[who], until_on=None)
        place = mine.filter(case_file=self._file(which)).first()
        if place is not None:
            self._try(
                "left",
                lambda: assignments.end(
                    assignment=place, by=self.cast["supervisor"], today=self._today()
                ),
            )

    @rule()
    def climb(self) -> None:
        """A worker becomes a supervisor, and keeps their place in the teams for now."""
        climber = self.cast["climber"]
        if climber.role == Role.SOCIAL_WORKER:
            self.cast["climber"] = change_role(climber, Role.SUPERVISOR, climber.unit.parent)
            self.met["climbed"] += 1

    # --- What time does ----------------------------------------------------------------------
    @rule(hours=WAITS)
    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.now = min(self.now + timedelta(hours=hours), END)
        self.swept = False

    @rule(times=st.integers(1, 2))
    def sweep(self, times: int) -> None:
        """Let the sweeps of levels run, late or twice."""
        for _turn in range(times):
            for sweep in (
                sweeps.expire_levels,
                sweeps.lapse_levels,
                sweeps.lower_undecided,
            ):
                self.met[sweep.__name__] += sweep(self.now)
                self._follow()
        self.swept = True

    @rule(which=WHICH, times=st.integers(1, 2))
    def run_out(self, which: int, times: int) -> None:
        """Wait until the term of a level is over, and a few hours more; then the sweeps run."""
        level = self._file(which).risk_level
        until_on = level.until_on
        if level.until_at is not None:
            until_on = timezone.localdate(level.until_at)
        if until_on is not None:
            self.wait(max(0, (until_on - self._today()).days * 24) + 5)
            self.sweep(times)

    @rule(which=WHICH, held=st.sampled_from(("yellow", "red")), times=st.integers(1, 2))
    def say_nothing(self, which: int, held: str, times: int) -> None:
        """Answer what waits, agree on a level, propose a step down; wait until silence counts."""
        self.decide(which, "supervisor", "reject", None)
        self.agree(which, held, "supervisor")
        self.decide(which, "second", "approve", None)
        lower = GREENER[self._file(which).risk_level.level]
        self.propose(which, "lead", lower, ["stable"], WORDY, helps=True)
        _case_file, proposal = self._latest(which)
        if proposal is not None and proposal.effect_on is not None:
            self.wait(max(0, (proposal.effect_on - self._today()).days * 24) + 5)
            self.sweep(times)

    @rule(which=WHICH, held=st.sampled_from(("ungraded", "ungraded", "green", "yellow")))
    def confirm_nothing(self, which: int, held: str) -> None:
        """A danger is seen, and nobody confirms it for as long as that counts."""
        self.decide(which, "supervisor", "reject", None)
        self.agree(which, held, "supervisor")
        self.set_provisionally(which, "lead", "violence")
        self.wait(24 * 4)
        self.sweep(1)

    # --- What holds --------------------------------------------------------------------------
    @invariant()
    def every_level_is_what_its_decisions_say(self) -> None:
        for level in RiskLevel.objects.prefetch_related("decisions__proposal"):
            decisions = sorted(level.decisions.all(), key=attrgetter("base_revision"))
            assert level.revision == len(decisions) >= self.revisions[level.pk]
            assert [each.base_revision for each in decisions] == list(range(level.revision))
            held = str(Level.UNGRADED)
            for each in decisions:
                assert each.from_level == held
                held = each.to_level
            assert level.level == held
            assert level.decision_id == (decisions[-1].pk if decisions else None)
            for each in decisions[self.revisions[level.pk] :]:
                self._is_sound(each)
            self.revisions[level.pk] = level.revision

    @invariant()
    def no_red_is_past_its_term_once_the_sweeps_have_run(self) -> None:
        for level in RiskLevel.objects.filter(level=Level.RED):
            if level.until_at is not None:
                assert level.until_at <= level.decision.decided_at + timedelta(hours=72)
                assert not self.swept or level.until_at > self.now
                continue
            assert level.until_on is not None
            assert level.until_on <= level.decision.starts_on + timedelta(days=90)
            assert not self.swept or level.until_on > self._today()

    @invariant()
    def no_file_has_two_open_proposals(self) -> None:
        is_open = Proposal.objects.filter(state__in=OPEN_STATES)
        held = Counter(is_open.values_list("risk_level", flat=True))
        assert all(count == 1 for count in held.values())

    # --- By the way --------------------------------------------------------------------------
    def _follow(self) -> None:
        """After each act: proposals have gone the ways of the diagram, and none began elsewhere."""
        for pk, state in Proposal.objects.values_list("pk", "state"):
            before = self.states.get(pk)
            assert state in OPEN_STATES if before is None else (before, state) in WAYS
            self.states[pk] = state

    def _is_sound(self, decision: Decision) -> None:
        """A decision of this step: by whom, how far, until when."""
        kinds, proposal = Decision.Kind, decision.proposal
        is_down = rank(decision.to_level) < rank(decision.from_level)
        if is_down and decision.kind != kinds.LAPSED:
            assert rank(decision.to_level) == rank(decision.from_level) - 1
        self.met[f"{decision.kind} {decision.to_level}"] += 1
        if decision.kind == kinds.APPROVED:
            assert proposal is not None
            assert proposal.proposer_id != decision.decided_by_id == proposal.decider_id
            self._is_from_outside(decision.decided_by, decision)
            if decision.to_level == Level.RED:
                plans = Plan.objects.filter(case_file__risk_level=decision.risk_level_id)
                assert plans.filter(state=State.APPROVED).exists()
                self._has_two_for_a_third(decision, proposal)
        elif decision.kind == kinds.PROVISIONAL:
            assert decision.decided_by.role == Role.SOCIAL_WORKER
            assert decision.to_level == decision.rhythm_level == Level.RED
        elif decision.kind == kinds.LAPSED and proposal is not None:
            assert proposal.is_for_safety
            assert decision.decided_by_id in (proposal.decider_id, proposal.proposer_id)
        else:
            assert decision.decided_by.is_system
            assert is_down
        if decision.kind in (kinds.EXPIRED, kinds.UNDECIDED_DOWN, kinds.LAPSED):
            before = Decision.objects.get(
                risk_level=decision.risk_level_id, base_revision=decision.base_revision - 1
            )
            # The visits go on until somebody has looked, and that is due at once.
            assert decision.rhythm_level == before.rhythm_level
            assert decision.review_on == decision.starts_on
        if decision.kind == kinds.UNDECIDED_DOWN:
            assert decision.risk_level.population != "left_behind_child"

    def _is_from_outside(self, who: User, decision: Decision) -> None:
        """A supervisor, and none of the team."""
        assert who.role == Role.SUPERVISOR
        on_file = Assignment.objects.filter(case_file__risk_level=decision.risk_level_id)
        assert not on_file.filter(worker=who, until_on=None).exists()

    def _has_two_for_a_third(self, decision: Decision, proposal: Proposal) -> None:
        """Two approved terms of red stand before this one: then two people stand behind it."""
        former = Decision.objects.filter(
            risk_level=decision.risk_level_id, base_revision__lt=decision.base_revision
        )
        terms = 0
        for each in former.order_by("-base_revision"):
            if each.to_level != Level.RED:
                break
            terms += each.kind == Decision.Kind.APPROVED
        if terms < 2:
            return
        self.met["third red"] += 1
        assert proposal.first_approver is not None
        assert proposal.first_approver_id not in (proposal.proposer_id, decision.decided_by_id)

    def _try(self, what: str, act: object) -> None:
        """Do it, or be refused and leave nothing behind."""
        try:
            with transaction.atomic():
                act()
        except Refused:
            self.met["refused"] += 1
        else:
            self.met[what] += 1
            self.swept = False
        self._follow()

    def _file(self, which: int) -> CaseFile:
        return CaseFile.objects.select_related("risk_level").get(pk=self.files[which].pk)

    def _latest(self, which: int) -> tuple[CaseFile, Proposal | None]:
        case_file = self._file(which)
        return case_file, case_file.risk_level.proposals.order_by("drafted_at", "pk").last()

    def _open(self, plan: Plan | None, case_file: CaseFile, by: object) -> None:
        if plan is not None:
            with log.reading(
                by, event=Event.CASE_FILE_READ, purpose=Purpose.SUPERVISION, about=[case_file]
            ) as reading:
                open_groups([plan], "body", reading=reading)

    def _assign(self, case_file: CaseFile, who: str, place: str) -> None:
        assignments.assign(
            case_file=case_file,
            worker=self.cast[who],
            role=place,
            by=self.cast["supervisor"],
            today=self._today(),
        )

    def _assess(self, case_file: CaseFile, who: str, answer: str) -> None:
        assessments.record(
            case_file=case_file, answers={"income": answer}, by=self.cast[who], now=self.now
        )

    def _today(self) -> date:
        return timezone.localdate(self.now)


# Counting lines makes thousands of steps half as slow again, and other tests reach every one.
@pytest.mark.no_cover
def test_no_order_of_steps_makes_a_level_that_breaks_a_promise():
    Levels.met.clear()
    is_fixed = "KPM_EXAMPLES" not in os.environ
    for number in range(ROUNDS):
        run_state_machine_as_test(
            # The same steps each time, so that a failure is met again.
            seed(number)(Levels) if is_fixed else Levels,
            settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS, database=None),
        )
        missed = [what for what in MUST_MEET if not Levels.met[what]]
        if EXAMPLES < FULL or (not missed and number + 1 >= LEAST_ROUNDS):
            return
    raise AssertionError(f"{missed} was never met: {Levels.met}")
