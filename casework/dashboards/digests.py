"""What a digest says: how much waits for somebody, over all their files, and nothing of whom."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.dashboards import boards, hand_overs, lists, overdue, supervising, today
from casework.models import CaseFile
from casework.models.case_files import Status
from casework.overdue_rules import Step
from kpm.accounts.models import User
from kpm.permissions import Role


@dataclass(frozen=True)
class Line:
    """One number and what it counts."""

    label: Any
    count: int


def digest_of(user: User, now: datetime) -> list[Line]:
    """What waits for this worker or supervisor; nothing where nothing does."""
    if user.role == Role.SUPERVISOR:
        lines = _of_supervisor(user, now)
    elif user.role == Role.SOCIAL_WORKER:
        lines = _of_worker(user, now)
    else:
        lines = []
    return [each for each in lines if each.count]


def _of_worker(user: User, now: datetime) -> list[Line]:
    counts = today.counts_of(user, now.date()).values()
    files = CaseFile.objects.visible_to(user).filter(status=Status.OPEN)
    steps = overdue.steps_in(files, now.date())
    planned = today.planned_visits(user, files, now)
    return [
        Line(_("overdue"), sum(each.overdue for each in counts)),
        Line(_("of these with the supervisor"), steps[Step.SUPERVISOR]),
        Line(_("of these with the unit above"), steps[Step.ABOVE]),
        Line(_("due today"), sum(each.today for each in counts)),
        Line(_("in the next seven days"), sum(each.coming for each in counts)),
        Line(
            _("planned visits to be written up"),
            sum(today.is_past(each, now.date()) for each in planned),
        ),
        Line(_("files offered to you"), hand_overs.waiting_for(user).count()),
    ]


def _of_supervisor(user: User, now: datetime) -> list[Line]:
    """The numbers of their start page, those of all groups together."""
    found: Counter[str] = Counter()
    labels: dict[str, Any] = {}
    for group in lists.groups_of(user):
        for each in supervising.start_of(user, group, now).waiting:
            labels.setdefault(str(each.label), each.label)
            found[str(each.label)] += each.count
    # People carry files of all groups: they are counted once.
    strained = boards.strained(user, now.date())
    return [
        *(Line(label, found[words]) for words, label in labels.items()),
        Line(_("social workers with too much for four weeks in a row"), strained),
    ]
