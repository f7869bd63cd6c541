"""When attachments may be added, taken out and removed; refusals in words for the user."""

from django.utils.translation import gettext as _

from casework.file_kinds import LARGEST, TOO_LARGE, Kind
from casework.models import Attachment, CaseFile
from casework.rules import check_has_part_in, check_is_open
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted


def check_can_add_attachment(user: User, case_file: CaseFile) -> None:
    """The team and the supervisor add to open files."""
    if not is_granted(user, Permission.ADD_ATTACHMENT):
        raise Refused(_("Your role does not add attachments."))
    check_has_part_in(user, case_file)
    check_is_open(case_file)


def check_document_fits(kind: Kind | None, size: int) -> Kind:
    """What every office can open, and no more than goes over a telephone."""
    if kind is None:
        raise Refused(
            _(
                "This kind of document is not taken in. Save it as PDF, JPEG, PNG, Word (.docx, "
                "without macros) or Excel (.xlsx, without macros)."
            ),
            field="file",
        )
    if size > LARGEST:
        raise Refused(TOO_LARGE, field="file")
    return kind


def check_can_remove_attachment(user: User, attachment: Attachment) -> None:
    """Whoever may add also takes out of use, once."""
    check_can_add_attachment(user, attachment.case_file)
    check_is_in_use(attachment)


def check_is_in_use(attachment: Attachment) -> None:
    """What was removed stays removed."""
    if attachment.is_removed:
        raise Refused(_("This attachment was removed."))


def check_can_download_attachment(user: User, attachment: Attachment) -> None:
    """The team and the supervisor take out what they need for their work."""
    if not is_granted(user, Permission.DOWNLOAD_ATTACHMENT):
        raise Refused(_("Your role does not download attachments."))
    check_has_part_in(user, attachment.case_file)
    check_is_in_use(attachment)
