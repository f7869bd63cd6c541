"""Lists of files: which groups may stand together, what they are narrowed to, what is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from audit import log
from audit.events import Event
from casework.actions import searches
from casework.actions.matches import scope_of
from casework.dashboards import overdue
from casework.models import Assignment, CaseFile, Ledger
from casework.models.assignments import Place
from casework.models.case_files import CaseFileQuerySet, Status
from casework.models.ledgers import LedgerRow, RowOutcome
from kpm.accounts.models import Unit, User
from kpm.accounts.scoping import units_under
from kpm.errors import Refused
from kpm.vault import search
from risk_levels.populations import POPULATIONS, Group

LABELS = {str(group): group.label for group in Group}

# Beyond these a search says nothing but that it found too much.
MOST_MATCHES = 2_000
MOST_SHOWN = 50
# What a list can be narrowed to besides what its files are.
NO_LEAD, OVERDUE, PASSED, MISSED = "none", "overdue", "passed", "missed"


def groups_of(user: User) -> list[str]:
    """Which groups of populations the user's grant holds; they never mix."""
    codes = user.populations or list(POPULATIONS)
    kinds = {group_of(code) for code in codes}
    return [group for group in LABELS if group in kinds]


def labelled_groups(user: User) -> list[tuple[str, Any]]:
    """The groups to change between, with their labels; nothing where there is only one."""
    groups = groups_of(user)
    return [(each, LABELS[each]) for each in groups] if len(groups) > 1 else []


def group_of(population: str) -> str:
    """The group that a population is of."""
    return str(POPULATIONS[population].group)


def choose_group(user: User, wanted: str | None) -> str:
    """The group that a list is for: the wanted one, or the first in which there is a file."""
    groups = groups_of(user)
    if wanted in groups:
        return wanted
    rows = CaseFile.objects.visible_to(user).order_by().values_list("population", flat=True)
    filled = {group_of(each) for each in rows.distinct()} if len(groups) > 1 else set()
    return next((each for each in groups if each in filled), next(iter(groups), str(Group.CARE)))


def populations_of(user: User, group: str) -> list[tuple[str, Any]]:
    """The populations of one group that the user's grant holds."""
    codes = user.populations or list(POPULATIONS)
    return [
        (code, each.label)
        for code, each in POPULATIONS.items()
        if code in codes and group_of(code) == group
    ]


def files_of(user: User, group: str) -> CaseFileQuerySet:
    """The files of one group that the user may see, with what a list shows of each."""
    leads = Assignment.objects.active().filter(role=Place.LEAD).select_related("worker")
    return (
        CaseFile.objects.visible_to(user)
        .of_group(group)
        .select_related("person", "unit", "risk_level")
        .prefetch_related(Prefetch("assignments", leads, to_attr="leads"))
        .order_by(F("next_due_on").asc(nulls_last=True), "id")
    )


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """Which of the files a list shows; a number that leads to a list counts by the same."""

    status: str = Status.OPEN
    population: str = ""
    level: str = ""
    unit: Unit | None = None
    lead: str = ""
    due: str = ""
    ledger: str = ""

    def of(self, files: CaseFileQuerySet, user: User, now: datetime) -> CaseFileQuerySet:
        """The files that are meant; `now` carries the local time zone."""
        lookups: dict[str, Any] = {"status": self.status}
        if self.population:
            lookups["population"] = self.population
        if self.level:
            lookups["risk_level__level"] = self.level
        if self.unit is not None:
            lookups["unit__code__startswith"] = self.unit.prefix
        if self.ledger:
            files = files.filter(pk__in=brought_by(user, self.ledger))
        found = self._due(files, user, now).filter(**lookups)
        if self.lead == NO_LEAD:
            # A lead who lost the account or the role leads nobody.
            places = Assignment.objects.able(now.date()).filter(case_file=OuterRef("pk"))
            found = found.filter(~Exists(places.filter(role=Place.LEAD)))
        return found

    def _due(self, files: CaseFileQuerySet, user: User, now: datetime) -> CaseFileQuerySet:
        if self.due == OVERDUE:
            return files.filter(next_due_on__lt=now.date())
        if self.due == PASSED:
            return files.filter(pk__in=overdue.passed_to(user, files, now.date()))
        return overdue.missed_event_visits(files, now) if self.due == MISSED else files


def counts_in(files: CaseFileQuerySet, parts: Mapping[str, CaseFileQuerySet]) -> dict[str, int]:
    """How many of these files each part holds, in one query."""
    return files.order_by().aggregate(
        **{
            name: Count("pk", filter=Q(pk__in=part.order_by().values("pk")))
            for name, part in parts.items()
        }
    )


def sizes_of(user: User, waiting: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each of these has, in one query that begins with the user."""
    sizes = {
        name: rows.order_by()
        .annotate(one=Value(1))
        .values("one")
        .annotate(n=Count("pk"))
        .values("n")
        for name, rows in waiting.items()
    }
    none = Value(0)
    found = User.objects.filter(pk=user.pk).annotate(
        **{name: Coalesce(Subquery(size), none) for name, size in sizes.items()}
    )
    return dict(found.values(*waiting).get())


def brought_by(user: User, number: str) -> QuerySet[LedgerRow, Any]:
    """The files that one of the user's own ledgers has opened."""
    return LedgerRow.objects.filter(
        ledger__in=Ledger.objects.visible_to(user).filter(number=number),
        outcome=RowOutcome.NEW,
        is_applied=True,
    ).values("case_file")


def search_files(*, user: User, group: str, text: str, now: datetime) -> list[CaseFile]:
    """The user's own files whose people match; the text goes nowhere else."""
    searches.check_pace(user, Event.SEARCH_RUN, now, field="text")
    found = [person for scope in scopes_of(user) for person in search.find(scope, text)]
    if len(found) > MOST_MATCHES:
        raise refused_search(user, "too_many", _("Very many people match. Please type more."))
    rows: list[CaseFile] = []
    for part in batches(found):
        rows += files_of(user, group).filter(person_id__in=part)[: MOST_SHOWN + 1]
    if len(rows) > MOST_SHOWN:
        raise refused_search(user, "too_many", _("More than 50 files match. Please type more."))
    return rows


def refused_search(user: User, rule: str, words: str) -> Refused:
    """A search that shows nobody is a search all the same."""
    log.refused(Event.SEARCH_RUN, by=user, rule=rule)
    return Refused(words, field="text")


def batches(owners: Sequence[UUID], size: int = 1_000) -> list[Sequence[UUID]]:
    """So many at a time as one query takes."""
    return [owners[start : start + size] for start in range(0, len(owners), size)]


def scopes_of(user: User) -> list[str]:
    """The districts that the user's grant reaches."""
    districts = units_under(user).order_by().values_list("district", flat=True).distinct()
    return [scope_of(district) for district in districts]
