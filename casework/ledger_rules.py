"""When a ledger may be brought in, gone on with and discarded; refusals in words for the user."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from casework.models import Ledger
from casework.rules import covers
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted


def check_can_import_ledger(user: User, population: str) -> None:
    """A supervisor brings in tables of the populations that are theirs."""
    if not is_granted(user, Permission.IMPORT_LEDGER):
        raise Refused(_("Your role does not import ledgers."))
    if user.populations and population not in user.populations:
        raise Refused(_("This group is not yours."), field="population")


def check_can_go_on_with_ledger(user: User, ledger: Ledger, *states: str) -> None:
    """Whoever uploaded a ledger goes on with it, one step after the other."""
    check_can_import_ledger(user, ledger.population)
    _check_waits_for(user, ledger, states)
    if not covers(user, ledger.unit, ledger.population):
        raise Refused(_("This unit or group is not yours."))


def check_can_discard_ledger(user: User, ledger: Ledger, *states: str) -> None:
    """Whoever uploaded a ledger discards it, even if its unit or group is no longer theirs."""
    if not is_granted(user, Permission.IMPORT_LEDGER):
        raise Refused(_("Your role does not import ledgers."))
    _check_waits_for(user, ledger, states)


def _check_waits_for(user: User, ledger: Ledger, states: Iterable[str]) -> None:
    if ledger.uploaded_by_id != user.pk:
        raise Refused(_("Whoever uploaded a ledger goes on with it."))
    if ledger.state not in states:
        raise Refused(_("This ledger is further on already. Please look again."))
