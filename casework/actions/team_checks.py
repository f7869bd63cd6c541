"""What red files have and lack of their teams: asked of the database, looked at, told upwards."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit import log
from audit.events import Event, Purpose
from casework import red_rules
from casework.caseload import (
    ALWAYS,
    RED_COMPLETE_WITHIN,
    Lack,
    Missing,
    missing,
    steps_since,
)
from casework.models import Assignment, CaseFile, Plan, PlanEntry, TeamCheck, TeamMember
from casework.models.assignments import Place
from casework.models.case_files import CaseFileQuerySet, Status
from casework.models.plan_entries import EntryKind, PlanEntryQuerySet
from casework.models.plans import State
from casework.models.workers import WorkerSex
from kpm.accounts.actions import system_account
from kpm.accounts.models import RoleGrant
from kpm.permissions import Role
from kpm.vault.opening import open_groups
from risk_levels.levels import Level
from risk_levels.models import Decision
from risk_levels.populations import POPULATIONS

BATCH = 200
OF_ONE_KIND = [code for code in POPULATIONS if red_rules.needs_of_some(code)]


def red(files: CaseFileQuerySet) -> CaseFileQuerySet:
    """The open red files among these, with the moment since when each is red."""
    began = Decision.objects.filter(risk_level=OuterRef("risk_level")).beginning(Level.RED)
    return files.filter(status=Status.OPEN, risk_level__level=Level.RED).annotate(
        # A renewal gives no new day: the clock runs since this file became red.
        red_since=Subquery(began.values("decided_at")[:1])
    )


def incomplete(files: CaseFileQuerySet, today: date) -> CaseFileQuerySet:
    """The red files that lack somebody or something, those with the least time left first."""
    able = Assignment.objects.able(today).filter(case_file=OuterRef("pk"))
    plans = Plan.objects.filter(case_file=OuterRef("pk"), state=State.APPROVED)
    checks = TeamCheck.objects.filter(case_file=OuterRef("pk"), lacks_somebody=True)
    lacks = (
        ~Exists(able.filter(role=Place.LEAD))
        | ~Exists(able.filter(role=Place.DEPUTY))
        | ~Exists(plans)
        | ~Exists(_words().filter(case_file=OuterRef("pk")))
        | Exists(checks)
    )
    return (
        red(files)
        .annotate(filled=_filled(), needed=_needed())
        .filter(lacks | Q(filled__lt=F("needed")))
        .order_by(F("red_since"), "id")
    )


def out_of_time(files: CaseFileQuerySet, now: datetime) -> CaseFileQuerySet:
    """Those of them whose day has run out."""
    late: dict[str, Any] = {"red_since__lte": now - RED_COMPLETE_WITHIN}
    return incomplete(files, timezone.localdate(now)).filter(**late)


def _words() -> PlanEntryQuerySet:
    """What the people of files said of the plans that hold."""
    return PlanEntry.objects.filter(kind=EntryKind.WORD, plan__state=State.APPROVED).order_by()


def _filled() -> Coalesce:
    """How many of the places that every red file of its population has are filled."""
    some = {code for population in POPULATIONS for code in red_rules.needs_of_some(population)}
    places = (
        TeamMember.objects.active()
        .filter(case_file=OuterRef("pk"))
        .exclude(place__in=some)
        .order_by()
        .values("case_file")
        .annotate(places=Count("place", distinct=True))
        .values("places")
    )
    return Coalesce(Subquery(places, output_field=IntegerField()), 0)


def _needed() -> Case:
    """How many such places there are."""
    always = len(ALWAYS)
    return Case(
        *(
            When(population=code, then=Value(len(red_rules.needs_of_anybody(code)) - always))
            for code in POPULATIONS
        ),
        output_field=IntegerField(),
    )


def there(files: Sequence[CaseFile], today: date) -> Mapping[UUID, set[str]]:
    """What each of these files has: lead, deputy, plan, word, places, a woman. In four queries."""
    found: dict[UUID, set[str]] = defaultdict(set)
    pks = [each.pk for each in files]
    able = Assignment.objects.able(today).filter(case_file__in=pks).order_by()
    for file, role, sex in able.values_list("case_file", "role", "worker__profile__sex"):
        found[file].add(role)
        if sex == WorkerSex.WOMAN:
            found[file].add(Lack.WOMAN)
    others = TeamMember.objects.active().filter(case_file__in=pks).order_by()
    for file, place, is_woman in others.values_list("case_file", "place", "is_woman"):
        found[file] |= {place, Lack.WOMAN} if is_woman else {place}
    plans = Plan.objects.filter(case_file__in=pks, state=State.APPROVED)
    for file in plans.order_by().values_list("case_file", flat=True):
        found[file].add(Lack.PLAN)
    for file in _words().filter(case_file__in=pks).values_list("case_file", flat=True):
        found[file].add(Lack.WORD)
    return found


def missing_of(case_file: CaseFile, has: set[str], began_at: datetime, on: date) -> Missing | None:
    """What a red file lacks; the head of the person is open."""
    person = case_file.person
    needs = red_rules.needs(case_file.population, sex=person.sex, birth_on=person.birth_on, on=on)
    return missing(began_at=began_at, needs=needs, has=has)


def forget(*files: CaseFile) -> None:
    """The team is another one now, or the person is known better: look again."""
    for start in range(0, len(files), BATCH):
        TeamCheck.objects.filter(case_file__in=files[start : start + BATCH]).update(
            seen="", seen_on=None, lacks_somebody=False
        )


def look(now: datetime) -> int:
    """Find who lacks somebody because of who they are; returns at how many files was looked.

    A person's sex and age are sealed, so looking is written down. The same team is looked at once;
    one that lacks somebody once a day, for a minor comes of age.
    """
    today = timezone.localdate(now)
    files = list(red(CaseFile.objects.filter(population__in=OF_ONE_KIND)).order_by("id"))
    looked = 0
    for start in range(0, len(files), BATCH):
        part = files[start : start + BATCH]
        has = there(part, today)
        known = TeamCheck.objects.in_bulk([each.pk for each in part], field_name="case_file_id")
        for each in part:
            if _is_to_be_seen(each, has[each.pk], known.get(each.pk), today):
                looked += _look(each, now)
    return looked


def _of_some(case_file: CaseFile, has: set[str]) -> str:
    """Which of the places that depend on the person are filled, as one word."""
    some = red_rules.needs_of_some(case_file.population)
    return ",".join(code for code in some if code in has) or "-"


def _is_to_be_seen(
    case_file: CaseFile, has: set[str], check: TeamCheck | None, today: date
) -> bool:
    if has.issuperset(red_rules.needs_of_some(case_file.population)):
        # Whoever it is about, nobody is missing.
        return check is not None and check.lacks_somebody
    if check is None or check.seen != _of_some(case_file, has):
        return True
    return check.lacks_somebody and check.seen_on != today


@transaction.atomic
def _look(case_file: CaseFile, now: datetime) -> int:
    """Look at one file and keep the answer."""
    today = timezone.localdate(now)
    rows = CaseFile.objects.select_for_update(of=("self",)).select_related("person")
    case_file = rows.get(pk=case_file.pk)
    if not case_file.is_open:
        return 0
    has = there([case_file], today)[case_file.pk]
    with log.reading(
        system_account("clock"),
        event=Event.CASE_FILE_READ,
        purpose=Purpose.SYSTEM,
        about=[case_file],
    ) as reading:
        open_groups([case_file.person], "head", reading=reading)
        person = case_file.person
        needs = red_rules.needs(
            case_file.population, sex=person.sex, birth_on=person.birth_on, on=today
        )
    some = set(red_rules.needs_of_some(case_file.population))
    TeamCheck.objects.update_or_create(
        case_file=case_file,
        defaults={
            "seen": _of_some(case_file, has),
            "seen_on": today,
            "lacks_somebody": bool(some.intersection(needs) - has),
        },
    )
    return 1


def supervising(today: date) -> dict[str, list[str]]:
    """For each population, the codes of the units that have a supervisor today."""
    grants = RoleGrant.objects.in_force(today).filter(role=Role.SUPERVISOR, user__is_active=True)
    held = list(grants.order_by().values_list("unit__code", "populations").distinct())
    return {
        population: [code for code, named in held if not named or population in named]
        for population in POPULATIONS
    }


def climb(now: datetime) -> int:
    """Say in the log of each red file that lacks something whose time is up once more.

    Each day after the first asks one unit further up; returns for how many files that is new.
    """
    late = out_of_time(CaseFile.objects.all(), now)
    told = dict(TeamCheck.objects.filter(step__gt=0).values_list("case_file", "step"))
    climbed = 0
    still: set[UUID] = set()
    for case_file in late:
        still.add(case_file.pk)
        step = steps_since(vars(case_file)["red_since"] + RED_COMPLETE_WITHIN, now)
        if step > told.get(case_file.pk, 0):
            _tell(case_file, step)
            climbed += 1
    # Complete again, or no longer red: the next time begins from below.
    TeamCheck.objects.filter(step__gt=0).exclude(case_file__in=still).update(step=0)
    return climbed


@transaction.atomic
def _tell(case_file: CaseFile, step: int) -> None:
    defaults: dict[str, Any] = {"step": step}
    TeamCheck.objects.update_or_create(case_file=case_file, defaults=defaults)
    log.record(Event.TEAM_CLIMBED, by=system_account("clock"), target=case_file)
