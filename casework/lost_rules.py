"""When somebody counts as lost, who looks at it, and how long a look holds; refusals in words."""

from datetime import date, timedelta
from typing import Final

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, LostContact
from casework.models.lost_contacts import Known, LostState
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

# So many tries in a row that met nobody: the norm of 2018 for severe mental disorders, follow-up
# record ("three visits in a row not met"); here for everybody.
TRIES: Final = 3
# So long a look holds at most.
LOOKS: Final[dict[str, timedelta]] = {
    Known.UNKNOWN: timedelta(days=14),
    Known.AWAY: timedelta(days=90),
    Known.MOVED: timedelta(days=30),
    # Whoever is missing is asked about again within days.
    Known.MISSING: timedelta(days=3),
}


def check_can_decide_lost(user: User, case_file: CaseFile) -> None:
    """A supervisor of the unit who does not work on the file looks at it."""
    if not is_granted(user, Permission.DECIDE_LOST_CONTACT):
        raise Refused(_("Supervisors look at this."))
    if not rules.covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))
    if rules.is_in_team(user, case_file):
        raise Refused(_("You work on this file: another supervisor looks at it."))
    rules.check_is_open(case_file)


def check_is_lost(search: LostContact) -> None:
    """Nobody decides about somebody who has been met."""
    if search.state == LostState.MET:
        raise Refused(_("Somebody has met them meanwhile. Nothing is left to decide."))


def check_look_fits(known: str, look_again_on: date, today: date) -> None:
    """The next look lies ahead, and not further than what is known allows."""
    if look_again_on <= today:
        raise Refused(_("This day has passed already."), field="look_again_on")
    last = today + LOOKS[known]
    if look_again_on > last:
        raise Refused(
            _("With this answer somebody looks again within %(days)d days.")
            % {"days": LOOKS[known].days},
            field="look_again_on",
        )
