"""What today asks of a supervisor: what waits for them, in numbers, and what each lead carries."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from casework.dashboards import (
    harm,
    lists,
    lost_contacts,
    queues,
    red_files,
    review_tasks,
)
from casework.dashboards.objections import waiting_in
from casework.dashboards.today import open_files
from casework.models import Assignment
from casework.models.assignments import Place
from kpm.accounts.models import User
from risk_levels.levels import Level
from risk_levels.models import Proposal
from risk_levels.models.proposals import ProposalState

MOST_WORKERS = 100


@dataclass(frozen=True)
class Waiting:
    """One number that waits for a supervisor, and the page that shows exactly these."""

    label: Any
    count: int
    page: str
    kind: str = ""
    query: str = ""
    # Which of several queues the page shows.
    name: str = ""


IN_QUEUES = (
    ("lapsing", _("provisional or lapsing soon"), "red"),
    ("late", _("waiting too long"), "yellow"),
    ("ending", _("levels running out"), ""),
    ("unreviewed", _("reviews missing"), "yellow"),
    ("plans", _("plans to approve"), "brand"),
)


@dataclass(frozen=True)
class Start:
    """What the first page of a supervisor begins with."""

    waiting: list[Waiting]
    # The other kinds of groups in which a mandatory report waits: nobody finds it by chance.
    reports_elsewhere: list[tuple[str, Any]]


def start_of(user: User, group: str, now: datetime) -> Start:
    """What waits for this supervisor in one kind of populations, and where else a report does."""
    today = now.date()
    files = open_files(user, group).order_by()
    queued = queues.counts_of(user, group, now)
    submitted = Proposal.objects.filter(
        state=ProposalState.SUBMITTED, risk_level__case_file__in=files
    ).count()

    others = [each for each in lists.groups_of(user) if each != group]
    sizes = lists.sizes_of(
        user,
        {
            "harm": harm.waiting(user, group),
            "lost": lost_contacts.due(lost_contacts.going_on(user, group), today),
            "suggested": review_tasks.open_tasks(user, group),
            **{f"in_{each}": harm.waiting(user, each) for each in others},
        },
    )
    lists_of: dict[str, dict[str, Any]] = {
        "overdue": {"due": lists.OVERDUE},
        "passed": {"due": lists.PASSED},
        "missed": {"due": lists.MISSED},
        "no_lead": {"lead": lists.NO_LEAD},
        "ungraded": {"level": str(Level.UNGRADED)},
    }
    counted = lists.counts_in(
        files,
        {
            "incomplete": red_files.incomplete_files(user, group, today),
            **{name: lists.Narrowed(**of).of(files, user, now) for name, of in lists_of.items()},
        },
    )

    def listed(label: Any, name: str, kind: str = "") -> Waiting:
        query = f"&{urlencode(lists_of[name])}"
        return Waiting(label, counted[name], "casework:list_case_files", kind, query)

    waiting = [
        Waiting(_("proposals to decide"), submitted, "casework:list_reviews", "brand"),
        Waiting(
            _("objections to answer"),
            waiting_in(files).order_by().count(),
            "casework:list_objections",
            "brand",
        ),
        *(
            Waiting(label, queued[name], "casework:list_queue", kind, name=name)
            for name, label, kind in IN_QUEUES
        ),
        Waiting(
            _("mandatory reports that wait"),
            sizes["harm"],
            "casework:list_reports",
            "red",
        ),
        Waiting(
            _("lost contacts to look at"),
            sizes["lost"],
            "casework:list_lost",
            "yellow",
        ),
        Waiting(
            _("suggested reviews"),
            sizes["suggested"],
            "casework:list_tasks",
        ),
        Waiting(
            _("red files that lack something"),
            counted["incomplete"],
            "casework:list_missing",
            "red",
        ),
        Waiting(
            _("of these out of time and passed to you"),
            len(red_files.climbed_to(user, group, now)),
            "casework:list_missing",
            "red",
            "&climbed=1",
        ),
        listed(_("not visited in time after an incident"), "missed", "red"),
        listed(_("overdue and passed to you"), "passed", "red"),
        listed(_("files overdue"), "overdue", "yellow"),
        listed(_("files without a lead worker"), "no_lead"),
        listed(_("files not yet graded"), "ungraded"),
    ]
    return Start(waiting, [(each, lists.LABELS[each]) for each in others if sizes[f"in_{each}"]])


@dataclass(frozen=True)
class Load:
    """What one lead worker carries."""

    name: str
    unit: str
    files: int
    red: int
    today: int
    overdue: int


def loads_of(user: User, group: str, today: date) -> list[Load]:
    """Who leads how many files, and how many of them wait; unit by unit; the most overdue first."""
    leads = Assignment.objects.active().filter(
        role=Place.LEAD, case_file__in=open_files(user, group).order_by()
    )
    rows = (
        leads.order_by()
        .values("worker_id", "worker__name", "worker__unit__name", "worker__unit__code")
        .annotate(
            files=Count("id"),
            red=Count("id", filter=Q(case_file__risk_level__level=Level.RED)),
            overdue=Count("id", filter=Q(case_file__next_due_on__lt=today)),
            today=Count("id", filter=Q(case_file__next_due_on=today)),
        )
        .order_by("-overdue", "-files", "worker__name")[:MOST_WORKERS]
    )
    return [
        Load(
            name=row["worker__name"],
            unit=row["worker__unit__name"] or "",
            files=row["files"],
            red=row["red"],
            today=row["today"],
            overdue=row["overdue"],
        )
        # Nobody is put in an order with people of other units.
        for row in sorted(rows, key=lambda row: row["worker__unit__code"] or "")
    ]
