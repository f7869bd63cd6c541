"""Files are attached, given out and taken out of use here."""

import io
import logging
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from audit import log
from audit.events import Event, Purpose
from casework import attachment_rules, rules
from casework.actions.assignments import locked
from casework.file_kinds import SizeClass, kind_of
from casework.models import Attachment, CaseFile
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.vault import files, storage
from kpm.vault.errors import Unreadable
from kpm.vault.opening import open_groups

logger = logging.getLogger(__name__)


def add(*, case_file: CaseFile, file: Any, by: User, now: datetime, note: str = "") -> Attachment:
    """Seal a file and write down that it is there: first the file, then the row.

    Whatever happens in between, no row names a file that is not there; a file that no row names
    is swept.
    """
    attachment_rules.check_can_add_attachment(by, case_file)
    kind = attachment_rules.check_document_fits(kind_of(file), file.size)
    file_id = uuid4()
    file.seek(0)
    size = files.seal_file(case_file.id, file_id, file)
    attachment = Attachment(
        key_owner=case_file.id,
        case_file=case_file,
        district=case_file.district,
        file_id=file_id,
        kind=kind,
        size_class=SizeClass.of(size),
        attached_by=by,
        attached_at=now,
        file_name=(file.name or "")[:255],
        note=note,
        size=size,
    )
    try:
        return _enter(attachment, by=by)
    except BaseException:
        storage.remove(file_id)
        raise


@transaction.atomic
def _enter(attachment: Attachment, *, by: User) -> Attachment:
    case_file = locked(attachment.case_file)
    attachment_rules.check_can_add_attachment(by, case_file)
    # None is ever deleted, and the file is locked: the next number is free.
    attachment.number = case_file.attachments.count() + 1
    attachment.save_as(by=by)
    log.record(
        Event.ATTACHMENT_ADDED,
        by=by,
        target=case_file,
        detail={"attachment": attachment.number},
    )
    return attachment


@transaction.atomic
def remove(*, attachment: Attachment, by: User, now: datetime) -> Attachment:
    """Take a file out of use; it stays where it is, as everything that was in a case file."""
    case_file = locked(attachment.case_file)
    attachment = case_file.attachments.get(pk=attachment.pk)
    attachment_rules.check_can_remove_attachment(by, attachment)
    attachment.removed_by = by
    attachment.removed_at = now
    attachment.save_as(by=by)
    log.record(
        Event.ATTACHMENT_REMOVED,
        by=by,
        target=case_file,
        detail={"attachment": attachment.number},
    )
    return attachment


def download(*, attachment: Attachment, by: User, purpose: Purpose | None) -> io.BufferedReader:
    """The file, after who takes it out of the system is in the log for good."""
    attachment_rules.check_can_download_attachment(by, attachment)
    case_file = attachment.case_file
    with transaction.atomic():
        log.record(
            Event.ATTACHMENT_DOWNLOADED,
            by=by,
            target=case_file,
            groups=[files.ATTACHMENT],
            purpose=purpose,
            detail={"attachment": attachment.number},
        )
    with log.reading(
        by,
        event=Event.CASE_FILE_READ,
        purpose=purpose,
        about=[case_file],
        rule=rules.why_readable(by, case_file),
    ) as reading:
        open_groups([attachment], "body", reading=reading)
        return _opened(case_file.id, attachment.file_id, attachment.size, reading)


def _opened(owner: UUID, file_id: UUID, size: int, reading: log.Reading) -> io.BufferedReader:
    """The file, looked through to its end: half a document would be worse than none."""
    try:
        file = files.open_file(owner, file_id, size=size, reading=reading)
        try:
            while file.read(files.CHUNK):
                pass
        except BaseException:
            file.close()
            raise
    except Unreadable as damage:
        logger.error("An attachment cannot be read: %s", damage)  # noqa: TRY400 only codes and ids
        raise Refused(
            _("This attachment is damaged and cannot be read. Tell the system administrator.")
        ) from None
    file.seek(0)
    return file
