"""What the auditor's pages show of alerts: whom or what they are about, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from audit.labels import rule_label
from audit.models import Alert, AlertState
from audit.searches import staff_names
from audit.unusual import DRIP, Rule

COLOURS: dict[str, str] = {
    AlertState.OPEN: "yellow",
    AlertState.ESCALATED: "brand",
    AlertState.JUSTIFIED: "green",
    AlertState.UNJUSTIFIED: "red",
}


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
