"""Makes what tests are about: units, people who work here, and their browsers."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.test import Client
from django.utils import timezone
from stdnum.cn import ric

from casework import red_rules
from casework.actions import assignments, people, plan_entries, team_members
from casework.caseload import ALWAYS
from casework.models import Assignment, CaseFile, Plan, PlanEntry
from casework.models.assignments import Place
from kpm.accounts.actions import system_account
from kpm.accounts.models import RoleGrant, Unit, User, normalise_username
from kpm.permissions import Role
from risk_levels import actions as levels
from risk_levels.models import Assessment, Proposal, RiskLevel

numbers = count(1)
# A day before every test runs, so that what happens "today" never lies before it.
TODAY = date(2026, 11, 2)

CITY = "100100000000"
COUNTY = "100122000000"
TOWNSHIP = "100122101000"
VILLAGE = "100122101201"
OTHER_TOWNSHIP = "100122202000"
OTHER_VILLAGE = "100122202201"


def make_unit(code: str = VILLAGE, name: str = "") -> Unit:
    """The unit with this code, and everything above it, made when it is not there."""
    found = Unit.objects.filter(code=code).first()
    if found is not None:
        return found
    level = Unit.level_of(code)
    parent = make_unit(Unit.codes_above(code)[0]) if level > 1 else None
    unit = Unit(
        code=code, name=name or f"Unit {code}", level=level, parent=parent, district=code[:6]
    )
    unit.save_as(by=None)
    return unit


def make_user(
    role: Role | None = Role.SOCIAL_WORKER,
    *,
    unit: Unit | None = None,
    username: str = "",
    name: str = "",
    password: str = "",
    populations: Iterable[str] = (),
    start_on: date = date(2020, 1, 1),
    until_on: date | None = None,
    must_change_password: bool = False,
) -> User:
    """Somebody with a role over a unit: a worker in the village, the others over the county."""
    if unit is None:
        unit = make_unit(VILLAGE if role == Role.SOCIAL_WORKER else COUNTY)
    number = next(numbers)
    user = User(
        username=normalise_username(username or f"user{number}"),
        name=name or f"Colleague {number}",
        unit=unit,
        must_change_password=must_change_password,
    )
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save_as(by=None)
    if role is not None:
        RoleGrant(
            user=user,
            role=role,
            unit=unit,
            populations=list(populations),
            start_on=start_on,
            until_on=until_on,
            granted_by=the_demo(),
        ).save_as(by=None)
    return user


def the_demo() -> User:
    """The account that invents, there without an event of its own."""
    found = User.objects.filter(log_reference="s:demo").first()
    if found is None:
        found = User(
            username="s:demo", name="Demo", log_reference="s:demo", is_system=True, is_active=False
        )
        found.set_unusable_password()
        found.save_as(by=None)
    return found


def change_role(user: User, role: Role, unit: Unit, *, populations: Iterable[str] = ()) -> User:
    """From today on somebody has another role; the account as it is read again."""
    today = timezone.localdate()
    user.grants.update(until_on=today)
    user.grants.create(
        role=role,
        unit=unit,
        populations=list(populations),
        start_on=today,
        granted_by=the_demo(),
    )
    return User.objects.get(pk=user.pk)


def client_for(user: User | None) -> Client:
    """A browser in which this user has signed in; None gives a visitor's."""
    client = Client()
    # Tests read the English words, whatever the site is set to.
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    if user is not None:
        client.force_login(user)
    return client


def make_id_number(birth_on: date = date(1948, 5, 6), sex: int = 2) -> str:
    """Another ID number of an area that nobody is born in."""
    sequence = next(numbers) % 500 * 2 + (1 if sex == 1 else 0)
    stem = f"100101{birth_on:%Y%m%d}{sequence:03d}"
    return stem + ric.calc_check_digit(stem + "0")


