"""What lapses, waits, runs out or lacks its review: queues of a supervisor, to be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Case, DateField, F, OuterRef, Q, Subquery, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.dashboards import lists
from casework.models import CaseFile, Plan
from casework.models.case_files import CaseFileQuerySet, Status
from casework.models.plans import State as PlanState
from kpm import days
from kpm.accounts.models import User
from kpm.workdays import NOTHING_SPECIAL, Special, after_workdays
from risk_levels.levels import Level
from risk_levels.models import CalendarDay, Proposal, RuleSet
from risk_levels.models.proposals import ProposalState

# Terms that end within these days are running out.
RUNNING_OUT = timedelta(days=14)
# Steps down that take effect within these days are lapsing soon.
SOON = timedelta(days=7)
# Further back nobody has to look for what is late.
LONGEST = 60

QUEUES: Final[Mapping[str, Promise]] = {
    "lapsing": gettext_lazy("Lapsing soon"),
    "late": gettext_lazy("Waiting too long"),
    "ending": gettext_lazy("Running out"),
    "unreviewed": gettext_lazy("Review missing"),
    "plans": gettext_lazy("Plans"),
}


@dataclass(frozen=True)
class QueueRow:
    """One file of a queue, and in words what its clock says."""

    case_file: CaseFile
    words: str
    # Where it is looked at.
    page: str


def queue(name: str, user: User, group: str, now: datetime) -> CaseFileQuerySet:
    """The open files of one queue, the most urgent first."""
    today = now.date()
    files = lists.files_of(user, group).filter(status=Status.OPEN)
    if name == "lapsing":
        return _lapsing(files, today)
    if name == "late":
        return _late(files, today)
    if name == "plans":
        return _plans(files)
    red_first = Case(When(risk_level__level=Level.RED, then=0), default=1)
    if name == "ending":
        found = files.filter(
            risk_level__level__in=(Level.YELLOW, Level.RED),
            risk_level__until_on__lte=today + RUNNING_OUT,
        )
        return found.order_by(red_first, "risk_level__until_on", "id")
    found = files.filter(risk_level__review_on__lt=today)
    return found.order_by(red_first, "risk_level__review_on", "id")


def _waiting(**chosen: Any) -> Any:
    return Proposal.objects.filter(
        state=ProposalState.SUBMITTED, risk_level=OuterRef("risk_level"), **chosen
    )


def _lapsing(files: CaseFileQuerySet, today: date) -> CaseFileQuerySet:
    """Red that holds for hours, then steps down that take effect by themselves."""
    effect = _waiting(effect_on__lte=today + SOON).values("effect_on")[:1]
    return (
        files.annotate(effect_on=Subquery(effect, output_field=DateField()))
        .filter(Q(risk_level__until_at__isnull=False) | Q(effect_on__isnull=False))
        .order_by(F("risk_level__until_at").asc(nulls_last=True), "effect_on", "id")
    )


def _late(files: CaseFileQuerySet, today: date) -> CaseFileQuerySet:
    """What nobody has decided within its working days: two for a step up, five for one down."""
    rule_set = RuleSet.objects.in_force(today) or RuleSet(numbers={})
    special = CalendarDay.objects.special()
    up = late_since(today, rule_set.proposal_days("up_workdays"), special)
    down = late_since(today, rule_set.proposal_days("climb_workdays"), special)
    since = (
        _waiting()
        .filter(
            Q(effect_on__isnull=True, submitted_at__date__lte=up)
            | Q(effect_on__isnull=False, submitted_at__date__lte=down)
        )
        .values("submitted_at__date")[:1]
    )
    return (
        files.annotate(waits_since=Subquery(since, output_field=DateField()))
        .filter(waits_since__isnull=False)
        .order_by("waits_since", "id")
    )


def _plans(files: CaseFileQuerySet) -> CaseFileQuerySet:
    """Drafts that stand alone; one that came with a proposal is decided with it."""
    drafts = Plan.objects.filter(state=PlanState.DRAFT, case_file=OuterRef("pk"))
    alone = drafts.exclude(proposal__state=ProposalState.SUBMITTED).order_by()
    return (
        files.annotate(
            drafted_on=Subquery(alone.values("drafted_on")[:1], output_field=DateField())
        )
        .filter(drafted_on__isnull=False)
        .order_by("drafted_on", "id")
    )


def late_since(today: date, workdays: int, special: Special = NOTHING_SPECIAL) -> date:
    """What was handed in on this day or before has waited longer than so many working days."""
    for back in range(1, LONGEST):
        day = today - timedelta(days=back)
        if after_workdays(day, workdays, special) < today:
            return day
    return today - timedelta(days=LONGEST)


def counts_of(user: User, group: str, now: datetime) -> dict[str, int]:
    """How many files each queue has."""
    files = lists.files_of(user, group).filter(status=Status.OPEN)
    return lists.counts_in(files, {name: queue(name, user, group, now) for name in QUEUES})


def tabs_of(user: User, group: str, now: datetime) -> list[tuple[str, Any, int]]:
    """The queues to change between: name, label, how many files."""
    counts = counts_of(user, group, now)
    return [(name, label, counts[name]) for name, label in QUEUES.items()]


def row_of(name: str, case_file: CaseFile) -> QueueRow:
    """A file of a queue as the page shows it."""
    page = "casework:show_plan" if name == "plans" else "casework:show_level"
    return QueueRow(case_file, in_words(name, case_file), page)


def in_words(name: str, case_file: Any) -> str:
    """What the clock of a file in a queue says."""
    level = case_file.risk_level
    if name == "lapsing":
        if level.until_at is not None:
            moment = days.moment_in_words(level.until_at)
            return _("provisional red until %(moment)s") % {"moment": moment}
        day = days.in_words(case_file.effect_on)
        return _("steps down by itself on %(day)s") % {"day": day}
    if name == "late":
        return _("waits since %(day)s") % {"day": days.in_words(case_file.waits_since)}
    if name == "plans":
        return _("drafted on %(day)s") % {"day": days.in_words(case_file.drafted_on)}
    if name == "ending":
        return _("ends on %(day)s") % {"day": days.in_words(level.until_on)}
    return _("was to be reviewed by %(day)s") % {"day": days.in_words(level.review_on)}
