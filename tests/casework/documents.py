"""Small documents of every kind, and some that only look like one."""

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(40) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def zipped(*names: str, comment: bytes = b"") -> bytes:
    """A zip file with these parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as book:
        for name in names:
            book.writestr(name, f"<{name}/>")
        book.comment = comment
    return stream.getvalue()


TYPES = "[Content_Types].xml"
WORD = zipped(TYPES, "_rels/.rels", "word/document.xml")
EXCEL = zipped("xl/workbook.xml", TYPES)


def uploaded(content: bytes = PDF, name: str = "低保通知书.pdf") -> SimpleUploadedFile:
    """A document as a browser sends it."""
    return SimpleUploadedFile(name, content)
