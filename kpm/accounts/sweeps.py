"""What is tidied up by itself: sessions that are over, forms that nobody will send again."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from kpm.accounts import replays, submissions, throttles
from kpm.accounts.sessions import SessionStore
from kpm.jobs.registers import sweep


@sweep("end_old_sessions", _("Remove ended sessions"), every=timedelta(hours=1))
def end_old_sessions(_now: datetime) -> None:
    """Remove the rows of sessions that can no longer be used."""
    SessionStore.clear_expired()


@sweep("forget_sent_forms", _("Forget sent forms"), every=timedelta(hours=6))
def forget_sent_forms(now: datetime) -> None:
    """Remove the marks of forms sent more than a day ago."""
    submissions.purge(now)


@sweep("forget_failed_tries", _("Forget failed tries"), every=timedelta(hours=6))
def forget_failed_tries(now: datetime) -> None:
    """Remove what was counted of tries that matter no more."""
    throttles.purge(now)


@sweep("note_what_ended", _("Keep what ended outside the database"), every=timedelta(hours=1))
def note_what_ended(_now: datetime) -> int:
    """What the replay log lacks: ends that were kept just before the power went."""
    return replays.note_missing()