def make_case_file(
    *,
    population: str = "empty_nest_elder",
    unit: Unit | None = None,
    lead: User | None = None,
    today: date = TODAY,
    **values: Any,
) -> CaseFile:
    """A file, and its person unless the ID number is known, taken in as the demo takes them in."""
    birth_on = values.setdefault("birth_on", date(1948, 5, 6))
    values.setdefault("id_number", make_id_number(birth_on))
    case_file = people.admit(
        population=population,
        by=system_account("demo"),
        today=today,
        **{
            "name": "王秀英",
            "sex": 2,
            "phone": "13812345678",
            "address": "清溪镇枫林村3组51号",
            "emergency_name": "王强",
            "emergency_relation": "子女",
            "emergency_phone": "13987654321",
            "unit": unit or make_unit(),
            **values,
        },
    )
    if lead is not None:
        assign(case_file, lead, today=today)
    return case_file


def assign(
    case_file: CaseFile,
    worker: User,
    role: str = Place.LEAD,
    *,
    by: User | None = None,
    today: date = TODAY,
) -> Assignment:
    """Give somebody a place in the team; a supervisor of the county does it."""
    by = by or make_user(Role.SUPERVISOR)
    return assignments.assign(case_file=case_file, worker=worker, role=role, by=by, today=today)


NOW = datetime(2026, 11, 24, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
# What a step up says: all that the rules ask for.
GROUNDS: dict[str, Any] = {
    "reason_codes": ["unmet_needs"],
    "reason": "The stove is broken and nobody has come for two weeks.",
    "evidence": [{"on": "2020-11-20", "what": "Seen at the visit"}],
    "tried": "Called the village committee twice.",
}


def name_others(case_file: CaseFile, *, by: User, without: Iterable[str] = ()) -> None:
    """Somebody of another organ for each place that every red file of its population has."""
    for place in red_rules.needs_of_anybody(case_file.population):
        if place not in {*ALWAYS, *without}:
            team_members.name_member(
                case_file=case_file, place=place, name="赵主任", by=by, today=timezone.localdate()
            )


def talk_about(plan: Plan, by: User, answer: str = "agreed") -> PlanEntry:
    """What the person says of a plan, on record."""
    now = timezone.now()
    about = {"speaker": "person", "on": timezone.localdate(now), "words": "愿意试试"}
    return plan_entries.hear(plan=plan, answer=answer, by=by, now=now, **about)


def make_assessment(case_file: CaseFile, by: User, *, now: datetime = NOW) -> Assessment:
    """One answer is enough to be an assessment."""
    return levels.record_assessment(
        risk_level=case_file.risk_level, answers={"income": "none"}, by=by, now=now
    )


def make_proposal(
    case_file: CaseFile, proposer: User, to_level: str = "red", *, now: datetime = NOW, **said: Any
) -> Proposal:
    """A proposal that has been handed in, with an assessment that it rests on."""
    if "assessment" not in said:
        said["assessment"] = make_assessment(case_file, proposer, now=now)
    proposal = levels.propose(
        risk_level=case_file.risk_level,
        to_level=to_level,
        by=proposer,
        now=now,
        **{**GROUNDS, **said},
    )
    return levels.submit(proposal=proposal, by=proposer, now=now)


def expire(*, by: User, now: datetime) -> list[UUID]:
    """Let every level whose term has ended drop one step; the levels that did."""
    due = list(levels.due_to_expire(now=now))
    return [each.pk for each in due if levels.expire(risk_level=each, by=by, now=now)]


def make_level(
    case_file: CaseFile,
    to_level: str,
    *,
    now: datetime = NOW,
    reason_codes: Iterable[str] = ("assessment",),
) -> RiskLevel:
    """The file's level, moved to this one by two people who have nothing else to do with it."""
    case_file.risk_level.refresh_from_db()
    proposer = make_user(unit=case_file.unit)
    proposal = make_proposal(
        case_file, proposer, to_level, now=now, reason_codes=list(reason_codes)
    )
    supervisor = make_user(Role.SUPERVISOR)
    levels.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=now)
    case_file.risk_level.refresh_from_db()
    return case_file.risk_level
