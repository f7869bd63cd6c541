"""What pages show of alerts and findings: whom and what they are about, in words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from audit.labels import rule_label
from audit.models import Alert, AlertState, Finding, FindingState, LoggedEvent
from audit.searches import DATABASE, Row, shown, staff, staff_names
from audit.unusual import DRIP, Rule

COLOURS: dict[str, str] = {
    AlertState.OPEN: "yellow",
    AlertState.ESCALATED: "brand",
    AlertState.JUSTIFIED: "green",
    AlertState.UNJUSTIFIED: "red",
}

FILE_NUMBER = re.compile("[0-9A-Z]{5}-[0-9A-Z]{5}", re.ASCII)
# Far more than the log will ever count, and less than Python reads as a number.
LONGEST_EVENT = 1_000
STATES: dict[str, str] = {FindingState.ASKED: "yellow", FindingState.ANSWERED: "brand"}


@dataclass(frozen=True)
class AlertRow:
    """One alert as pages show it."""

    alert: Alert
    name: str

    @property
    def words(self) -> str:
        """What is unusual."""
        return rule_label(self.alert.rule)

    @property
    def colour(self) -> str:
        """The colour of its state."""
        return COLOURS[self.alert.state]

    @property
    def has_usual(self) -> bool:
        """Whether it was compared with what is usual."""
        return self.alert.rule not in (Rule.MANY_VIEWERS, Rule.DORMANT, Rule.NEW_DEVICE)

    @property
    def query(self) -> str:
        """Where the events behind it are found in the list."""
        alert = self.alert
        days = DRIP if alert.rule == Rule.SLOW_DRIP else timedelta()
        who = "subject" if alert.is_about_file else "actor"
        return f"{who}={alert.about}&since={alert.first_on - days}&until={alert.last_on}"


def alert_rows(alerts: Iterable[Alert]) -> list[AlertRow]:
    """Alerts with the names of staff."""
    alerts = list(alerts)
    names = staff_names({alert.about for alert in alerts})
    return [AlertRow(alert, names.get(alert.about, "")) for alert in alerts]


@dataclass(frozen=True)
class FindingRow:
    """One finding as pages show it."""

    finding: Finding
    person: str
    asked_by: str
    # What it is about, where that is an event or an alert.
    event: Row | None = None
    alert: AlertRow | None = None

    @property
    def colour(self) -> str:
        """The colour of its state."""
        return STATES.get(self.finding.state, "green")


def finding_rows(findings: Iterable[Finding]) -> list[FindingRow]:
    """Findings with the names of staff, and with what they are about."""
    findings = list(findings)
    people = {each.person for each in findings} | {each.asked_by for each in findings}
    names = staff_names(people)
    places = [int(each.about) for each in findings if each.kind == "event"]
    events = shown(LoggedEvent.objects.using(DATABASE).filter(id__in=places))
    of_event = {str(row.id): row for row in events}
    numbers = [each.about for each in findings if each.kind == "alert"]
    alerts = alert_rows(Alert.objects.filter(number__in=numbers))
    of_alert = {row.alert.number: row for row in alerts}
    return [
        FindingRow(
            each,
            person=names.get(each.person, each.person),
            asked_by=names.get(each.asked_by, each.asked_by),
            event=of_event.get(each.about) if each.kind == "event" else None,
            alert=of_alert.get(each.about) if each.kind == "alert" else None,
        )
        for each in findings
    ]


@dataclass(frozen=True)
class Subject:
    """What is asked about, and the user name of whoever is likely asked."""

    kind: str
    about: str
    username: str
    event: Row | None = None
    alert: AlertRow | None = None


def subject_of(*, event: str, alert: str, file: str) -> Subject | None:
    """What an address asks about, if it is there."""
    if event.isdecimal() and len(event) <= LONGEST_EVENT:
        rows = shown(LoggedEvent.objects.using(DATABASE).filter(id=int(event)))
        # By its own number, however the address spells that.
        found = (Subject("event", str(row.id), _username(row.actor), row) for row in rows)
        return next(found, None)
    if FILE_NUMBER.fullmatch(alert):
        noticed = alert_rows(Alert.objects.filter(number=alert))
        subjects = (
            Subject("alert", alert, _username(row.alert.about), alert=row) for row in noticed
        )
        return next(subjects, None)
    return Subject("case_file", file, "") if FILE_NUMBER.fullmatch(file) else None


def _username(reference: str) -> str:
    found = staff().filter(log_reference=reference).values_list("username", flat=True)
    return next(iter(found), "")
