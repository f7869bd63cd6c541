"""Who may do what about an objection on a file; refusals in words for the user."""

from django.utils.translation import gettext as _

from casework.models import CaseFile
from casework.rules import check_has_part_in, check_is_open, covers, is_in_team
from kpm.accounts.models import User
from kpm.errors import Refused
from risk_levels import objection_rules
from risk_levels.models import Objection


def check_can_receive_objection(user: User, case_file: CaseFile) -> None:
    """Whoever has part in an open file writes down what the person says against its level."""
    check_has_part_in(user, case_file)
    check_is_open(case_file)
    objection_rules.check_can_receive_objection(user, case_file.risk_level)


def check_can_acknowledge_objection(user: User, case_file: CaseFile, objection: Objection) -> None:
    """A supervisor of the file tells the person that it is here."""
    _check_is_theirs(user, case_file)
    objection_rules.check_can_acknowledge_objection(user, objection)


def check_can_decide_objection(user: User, case_file: CaseFile, objection: Objection) -> None:
    """A supervisor of the file who neither works on it nor had part in the decision."""
    check_is_from_outside(user, case_file)
    objection_rules.check_can_decide_objection(user, objection)


def check_is_from_outside(user: User, case_file: CaseFile) -> None:
    """Their file, and none that they work on."""
    _check_is_theirs(user, case_file)
    check_is_open(case_file)
    if is_in_team(user, case_file):
        raise Refused(_("You work on this file. Somebody from outside the team answers."))


def check_can_withdraw_objection(user: User, case_file: CaseFile, objection: Objection) -> None:
    """Whoever has part in the file writes down that the person takes it back."""
    check_has_part_in(user, case_file)
    objection_rules.check_can_withdraw_objection(user, objection)


def check_can_print_letter(user: User, case_file: CaseFile, objection: Objection) -> None:
    """Whoever has part in the file hands over the letter, once there is something to say."""
    check_has_part_in(user, case_file)
    if objection.acknowledged_at is None and objection.decider_id is None:
        raise Refused(_("Acknowledge the objection first."))


def _check_is_theirs(user: User, case_file: CaseFile) -> None:
    if not covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))
