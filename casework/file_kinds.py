"""Which kinds of documents are taken in: told by their bytes, whatever they are called."""

import os
import struct
from typing import BinaryIO, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

MEGABYTE: Final = 1 << 20
LARGEST: Final = 20 * MEGABYTE
TOO_LARGE: Final = _("This document is too large: an attachment has at most 20 MB.")


class Kind(models.TextChoices):
    """A closed list: what every office can open, and nothing that can act by itself."""

    PDF = "pdf", _("PDF")
    JPEG = "jpg", _("JPEG photo")
    PNG = "png", _("PNG picture")
    WORD = "docx", _("Word document")
    EXCEL = "xlsx", _("Excel workbook")


class SizeClass(models.TextChoices):
    """How large, about: all that lies open of a size."""

    SMALL = "small", _("up to 1 MB")
    MEDIUM = "medium", _("up to 5 MB")
    LARGE = "large", _("more than 5 MB")

    @classmethod
    def of(cls, size: int) -> "SizeClass":
        """The class of so many bytes."""
        if size <= MEGABYTE:
            return cls.SMALL
        return cls.MEDIUM if size <= 5 * MEGABYTE else cls.LARGE


STARTS: Final = (
    (b"%PDF-", Kind.PDF),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
)
ZIP: Final = b"PK\x03\x04"
# The list of contents at the end of a zip file, and one line of it.
END: Final = struct.Struct("<4s6xHLLH")
LINE: Final = struct.Struct("<4s24xHHH12x")
# An honest document has dozens of parts; a list of more is not even read.
MOST_PARTS: Final = 4_000
LONGEST_LIST: Final = MEGABYTE
MAIN_PARTS: Final = ((b"word/document.xml", Kind.WORD), (b"xl/workbook.xml", Kind.EXCEL))


def kind_of(file: BinaryIO) -> Kind | None:
    """What a file is; nothing when it is not on the list."""
    file.seek(0)
    start = file.read(8)
    for magic, kind in STARTS:
        if start.startswith(magic):
            return kind
    return _kind_of_office_file(_parts_of(file)) if start.startswith(ZIP) else None


def _kind_of_office_file(parts: set[bytes]) -> Kind | None:
    """Word or Excel, without macros. Nothing is unpacked: the list of contents says enough."""
    has_macros = any(name.lower().endswith(b"vbaproject.bin") for name in parts)
    if has_macros or b"[Content_Types].xml" not in parts:
        return None
    found = [kind for name, kind in MAIN_PARTS if name in parts]
    return found[0] if len(found) == 1 else None


def _parts_of(file: BinaryIO) -> set[bytes]:
    """The names in a zip file; none when its list of contents is not where it should be."""
    end_at = file.seek(0, os.SEEK_END) - END.size
    if end_at < 0:
        return set()
    file.seek(end_at)
    mark, count, length, start, comment = END.unpack(file.read(END.size))
    is_whole = mark == b"PK\x05\x06" and not comment and start + length == end_at
    if not is_whole or count > MOST_PARTS or length > LONGEST_LIST:
        return set()
    file.seek(start)
    return _names_in(file.read(length), count)


def _names_in(listed: bytes, count: int) -> set[bytes]:
    names, at = set(), 0
    for _number in range(count):
        if at + LINE.size > len(listed):
            return set()
        mark, name, extra, comment = LINE.unpack_from(listed, at)
        at += LINE.size
        if mark != b"PK\x01\x02":
            return set()
        names.add(listed[at : at + name])
        at += name + extra + comment
    return names if at == len(listed) else set()
