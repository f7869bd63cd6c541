"""Every page asks the databases fewer than twenty times, however many rows there are.

Counted over all databases, with no key in memory, for every address and every role that may open
it; then again after everything has grown that a page can list.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from secrets import token_hex
from typing import Any

import pytest
from django.db import connections, transaction
from django.urls import reverse
from django.utils import timezone

from casework.actions import assignments, people, plans, visits
from casework.models import CaseFile, Visit
from kpm.accounts.actions import open_account, open_unit, system_account
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.ids import file_number
from kpm.jobs.actions import enqueue
from kpm.permissions import Role
from kpm.vault.keys import ring
from risk_levels import actions as levels
from risk_levels.populations import POPULATIONS
from tests.conftest import RealCommits
from tests.factories import make_id_number
from tests.proofs import walks, worlds

MOST = 20
FEW, MANY = 4, 40


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """What is asked of each database meanwhile; savepoints ask nothing."""
    asked: Counter[str] = Counter()

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO", "BEGIN")):
            asked[sql] += 1
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(count))
        yield asked


def walk() -> dict[str, Counter[str]]:
    """Every page, and what it asked."""
    clients = {role: walks.browser(role) for role in Role}
    found = {}
    for stop in walks.stops():
        ring.forget()
        with counted() as asked:
            answer = clients[stop.role].get(stop.address)
            walks.content_of(answer)
        assert answer.status_code in (200, 302, walks.ONLY_POST), stop
        found[f"{stop.name} {stop.role}"] = asked
    for role in (Role.SOCIAL_WORKER, Role.SUPERVISOR):
        ring.forget()
        with counted() as asked:
            answer = clients[role].post(
                reverse("casework:search_case_files"), {"text": worlds.CANARY_NAME[0]}
            )
        assert walks.shows_content(answer)
        found[f"casework:search_case_files {role} POST"] = asked
    return found


def grow(more: int) -> None:
    """More of everything: files, work, answers, colleagues, units, ledgers, jobs."""
    worker, supervisor = worlds.somebody(Role.SOCIAL_WORKER), worlds.somebody(Role.SUPERVISOR)
    more_files(more, worker, supervisor)
    more_without_a_lead(more, worker)
    more_in_one_file(more, worker, supervisor)
    more_staff(more)
    for _ in range(more):
        with transaction.atomic():
            enqueue("ledger.check", file_number(), by=supervisor, now=timezone.now())


def more_without_a_lead(more: int, worker: User) -> None:
    """Files that wait for somebody, of every group."""
    assert worker.unit is not None
    unit = worker.unit.children.order_by("code").first()
    for code in POPULATIONS:
        admissions = [
            people.Admission(
                name=worlds.CANARY_NAME, unit=unit, id_number=make_id_number(date(1939, 2, 3))
            )
            for _ in range(more)
        ]
        people.admit_many(
            admissions=admissions,
            population=code,
            by=system_account("demo"),
            today=timezone.localdate(),
        )


def more_files(more: int, worker: User, supervisor: User) -> None:
    """Files of one worker in every population: some red without a deputy, some that wait."""
    now = timezone.now()
    today = timezone.localdate(now)
    assert worker.unit is not None
    unit = worker.unit.children.order_by("code").first()
    files: list[CaseFile] = []
    for code in POPULATIONS:
        admissions = [
            people.Admission(
                name=worlds.CANARY_NAME, unit=unit, id_number=make_id_number(), phone=""
            )
            for _ in range(more)
        ]
        files += people.admit_many(
            admissions=admissions, population=code, by=system_account("demo"), today=today
        )
    places = [
        assignments.NewPlace(case_file=each, worker=worker, role="lead", start_on=today)
        for each in files
    ]
    assignments.assign_many(places=places, by=supervisor)
    drafts = [
        levels.Draft(
            risk_level=each.risk_level,
            to_level="red",
            reason_codes=["unmet_needs"],
            reason="㐪㐫㐬" * 8,
            evidence=[{"on": today.isoformat(), "what": "㐭㐮㐯"}],
            tried="㐰㐱㐲" * 8,
            assessment=assessment,
        )
        for each, assessment in zip(files, assessed(files, worker), strict=True)
    ]
    proposals = levels.bulk_propose(drafts, by=worker, now=now)
    levels.bulk_approve(proposals[::2], by=supervisor, reason="㐞㐢㐥" * 8, now=now)


def assessed(files: list[CaseFile], worker: User) -> list[Any]:
    """One assessment of each file."""
    return [
        levels.record_assessment(
            risk_level=each.risk_level,
            answers={"income": "none"},
            by=worker,
            now=timezone.now(),
        )
        for each in files
    ]


def more_in_one_file(more: int, worker: User, supervisor: User) -> None:
    """Visits, documents, assessments, plans, colleagues and proposals in the canary file."""
    now = timezone.now()
    file = worlds.canary_file()
    visits.record_many(
        visits=[
            Visit(
                case_file=file,
                way="phone",
                outcome="done",
                happened_at=now - timedelta(days=number % 30, hours=1),
                recorded_at=now,
                notes="㐙㐚㐛",
            )
            for number in range(more)
        ],
        by=worker,
        now=now,
    )
    for _ in range(more):
        worlds.attach(file, by=worker)
    waiting = file.risk_level.proposals.get(state="submitted")
    levels.withdraw(proposal=waiting, by=worker, now=now)
    # One at least: then there is an earlier plan from the beginning.
    for _ in range(max(2, more // 4)):
        assessed([file], worker)
        proposal = worlds.propose(file, "red", worker=worker)
        plans.draft(
            case_file=file,
            goal="㐀㐃㐆",
            steps=[{"what": "㐉㐌㐐", "resource": "care", "who": "", "by_on": ""}] * 4,
            by=worker,
            today=timezone.localdate(now),
            proposal=proposal,
        )
        levels.withdraw(proposal=proposal, by=worker, now=now)
    worlds.propose(file, "red", worker=worker)
    for _ in range(more // 4):
        worlds.correct(file, phone=f"1{token_hex(5)}", by=supervisor)
    free = User.objects.filter(username__in=["worker7", "worker13", "worker19", "worker25"])
    for each in free.exclude(assignments__case_file=file)[: more // 2]:
        assignments.assign(
            case_file=file,
            worker=each,
            role="member",
            by=supervisor,
            today=timezone.localdate(now),
        )


def more_staff(more: int) -> None:
    """Colleagues, their roles, and villages."""
    system, security = (
        worlds.somebody(Role.SYSTEM_ADMINISTRATOR),
        worlds.somebody(Role.SECURITY_ADMINISTRATOR),
    )
    taken = Unit.objects.filter(level=4).count()
    for number in range(taken, taken + more):
        code = f"100122101{number:03d}"
        unit = open_unit(code=code, name=f"Village {number}", by=system)
        user = open_account(
            username=f"more{number}", name=f"More {number}", unit=unit, by=system
        ).user
        RoleGrant(
            user=user,
            role=Role.SOCIAL_WORKER,
            unit=unit,
            start_on=timezone.localdate(),
            granted_by=security,
        ).save_as(by=security)


# Other tests reach every line of these pages.
@pytest.mark.no_cover
def test_no_page_asks_more_the_more_there_is(demo: RealCommits) -> None:
    grow(FEW)
    # The page of a ledger that has been taken in says more than that of one that waits.
    worlds.take_in("drug")
    # Once before: then everybody has been here, and no list is empty.
    walk()
    few = walk()
    grow(MANY)
    worlds.take_in("empty_nest_elder")
    many = walk()
    assert many.keys() == few.keys()
    wrong = []
    for page, asked in many.items():
        if asked.total() >= MOST:
            wrong.append(f"{page}: {asked.total()}\n{told(asked)}")
        if asked.total() > few[page].total():
            more = told(asked - few[page])
            wrong.append(f"{page}: {few[page].total()} became {asked.total()}\n{more}")
    assert not wrong, "\n\n".join(wrong)


def told(asked: Counter[str]) -> str:
    """The questions, the most frequent first."""
    return "\n".join(f"{count} × {sql[:300]}" for sql, count in asked.most_common())
