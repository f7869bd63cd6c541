"""Who may answer a review task; refusals in words for the user."""

from datetime import timedelta

from django.utils.translation import gettext as _

from casework.models import CaseFile, ReviewTask
from casework.models.review_tasks import TaskState
from casework.rules import check_has_part_in, check_is_open
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

# So long a rule that was answered says nothing more about the same file.
QUIET = timedelta(days=30)


def check_can_close_task(user: User, case_file: CaseFile, task: ReviewTask) -> None:
    """The team and the supervisor answer what waits on their open files."""
    if not is_granted(user, Permission.VIEW_CASE_FILES):
        raise Refused(_("Your role does not carry this."))
    check_has_part_in(user, case_file)
    check_is_open(case_file)
    if task.state != TaskState.OPEN:
        raise Refused(_("This has been answered already."))
