"""Hand-overs, leaves, closed accounts and lost roles in any order: every file has its one person.

What holds is said here anew, from the rows alone: no rule of the site is asked.
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from casework.actions import assignments, hand_overs, team_checks, transfers, workers
from casework.actions.assignments import Chosen
from casework.dashboards import teams
from casework.models import Assignment, CaseFile
from casework.models.assignments import Place
from kpm.accounts import actions as accounts
from kpm.accounts.models import RoleGrant, User
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.vault import keys
from tests.factories import (
    OTHER_VILLAGE,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)
from tests.settings import IS_POSTGRESQL

pytestmark = pytest.mark.django_db

# The rules are the same beside either engine; there fewer examples ask the database.
FULL = 12
EXAMPLES = int(os.environ.get("KPM_EXAMPLES", "3" if IS_POSTGRESQL else FULL))
STEPS = 40
DAY = timedelta(days=1)
POPULATIONS = ("empty_nest_elder", "community_correction", "drug")
WORKERS = 5
WHO = st.integers(0, WORKERS - 1)
WHICH = st.integers(0, len(POPULATIONS) - 1)
UNITS = st.sampled_from(("here", "elsewhere"))
PLACES = st.sampled_from((*Place.values, Place.LEAD))
# A test that meets only refusals proves nothing.
MUST_MEET = (
    *("given", "taken", "offered", "accepted", "declined", "withdrawn", "refused"),
    *("closed", "reopened", "role ended", "role granted", "away", "all moved"),
    *("asked", "transferred", "not transferred"),
    *("lead leads", "deputy answers", "supervisor answers", "red lacks a deputy"),
)


class Support(RuleBasedStateMachine):
    """Three files, two of them red; five workers, two supervisors and who looks after accounts."""

    met: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.now = timezone.localtime()
        self.today = self.now.date()
        self.units = {"here": make_unit(), "elsewhere": make_unit(OTHER_VILLAGE)}
        self.guardian = make_user(Role.SECURITY_ADMINISTRATOR)
        self.supervisor = make_user(Role.SUPERVISOR)
        self.near = make_user(Role.SUPERVISOR, unit=self.units["here"].parent)
        # A role begins on one day and ends on a later one.
        self.keys = [make_user(start_on=self.today - DAY).pk for _each in range(WORKERS)]
        self.files = [self._file(number, code).pk for number, code in enumerate(POPULATIONS)]
        for number, pk in enumerate(self.files):
            if number:
                make_level(CaseFile.objects.get(pk=pk), "red", now=self.now)

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)
        # The keys of what was rolled back are gone.
        keys.ring.forget()

    # --- What people do ----------------------------------------------------------------------
    @rule(which=WHICH, who=WHO, place=PLACES)
    def give(self, which: int, who: int, place: str) -> None:
        self._try(
            "given",
            lambda: assignments.assign(
                case_file=self._case_file(which),
                worker=self._worker(who),
                role=place,
                by=self.supervisor,
                today=self.today,
            ),
        )

    @rule(which=WHICH, is_lead=st.sampled_from((False, False, True)))
    def take(self, which: int, is_lead: bool) -> None:
        """Take a place away; that of the lead is never taken."""
        places = self._places(which)
        leads = places.filter(role=Place.LEAD)
        place = (leads if is_lead else places.exclude(role=Place.LEAD)).first()
        if place is not None:
            self._try(
                "taken",
                lambda: assignments.end(assignment=place, by=self.supervisor, today=self.today),
            )

    @rule(which=WHICH, who=WHO)
    def offer(self, which: int, who: int) -> None:
        lead = self._places(which).get(role=Place.LEAD).worker
        self._try(
            "offered",
            lambda: hand_overs.offer(
                case_file=self._case_file(which),
                worker=self._worker(who),
                note="All that you need to know.",
                by=User.objects.get(pk=lead.pk),
                now=self.now,
            ),
        )

    @rule(which=WHICH, answer=st.sampled_from(("accepted", "accepted", "declined", "withdrawn")))
    def answer(self, which: int, answer: str) -> None:
        offer = self._case_file(which).hand_overs.open().first()
        if offer is None:
            return
        by = User.objects.get(
            pk=offer.from_worker_id if answer == "withdrawn" else offer.to_worker_id
        )
        said = {"hand_over": offer, "by": by, "now": self.now}
        acts = {
            "accepted": lambda: hand_overs.accept(**said),
            "declined": lambda: hand_overs.decline(reply="I have no room.", **said),
            "withdrawn": lambda: hand_overs.withdraw(**said),
        }
        self._try(answer, acts[answer])

    @rule(which=WHICH, who=WHO, answer=st.sampled_from(("accepted", "declined", "withdrawn")))
    def hand_over(self, which: int, who: int, answer: str) -> None:
        """Offer it to somebody who is there, and then at once what comes of it."""
        self.come_back(who)
        self.offer(which, who)
        self.answer(which, answer)

    @rule(which=WHICH, who=WHO)
    def lose_the_lead(self, which: int, who: int) -> None:
        """A deputy is there, and the account of the lead is closed."""
        self.give(which, who, Place.DEPUTY)
        lead = self._places(which).get(role=Place.LEAD).worker
        self.close(self.keys.index(lead.pk), True)

    @rule(who=WHO, days=st.integers(1, 9))
    def go_away(self, who: int, days: int) -> None:
        self._try(
            "away",
            lambda: workers.record_absence(
                worker=self._worker(who),
                kind="leave",
                start_on=self.today,
                until_on=self.today + days * DAY,
                by=self.supervisor,
                today=self.today,
            ),
        )

    @rule(who=WHO, is_closing=st.booleans())
    def close(self, who: int, is_closing: bool) -> None:
        act = accounts.close_account if is_closing else accounts.reopen_account
        word = "closed" if is_closing else "reopened"
        self._try(word, lambda: act(user=self._worker(who), by=self.guardian))

    @rule(who=WHO)
    def end_role(self, who: int) -> None:
        grant = RoleGrant.objects.in_force(self.today).filter(user=self.keys[who]).first()
        if grant is not None:
            self._try(
                "role ended",
                lambda: accounts.end_grant(
                    grant=grant, until_on=self.today, by=self.guardian, today=self.today
                ),
            )

    @rule(who=WHO, where=UNITS, role=st.sampled_from((Role.SOCIAL_WORKER, Role.SUPERVISOR)))
    def grant_role(self, who: int, where: str, role: Role) -> None:
        self._try(
            "role granted",
            lambda: accounts.grant_role(
                user=self._worker(who),
                role=role,
                unit=self.units[where],
                start_on=self.today,
                by=self.guardian,
                today=self.today,
            ),
        )

    @rule(who=WHO)
    def come_back(self, who: int, where: str = "here") -> None:
        """Everything is as it should be again, here or elsewhere."""
        self.close(who, False)
        self.end_role(who)
        self.grant_role(who, where, Role.SOCIAL_WORKER)

    @rule(leaving=WHO, taking=WHO)
    def move_all(self, leaving: int, taking: int) -> None:
        mine = Assignment.objects.active().filter(worker=self.keys[leaving]).exclude(role="member")
        worker, taker = self._worker(leaving), self._worker(taking)
        chosen = [
            Chosen(
                case_file=each.case_file, worker=taker, seen=worker.log_reference, role=each.role
            )
            for each in mine.select_related("case_file")
        ]
        if chosen:
            self._try(
                "all moved",
                lambda: assignments.confirm(chosen=chosen, by=self.supervisor, today=self.today),
            )

    @rule(which=WHICH, where=UNITS, who=WHO, answer=st.sampled_from(("accepted", "kept")))
    def transfer(self, which: int, where: str, who: int, answer: str) -> None:
        """Another unit is asked, and takes the file with somebody to lead it, or does not."""
        case_file = self._case_file(which)
        if not case_file.transfers.open().exists():
            self._try(
                "asked",
                lambda: transfers.ask(
                    case_file=case_file,
                    to_unit=self.units[where],
                    note="They have moved there.",
                    by=self.supervisor,
                    now=self.now,
                ),
            )
        asked = case_file.transfers.open().first()
        if asked is None:
            return
        said = {"transfer": asked, "by": self.supervisor, "now": self.now}
        if answer == "accepted":
            self.come_back(who, where)
            worker = self._worker(who)
            self._try("transferred", lambda: transfers.accept(worker=worker, **said))
        else:
            self._try("not transferred", lambda: transfers.refuse(reply="They have not.", **said))

    @rule(hours=st.sampled_from((1, 20, 30)))
    def wait(self, hours: int) -> None:
        """Only the clock of red files goes on: who holds a role is asked of today."""
        self.now += timedelta(hours=hours)

    # --- What holds --------------------------------------------------------------------------
    @invariant()
    def every_open_file_has_one_lead_and_one_person_who_answers(self) -> None:
        for pk in self.files:
            case_file = CaseFile.objects.get(pk=pk)
            places = Assignment.objects.filter(case_file=pk, until_on__isnull=True)
            held = Counter(places.values_list("role", flat=True))
            assert held[Place.LEAD] == 1
            assert held[Place.DEPUTY] <= 1
            found = teams.answerable(case_file, self.today)
            assert found is not None
            lead = places.get(role=Place.LEAD).worker
            deputy = places.filter(role=Place.DEPUTY).first()
            if self._can_work(lead, case_file):
                self.met["lead leads"] += 1
                assert found.user == lead
            elif deputy is not None and self._can_work(deputy.worker, case_file):
                self.met["deputy answers"] += 1
                assert found.user == deputy.worker
            else:
                self.met["supervisor answers"] += 1
                assert self._holds(found.user, Role.SUPERVISOR, case_file)

    @invariant()
    def every_red_file_has_a_deputy_or_a_running_clock(self) -> None:
        running = {
            each.pk: vars(each)["red_since"]
            for each in team_checks.incomplete(CaseFile.objects.all(), self.today)
        }
        for pk in self.files[1:]:
            case_file = CaseFile.objects.select_related("risk_level").get(pk=pk)
            assert case_file.risk_level.level == "red"
            places = Assignment.objects.filter(
                case_file=pk, until_on__isnull=True, role__in=("lead", "deputy")
            )
            able = [each for each in places if self._can_work(each.worker, case_file)]
            if len(able) < 2:
                self.met["red lacks a deputy"] += 1
                assert pk in running
            # Its people of other organs are missing all the time: the clock never stops.
            assert running[pk] == case_file.risk_level.decision.decided_at

    # --- By the way --------------------------------------------------------------------------
    def _file(self, number: int, population: str) -> CaseFile:
        return make_case_file(
            population=population,
            unit=self.units["here"],
            lead=User.objects.get(pk=self.keys[number]),
            id_number="",
            name=f"陈立{number}",
            phone=f"1360000{number:04d}",
        )

    def _case_file(self, which: int) -> CaseFile:
        return CaseFile.objects.get(pk=self.files[which])

    def _worker(self, who: int) -> User:
        return User.objects.get(pk=self.keys[who])

    def _places(self, which: int) -> QuerySet[Assignment]:
        places = Assignment.objects.active().filter(case_file=self.files[which])
        return places.select_related("worker")

    def _can_work(self, worker: User, case_file: CaseFile) -> bool:
        return self._holds(worker, Role.SOCIAL_WORKER, case_file)

    def _holds(self, user: User, role: Role, case_file: CaseFile) -> bool:
        user = User.objects.get(pk=user.pk)
        grants = [
            each
            for each in user.grants.select_related("unit")
            if each.start_on <= self.today and (each.until_on is None or each.until_on > self.today)
        ]
        return user.is_active and any(
            each.role == role
            and case_file.unit.code.startswith(each.unit.prefix)
            and (not each.populations or case_file.population in each.populations)
            for each in grants
        )

    def _try(self, word: str, act: object) -> None:
        try:
            with transaction.atomic():
                act()
        except Refused:
            self.met["refused"] += 1
        else:
            self.met[word] += 1


# Counting lines makes it half as slow again, and other tests reach every one.
@pytest.mark.no_cover
def test_no_file_is_nobodys() -> None:
    Support.met.clear()
    run_state_machine_as_test(
        Support,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="KPM_EXAMPLES" not in os.environ,
            database=None,
        ),
    )
    for what in MUST_MEET if EXAMPLES >= FULL else ():
        assert Support.met[what], f"{what} was never met: {Support.met}"
