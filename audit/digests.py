"""What a week was like, in counts: nobody's name or number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.events import Event, Outcome
from audit.labels import rule_label
from audit.models import Alert, AlertState
from audit.searches import Filters, matching

A_WEEK = timedelta(days=7)
LINES: tuple[tuple[Promise, tuple[Event, ...]], ...] = (
    (_("Sign-ins"), (Event.SESSION_STARTED,)),
    (_("Files opened"), (Event.CASE_FILE_READ,)),
    (_("Lists and searches"), (Event.CASE_FILE_LISTED, Event.SEARCH_RUN, Event.PERSON_SOUGHT)),
    (_("Values shown in full"), (Event.CASE_FILE_REVEALED,)),
    (
        _("Papers and attachments"),
        (Event.CASE_FILE_PRINTED, Event.REFERRAL_PRINTED, Event.ATTACHMENT_DOWNLOADED),
    ),
    (_("Roles granted and ended"), (Event.GRANT_STARTED, Event.GRANT_ENDED)),
    (_("Files destroyed"), (Event.CASE_FILE_DESTROYED,)),
    (_("Searches in this log"), (Event.AUDIT_SEARCHED, Event.AUDIT_READ)),
    (_("Accesses judged"), (Event.ALERT_JUDGED, Event.SAMPLE_JUDGED)),
    (_("Questions asked"), (Event.FINDING_ASKED,)),
    (_("Questions answered"), (Event.FINDING_ANSWERED,)),
    (_("Statements and evidence handed out"), (Event.AUDIT_EXPLAINED, Event.EVIDENCE_FINISHED)),
)


@dataclass(frozen=True)
class Line:
    """A count of this week, and of the week before."""

    label: Promise | str
    count: int
    before: int


@dataclass(frozen=True)
class Digest:
    """One week."""

    since: date
    until: date
    lines: list[Line]
    # What was noticed, by rule.
    noticed: list[Line]
    waiting: int

    @property
    def earlier(self) -> date:
        """The last day of the week before."""
        return self.since - timedelta(days=1)

    def later(self, today: date) -> date | None:
        """The last day of the week after it, if that is over by now."""
        later = self.until + A_WEEK
        return later if later < today else None


def of(until: date) -> Digest:
    """The seven days that end with this one."""
    since = until - A_WEEK + timedelta(days=1)
    now, before = _counts(since, until), _counts(since - A_WEEK, until - A_WEEK)
    weeks = [(since, until), (since - A_WEEK, until - A_WEEK)]
    raised = [_raised(*week) for week in weeks]
    return Digest(
        since=since,
        until=until,
        lines=[
            Line(_("Events"), sum(now.values()), sum(before.values())),
            Line(_("Accounts that were active"), *(_active(*week) for week in weeks)),
            *(Line(label, _of(now, events), _of(before, events)) for label, events in LINES),
            Line(_("Refused tries"), _refused(now), _refused(before)),
        ],
        noticed=[
            Line(rule_label(rule), raised[0].get(rule, 0), raised[1].get(rule, 0))
            for rule in sorted(raised[0].keys() | raised[1].keys())
        ],
        waiting=Alert.objects.filter(state=AlertState.OPEN).count(),
    )


Counts = dict[tuple[str, str], int]


def _counts(since: date, until: date) -> Counts:
    found = matching(Filters(since=since, until=until)).values("event", "outcome")
    return {
        (row["event"], row["outcome"]): row["count"] for row in found.annotate(count=Count("id"))
    }


def _of(counts: Counts, events: Iterable[Event]) -> int:
    return sum(counts.get((event, Outcome.OK), 0) for event in events)


def _refused(counts: Counts) -> int:
    return sum(count for (_event, outcome), count in counts.items() if outcome == Outcome.DENIED)


def _active(since: date, until: date) -> int:
    found = matching(Filters(since=since, until=until)).filter(actor__startswith="u:")
    return found.aggregate(count=Count("actor", distinct=True))["count"] or 0


def _raised(since: date, until: date) -> dict[str, int]:
    found = Alert.objects.filter(first_on__range=(since, until)).order_by().values("rule")
    return {row["rule"]: row["count"] for row in found.annotate(count=Count("id"))}
