"""What is tidied up by itself: sessions that are over, forms that nobody will send again."""

from datetime import datetime

from kpm.accounts import submissions
from kpm.accounts.sessions import SessionStore


def end_old_sessions(_now: datetime) -> None:
    """Remove the rows of sessions that can no longer be used."""
    SessionStore.clear_expired()


def forget_sent_forms(now: datetime) -> None:
    """Remove the marks of forms sent more than a day ago."""
    submissions.purge(now)
