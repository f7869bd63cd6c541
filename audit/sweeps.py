"""What happens to the log by itself: everything in it is verified each day."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit import actions, log
from kpm.jobs.registers import sweep

BY = log.System("verify")


@sweep("verify_audit_log", _("Verify the access log"), every=timedelta(days=1))
def verify_everything(_now: datetime) -> None:
    """Hash the whole log again; the result is an event that the auditor's page shows."""
    actions.verify_log(by=BY)
