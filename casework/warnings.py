"""Early warnings: rules that anybody can read, which open review tasks and change no level.

Each says in words what it looks at and where it comes from. None scores, none predicts, and a
declined voluntary service is none of the things they look at (PIPL articles 24 and 73).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from casework.models import CaseFile, Incident
from casework.models.case_files import CaseFileQuerySet, Status
from risk_levels.levels import Level
from risk_levels.models import Decision

LATE_RED, LATE = timedelta(days=7), timedelta(days=14)
UNREVIEWED = timedelta(days=14)
RED_TERMS = 2
SEVERAL, SEVERAL_WITHIN = 3, timedelta(days=90)


@dataclass(frozen=True)
class EarlyWarning:
    """One rule: its words, where it comes from, and the files of which it is so now."""

    code: str
    label: Promise
    why: Promise
    source: Promise
    # None where it is known only at the moment of recording (see actions/review_tasks.py).
    find: Callable[[datetime], CaseFileQuerySet] | None = None


def open_files() -> CaseFileQuerySet:
    """Warnings are about open files."""
    return CaseFile.objects.filter(status=Status.OPEN)


def long_overdue(now: datetime) -> CaseFileQuerySet:
    """Something was due a week ago on red, two weeks ago elsewhere."""
    today = now.date()
    return open_files().filter(
        Q(next_due_on__lte=today - LATE)
        | Q(next_due_on__lte=today - LATE_RED, risk_level__rhythm_level=Level.RED)
    )


def unreviewed(now: datetime) -> CaseFileQuerySet:
    """A review was due two weeks ago."""
    return open_files().filter(risk_level__review_on__lte=now.date() - UNREVIEWED)


def long_red(_now: datetime) -> CaseFileQuerySet:
    """Two approved terms of red in a row, or more."""
    broken = Decision.objects.filter(risk_level=OuterRef("risk_level")).exclude(to_level=Level.RED)
    last = Subquery(broken.order_by("-base_revision").values("base_revision")[:1])
    terms = Q(
        risk_level__decisions__kind=Decision.Kind.APPROVED,
        risk_level__decisions__to_level=Level.RED,
    ) & (Q(broken_at__isnull=True) | Q(risk_level__decisions__base_revision__gt=F("broken_at")))
    return (
        open_files()
        .filter(risk_level__level=Level.RED)
        .annotate(broken_at=last)
        .annotate(terms=Count("risk_level__decisions", filter=terms))
        .filter(terms__gte=RED_TERMS)
    )


def several_incidents(now: datetime) -> CaseFileQuerySet:
    """Three incidents that hold, within ninety days."""
    lately = (
        Incident.objects.standing()
        .filter(case_file=OuterRef("pk"), happened_at__gt=now - SEVERAL_WITHIN)
        .order_by()
        .values("case_file")
        .annotate(count=Count("pk"))
    )
    return (
        open_files()
        .annotate(incident_count=Subquery(lately.values("count")))
        .filter(incident_count__gte=SEVERAL)
    )


PRACTICE = _("Practice of this system")
BY_ANALOGY = _("Community Corrections Law, article 29: control does not outlast its reason")
INCIDENT = "incident"
ASSESSMENT_DIFFERS, ASSESSMENT_PROVISIONAL = "assessment_differs", "assessment_provisional"
WARNINGS: Final[dict[str, EarlyWarning]] = {
    each.code: each
    for each in (
        EarlyWarning(
            "long_overdue",
            _("Something has been due for long"),
            _("A contact, a visit or a review was due a week ago on red, two weeks ago elsewhere."),
            PRACTICE,
            long_overdue,
        ),
        EarlyWarning(
            "unreviewed",
            _("Nobody has reviewed the level"),
            _("The day of the review passed two weeks ago; the visits go on as before."),
            BY_ANALOGY,
            unreviewed,
        ),
        EarlyWarning(
            "long_red",
            _("Red for two terms in a row"),
            _("Does red help, or has it become a habit? A third term needs a case conference."),
            BY_ANALOGY,
            long_red,
        ),
        EarlyWarning(
            "several_incidents",
            _("Several incidents in a short time"),
            _("Three incidents within ninety days. Is the support still the right one?"),
            PRACTICE,
            several_incidents,
        ),
        EarlyWarning(
            INCIDENT,
            _("Something has happened since the level was decided"),
            _("An incident was noted: does the level still fit, or another, up or down?"),
            PRACTICE,
        ),
        EarlyWarning(
            ASSESSMENT_DIFFERS,
            _("The assessment suggests another level"),
            _("The last assessment suggests another level than the file has, up or down."),
            PRACTICE,
        ),
        EarlyWarning(
            ASSESSMENT_PROVISIONAL,
            _("The assessment lacks answers"),
            _("Questions of the last assessment were left open, so its result is provisional."),
            PRACTICE,
        ),
    )
}


def files_of(warning: EarlyWarning, now: datetime) -> set[UUID]:
    """The open files of which a rule is so now."""
    if warning.find is None:
        return set()
    return set(warning.find(now).order_by().values_list("pk", flat=True))
