"""Who notes needs and strengths and says what became of them; refusals in words for the user."""

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, Need
from casework.models.needs import Area, Kind, NeedState
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission


def check_can_note_need(user: User, case_file: CaseFile) -> None:
    """The team notes what the person needs and can do, as it records its visits."""
    rules.check_works_on(user, case_file, Permission.RECORD_VISIT)


def check_need_is_said(area: str, words: str) -> None:
    """A need has an area and words."""
    if area not in Area.values:
        raise Refused(_("Choose one."), field="area")
    if not words.strip():
        raise Refused(_("Say it in a few words."), field="words")


def check_can_end_need(user: User, need: Need) -> None:
    """The team says what became of it, once."""
    check_can_note_need(user, need.case_file)
    if need.state != NeedState.OPEN:
        raise Refused(_("This has been ended already."))


def check_end_fits(need: Need, outcome: str, reply: str) -> None:
    """A strength is not met, it holds or not; what is given up has its reason."""
    if outcome == NeedState.MET and need.kind == Kind.STRENGTH:
        raise Refused(_("A strength is not met: it holds, or no longer."), field="outcome")
    if outcome == NeedState.GIVEN_UP and not reply.strip():
        raise Refused(_("Say why, in the words of the person where possible."), field="reply")
