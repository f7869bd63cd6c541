"""What happens to the log by itself: it says that it lives, is shown to others, is verified."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit import actions, alerts, log
from kpm.jobs.registers import sweep

BY = log.System("verify")
HEART = log.System("heartbeat")


@sweep("verify_audit_log", _("Verify the access log"), every=timedelta(days=1))
def verify_everything(_now: datetime) -> None:
    """Hash the whole log again; the result is an event that the auditor's page shows."""
    actions.verify_log(by=BY)


@sweep("confirm_log_root", _("Heartbeat of the access log"), every=timedelta(minutes=5))
def confirm_root(_now: datetime) -> None:
    """Say how far the log is, so that quiet times are on record as well."""
    actions.confirm_root(by=HEART)


@sweep("show_log_root", _("Show the log's root to its witnesses"), every=timedelta(minutes=15))
def show_root(now: datetime) -> None:
    """What is rewritten after the newest root that others keep leaves no trace: show it often."""
    actions.show_root(by=BY, now=now)


@sweep("watch_accesses", _("Look for unusual access"), every=timedelta(days=1))
def watch_accesses(now: datetime) -> int:
    """Compare the days that are over with everybody's own four weeks before them."""
    return alerts.raise_alerts(now=now)
