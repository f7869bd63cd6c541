"""Who asks another unit to take a file, who answers, and who may lead it there."""

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, Transfer
from casework.models.transfers import TransferState
from kpm.accounts.models import Unit, User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

LEAST_NOTE = 10


def check_can_ask_transfer(user: User, case_file: CaseFile) -> None:
    """A supervisor of the file asks, for one unit at a time."""
    rules.check_can_assign_worker(user, case_file)
    if case_file.transfers.open().exists():
        raise Refused(_("Another unit has been asked already."))


def check_unit_fits(case_file: CaseFile, unit: Unit) -> None:
    """Another unit of the same district: whoever moves further is referred, not transferred."""
    if unit.pk == case_file.unit_id:
        raise Refused(_("The file is there already."), field="to_unit")
    if unit.district != case_file.district:
        raise Refused(
            _("This unit is in another district: the file stays, and the person is referred."),
            field="to_unit",
        )


def check_note_is_told(note: str) -> None:
    """The other unit does not decide blindly."""
    if len(note.strip()) < LEAST_NOTE:
        raise Refused(
            _("Say in a sentence why, and what the other unit has to know."), field="note"
        )


def check_can_answer(user: User, transfer: Transfer) -> None:
    """A supervisor of the unit that was asked answers, once."""
    if not is_granted(user, Permission.ASSIGN_WORKERS):
        raise Refused(_("Supervisors answer this."))
    if not rules.covers(user, transfer.to_unit, transfer.case_file.population):
        raise Refused(_("Another unit has been asked."))
    if transfer.state != TransferState.ASKED:
        raise Refused(_("This has been answered already."))


def check_can_lead_there(worker: User, transfer: Transfer) -> None:
    """Whoever is to lead it is a social worker who is there for the unit and the group."""
    if not worker.is_active or not rules.covers(
        worker, transfer.to_unit, transfer.case_file.population
    ):
        raise Refused(_("This social worker is not there for this unit or group."), field="worker")
    if not is_granted(worker, Permission.RECORD_VISIT):
        raise Refused(_("Only a social worker can have a place in the team."), field="worker")


def check_reply_is_told(reply: str) -> None:
    """Whoever asked is told why not."""
    if len(reply.strip()) < LEAST_NOTE:
        raise Refused(_("Say in a sentence why not."), field="reply")


def check_can_withdraw(user: User, transfer: Transfer) -> None:
    """Whoever has the file takes the question back as long as nobody has answered."""
    rules.check_can_assign_worker(user, transfer.case_file)
    if transfer.state != TransferState.ASKED:
        raise Refused(_("This has been answered already."))
